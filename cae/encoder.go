package cae

import "fmt"

// Encoder says of each of Nodes whether it belongs to the encoder: the code node
// and all that it depends on. A network that names no code, or whose code is an
// input, has no encoder, which is an error.
func (n *Network) Encoder() ([]bool, error) {
	in := make([]bool, len(n.nodes))
	found := false
	// Nodes read only what stands before them, so one pass from the end finds all.
	for i := len(n.nodes) - 1; i >= 0; i-- {
		if n.nodes[i].Name == n.code {
			in[i], found = true, true
		}
		if !in[i] {
			continue
		}
		for _, at := range n.from[i] {
			if at >= len(n.inputs) {
				in[at-len(n.inputs)] = true
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("%w: it does not say where its encoder ends: no node is its code", ErrNetwork)
	}
	return in, nil
}

// checkFrozen reports frozen nodes that read one that is not: gradients would
// have to pass through them.
func (n *Network) checkFrozen(frozen []bool) error {
	if len(frozen) != len(n.nodes) {
		return fmt.Errorf("%d nodes are said to be frozen or not, of %d", len(frozen), len(n.nodes))
	}
	for i, from := range n.from {
		for _, at := range from {
			if frozen[i] && at >= len(n.inputs) && !frozen[at-len(n.inputs)] {
				return fmt.Errorf("node %s cannot be frozen: it reads %s, which is trained", n.nodes[i].Name, n.nodes[at-len(n.inputs)].Name)
			}
		}
	}
	return nil
}
