package degrade

import (
	"math"
	"math/rand/v2"
)

// Cover is damage that lies on a picture or has taken a part of it away, so that
// it can be said of each sample how much of it is damaged.
type Cover interface {
	Degradation

	// Cover does what Apply does, and returns how much of each sample is covered:
	// W*H values from 0, untouched, to 1. Where what covers is translucent as a
	// whole, as a stain is, that does not make it less.
	Cover(rng *rand.Rand, p Patch) []float32
}

// Tone is the colour of what covers: red, green and blue, 1.0 as white. On a grey
// patch it counts as its luma.
type Tone [3]float64

// in returns the tone for each plane of p.
func (t Tone) in(p Patch) []float32 {
	if p.Grey() {
		return []float32{luma(float32(t[0]), float32(t[1]), float32(t[2]))}
	}
	return []float32{float32(t[0]), float32(t[1]), float32(t[2])}
}

// drawTone draws a tone near black in a share dark of all cases, else one near
// white. A quarter of them have a cast.
func drawTone(rng *rand.Rand, dark float64) Tone {
	v := between(rng, 0.8, 1)
	if rng.Float64() < dark {
		v = between(rng, 0, 0.2)
	}
	t := Tone{v, v, v}
	if rng.IntN(4) == 0 {
		for k := range t {
			t[k] = min(1, max(0, v+between(rng, -0.15, 0.15)))
		}
	}
	return t
}

// lay composites a tone of that opacity: out = in*(1-a) + tone*a, where a is
// opacity times what is covered (Porter and Duff, "Compositing Digital Images",
// SIGGRAPH 1984: over).
func lay(p Patch, cover []float32, tone Tone, opacity float64) {
	colours := tone.in(p)
	for k, plane := range p.Planes {
		for i, c := range cover {
			if c > 0 {
				a := c * float32(opacity)
				plane[i] += (colours[k] - plane[i]) * a
			}
		}
	}
}

// stroke adds a line of that width from (x0, y0) to (x1, y1) with round ends to
// what is covered, by strength at most. Its edges are soft over one sample. What is
// covered already counts as the larger of the two.
func stroke(cover []float32, w, h int, x0, y0, x1, y1, width float64, strength float32) {
	half := width / 2
	left, right := int(math.Floor(min(x0, x1)-half-1)), int(math.Ceil(max(x0, x1)+half+1))
	top, bottom := int(math.Floor(min(y0, y1)-half-1)), int(math.Ceil(max(y0, y1)+half+1))
	dx, dy := x1-x0, y1-y0
	length := dx*dx + dy*dy
	for y := max(0, top); y <= min(h-1, bottom); y++ {
		for x := max(0, left); x <= min(w-1, right); x++ {
			ax, ay := float64(x)-x0, float64(y)-y0
			t := 0.
			if length > 0 {
				t = min(1, max(0, (ax*dx+ay*dy)/length))
			}
			ex, ey := ax-t*dx, ay-t*dy
			// A line thinner than a sample covers a part of it only.
			c := min(1, width, half+0.5-math.Sqrt(ex*ex+ey*ey))
			if v := float32(c) * strength; v > cover[y*w+x] {
				cover[y*w+x] = v
			}
		}
	}
}

// exponential draws a length of that mean.
func exponential(rng *rand.Rand, mean float64) float64 { return mean * rng.ExpFloat64() }
