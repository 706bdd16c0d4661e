package cae

import "slices"

// Tape is a network in training: a forward run that keeps every value, and the
// backward run that turns the gradient of the loss with respect to the output
// into gradients of all parameters. Its memory is taken once. One tape serves
// one run at a time. It reads the network's parameters anew in every run.
type Tape struct {
	inputs   []*Tensor
	output   *Tensor
	seed     *Map // gradient of the output
	grads    [][]float32
	forward  schedule
	backward schedule
}

// NewTape makes a tape for batches of count pictures of h by w samples.
func (n *Network) NewTape(x *Exec, count, h, w int) (*Tape, error) {
	return n.NewFrozenTape(x, count, h, w, make([]bool, len(n.nodes)))
}

// NewFrozenTape is NewTape for a training that leaves the parameters of some
// nodes as they are; frozen has an entry for each of Nodes, as Encoder gives
// them. Their gradients are nil, batch norms among them use their running
// statistics, and the backward run goes no further down than it must. What a
// frozen node reads must be frozen too.
func (n *Network) NewFrozenTape(x *Exec, count, h, w int, frozen []bool) (*Tape, error) {
	if err := n.checkFrozen(frozen); err != nil {
		return nil, err
	}
	in := n.inputShapes(h, w)
	for i := range in {
		in[i].N = count
	}
	p := n.program(false)
	maps, err := p.maps(in)
	if err != nil {
		return nil, err
	}
	for _, m := range maps {
		*m = *NewMap(m.Shape, m.Layout)
	}
	t := &Tape{}
	for i := range in {
		t.inputs = append(t.inputs, &Tensor{in[i], maps[i].Data})
	}
	t.output = &Tensor{maps[p.output].Shape, maps[p.output].Data}
	byNode := make([][][]float32, len(n.nodes))
	for i, node := range n.nodes {
		for _, q := range node.Layer.Params() {
			var g []float32
			if !frozen[i] {
				g = make([]float32, len(q.Data))
			}
			byNode[i] = append(byNode[i], g)
			t.grads = append(t.grads, g)
		}
	}
	var steps []*Step
	common := new(temporary)
	var forward []Work
	for i := range p.ops {
		o := &p.ops[i]
		s := o.step(maps)
		s.Train, s.temporary = o.layer == nil || !frozen[o.node], common
		if o.layer != nil {
			s.Grad = byNode[o.node]
		}
		steps = append(steps, s)
		forward = append(forward, o.forward(s)...)
	}
	t.forward = x.bind(forward)
	grads := p.gradients(maps, frozen)
	t.seed = grads[p.output]
	t.backward = x.bind(p.backward(steps, grads, frozen))
	return t, nil
}

// gradients makes a map for the gradient of each value that depends on a
// parameter that is trained; others have none. Where the first thing that is known of a value's
// gradient is that it equals another one that is used up, both share their
// memory: a sum hands its gradient on to what was added.
func (p *program) gradients(maps []*Map, frozen []bool) []*Map {
	grads := make([]*Map, len(maps))
	for i := range p.ops {
		o := &p.ops[i]
		trained := o.layer != nil && !frozen[o.node] && len(o.layer.Params()) > 0 || o.add >= 0 && grads[o.add] != nil
		for _, v := range o.in {
			trained = trained || grads[v] != nil
		}
		if trained {
			m := *maps[o.out]
			m.Data = nil
			grads[o.out] = &m
		}
	}
	met := make([]bool, len(maps))
	for i := len(p.ops) - 1; i >= 0; i-- {
		o := &p.ops[i]
		if o.add >= 0 && grads[o.add] != nil && !met[o.add] && grads[o.out] != nil && !slices.Contains(o.in, o.add) {
			grads[o.add] = grads[o.out]
		}
		if o.add >= 0 {
			met[o.add] = true
		}
		for _, v := range o.in {
			met[v] = true
		}
	}
	for _, g := range grads {
		if g != nil && g.Data == nil {
			*g = *NewMap(g.Shape, g.Layout)
		}
	}
	return grads
}

// backward is the work of the backward run. The first gradient that reaches a
// value sets its map, later ones are added.
func (p *program) backward(steps []*Step, grads []*Map, frozen []bool) (works []Work) {
	met := make([]bool, len(grads))
	met[p.output] = true
	for i := len(p.ops) - 1; i >= 0; i-- {
		o, s := &p.ops[i], steps[i]
		if grads[o.out] == nil || !met[o.out] {
			continue // nothing to train before it, or nobody reads it
		}
		s.DOut = grads[o.out]
		if o.act {
			works = append(works, activationGradient(s.DOut, s.Out, o.slope))
		}
		if o.add >= 0 && grads[o.add] != nil {
			if grads[o.add] != s.DOut {
				works = append(works, convert(grads[o.add], s.DOut, met[o.add]))
			}
			met[o.add] = true
		}
		for _, v := range o.in {
			s.DIn = append(s.DIn, grads[v])
			s.Accumulate = append(s.Accumulate, met[v])
			met[v] = met[v] || grads[v] != nil
		}
		switch {
		case o.layer != nil && frozen[o.node] && !slices.ContainsFunc(s.DIn, func(m *Map) bool { return m != nil }):
			// Only what was added to its output wanted the gradient.
		case o.layer != nil:
			works = append(works, o.layer.Backward(s)...)
		case s.DIn[0] != nil:
			works = append(works, convert(s.DIn[0], s.DOut, s.Accumulate[0]))
		}
	}
	return works
}

// Inputs are the tensors to fill before Forward, in the network's order.
func (t *Tape) Inputs() []*Tensor { return t.inputs }

// Grads are the gradients after Backward, one for each of the network's Params;
// for a running statistic, the batch's own value. Those of frozen nodes are nil.
func (t *Tape) Grads() [][]float32 { return t.grads }

// Forward runs the network on Inputs. The result is valid until the next call.
func (t *Tape) Forward() (*Tensor, error) {
	if err := t.forward.do(); err != nil {
		return nil, err
	}
	return t.output, nil
}

// Backward runs the network backwards from the gradient of the loss with
// respect to the output, setting Grads.
func (t *Tape) Backward(grad []float32) error {
	for _, g := range t.grads {
		clear(g)
	}
	copy(t.seed.Data, grad)
	return t.backward.do()
}
