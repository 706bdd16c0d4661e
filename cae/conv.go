package cae

import (
	"fmt"

	"github.com/cae-restore/restore/cae/internal/kernel"
)

// Conv is a two-dimensional convolution of In planes to Out planes (in the
// networks' sense: a cross-correlation), with zeros beyond the border:
//
//	out[k, y, x] = bias[k] + sum over c, i, j of
//	    weight[k, c, i, j] * in[c, y*Stride[0]+i-Pad[0], x*Stride[1]+j-Pad[1]]
//
// Kernel, Stride and Pad are vertical, then horizontal. weight has the shape
// [Out, In, Kernel[0], Kernel[1]], as in PyTorch.
type Conv struct {
	In     int     `json:"in"`
	Out    int     `json:"out"`
	Kernel [2]int  `json:"kernel"`
	Stride [2]int  `json:"stride"`
	Pad    [2]int  `json:"pad"`
	Bias   bool    `json:"bias"`
	Gain   float64 `json:"gain,omitempty"` // of the first random weights; 0 counts as 1

	params []*Param
}

// Kind implements Layer.
func (l *Conv) Kind() string { return "conv" }

// OutShape implements Layer.
func (l *Conv) OutShape(in ...Shape) (Shape, error) {
	s, err := one("conv", in)
	if err != nil {
		return s, err
	}
	if err := checkConv(l.In, l.Out, l.Kernel, l.Stride, l.Pad); err != nil {
		return s, err
	}
	if s.C != l.In {
		return s, fmt.Errorf("conv takes %d planes, not %d", l.In, s.C)
	}
	h := floorDiv(s.H+2*l.Pad[0]-l.Kernel[0], l.Stride[0]) + 1
	w := floorDiv(s.W+2*l.Pad[1]-l.Kernel[1], l.Stride[1]) + 1
	if h < 1 || w < 1 {
		return s, fmt.Errorf("conv of %v leaves nothing of %dx%d samples", l.Kernel, s.W, s.H)
	}
	return Shape{s.N, l.Out, h, w}, nil
}

func checkConv(in, out int, kernel, stride, pad [2]int) error {
	for _, v := range []int{in, out, kernel[0], kernel[1], stride[0], stride[1]} {
		if v < 1 || v > 1<<16 {
			return fmt.Errorf("convolution with %d planes in, %d out, kernel %v, stride %v", in, out, kernel, stride)
		}
	}
	for a := range 2 {
		if pad[a] < 0 || pad[a] >= kernel[a] {
			return fmt.Errorf("convolution with padding %v does not fit kernel %v", pad, kernel)
		}
	}
	if int64(in)*int64(out)*int64(kernel[0])*int64(kernel[1]) > 1<<28 {
		return fmt.Errorf("convolution of %d to %d planes with kernel %v is too large", in, out, kernel)
	}
	return nil
}

// Window implements Layer.
func (l *Conv) Window(axis int) Window {
	return Window{l.Kernel[axis], l.Stride[axis], l.Pad[axis], 1}
}

// Params implements Layer: weight, then bias if there is one.
func (l *Conv) Params() []*Param {
	if l.params == nil {
		fan := l.In * l.Kernel[0] * l.Kernel[1]
		l.params = convParams(fan, l.Gain, l.Bias, l.Out, l.Out, l.In, l.Kernel[0], l.Kernel[1])
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
	return int64(s.Len()) * int64(l.In*l.Kernel[0]*l.Kernel[1])
}

// geometry is that of the correlation from in to out.
func correlation(in, out Shape, size, stride, pad [2]int) *kernel.Geometry {
	g := &kernel.Geometry{C: in.C, H: in.H, W: in.W, K: out.C, OH: out.H, OW: out.W, PH: out.H, PW: out.W,
		SY: stride[0], SX: stride[1], StepY: 1, StepX: 1}
	for i := range size[0] {
		for j := range size[1] {
			g.Taps = append(g.Taps, kernel.Tap{DY: i - pad[0], DX: j - pad[1]})
		}
	}
	return g
}

// Forward implements Layer.
func (l *Conv) Forward(x *Exec, s *Step) error {
	ps := l.Params()
	return correlate(x, s.Out, s.In[0], ps[0].Data, biasOf(ps),
		correlation(s.In[0].Shape, s.Out.Shape, l.Kernel, l.Stride, l.Pad), false)
}

// Backward implements Layer.
func (l *Conv) Backward(x *Exec, s *Step) error {
	ps := l.Params()
	in := s.In[0]
	g := correlation(in.Shape, s.DOut.Shape, l.Kernel, l.Stride, l.Pad)
	if err := weightGradient(x, s.Grad[0], s.DOut, in, g); err != nil {
		return err
	}
	if len(ps) > 1 {
		if err := biasGradient(x, s.Grad[1], s.DOut); err != nil {
			return err
		}
	}
	if s.DIn[0] == nil {
		return nil
	}
	return spread(x, s.DIn[0], s.DOut, ps[0].Data, nil, l.Kernel, l.Stride, l.Pad, true)
}

func biasOf(ps []*Param) []float32 {
	if len(ps) > 1 {
		return ps[1].Data
	}
	return nil
}

// scratch is the float32 a worker needs, for Workspace.
func (l *Conv) scratch(in, out Shape) int {
	return correlation(in, out, l.Kernel, l.Stride, l.Pad).Scratch()
}
