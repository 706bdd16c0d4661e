package cae

import "fmt"

// Forward runs the network over a batch. The inputs, all of one size that
// Footprint().Multiple divides, are left alone; the result is the caller's
// until it hands it back with Exec.Recycle. Buffers in between are reused, see
// Workspace.
func (n *Network) Forward(x *Exec, inputs ...*Tensor) (*Tensor, error) {
	in := make([]Shape, len(inputs))
	for i, t := range inputs {
		in[i] = t.Shape
	}
	shapes, err := n.shapes(in)
	if err != nil {
		return nil, err
	}
	last := n.lastUse()
	all := make([]*Tensor, len(inputs)+len(n.nodes))
	copy(all, inputs)
	for i, node := range n.nodes {
		s := &Step{Out: x.alloc(shapes[i])}
		for _, at := range n.from[i] {
			s.In = append(s.In, all[at])
		}
		if err := node.Layer.Forward(x, s); err != nil {
			return nil, fmt.Errorf("node %s: %w", node.Name, err)
		}
		all[len(inputs)+i] = s.Out
		for at := len(inputs); at <= len(inputs)+i; at++ {
			if last[at] == i && all[at] != nil {
				x.release(all[at])
				all[at] = nil
			}
		}
	}
	return all[len(inputs)+n.output], nil
}

// Recycle hands a tensor that Forward gave back for the next run.
func (x *Exec) Recycle(t *Tensor) { x.release(t) }

// lastUse returns for each input and node the node that reads it last; the
// output is never released, what nobody reads goes at once.
func (n *Network) lastUse() []int {
	last := make([]int, len(n.inputs)+len(n.nodes))
	for i := range n.nodes {
		last[len(n.inputs)+i] = i
	}
	for i, from := range n.from {
		for _, at := range from {
			last[at] = i
		}
	}
	last[len(n.inputs)+n.output] = len(n.nodes)
	return last
}

// Workspace is how many bytes Forward takes for one picture of h by w samples
// on the given number of workers, the output included, the inputs not.
func (n *Network) Workspace(h, w, workers int) (int64, error) {
	in := n.inputShapes(h, w)
	shapes, err := n.shapes(in)
	if err != nil {
		return 0, err
	}
	last := n.lastUse()
	free := map[int]int{}
	var total int64
	all := append(append([]Shape(nil), in...), shapes...)
	var scratch int
	for i, node := range n.nodes {
		size := shapes[i].Len()
		if free[size] > 0 {
			free[size]--
		} else {
			total += int64(size) * 4
		}
		if c, ok := node.Layer.(interface{ scratch(in, out Shape) int }); ok {
			scratch = max(scratch, c.scratch(all[n.from[i][0]], shapes[i]))
		}
		for at := len(in); at <= len(in)+i; at++ {
			if last[at] == i {
				free[all[at].Len()]++
			}
		}
	}
	return total + int64(scratch)*4*int64(workers), nil
}
