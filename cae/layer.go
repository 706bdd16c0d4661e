package cae

import "fmt"

// Layer is one operation of a network. A layer holds its settings and its
// parameters and nothing of a run, so many runs may use it at once.
type Layer interface {
	// Kind is the name of the operation in a network's JSON; the layer's
	// exported fields are its settings there.
	Kind() string

	// OutShape is the shape of the output for the given inputs, or an error
	// that says why they do not fit.
	OutShape(in ...Shape) (Shape, error)

	// Window says which rows of the input a row of the output depends on;
	// axis 0 is vertical, 1 horizontal.
	Window(axis int) Window

	// Params lists weights and running statistics, in a fixed order, the same
	// ones at every call. Their Data is nil until the layer is in a network.
	Params() []*Param

	// Forward computes s.Out from s.In, which it leaves alone.
	Forward(x *Exec, s *Step) error

	// Backward adds the gradient of the loss to s.DIn (an entry is nil where
	// it is not wanted) and to s.Grad of each parameter, given s.DOut and what
	// Forward left in s.
	Backward(x *Exec, s *Step) error

	// MACs counts the multiplications of one Forward.
	MACs(in ...Shape) int64
}

// Step is one layer's part of one run.
type Step struct {
	In    []*Tensor
	Out   *Tensor
	Train bool      // statistics of the batch rather than the running ones
	Saved []float32 // what Forward keeps for Backward

	DIn  []*Tensor
	DOut *Tensor
	Grad [][]float32 // one for each of Params, same length
}

// Param is a named array of weights. Where Stat is set it is a running
// statistic, which no gradient trains: Backward leaves the batch's own value
// in its gradient and the trainer moves the running one towards it.
type Param struct {
	Name  string
	Shape []int
	Data  []float32
	Stat  bool

	fanIn int     // inputs of one output, for the first random values
	first float32 // first value where fanIn is 0
	gain  float64 // factor of the first random values
}

func newParam(name string, fanIn int, gain float64, shape ...int) *Param {
	return &Param{Name: name, Shape: shape, fanIn: fanIn, gain: gain}
}

// Len is the number of elements that the shape asks for.
func (p *Param) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Window describes a layer along one axis: on a grid Up times as fine as the
// input's, where input row v stands at v*Up, output row o reads the rows that
// fall into [o*Stride-Pad, o*Stride-Pad+Kernel). Layers that look at one sample
// have Window{1, 1, 0, 1}.
type Window struct{ Kernel, Stride, Pad, Up int }

var pointwise = Window{1, 1, 0, 1}

// Needs returns the input rows [lo, hi) that the output rows [lo, hi) read;
// they may lie outside the picture.
func (w Window) Needs(lo, hi int) (int, int) {
	if hi <= lo {
		return lo, lo
	}
	first, last := lo*w.Stride-w.Pad, (hi-1)*w.Stride-w.Pad+w.Kernel-1
	return -floorDiv(-first, w.Up), floorDiv(last, w.Up) + 1
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// kinds makes an empty layer of each kind, for reading networks.
var kinds = map[string]func() Layer{
	"conv":           func() Layer { return new(Conv) },
	"conv_transpose": func() Layer { return new(ConvTranspose) },
	"space_to_depth": func() Layer { return new(SpaceToDepth) },
	"depth_to_space": func() Layer { return new(DepthToSpace) },
	"batch_norm":     func() Layer { return new(BatchNorm) },
	"relu":           func() Layer { return new(ReLU) },
	"add":            func() Layer { return new(Add) },
	"concat":         func() Layer { return new(Concat) },
}

// unary is the part that layers of one input, no parameters and no
// multiplications share.
type unary struct{}

func (unary) Window(int) Window   { return pointwise }
func (unary) Params() []*Param    { return nil }
func (unary) MACs(...Shape) int64 { return 0 }
func one(kind string, in []Shape) (Shape, error) {
	if len(in) != 1 {
		return Shape{}, fmt.Errorf("%s takes one input, not %d", kind, len(in))
	}
	return in[0], nil
}
