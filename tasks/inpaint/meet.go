package inpaint

const (
	ringReach = 2 // the known samples that a hole is to meet: so far from it
	ringBlur  = 4 // differences there are averaged so far round, or grain would streak

	// mostStep is the difference from which on it is no step in the light, but two
	// things that meet, and nothing to be mended.
	mostStep = 0.1 * 65535
)

// meet takes away the step that a hole's border may show. Patches are wanted for the
// known samples next to the hole too, and what these samples differ by from what
// their patches say is the step. A smooth surface through it is added to the hole,
// as in Perez, Gangnet and Blake, "Poisson Image Editing" (SIGGRAPH 2003).
func (l *level) meet() {
	b := l.box.grown(reach, l.w, l.h)
	w, h := b.w(), b.h()
	var ring []int32 // places in the box
	var steps [][3]float32
	index := make([]int32, w*h) // 1 plus the place in ring; 0: not in it
	for y := range h {
		for x := range w {
			if !l.beside(b.x0+x, b.y0+y) {
				continue
			}
			said, _, ok := l.said(b.x0+x, b.y0+y, true)
			if !ok {
				continue
			}
			var step [3]float32
			for p := range l.n {
				step[p] = float32(l.px[((b.y0+y)*l.w+b.x0+x)*l.n+p]) - float32(said[p])
			}
			ring, steps = append(ring, int32(y*w+x)), append(steps, step)
			index[y*w+x] = int32(len(ring))
		}
	}
	value, weight := make([]float32, w*h), make([]float32, w*h)
	for p := range l.n {
		clear(value)
		clear(weight)
		for _, at := range ring {
			x, y := int(at)%w, int(at)/w
			var sum, n float32
			for v := max(0, y-ringBlur); v <= min(h-1, y+ringBlur); v++ {
				for u := max(0, x-ringBlur); u <= min(w-1, x+ringBlur); u++ {
					if i := index[v*w+u]; i > 0 {
						sum += steps[i-1][p]
						n++
					}
				}
			}
			value[at], weight[at] = mend(sum/n), 1
		}
		pullPush(value, weight, w, h)
		for y := range h {
			for x := range w {
				at := (b.y0+y)*l.w + b.x0 + x
				if l.state[at] == wanted {
					l.px[at*l.n+p] = uint16(min(max(float32(l.px[at*l.n+p])+value[y*w+x]+0.5, 0), 65535))
				}
			}
		}
	}
}

// mend is what of a step is taken away: all of a small one, nothing of a large one
// (Tukey's biweight).
func mend(step float32) float32 {
	r := 1 - step*step/(mostStep*mostStep)
	return step * max(r, 0) * max(r, 0)
}

// beside reports whether a sample is known and next to the hole.
func (l *level) beside(x, y int) bool {
	if l.state[y*l.w+x] != known {
		return false
	}
	for v := max(0, y-ringReach); v <= min(l.h-1, y+ringReach); v++ {
		for u := max(0, x-ringReach); u <= min(l.w-1, x+ringReach); u++ {
			if l.state[v*l.w+u] == wanted {
				return true
			}
		}
	}
	return false
}
