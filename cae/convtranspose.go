package cae

import "fmt"

// ConvTranspose is a transposed convolution of In planes to Out planes: each
// input sample adds its multiple of the kernel to the output at Stride times
// its place, less Pad. The output has (H-1)*Stride+Kernel-2*Pad rows. weight
// has the shape [In, Out, Kernel[0], Kernel[1]], as in PyTorch.
type ConvTranspose struct {
	In     int     `json:"in"`
	Out    int     `json:"out"`
	Kernel [2]int  `json:"kernel"`
	Stride [2]int  `json:"stride"`
	Pad    [2]int  `json:"pad"`
	Bias   bool    `json:"bias"`
	Gain   float64 `json:"gain,omitempty"`

	params []*Param
}

// Kind implements Layer.
func (l *ConvTranspose) Kind() string { return "conv_transpose" }

// OutShape implements Layer.
func (l *ConvTranspose) OutShape(in ...Shape) (Shape, error) {
	s, err := one("conv_transpose", in)
	if err != nil {
		return s, err
	}
	if err := checkConv(l.In, l.Out, 1, l.Kernel, l.Stride, l.Pad, [2]int{}); err != nil {
		return s, err
	}
	if s.C != l.In {
		return s, fmt.Errorf("conv_transpose takes %d planes, not %d", l.In, s.C)
	}
	h := (s.H-1)*l.Stride[0] + l.Kernel[0] - 2*l.Pad[0]
	w := (s.W-1)*l.Stride[1] + l.Kernel[1] - 2*l.Pad[1]
	if h < 1 || w < 1 {
		return s, fmt.Errorf("conv_transpose with padding %v leaves nothing of %dx%d samples", l.Pad, s.W, s.H)
	}
	return Shape{s.N, l.Out, h, w}, nil
}

// Window implements Layer. An output row o hears of the input rows v with
// 0 <= o+Pad-v*Stride < Kernel.
func (l *ConvTranspose) Window(axis int) Window {
	return Window{Kernel: l.Kernel[axis], Stride: 1, Pad: l.Kernel[axis] - 1 - l.Pad[axis], Up: l.Stride[axis],
		Tiled: isStencil(l.Kernel, l.Stride, [2]int{1, 1})}
}

// Layout implements Layer.
func (l *ConvTranspose) Layout(bool) (in, out Layout) { return Blocked, Blocked }

// Params implements Layer: weight, then bias if there is one.
func (l *ConvTranspose) Params() []*Param {
	if l.params == nil {
		// An output sample hears of Kernel/Stride input samples an axis.
		fan := max(1, l.In*l.Kernel[0]*l.Kernel[1]/(l.Stride[0]*l.Stride[1]))
		l.params = convParams(fan, l.Gain, l.Bias, l.Out, l.In, l.Out, l.Kernel[0], l.Kernel[1])
	}
	return l.params
}

// MACs implements Layer.
func (l *ConvTranspose) MACs(in ...Shape) int64 {
	if len(in) != 1 {
		return 0
	}
	return int64(in[0].Len()) * int64(l.Out*l.Kernel[0]*l.Kernel[1])
}

func (l *ConvTranspose) correlation() *correlation {
	return transposition(l.In, l.Out, 1, l.Kernel, l.Stride, l.Pad, [2]int{1, 1})
}

func (l *ConvTranspose) newFilters() *filters { return newFilters(l.correlation()) }

// Forward implements Layer.
func (l *ConvTranspose) Forward(s *Step) []Work { return forward(l, l.Params(), s) }

// Backward implements Layer.
func (l *ConvTranspose) Backward(s *Step) []Work {
	back := func() *correlation {
		return convolution(l.Out, l.In, 1, l.Kernel, l.Stride, l.Pad, [2]int{1, 1})
	}
	return backward(l.correlation(), back, l.Params(), s)
}
