package cae

import "fmt"

// Tape is a network in training: a forward run that keeps every node's output,
// and the backward run that turns the gradient of the loss with respect to the
// output into gradients of all parameters. Its buffers are made once. One tape
// serves one run at a time.
type Tape struct {
	net    *Network
	x      *Exec
	inputs []*Tensor
	steps  []*Step
	grads  [][]float32 // one for each of net.Params()
}

// NewTape makes a tape for batches of count pictures of h by w samples.
func (n *Network) NewTape(x *Exec, count, h, w int) (*Tape, error) {
	in := n.inputShapes(h, w)
	for i := range in {
		in[i].N = count
	}
	shapes, err := n.shapes(in)
	if err != nil {
		return nil, err
	}
	t := &Tape{net: n, x: x}
	for _, s := range in {
		t.inputs = append(t.inputs, NewTensor(s))
	}
	for i, node := range n.nodes {
		s := &Step{Out: NewTensor(shapes[i]), DOut: NewTensor(shapes[i]), Train: true}
		for _, at := range n.from[i] {
			if at < len(in) {
				s.In, s.DIn = append(s.In, t.inputs[at]), append(s.DIn, nil)
			} else {
				from := t.steps[at-len(in)]
				s.In, s.DIn = append(s.In, from.Out), append(s.DIn, from.DOut)
			}
		}
		for _, p := range node.Layer.Params() {
			g := make([]float32, len(p.Data))
			s.Grad = append(s.Grad, g)
			t.grads = append(t.grads, g)
		}
		t.steps = append(t.steps, s)
	}
	return t, nil
}

// Inputs are the tensors to fill before Forward, in the network's order.
func (t *Tape) Inputs() []*Tensor { return t.inputs }

// Grads are the gradients after Backward, one for each of the network's Params;
// for a running statistic, the batch's own value.
func (t *Tape) Grads() [][]float32 { return t.grads }

// Forward runs the network on Inputs. The result is valid until the next call.
func (t *Tape) Forward() (*Tensor, error) {
	for i, s := range t.steps {
		if err := t.net.nodes[i].Layer.Forward(t.x, s); err != nil {
			return nil, fmt.Errorf("node %s: %w", t.net.nodes[i].Name, err)
		}
	}
	return t.steps[t.net.output].Out, nil
}

// Backward runs the network backwards from the gradient of the loss with
// respect to the output, setting Grads.
func (t *Tape) Backward(grad []float32) error {
	for _, s := range t.steps {
		clear(s.DOut.Data)
	}
	for _, g := range t.grads {
		clear(g)
	}
	copy(t.steps[t.net.output].DOut.Data, grad)
	for i := len(t.steps) - 1; i >= 0; i-- {
		if err := t.net.nodes[i].Layer.Backward(t.x, t.steps[i]); err != nil {
			return fmt.Errorf("node %s, backward: %w", t.net.nodes[i].Name, err)
		}
	}
	return nil
}
