package cae

// correlation is what convolutions, transposed convolutions and the gradients
// of both with respect to their inputs have in common: every output pixel is a
// sum over planes and taps of weights times input pixels,
//
//	out[k, p.y0+y*step, p.x0+x*step] = sum over c and the taps t of phase p of
//	    w[k, c, t.index] * in[c, y*stride+t.dy, x*stride+t.dx]
//
// with zeros outside the input. An ordinary convolution has one phase and step
// 1. A transposed one of stride s has s*s phases: output pixels of one remainder
// modulo the stride read the same taps.
type correlation struct {
	in, out      int // planes
	groups       int
	stride, step [2]int
	phases       []phase
	stencil      bool // of 3x3 taps side by side, stride 1

	// Where the weight of (k, c, tap) stands: the array has the shape
	// [out][in/groups][taps], or [in][out/groups][taps] where transposed is set.
	taps       int
	transposed bool
}

type phase struct {
	y0, x0 int
	taps   []tap
}

type tap struct{ dy, dx, index int }

// convolution is the correlation that a Conv computes.
func convolution(in, out, groups int, kernel, stride, pad, dilation [2]int) *correlation {
	c := &correlation{in: in, out: out, groups: groups, stride: stride, step: [2]int{1, 1}, taps: kernel[0] * kernel[1],
		stencil: isStencil(kernel, stride, dilation)}
	var p phase
	for i := range kernel[0] {
		for j := range kernel[1] {
			p.taps = append(p.taps, tap{i*dilation[0] - pad[0], j*dilation[1] - pad[1], i*kernel[1] + j})
		}
	}
	c.phases = []phase{p}
	return c
}

// transposition is the transpose of that correlation: what a ConvTranspose
// computes, and the gradient of a Conv with respect to its input. in and out
// are its own planes, so those of the Conv exchanged.
func transposition(in, out, groups int, kernel, stride, pad, dilation [2]int) *correlation {
	c := &correlation{in: in, out: out, groups: groups, stride: [2]int{1, 1}, step: stride, taps: kernel[0] * kernel[1], transposed: true,
		stencil: isStencil(kernel, stride, dilation)}
	for py := range stride[0] {
		for px := range stride[1] {
			p := phase{y0: py, x0: px}
			for i := range kernel[0] {
				dy := py + pad[0] - i*dilation[0]
				if dy%stride[0] != 0 {
					continue
				}
				for j := range kernel[1] {
					dx := px + pad[1] - j*dilation[1]
					if dx%stride[1] == 0 {
						p.taps = append(p.taps, tap{dy / stride[0], dx / stride[1], i*kernel[1] + j})
					}
				}
			}
			c.phases = append(c.phases, p)
		}
	}
	return c
}

// size is how many output pixels a phase has in an output of h by w.
func (c *correlation) size(p phase, h, w int) (int, int) {
	return max(0, floorDiv(h-p.y0-1, c.step[0])+1), max(0, floorDiv(w-p.x0-1, c.step[1])+1)
}

// connected reports whether output plane k hears of input plane i.
func (c *correlation) connected(k, i int) bool {
	return k < c.out && i < c.in && k/(c.out/c.groups) == i/(c.in/c.groups)
}

// weight is where the weights of a connected pair stand.
func (c *correlation) weight(k, i int) int {
	if c.transposed {
		per := c.out / c.groups
		return (i*per + k%per) * c.taps
	}
	per := c.in / c.groups
	return (k*per + i%per) * c.taps
}

// span is the blocks of input planes that a block of output planes hears of.
func (c *correlation) span(block int) (lo, hi int) {
	first, last := block*lanes, min(block*lanes+lanes, c.out)-1
	g0, g1 := first/(c.out/c.groups), last/(c.out/c.groups)
	per := c.in / c.groups
	return g0 * per / lanes, ((g1+1)*per-1)/lanes + 1
}

// depthwise reports whether every plane is convolved by itself.
func (c *correlation) depthwise() bool { return depthwise(c.in, c.out, c.groups) }

func depthwise(in, out, groups int) bool { return groups == in && groups == out && groups > 1 }

// isStencil reports whether a kernel is one that Winograd's tiles serve.
func isStencil(kernel, stride, dilation [2]int) bool {
	return kernel == [2]int{3, 3} && stride == [2]int{1, 1} && dilation == [2]int{1, 1}
}

// winograd reports whether the correlation is a 3x3 stencil of stride 1 that is
// not depthwise, and the offset of its first tap.
func (c *correlation) winograd() (dy, dx int, ok bool) {
	if !c.stencil || c.depthwise() {
		return 0, 0, false
	}
	t, last := c.phases[0].taps[0], c.phases[0].taps[8]
	return min(t.dy, last.dy), min(t.dx, last.dx), true
}
