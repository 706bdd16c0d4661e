package denoise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/degrade"
)

// scenery is a colourful picture with edges, without noise.
func scenery(w, h int) *pix.Image {
	m := pix.New(w, h, 3)
	for i := range w * h {
		x, y := float64(i%w), float64(i/w)
		for p := range m.Planes {
			v := 120 + 70*math.Sin(x/19+float64(p)) + 50*math.Cos(y/13-float64(p))
			if (i%w/12+i/w/12)%5 == 0 {
				v = 255 - v
			}
			m.Planes[p][i] = uint16(min(max(v, 0), 255)) * 257
		}
	}
	return m
}

// TestRecipe counts what is drawn, against what docs/degradations.md promises.
func TestRecipe(t *testing.T) {
	t.Parallel()
	const n = 20000
	rng := rand.New(rand.NewPCG(1, 2))
	count := map[string]float64{}
	for range n {
		damage := drawDamage(rng)
		parts := map[string]bool{}
		noises := 0
		for i, d := range damage {
			kind := fmt.Sprintf("%T", d)
			parts[kind] = true
			switch kind {
			case "degrade.JPEG":
				if i != len(damage)-1 {
					t.Fatalf("something follows JPEG: %+v", damage)
				}
			case "degrade.EightBit":
			default:
				noises++
			}
		}
		for kind := range parts {
			count[kind] += 1. / n
		}
		switch {
		case len(damage) == 0:
			count["clean"] += 1. / n
		case noises == 0 && parts["degrade.JPEG"]:
			count["JPEG alone"] += 1. / n
			if damage[0].(degrade.JPEG).Quality <= 60 {
				count["strong JPEG alone"] += 1. / n
			}
			if damage[0].(degrade.JPEG).Quality < 30 {
				count["very strong JPEG"] += 1. / n
			}
		case noises == 1 && parts["degrade.Gaussian"] && !parts["degrade.JPEG"]:
			count["Gaussian alone"] += 1. / n
		case noises > 1:
			count["mixed"] += 1. / n
		}
	}
	for kind, want := range map[string]float64{
		"clean": 0.06, "JPEG alone": 0.46, "strong JPEG alone": 0.46 * (0.5 + 0.5*31/66),
		"very strong JPEG": 0.46 * 0.5 * 10 / 41,
		"Gaussian alone":   0.11 + 0.3*0.03,
		"mixed":            0.07 + 0.08,
		"degrade.JPEG":     0.46 + 0.7*0.37,
		"degrade.Camera":   0.14 + 0.07 + 0.08*7/11,
		"degrade.Blotches": 0.07 + 0.08*7/11,
		"degrade.Grain":    0.05 + 0.08*7/11,
	} {
		if got := count[kind]; math.Abs(got-want) > 0.015 {
			t.Errorf("a share of %.3f is %s, want %.3f", got, kind, want)
		}
	}
}

// TestPhotoPair: shares of grey and of enlarged patches, clean ones without any
// damage, and a level that is often wrong.
func TestPhotoPair(t *testing.T) {
	t.Parallel()
	const n, side = 1500, 24
	source := scenery(side, side)
	original := degrade.FromImage(source)
	rng := rand.New(rand.NewPCG(1, 3))
	var grey, same, clean, near, far, right float64
	for range n {
		e, err := photoPair(rng, tasks.Sample{Image: source})
		if err != nil {
			t.Fatal(err)
		}
		target := asPatch(e.Target, side, side)
		noisy := degrade.Patch{W: side, H: side, Planes: e.Input[:len(target.Planes)]}
		level := degrade.Level(noisy, target)
		if target.Grey() {
			grey += 1. / n
			if &e.Input[0][0] != &e.Input[2][0] {
				t.Fatal("the input of a grey target is not grey")
			}
		} else if degrade.Level(target, original) == 0 {
			same += 1. / n
		}
		told := float64(e.Input[3][0])
		for _, v := range e.Input[3] {
			if float64(v) != told {
				t.Fatal("the level is not the same everywhere")
			}
		}
		switch miss := math.Abs(math.Log(told / level)); {
		case level == 0:
			clean += 1. / n
		case miss < 1e-4:
			right += 1. / n
		case miss < 0.2:
			near += 1. / n
		case miss > 0.6:
			far += 1. / n
		}
	}
	for _, c := range []struct {
		name            string
		got, want, room float64
	}{
		{"grey", grey, 0.1, 0.03},
		{"in colour and not enlarged", same, 0.9 * 2 / 3, 0.05},
		{"clean", clean, 0.07, 0.025},
		{"told the truth", right, 0.93 * 0.15, 0.04},
		// Normal distribution: 68 % of near misses are below 0.2, and 26 % of far ones.
		{"told nearly the truth", near, 0.93 * (0.5*0.683 + 0.25*0.261 + 0.01), 0.06},
		{"told far from it", far, 0.93 * (0.25*0.317 + 0.07), 0.06},
	} {
		if math.Abs(c.got-c.want) > c.room {
			t.Errorf("a share of %.3f is %s, want %.3f", c.got, c.name, c.want)
		}
	}
}

// TestTellLevel: also what is clean is sometimes told to be noisy, and no level
// leaves the range.
func TestTellLevel(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 4))
	noisy := 0.
	for range 5000 {
		v := tellLevel(rng, 0)
		if v < 0 || v > 20./255 {
			t.Fatalf("a clean patch is told to have %g", v*255)
		}
		if v > 0 {
			noisy += 1. / 5000
		}
		if v := tellLevel(rng, 0.25); v <= 0 || v > maxSigma/255. {
			t.Fatalf("a noisy patch is told to have %g", v*255)
		}
	}
	if math.Abs(noisy-0.5) > 0.04 {
		t.Errorf("a share of %.3f of the clean patches is told to be noisy, want 0.5", noisy)
	}
}

// TestPhotoPairShapes: patches of any shape.
func TestPhotoPairShapes(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 5))
	for _, size := range [][2]int{{1, 1}, {1, 5}, {7, 2}, {13, 9}} {
		for range 60 {
			e, err := photoPair(rng, tasks.Sample{Image: scenery(size[0], size[1])})
			if err != nil {
				t.Fatal(err)
			}
			for _, plane := range append(append([][]float32{}, e.Input...), e.Target...) {
				if len(plane) != size[0]*size[1] {
					t.Fatalf("a plane of %d samples for %v", len(plane), size)
				}
			}
		}
	}
}

// BenchmarkPhotoPair: a training takes 16 of them for each of its steps.
func BenchmarkPhotoPair(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	s := tasks.Sample{Image: scenery(96, 96)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := photoPair(rng, s); err != nil {
			b.Fatal(err)
		}
	}
}

// asPatch is planes as a patch: of one, where they are one and the same.
func asPatch(planes [][]float32, w, h int) degrade.Patch {
	if &planes[0][0] == &planes[2][0] {
		planes = planes[:1]
	}
	return degrade.Patch{W: w, H: h, Planes: planes}
}
