package denoise

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
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

func BenchmarkPhotoPair(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	s := tasks.Sample{Image: scenery(96, 96)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := photoPair(rng, s, nil); err != nil {
			b.Fatal(err)
		}
	}
}

