package inpaint

import "sync"

// window is a piece of a picture with its holes, as it goes into the network.
type window struct {
	w, h   int
	planes [][]float32 // in holes: undefined before fill
	hole   []uint8     // as in holes
	guess  [][]float32 // what the coarser scale says, for samples of deeper holes; nil: nothing
	scale  int         // holes of a depth above it have a guess

	list   []int32      // of the samples in holes
	weight []float32    // 0 in holes, 1 elsewhere
	memory [3][]float32 // for guesses
}

// windows keeps the memory of those that are over.
var windows = sync.Pool{New: func() any { return new(window) }}

// reset makes v a window of planes, without a guess; which samples are in holes is
// still to be said.
func (v *window) reset(w, h int, planes [][]float32, scale int) {
	v.w, v.h, v.planes, v.scale, v.guess = w, h, planes, scale, nil
	v.hole = resized(v.hole, w*h)
}

// sweeps is how many times fill goes over the samples of the holes.
const sweeps = 24

// screen makes what is added to a guess fade from the border of the hole inwards: to
// 1/e within 6 samples. Else a window that sees one side of a large hole would bend the
// guess in its middle by that side, and its neighbour by the other.
const screen = 1. / (6 * 6)

// overrelax is the factor of successive over-relaxation: between 1 (Gauss and
// Seidel) and 2.
const overrelax = 1.7

// fill spans a membrane over each hole: the solution of Laplace's equation that
// agrees with the known samples at the hole's border. Where there is a guess, the
// membrane is what is added to it so that it meets the border (as in Perez, Gangnet
// and Blake, "Poisson Image Editing", SIGGRAPH 2003), and it is screened: farther in,
// the guess counts alone. What lies beyond the window has no part in it.
//
// It is found by over-relaxation that begins with a mean of what is known, made
// coarse to fine, so that few sweeps suffice.
func (v *window) fill() {
	v.list = v.list[:0]
	for i, d := range v.hole {
		if d != 0 {
			v.list = append(v.list, int32(i))
		}
	}
	if len(v.list) == 0 {
		return
	}
	// What is known is the same in all planes.
	near := spreaders.Get().(*spreader)
	defer spreaders.Put(near)
	v.weight = resized(v.weight, v.w*v.h)
	for i, d := range v.hole {
		v.weight[i] = 0
		if d == 0 {
			v.weight[i] = 1
		}
	}
	near.weigh(v.weight, v.w, v.h)
	for p, plane := range v.planes {
		var guess []float32
		if v.guess != nil {
			guess = v.guess[p]
		}
		v.span(plane, guess, near)
	}
}

// span fills the holes of one plane.
func (v *window) span(plane, guess []float32, near *spreader) {
	guessed := func(i int32) bool { return guess != nil && int(v.hole[i]) > 1+v.scale }
	// A sample begins with the mean of what is known near it; what is added to a
	// guess with nothing, as it is nothing but near the border.
	near.spread(plane)
	for _, i := range v.list {
		if guessed(i) {
			plane[i] = 0
		}
	}
	w, h := int32(v.w), int32(v.h)
	for sweep := range sweeps {
		factor := float32(overrelax)
		if sweep >= sweeps-4 { // the last ones settle what is left
			factor = 1
		}
		for k := range v.list {
			i := v.list[k]
			if sweep%2 == 1 { // to and fro: what is known spreads both ways
				i = v.list[len(v.list)-1-k]
			}
			x, y := i%w, i/w
			g := guessed(i)
			var sum float32
			n := float32(0)
			add := func(j int32) {
				s := plane[j]
				if g && v.hole[j] == 0 {
					s -= guess[j]
				}
				sum += s
				n++
			}
			if x > 0 {
				add(i - 1)
			}
			if x < w-1 {
				add(i + 1)
			}
			if y > 0 {
				add(i - w)
			}
			if y < h-1 {
				add(i + w)
			}
			if g {
				n += screen
			}
			plane[i] += factor * (sum/n - plane[i])
		}
	}
	for _, i := range v.list {
		if guessed(i) {
			plane[i] += guess[i]
		}
	}
}

// bilinear reads a plane of half the size (cw by ch) at the place of the sample
// (x, y).
func bilinear(plane []float32, cw, ch, x, y int) float32 {
	x0, fx := halfPlace(x)
	y0, fy := halfPlace(y)
	xa, xb := max(x0, 0), min(x0+1, cw-1)
	ya, yb := max(y0, 0), min(y0+1, ch-1)
	a, b := plane[ya*cw:], plane[yb*cw:]
	return (a[xa]*(1-fx)+a[xb]*fx)*(1-fy) + (b[xa]*(1-fx)+b[xb]*fx)*fy
}

// halfPlace is the place of sample x on a grid of half as many: the sample before
// it, and how far beyond that it is.
func halfPlace(x int) (int, float32) {
	if x%2 == 0 {
		return x/2 - 1, 0.75
	}
	return x / 2, 0.25
}
