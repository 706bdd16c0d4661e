package degrade

import (
	"math"
	"math/rand/v2"
)

// field returns w*h samples of a random field of mean 0 and variance 1 whose
// structure is about pitch samples in size (at least 1).
//
// White noise on a grid of that pitch is interpolated by quadratic B-splines,
// from a random place within the grid's cell. Each sample is divided by the root
// of its summed squared weights, so the variance is 1 everywhere. Samples more
// than 3 pitches apart are independent.
func field(rng *rand.Rand, w, h int, pitch float64) []float32 {
	cols := splines(w, pitch, rng.Float64())
	rows := splines(h, pitch, rng.Float64())
	if w == 0 || h == 0 {
		return nil
	}
	gw, gh := cols[w-1].at+3, rows[h-1].at+3
	grid := make([]float32, gw*gh)
	for i := range grid {
		grid[i] = float32(rng.NormFloat64())
	}
	out := make([]float32, w*h)
	mixed := make([]float32, gw)
	for y, r := range rows {
		a, b, c := grid[r.at*gw:][:gw], grid[(r.at+1)*gw:][:gw], grid[(r.at+2)*gw:][:gw]
		for x := range mixed {
			mixed[x] = r.w[0]*a[x] + r.w[1]*b[x] + r.w[2]*c[x]
		}
		row := out[y*w : (y+1)*w]
		for x, s := range cols {
			m := mixed[s.at : s.at+3 : s.at+3]
			row[x] = s.w[0]*m[0] + s.w[1]*m[1] + s.w[2]*m[2]
		}
	}
	return out
}

// spline is the weights of three grid points, the first of them at.
type spline struct {
	at int
	w  [3]float32
}

// splines gives the weights of n samples on a grid of that pitch; phase, 0 to 1,
// is where in its cell the first sample lies.
func splines(n int, pitch, phase float64) []spline {
	out := make([]spline, n)
	for i := range out {
		at, t := math.Modf(phase + float64(i)/pitch)
		a, b, c := (1-t)*(1-t)/2, 0.5+t*(1-t), t*t/2
		norm := 1 / math.Sqrt(a*a+b*b+c*c)
		out[i] = spline{int(at), [3]float32{float32(a * norm), float32(b * norm), float32(c * norm)}}
	}
	return out
}
