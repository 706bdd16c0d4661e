package degrade

import (
	"math"
	"math/rand/v2"
)

// Enlarge replaces a patch by a part of itself, enlarged to the patch's size by
// cubic convolution (Keys, "Cubic Convolution Interpolation for Digital Image
// Processing", IEEE TASSP 1981: Catmull-Rom splines). So patches become as soft
// as photographs at full size and scans are, which pictures that were scaled
// down for a data set are not. It belongs before all damage: the enlarged patch is
// what is to come out. The result is clipped to 0..1, since the splines overshoot.
type Enlarge struct {
	Factor float64 // at least 1
	X, Y   float64 // place of the part: 0 left or top, 1 right or bottom
}

// DrawEnlarge draws a factor from 1.3 to 2 and any place.
func DrawEnlarge(rng *rand.Rand) Enlarge {
	return Enlarge{Factor: between(rng, 1.3, 2), X: rng.Float64(), Y: rng.Float64()}
}

// Apply implements Degradation. It draws nothing.
func (e Enlarge) Apply(_ *rand.Rand, p Patch) {
	cols, rows := cubics(p.W, e.Factor, e.X), cubics(p.H, e.Factor, e.Y)
	wide := make([]float32, p.W*p.H)
	for _, plane := range p.Planes {
		for y := range p.H {
			from, to := plane[y*p.W:(y+1)*p.W], wide[y*p.W:(y+1)*p.W]
			for x := range cols {
				c := &cols[x]
				to[x] = c.w[0]*from[c.at[0]] + c.w[1]*from[c.at[1]] + c.w[2]*from[c.at[2]] + c.w[3]*from[c.at[3]]
			}
		}
		for y := range rows {
			r := &rows[y]
			var from [4][]float32
			for k, at := range r.at {
				from[k] = wide[at*p.W : (at+1)*p.W]
			}
			for x := range p.W {
				plane[y*p.W+x] = clip(r.w[0]*from[0][x] + r.w[1]*from[1][x] + r.w[2]*from[2][x] + r.w[3]*from[3][x])
			}
		}
	}
}

// cubic is the places and weights of the four samples that one is made of.
type cubic struct {
	at [4]int
	w  [4]float32
}

// cubics enlarges n samples: place says which n/factor of them. Those beyond the
// part but within the n count too; beyond these the outermost one does.
func cubics(n int, factor, place float64) []cubic {
	out := make([]cubic, n)
	start := place * (float64(n) - float64(n)/factor)
	for i := range out {
		at := start + (float64(i)+0.5)/factor - 0.5
		first := math.Floor(at)
		t := at - first
		for k, w := range [4]float64{
			((-0.5*t+1)*t - 0.5) * t,
			(1.5*t-2.5)*t*t + 1,
			((-1.5*t+2)*t + 0.5) * t,
			(0.5*t - 0.5) * t * t,
		} {
			out[i].at[k] = min(max(int(first)+k-1, 0), n-1)
			out[i].w[k] = float32(w)
		}
	}
	return out
}
