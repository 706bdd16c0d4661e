package cae

import (
	"context"
	"math"
	"slices"

	"github.com/cae-restore/restore/cae/internal/kernel"
)

// Plan is a network made ready to run: batch norms are folded into the weights,
// sums and activations into the convolutions before them, and weights are laid
// out and transformed for the kernels. It does not change when the network's
// parameters do. Runs may overlap, each on an Exec of its own.
type Plan struct {
	*program
	filters []*filters // for each operation, or nil
}

// Compile makes a plan of the network with its present parameters.
func (n *Network) Compile() (*Plan, error) {
	return n.CompileOn(NewExec(context.Background(), nil, 1))
}

// CompileOn is Compile on the workers of x, to the end, whatever the context of x
// says.
func (n *Network) CompileOn(x *Exec) (*Plan, error) {
	p := n.plan()
	size := 0
	for _, f := range p.filters {
		if f != nil {
			size += f.size()
		}
	}
	memory := kernel.Aligned(size)
	var loads []Work
	for i, o := range p.ops {
		if f := p.filters[i]; f != nil {
			memory = f.allocate(memory)
			loads = append(loads, f.load(p.weights(o, f.c)))
		}
	}
	if err := x.DoWhole(loads...); err != nil {
		return nil, err
	}
	return p, nil
}

// plan is a plan whose filters are not loaded yet.
func (n *Network) plan() *Plan {
	p := &Plan{program: n.program(true)}
	for _, o := range p.ops {
		var f *filters
		if l, ok := o.layer.(finisher); ok {
			f = l.newFilters()
		}
		p.filters = append(p.filters, f)
	}
	return p
}

// weights returns the weight and bias of an operation, its batch norm folded in:
// with s = gamma/sqrt(variance+eps), weights become s*w and the bias
// s*(bias-mean)+beta.
func (p *Plan) weights(o op, c *correlation) (w, bias []float32) {
	ps := o.layer.Params()
	w, bias = ps[0].Data, biasOf(ps)
	if o.norm < 0 {
		return w, bias
	}
	norm := p.net.nodes[o.norm].Layer.(*BatchNorm)
	qs := norm.Params()
	w = slices.Clone(w)
	folded := make([]float32, norm.Planes)
	for k := range folded {
		s := float64(qs[0].Data[k]) / math.Sqrt(float64(qs[3].Data[k])+batchNormEps)
		b := -float64(qs[2].Data[k])
		if bias != nil {
			b += float64(bias[k])
		}
		folded[k] = float32(s*b + float64(qs[1].Data[k]))
		for i := range c.in {
			if c.connected(k, i) {
				at := c.weight(k, i)
				for j := range c.taps {
					w[at+j] = float32(s * float64(w[at+j]))
				}
			}
		}
	}
	return w, folded
}

// binding is a plan with memory for inputs of one shape: ready to run, again
// and again, without taking any more.
type binding struct {
	plan   *Plan
	shape  Shape // of the first input
	maps   []*Map
	output *Tensor
	schedule
}

// Forward runs the network over a batch. The inputs, all of one size that
// Footprint().Multiple divides, are left alone; the result is valid until the
// next run on x. Runs on inputs of one shape, one after another on the same x,
// take no memory after the first.
func (p *Plan) Forward(x *Exec, inputs ...*Tensor) (*Tensor, error) {
	if len(inputs) != len(p.net.inputs) {
		return nil, p.mismatch(inputs)
	}
	b := x.bound
	if b == nil || b.plan != p || b.shape != inputs[0].Shape {
		var err error
		if b, err = p.bind(x, inputs); err != nil {
			return nil, err
		}
		x.bound = b
	}
	for i, t := range inputs {
		if t.Shape != b.maps[i].Shape {
			return nil, p.mismatch(inputs)
		}
		b.maps[i].Data = t.Data
	}
	if err := b.do(); err != nil {
		return nil, err
	}
	return b.output, nil
}

// Reserve makes x large enough for a picture of h by w samples, and so for
// smaller ones: runs over pieces of different sizes, the largest not first, would
// otherwise get memory again and again.
func (p *Plan) Reserve(x *Exec, h, w int) error {
	maps, err := p.maps(p.net.inputShapes(h, w))
	if err == nil {
		_, size := p.memory(maps)
		x.reserve(size)
	}
	return err
}

