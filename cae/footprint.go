package cae

import "fmt"

// Footprint is what cutting a picture into pieces needs to know of a network.
type Footprint struct {
	// Multiple divides the height and width of every input.
	Multiple int
	// Align divides the place at which a piece may begin or end inside the
	// picture so that it comes out as the whole does, bit for bit: layers that
	// compute in tiles have their grids fixed to the picture's first sample. A
	// multiple of Multiple.
	Align int
	// Before and After are how many rows (and columns) beyond a run of output
	// rows that begins and ends on Align the network looks at.
	Before, After int
}

// Footprint returns the network's footprint.
func (n *Network) Footprint() Footprint { return n.foot }

const maxMultiple = 1 << 12

func lcm(a, b int) int {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

// footprint follows the windows of the layers back from the output. Both axes
// are followed and the larger need counts.
func (n *Network) footprint() (Footprint, error) {
	f := Footprint{Multiple: 1, Align: 1}
	for axis := range 2 {
		scale, err := n.scales(axis)
		if err != nil {
			return f, err
		}
		for _, s := range scale {
			f.Multiple = max(f.Multiple, s)
		}
		for i, node := range n.nodes {
			f.Align = lcm(f.Align, scale[len(n.inputs)+i]*node.Layer.Window(axis).grid())
			if f.Align > maxMultiple*maxMultiple {
				return f, fmt.Errorf("node %s: pieces of the picture would begin at multiples of %d", node.Name, f.Align)
			}
		}
	}
	f.Align = lcm(f.Align, f.Multiple)
	for axis := range 2 {
		if err := n.reach(axis, &f); err != nil {
			return f, err
		}
	}
	return f, nil
}

// scales returns for each input and node how many of the picture's samples one
// of its samples stands for.
func (n *Network) scales(axis int) ([]int, error) {
	all := make([]int, len(n.inputs), len(n.inputs)+len(n.nodes))
	for i := range all {
		all[i] = 1
	}
	for i, node := range n.nodes {
		w := node.Layer.Window(axis)
		if len(n.from[i]) == 0 {
			return nil, fmt.Errorf("node %s has no input", node.Name)
		}
		if w.Up < 1 || w.Stride < 1 || w.Kernel < 1 {
			return nil, fmt.Errorf("node %s: stride, kernel or factor below 1", node.Name)
		}
		s := all[n.from[i][0]] * w.Stride
		if s%w.Up != 0 || s/w.Up > maxMultiple || s > maxMultiple*maxMultiple {
			return nil, fmt.Errorf("node %s: a sample would stand for %d/%d of the picture's", node.Name, s, w.Up)
		}
		all = append(all, s/w.Up)
	}
	if all[len(n.inputs)+n.output] != 1 {
		return nil, fmt.Errorf("the output is not of the input's size")
	}
	return all, nil
}

// reach follows a run of output rows back to the inputs. The run is long
// enough that its two ends do not meet.
func (n *Network) reach(axis int, f *Footprint) error {
	run := f.Align * 64
	type span struct {
		lo, hi int
		used   bool
	}
	need := make([]span, len(n.inputs)+len(n.nodes))
	need[len(n.inputs)+n.output] = span{0, run, true}
	for i := len(n.nodes) - 1; i >= 0; i-- {
		out := need[len(n.inputs)+i]
		if !out.used {
			continue
		}
		lo, hi := n.nodes[i].Layer.Window(axis).Needs(out.lo, out.hi)
		for _, at := range n.from[i] {
			if s := &need[at]; s.used {
				s.lo, s.hi = min(s.lo, lo), max(s.hi, hi)
			} else {
				*s = span{lo, hi, true}
			}
		}
	}
	for i := range n.inputs {
		if need[i].used {
			f.Before = max(f.Before, -need[i].lo)
			f.After = max(f.After, need[i].hi-run)
		}
	}
	return nil
}
