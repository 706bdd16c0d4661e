package cae

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Shrink gives n what fits into it of what big has learnt: the nodes of the same
// name, of their planes those that count most. It is a start for a training that
// is far better than random values, not a network to use: planes and blocks are
// missing. n may have fewer planes and blocks than big, but no others.
//
// Planes that sums and activations tie together are kept or left out together.
// What a set of planes counts is the length of the weights that read it times
// that of the weights that make it (structured pruning by magnitude, as in Li et
// al., "Pruning Filters for Efficient ConvNets", ICLR 2017). Errors wrap ErrGrow.
func (n *Network) Shrink(big *Network) error {
	have := map[string]int{}
	for i, node := range big.nodes {
		have[node.Name] = i
	}
	for _, node := range n.nodes {
		i, ok := have[node.Name]
		if !ok || big.nodes[i].Layer.Kind() != node.Layer.Kind() {
			return fmt.Errorf("%w: the other one has no %s %s", ErrGrow, node.Layer.Kind(), node.Name)
		}
	}
	s := &shrinking{n: n, big: big, have: have, tie: n.ties(), counts: map[int][2][]float64{}}
	for i := range n.nodes {
		s.weigh(i)
	}
	keep, err := s.choose()
	if err != nil {
		return err
	}
	for i := range n.nodes {
		if err := s.take(i, keep); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrGrow, n.nodes[i].Name, err)
		}
	}
	return nil
}

// ties says for each value, inputs first, to which set of planes it belongs.
func (n *Network) ties() []int {
	tie := make([]int, len(n.inputs)+len(n.nodes))
	for i := range tie {
		tie[i] = i
	}
	for i, node := range n.nodes {
		switch node.Layer.(type) {
		case *Add, *ReLU, *LeakyReLU, *Multiply, *BatchNorm, *Upsample:
			for _, from := range n.from[i] {
				a, b := tie[from], tie[len(n.inputs)+i]
				for j := range tie {
					if tie[j] == b {
						tie[j] = a
					}
				}
			}
		}
	}
	return tie
}

type shrinking struct {
	n, big *Network
	have   map[string]int
	tie    []int
	counts map[int][2][]float64 // by set: squares of the weights that make and that read each plane of big
}

// kernels are the parameters of a convolution with their axes of outputs and
// inputs.
type kernels struct {
	weight, bias *Param
	outs, ins    int // planes
	at           func(out, in int) []float32
}

func kernelsOf(l Layer) (k kernels, ok bool) {
	params := l.Params()
	out := 0
	switch l := l.(type) {
	case *Conv:
		if l.groups() > 1 {
			return k, false
		}
		k.outs, k.ins = l.Out, l.In
	case *ConvTranspose:
		k.outs, k.ins, out = l.Out, l.In, 1
	default:
		return k, false
	}
	k.weight = params[0]
	if len(params) > 1 {
		k.bias = params[1]
	}
	_, b, rest := sides(k.weight.Shape)
	k.at = func(o, i int) []float32 {
		if out == 1 {
			o, i = i, o
		}
		return k.weight.Data[(o*b+i)*rest:][:rest]
	}
	return k, true
}

// weigh counts what node i of the small network makes and reads in the big one.
func (s *shrinking) weigh(i int) {
	k, ok := kernelsOf(s.big.nodes[s.have[s.n.nodes[i].Name]].Layer)
	if !ok {
		return
	}
	add := func(set, side, planes int, of func(p int) float64) {
		c := s.counts[set]
		if c[side] == nil {
			c[side] = make([]float64, planes)
		}
		for p := range min(planes, len(c[side])) {
			c[side][p] += of(p)
		}
		s.counts[set] = c
	}
	square := func(list []float32) (sum float64) {
		for _, v := range list {
			sum += float64(v) * float64(v)
		}
		return sum
	}
	add(s.tie[len(s.n.inputs)+i], 0, k.outs, func(p int) (sum float64) {
		for q := range k.ins {
			sum += square(k.at(p, q))
		}
		return sum
	})
	add(s.tie[s.n.from[i][0]], 1, k.ins, func(p int) (sum float64) {
		for q := range k.outs {
			sum += square(k.at(q, p))
		}
		return sum
	})
}

// choose says for each set which planes of big the planes of n are.
func (s *shrinking) choose() (map[int][]int, error) {
	own, err1 := s.n.planes()
	theirs, err2 := s.big.planes()
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGrow, err)
	}
	keep := map[int][]int{}
	for v, set := range s.tie {
		m, k := own[v], theirs[v]
		if v >= len(s.n.inputs) {
			node := s.n.nodes[v-len(s.n.inputs)]
			k = theirs[len(s.big.inputs)+s.have[node.Name]]
			if _, ok := kernelsOf(node.Layer); !ok && s.tie[v] == v && m != k {
				return nil, fmt.Errorf("%w: %s has %d planes and %d there, and no weights to choose by", ErrGrow, node.Name, m, k)
			}
		}
		if m > k {
			return nil, fmt.Errorf("%w: it has %d planes where the other has %d", ErrGrow, m, k)
		}
		if keep[set] != nil {
			continue
		}
		order := make([]int, k)
		for p := range order {
			order[p] = p
		}
		if c := s.counts[set]; m < k && len(c[0]) == k && len(c[1]) == k {
			slices.SortStableFunc(order, func(a, b int) int {
				return cmp.Compare(math.Sqrt(c[0][b]*c[1][b]), math.Sqrt(c[0][a]*c[1][a]))
			})
		}
		keep[set] = slices.Sorted(slices.Values(order[:m]))
	}
	return keep, nil
}

// planes is the number of planes of each value, inputs first.
func (n *Network) planes() ([]int, error) {
	in := n.inputShapes(n.foot.Multiple, n.foot.Multiple)
	out, err := n.shapes(in)
	var list []int
	for _, s := range append(in, out...) {
		list = append(list, s.C)
	}
	return list, err
}

// take copies what node i keeps.
func (s *shrinking) take(i int, keep map[int][]int) error {
	node := s.n.nodes[i]
	from := s.big.nodes[s.have[node.Name]].Layer
	outs, ins := keep[s.tie[len(s.n.inputs)+i]], keep[s.tie[s.n.from[i][0]]]
	to, ok := kernelsOf(node.Layer)
	if !ok {
		sources := from.Params()
		for j, p := range node.Layer.Params() {
			if len(p.Shape) != 1 || len(outs) != len(p.Data) {
				return errors.New("only convolutions without groups and batch norms can be made smaller")
			}
			for k, at := range outs {
				p.Data[k] = sources[j].Data[at]
			}
		}
		return nil
	}
	source, ok := kernelsOf(from)
	if !ok || len(source.at(0, 0)) != len(to.at(0, 0)) || (source.bias == nil) != (to.bias == nil) {
		return errors.New("its kernel is another one")
	}
	for o, at := range outs {
		for k, in := range ins {
			copy(to.at(o, k), source.at(at, in))
		}
		if to.bias != nil {
			to.bias.Data[o] = source.bias.Data[at]
		}
	}
	return nil
}