func (p *Plan) mismatch(inputs []*Tensor) error {
	_, err := p.net.shapes(shapesOf(inputs))
	return err
}

func shapesOf(inputs []*Tensor) (list []Shape) {
	for _, t := range inputs {
		list = append(list, t.Shape)
	}
	return list
}

// bind prepares a run. Memory of the run before is used again where it suffices.
func (p *Plan) bind(x *Exec, inputs []*Tensor) (*binding, error) {
	b := &binding{plan: p}
	var err error
	if b.maps, err = p.maps(shapesOf(inputs)); err != nil {
		return nil, err
	}
	b.shape = inputs[0].Shape
	places, size := p.memory(b.maps)
	x.reserve(size)
	for v := len(p.net.inputs); v < len(b.maps); v++ {
		b.maps[v].Data = x.arena[places[v]:][:b.maps[v].size()]
	}
	b.schedule = x.bind(p.works(b.maps))
	out := b.maps[p.output]
	b.output = &Tensor{out.Shape, out.Data}
	return b, nil
}

// works is all that a run does. Memory held something else before, so borders
// are cleared on the way.
func (p *Plan) works(maps []*Map) (works []Work) {
	for i := range p.ops {
		o := &p.ops[i]
		s := o.step(maps)
		s.filters = p.filters[i]
		list := o.forward(s)
		if s.Out.Layout == Blocked && (o.add < 0 || s.Out.Data == nil || &s.Out.Data[0] != &s.finish.add.Data[0]) {
			if _, ok := o.layer.(finisher); ok && len(list) > 0 {
				list[0] = list[0].beside(s.Out.clearBorder())
			} else {
				works = append(works, s.Out.clearBorder())
			}
		}
		works = append(works, list...)
	}
	return works
}

// memory gives each value its place in one arena, in float32, so that values
// that are needed at the same time do not meet. What an operation adds and
// nobody reads any more becomes its output.
func (p *program) memory(maps []*Map) (places []int, size int) {
	last := make([]int, len(p.values))
	for i, o := range p.ops {
		last[o.out] = i
		for _, v := range o.in {
			last[v] = i
		}
		if o.add >= 0 {
			last[o.add] = i
		}
	}
	last[p.output] = len(p.ops)
	places = make([]int, len(p.values))
	var live []int // values, by place
	for i, o := range p.ops {
		inputs := len(p.net.inputs)
		if o.add >= inputs && last[o.add] == i && !slices.Contains(o.in, o.add) {
			places[o.out] = places[o.add]
			live[slices.Index(live, o.add)] = o.out
		} else {
			need, at, slot := whole(maps[o.out].size()), 0, len(live)
			for j, v := range live {
				if places[v]-at >= need {
					slot = j
					break
				}
				at = places[v] + whole(maps[v].size())
			}
			places[o.out] = at
			live = slices.Insert(live, slot, o.out)
			size = max(size, at+need)
		}
		live = slices.DeleteFunc(live, func(v int) bool { return last[v] <= i })
	}
	return places, size
}

// whole rounds a length up to whole lines of 64 bytes.
func whole(n int) int { return (n + lanes - 1) / lanes * lanes }

// Forward compiles the network and runs it once: for more than one run, see
// Compile.
func (n *Network) Forward(x *Exec, inputs ...*Tensor) (*Tensor, error) {
	p, err := n.Compile()
	if err != nil {
		return nil, err
	}
	return p.Forward(x, inputs...)
}

// Workspace is how many bytes a run of the compiled network takes for one
// picture of h by w samples on the given number of workers, the output included,
// the inputs and the weights not.
func (n *Network) Workspace(h, w, workers int) (int64, error) {
	n.sizing.Do(func() { n.sizes = n.plan() })
	p := n.sizes
	maps, err := p.maps(n.inputShapes(h, w))
	if err != nil {
		return 0, err
	}
	_, size := p.memory(maps)
	scratch := 0
	for _, work := range p.works(maps) {
		scratch = max(scratch, work.Scratch)
	}
	return (int64(size) + int64(scratch)*int64(workers)) * 4, nil
}
