package cae

import "fmt"

// Conv is a two-dimensional convolution of In planes to Out planes (in the
// networks' sense: a cross-correlation), with zeros beyond the border:
//
//	out[k, y, x] = bias[k] + sum over c, i, j of weight[k, c, i, j] *
//	    in[c, y*Stride[0]+i*Dilation[0]-Pad[0], x*Stride[1]+j*Dilation[1]-Pad[1]]
//
// Kernel, Stride, Pad and Dilation are vertical, then horizontal. The planes
// fall into Groups that are convolved apart: output plane k hears of the In/Groups
// input planes of its own group alone. With as many groups as planes it is a
// depthwise convolution (Sifre 2014; Chollet, "Xception", CVPR 2017). weight has
// the shape [Out, In/Groups, Kernel[0], Kernel[1]], as in PyTorch.
type Conv struct {
	In       int     `json:"in"`
	Out      int     `json:"out"`
	Kernel   [2]int  `json:"kernel"`
	Stride   [2]int  `json:"stride"`
	Pad      [2]int  `json:"pad"`
	Dilation [2]int  `json:"dilation,omitzero"` // 0 counts as 1
	Groups   int     `json:"groups,omitempty"`  // 0 counts as 1
	Bias     bool    `json:"bias"`
	Gain     float64 `json:"gain,omitempty"` // of the first random weights; 0 counts as 1

	params []*Param
}

// Kind implements Layer.
func (l *Conv) Kind() string { return "conv" }

func (l *Conv) groups() int { return max(1, l.Groups) }

func (l *Conv) dilation() [2]int { return [2]int{max(1, l.Dilation[0]), max(1, l.Dilation[1])} }

// reach is the rows or columns between the first and the last that one output
// sample reads, both included.
func (l *Conv) reach(axis int) int { return (l.Kernel[axis]-1)*l.dilation()[axis] + 1 }

// OutShape implements Layer.
func (l *Conv) OutShape(in ...Shape) (Shape, error) {
	s, err := one("conv", in)
	if err != nil {
		return s, err
	}
	if err := checkConv(l.In, l.Out, l.Groups, l.Kernel, l.Stride, l.Pad, l.Dilation); err != nil {
		return s, err
	}
	if s.C != l.In {
		return s, fmt.Errorf("conv takes %d planes, not %d", l.In, s.C)
	}
	h := floorDiv(s.H+2*l.Pad[0]-l.reach(0), l.Stride[0]) + 1
	w := floorDiv(s.W+2*l.Pad[1]-l.reach(1), l.Stride[1]) + 1
	if h < 1 || w < 1 {
		return s, fmt.Errorf("conv of %v leaves nothing of %dx%d samples", l.Kernel, s.W, s.H)
	}
	return Shape{s.N, l.Out, h, w}, nil
}

func checkConv(in, out, groups int, kernel, stride, pad, dilation [2]int) error {
	for _, v := range []int{in, out, kernel[0], kernel[1], stride[0], stride[1]} {
		if v < 1 || v > 1<<16 {
			return fmt.Errorf("convolution with %d planes in, %d out, kernel %v, stride %v", in, out, kernel, stride)
		}
	}
	if g := max(1, groups); groups < 0 || in%g != 0 || out%g != 0 {
		return fmt.Errorf("convolution of %d to %d planes in %d groups", in, out, groups)
	}
	for a := range 2 {
		if dilation[a] < 0 || dilation[a] > 1<<12 {
			return fmt.Errorf("convolution with dilation %v", dilation)
		}
		if pad[a] < 0 || pad[a] > (kernel[a]-1)*max(1, dilation[a]) {
			return fmt.Errorf("convolution with padding %v does not fit kernel %v", pad, kernel)
		}
	}
	if int64(in)*int64(out)/int64(max(1, groups))*int64(kernel[0])*int64(kernel[1]) > 1<<28 {
		return fmt.Errorf("convolution of %d to %d planes with kernel %v is too large", in, out, kernel)
	}
	return nil
}

// Window implements Layer.
func (l *Conv) Window(axis int) Window {
	tiled := isStencil(l.Kernel, l.Stride, l.dilation()) && !depthwise(l.In, l.Out, l.groups())
	return Window{l.reach(axis), l.Stride[axis], l.Pad[axis], 1, tiled}
}

// Layout implements Layer.
func (l *Conv) Layout(bool) (in, out Layout) { return Blocked, Blocked }

// Params implements Layer: weight, then bias if there is one.
func (l *Conv) Params() []*Param {
	if l.params == nil {
		per := l.In / l.groups()
		l.params = convParams(per*l.Kernel[0]*l.Kernel[1], l.Gain, l.Bias, l.Out, l.Out, per, l.Kernel[0], l.Kernel[1])
	}
	return l.params
}

func convParams(fan int, gain float64, bias bool, out int, shape ...int) []*Param {
	if gain == 0 {
		gain = 1
	}
	ps := []*Param{newParam("weight", fan, gain, shape...)}
	if bias {
		ps = append(ps, newParam("bias", 0, 0, out))
	}
	return ps
}

// MACs implements Layer.
func (l *Conv) MACs(in ...Shape) int64 {
	s, err := l.OutShape(in...)
	if err != nil {
		return 0
	}
	return int64(s.Len()) * int64(l.In/l.groups()*l.Kernel[0]*l.Kernel[1])
}

func (l *Conv) correlation() *correlation {
	return convolution(l.In, l.Out, l.groups(), l.Kernel, l.Stride, l.Pad, l.dilation())
}

func (l *Conv) newFilters() *filters { return newFilters(l.correlation()) }

// Forward implements Layer.
func (l *Conv) Forward(s *Step) []Work { return forward(l, l.Params(), s) }

// forward is the work of a layer with filters: to load them, unless that is
// done already, and to correlate.
func forward(l finisher, ps []*Param, s *Step) []Work {
	f, works := s.filters, []Work(nil)
	if f == nil {
		f = l.newFilters()
		works = append(works, f.load(ps[0].Data, biasOf(ps)))
	}
	return append(works, f.correlate(s.Out, s.In[0], s.finish)...)
}

// biasOf is the bias among a convolution's parameters, or nil.
func biasOf(ps []*Param) []float32 {
	if len(ps) > 1 {
		return ps[1].Data
	}
	return nil
}

// Backward implements Layer.
func (l *Conv) Backward(s *Step) []Work {
	back := func() *correlation {
		return transposition(l.Out, l.In, l.groups(), l.Kernel, l.Stride, l.Pad, l.dilation())
	}
	return backward(l.correlation(), back, l.Params(), s)
}

// backward is the work of the gradients of a correlation. back gives its
// transpose.
func backward(c *correlation, back func() *correlation, ps []*Param, s *Step) []Work {
	if s.temporary == nil {
		s.temporary = new(temporary)
	}
	works := c.gradient(s.Grad[0], s.DOut, s.In[0], s.temporary)
	if len(ps) > 1 {
		works = append(works, biasGradient(s.Grad[1], s.DOut))
	}
	if s.DIn[0] == nil {
		return works
	}
	f := newFilters(back())
	works = append(works, f.load(ps[0].Data, nil))
	return append(works, f.correlate(s.DIn[0], s.DOut, finish{add: s.sum(0)})...)
}
