package inpaint

import (
	"math/rand/v2"
	"testing"

	"github.com/cae-restore/restore/pix"
)

// TestDraw: every kind of hole covers about what its name promises.
func TestDraw(t *testing.T) {
	t.Parallel()
	overlay := pix.New(50, 40, 3)
	overlay.Alpha = make([]uint16, 50*40)
	for i := range overlay.Alpha {
		if i%50 < 20 {
			overlay.Alpha[i] = 60000
		}
	}
	for name, c := range map[string]struct {
		draw        func(m holes, rng *rand.Rand)
		least, most float64 // samples, in the mean
	}{
		"scratch": {func(m holes, rng *rand.Rand) { m.scratch(rng) }, 50, 400},
		"stroke":  {func(m holes, rng *rand.Rand) { m.stroke(rng) }, 400, 1600},
		"box":     {func(m holes, rng *rand.Rand) { m.box(rng, 10, 20) }, 190, 260},
		"blob":    {func(m holes, rng *rand.Rand) { m.blob(rng, 5) }, 40, 130},
		"text":    {func(m holes, rng *rand.Rand) { m.text(rng, 2) }, 200, 1500},
		"shape":   {func(m holes, rng *rand.Rand) { m.shape(rng, overlay) }, 200, 800},
	} {
		rng := rand.New(rand.NewPCG(2, 2))
		sum := 0
		for range 200 {
			m := newHoles(256, 200)
			c.draw(m, rng)
			sum += m.count()
		}
		if mean := float64(sum) / 200; mean < c.least || mean > c.most {
			t.Errorf("%s: %.0f samples in the mean, want %g to %g", name, mean, c.least, c.most)
		}
	}
}

// TestLineWidth: a straight line of a width has that many samples across.
func TestLineWidth(t *testing.T) {
	t.Parallel()
	for width, want := range map[float64]int{1: 1, 3: 3, 9: 9} {
		m := newHoles(60, 60)
		m.line([][2]float64{{5, 30}, {55, 30}}, width)
		n := 0
		for y := range 60 {
			n += int(m.at[y*60+30])
		}
		if n != want {
			t.Errorf("width %g: %d samples", width, n)
		}
	}
}
