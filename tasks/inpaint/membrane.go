package inpaint

// window is a piece of a picture with its holes, as it goes into the network.
type window struct {
	w, h   int
	planes [][]float32 // in holes: undefined before fill
	hole   []uint8     // as in holes
	guess  [][]float32 // what the coarser scale says, for samples of deeper holes; nil: nothing
	scale  int         // holes of a depth above it have a guess

	list []int32 // of the samples in holes
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
	for p, plane := range v.planes {
		var guess []float32
		if v.guess != nil {
			guess = v.guess[p]
		}
		v.span(plane, guess)
	}
}

// span fills the holes of one plane.
func (v *window) span(plane, guess []float32) {
	guessed := func(i int32) bool { return guess != nil && int(v.hole[i]) > 1+v.scale }
	v.start(plane, guessed)
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

// start gives the samples of holes the mean of what is known near them: pull and
// push (Gortler et al., "The Lumigraph", SIGGRAPH 1996). What is added to a guess
// begins with nothing, as it is nothing but near the border.
func (v *window) start(plane []float32, guessed func(int32) bool) {
	w, h := v.w, v.h
	value := append([]float32(nil), plane...)
	weight := make([]float32, w*h)
	for i, d := range v.hole {
		if d == 0 {
			weight[i] = 1
		}
	}
	pullPush(value, weight, w, h)
	for _, i := range v.list {
		if plane[i] = value[i]; guessed(i) {
			plane[i] = 0
		}
	}
}

// pullPush replaces the values of weight 0 by means of those near them.
func pullPush(value, weight []float32, w, h int) {
	if w == 1 && h == 1 {
		return
	}
	cw, ch := (w+1)/2, (h+1)/2
	cv, cwt := make([]float32, cw*ch), make([]float32, cw*ch)
	for y := range h {
		for x := range w {
			if t := weight[y*w+x]; t > 0 {
				at := y/2*cw + x/2
				cv[at] += t * value[y*w+x]
				cwt[at] += t
			}
		}
	}
	for i, t := range cwt {
		if t > 0 {
			cv[i] /= t
			cwt[i] = min(t, 1)
		}
	}
	pullPush(cv, cwt, cw, ch)
	for y := range h {
		for x := range w {
			if weight[y*w+x] == 0 {
				value[y*w+x] = bilinear(cv, cw, ch, x, y)
			}
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
