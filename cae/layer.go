package cae

import (
	"fmt"

	"github.com/cae-restore/restore/cae/internal/kernel"
)

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

	// Layout says in which layout the layer wants its inputs and in which it
	// gives its output; planar reports whether all inputs are planar now.
	Layout(planar bool) (in, out Layout)

	// Params lists weights and running statistics, in a fixed order, the same
	// ones at every call. Their Data is nil until the layer is in a network.
	Params() []*Param

	// Forward returns the work, to be done in order, of computing s.Out from
	// s.In, which it leaves alone. The work may be done again and again.
	Forward(s *Step) []Work

	// Backward returns the work of turning the gradient of the loss with
	// respect to the output, s.DOut, into those with respect to the inputs,
	// s.DIn (an entry is nil where it is not wanted), and to the parameters:
	// it adds to s.Grad, and adds to or sets each s.DIn as s.Accumulate says.
	// The work of Forward has been done before; s.DOut may be overwritten.
	Backward(s *Step) []Work

	// MACs counts the multiplications of one Forward.
	MACs(in ...Shape) int64
}

// Step is one layer's part of one run: the memory that its work uses. Slices
// and maps stay where they are while the work may still be done; what they hold
// may change.
type Step struct {
	In    []*Map
	Out   *Map
	Train bool // statistics of the batch rather than the running ones

	DIn        []*Map
	Accumulate []bool // add to DIn rather than set it
	DOut       *Map
	Grad       [][]float32 // one for each of Params, same length

	finish    finish     // of a layer that can finish, see finisher
	filters   *filters   // loaded already; nil: they are loaded before each run
	saved     []float32  // what Forward keeps for Backward
	temporary *temporary // in which works hand results to one another
}

// sum is the map that a gradient with respect to input i is added to, nil where
// it is to be set.
func (s *Step) sum(i int) *Map {
	if i < len(s.Accumulate) && s.Accumulate[i] {
		return s.DIn[i]
	}
	return nil
}

// finisher is a layer whose output passes through a finish before it is written,
// so that the sums and activations that follow it cost no pass of their own.
type finisher interface {
	Layer
	newFilters() *filters
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
// have Window{1, 1, 0, 1, false}.
//
// Tiled layers (3x3, stride 1) compute by Winograd's F(4x4, 3x3) on tiles that
// begin at multiples of kernel.Tile. There rounding lets each row of a tile
// depend on more: of the tile's patch of six rows the first counts for the
// tile's first row alone, the last for its last, and those in between for all.
type Window struct {
	Kernel, Stride, Pad, Up int
	Tiled                   bool
}

var pointwise = Window{1, 1, 0, 1, false}

// Needs returns the input rows [lo, hi) that the output rows [lo, hi) read;
// they may lie outside the picture.
func (w Window) Needs(lo, hi int) (int, int) {
	if hi <= lo {
		return lo, lo
	}
	if w.Tiled {
		const tile = kernel.Tile
		first, last := floorDiv(lo, tile)*tile, floorDiv(hi-1, tile)*tile
		from, to := first+1-w.Pad, last+tile+1-w.Pad
		if lo == first {
			from--
		}
		if hi == last+tile {
			to++
		}
		return from, to
	}
	first, last := lo*w.Stride-w.Pad, (hi-1)*w.Stride-w.Pad+w.Kernel-1
	return -floorDiv(-first, w.Up), floorDiv(last, w.Up) + 1
}

// grid is what divides the places at which the layer's work may be cut.
func (w Window) grid() int {
	if w.Tiled {
		return kernel.Tile
	}
	return 1
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
	"upsample":       func() Layer { return new(Upsample) },
	"batch_norm":     func() Layer { return new(BatchNorm) },
	"relu":           func() Layer { return new(ReLU) },
	"leaky_relu":     func() Layer { return new(LeakyReLU) },
	"add":            func() Layer { return new(Add) },
	"multiply":       func() Layer { return new(Multiply) },
	"concat":         func() Layer { return new(Concat) },
}

// unary is the part that layers of one input, no parameters and no
// multiplications share; they take any layout and give the same.
type unary struct{}

func (unary) Window(int) Window   { return pointwise }
func (unary) Params() []*Param    { return nil }
func (unary) MACs(...Shape) int64 { return 0 }

func (unary) Layout(planar bool) (in, out Layout) {
	if planar {
		return Planar, Planar
	}
	return Blocked, Blocked
}

func one(kind string, in []Shape) (Shape, error) {
	if len(in) != 1 {
		return Shape{}, fmt.Errorf("%s takes one input, not %d", kind, len(in))
	}
	return in[0], nil
}
