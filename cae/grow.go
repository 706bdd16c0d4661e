package cae

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// ErrGrow marks networks of which one does not contain the other.
var ErrGrow = errors.New("the network does not grow out of the other one")

// Grow gives n, whose parameters have their first values (see Init), what small
// has learnt, so that n computes what small does and goes on learning from
// there. It is in the manner of Chen, Goodfellow and Shlens, "Net2Net:
// Accelerating Learning via Knowledge Transfer" (ICLR 2016), with planes that
// are new instead of copies, so that no symmetry is left to break.
//
// Nodes of the same name correspond. Where one has more planes, the first ones
// are small's; they hear nothing of the new ones, whose own weights stay as they
// are. A residual block that small does not have adds nothing at first, and
// neither does a scale below small's coarsest one. n may have more planes, more
// blocks and more scales, but the same inputs and output.
// Errors wrap ErrGrow and leave n with parameters of no use.
func (n *Network) Grow(small *Network) error {
	have := map[string]Layer{}
	for _, node := range small.nodes {
		have[node.Name] = node.Layer
	}
	for _, node := range n.nodes {
		from := have[node.Name]
		switch {
		case from == nil:
			n.silence(node, have)
		case from.Kind() != node.Layer.Kind():
			return fmt.Errorf("%w: %s is a %s here and a %s there", ErrGrow, node.Name, node.Layer.Kind(), from.Kind())
		default:
			if err := widen(node.Layer, from); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrGrow, node.Name, err)
			}
		}
	}
	return n.agrees(small)
}

// silence makes the last convolution of a new residual block say nothing, and that
// which brings a new, coarser scale back up: one that a sum reads which is new as
// well.
func (n *Network) silence(node Node, have map[string]Layer) {
	switch node.Layer.(type) {
	case *Conv, *ConvTranspose:
	default:
		return
	}
	for _, reader := range n.nodes {
		if _, ok := reader.Layer.(*Add); !ok || have[reader.Name] != nil {
			continue
		}
		for _, in := range reader.In {
			if in != node.Name {
				continue
			}
			for _, p := range node.Layer.Params() {
				clear(p.Data)
			}
		}
	}
}

// widen copies the parameters of from into the first planes of to.
func widen(to, from Layer) error {
	// Axis of the weights along which the inputs lie.
	in := 1
	if _, ok := to.(*ConvTranspose); ok {
		in = 0
	}
	sources := from.Params()
	for i, p := range to.Params() {
		if i >= len(sources) || len(sources[i].Shape) != len(p.Shape) {
			return errors.New("its parameters are of another kind")
		}
		q := sources[i]
		a, b, rest := sides(p.Shape)
		c, d, same := sides(q.Shape)
		if c > a || d > b || same != rest {
			return fmt.Errorf("weights of shape %v do not contain those of %v", p.Shape, q.Shape)
		}
		for y := range a {
			for x := range b {
				at := p.Data[(y*b+x)*rest:][:rest]
				old := [2]bool{y < c, x < d}
				switch {
				case old[0] && old[1]:
					copy(at, q.Data[(y*d+x)*rest:])
				case len(p.Shape) > 1 && old[1-in]: // an old output does not hear a new input
					clear(at)
				}
			}
		}
	}
	return nil
}

// sides is the lengths of the first two axes of a shape and of all others
// together.
func sides(shape []int) (a, b, rest int) {
	a, b, rest = 1, 1, 1
	for i, d := range shape {
		switch i {
		case 0:
			a = d
		case 1:
			b = d
		default:
			rest *= d
		}
	}
	return a, b, rest
}

// agrees checks on noise that n computes what small does: whatever grew in a way
// that Grow does not know shows there.
func (n *Network) agrees(small *Network) error {
	side := 3 * max(n.foot.Multiple, small.foot.Multiple)
	var results []*Tensor
	for _, net := range []*Network{n, small} {
		rng := rand.New(rand.NewPCG(1, 2))
		var inputs []*Tensor
		for _, s := range net.inputShapes(side, side) {
			x := NewTensor(s)
			for i := range x.Data {
				x.Data[i] = rng.Float32()
			}
			inputs = append(inputs, x)
		}
		out, err := net.Forward(NewExec(context.Background(), nil, 1), inputs...)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrGrow, err)
		}
		results = append(results, out)
	}
	a, b := results[0], results[1]
	if a.Shape != b.Shape {
		return fmt.Errorf("%w: it gives %v and %v", ErrGrow, a.Shape, b.Shape)
	}
	worst, largest := 0.0, 0.0
	for i, v := range b.Data {
		largest = max(largest, math.Abs(float64(v)))
		worst = max(worst, math.Abs(float64(a.Data[i])-float64(v)))
	}
	if !(worst <= 1e-4*max(1, largest)) {
		return fmt.Errorf("%w: on noise their outputs differ by %.2g of %.2g", ErrGrow, worst, largest)
	}
	return nil
}
