package cae

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
)

// Input is a named input of a network.
type Input struct {
	Name   string `json:"name"`
	Planes int    `json:"planes"`
}

// Node is a layer in its place: the names of its inputs are those of earlier
// nodes or of the network's inputs. A skip is a name from further back.
type Node struct {
	Name  string
	In    []string
	Layer Layer
}

// Network is a graph of layers. It does not change once it is made, except that
// a trainer that owns it writes to its Params; runs may overlap.
type Network struct {
	inputs []Input
	nodes  []Node
	from   [][]int // for each node, where its inputs come from: inputs first, then nodes
	output int
	code   string
	foot   Footprint

	sizing sync.Once
	sizes  *Plan // without weights, for Workspace
}

// maxNodes is far above any network of ours; it bounds what a file may ask for.
const maxNodes = 4096

// New makes a network of nodes in the order in which they run. output names the
// node that is its result, code the one at which an encoder ends and a decoder
// begins (it may be empty).
func New(inputs []Input, nodes []Node, output, code string) (*Network, error) {
	n, err := build(inputs, nodes, output, code)
	if err != nil {
		return nil, err
	}
	return n, n.allocate()
}

// maxParams bounds the parameters of a network: a gigabyte of float32.
const maxParams = 1 << 28

// allocate gives parameters of zeros to the layers that have none.
func (n *Network) allocate() error {
	total := 0
	for _, node := range n.nodes {
		for _, p := range node.Layer.Params() {
			if total += p.Len(); total > maxParams {
				return fmt.Errorf("a network of more than %d parameters", maxParams)
			}
		}
	}
	for _, node := range n.nodes {
		for _, p := range node.Layer.Params() {
			if p.Data == nil {
				p.Data = make([]float32, p.Len())
			}
		}
	}
	return nil
}

// build checks and connects the nodes; parameters get no memory yet.
func build(inputs []Input, nodes []Node, output, code string) (*Network, error) {
	n := &Network{inputs: inputs, nodes: nodes, code: code, output: -1}
	if len(inputs) == 0 || len(nodes) == 0 || len(nodes) > maxNodes || len(inputs) > maxNodes {
		return nil, fmt.Errorf("network with %d inputs and %d nodes", len(inputs), len(nodes))
	}
	index := map[string]int{}
	for i, in := range inputs {
		if _, twice := index[in.Name]; twice || in.Name == "" || in.Planes < 1 || in.Planes > 1<<16 {
			return nil, fmt.Errorf("input %q with %d planes: names must differ, planes be positive", in.Name, in.Planes)
		}
		index[in.Name] = i
	}
	for i, node := range nodes {
		if _, twice := index[node.Name]; twice || node.Name == "" {
			return nil, fmt.Errorf("node %q: names must differ and not be empty", node.Name)
		}
		if node.Layer == nil {
			return nil, fmt.Errorf("node %q has no layer", node.Name)
		}
		from := make([]int, len(node.In))
		for j, name := range node.In {
			at, ok := index[name]
			if !ok {
				return nil, fmt.Errorf("node %q takes %q, which no earlier node is called", node.Name, name)
			}
			from[j] = at
		}
		n.from = append(n.from, from)
		index[node.Name] = len(inputs) + i
	}
	out, ok := index[output]
	if !ok || out < len(inputs) {
		return nil, fmt.Errorf("the output %q is no node", output)
	}
	n.output = out - len(inputs)
	if _, ok := index[code]; code != "" && !ok {
		return nil, fmt.Errorf("the code %q is no node", code)
	}
	var err error
	if n.foot, err = n.footprint(); err != nil {
		return nil, err
	}
	if _, err := n.shapes(n.inputShapes(n.foot.Multiple, n.foot.Multiple)); err != nil {
		return nil, err
	}
	for _, node := range nodes {
		node.Layer.Params() // made once here, so that concurrent runs only read them
	}
	return n, nil
}

// Inputs lists the inputs in order.
func (n *Network) Inputs() []Input { return n.inputs }

// Code is the name of the node at which the encoder ends, or empty.
func (n *Network) Code() string { return n.code }

// Nodes lists the nodes in the order in which they run.
func (n *Network) Nodes() []Node { return n.nodes }

// Params lists the parameters of all layers, each named "node.param"; the names
// are copies, the data are the network's own.
func (n *Network) Params() []*Param {
	var list []*Param
	for _, node := range n.nodes {
		for _, p := range node.Layer.Params() {
			q := *p
			q.Name = node.Name + "." + p.Name
			list = append(list, &q)
		}
	}
	return list
}

func (n *Network) inputShapes(h, w int) []Shape {
	list := make([]Shape, len(n.inputs))
	for i, in := range n.inputs {
		list[i] = Shape{1, in.Planes, h, w}
	}
	return list
}

// shapes returns the shape of each node's output.
func (n *Network) shapes(in []Shape) ([]Shape, error) {
	if len(in) != len(n.inputs) {
		return nil, fmt.Errorf("the network takes %d inputs, not %d", len(n.inputs), len(in))
	}
	for i, s := range in {
		if s.C != n.inputs[i].Planes || s.N != in[0].N || s.H != in[0].H || s.W != in[0].W || s.Len() <= 0 {
			return nil, fmt.Errorf("input %s: %v does not fit %d planes of the first input's size", n.inputs[i].Name, s, n.inputs[i].Planes)
		}
		if m := n.foot.Multiple; m > 1 && (s.H%m != 0 || s.W%m != 0) {
			return nil, fmt.Errorf("input %s: %dx%d samples; this network takes multiples of %d", n.inputs[i].Name, s.W, s.H, m)
		}
	}
	all := append([]Shape(nil), in...)
	for i, node := range n.nodes {
		args := make([]Shape, len(n.from[i]))
		for j, at := range n.from[i] {
			args[j] = all[at]
		}
		s, err := node.Layer.OutShape(args...)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", node.Name, err)
		}
		if p := float64(s.N) * float64(s.C) * float64(s.H) * float64(s.W); p > math.MaxInt32*16 {
			return nil, fmt.Errorf("node %s: %v is too large", node.Name, s)
		}
		all = append(all, s)
	}
	return all[len(in):], nil
}

// OutShape is the shape of the network's output for inputs of n pictures of h
// rows of w samples.
func (n *Network) OutShape(count, h, w int) (Shape, error) {
	in := n.inputShapes(h, w)
	for i := range in {
		in[i].N = count
	}
	all, err := n.shapes(in)
	if err != nil {
		return Shape{}, err
	}
	return all[n.output], nil
}

// MACs counts the multiplications of one run over a picture of h by w samples.
func (n *Network) MACs(h, w int) int64 {
	in := n.inputShapes(h, w)
	out, err := n.shapes(in)
	if err != nil {
		return 0
	}
	all := append(in, out...)
	var sum int64
	for i, node := range n.nodes {
		var args []Shape
		for _, at := range n.from[i] {
			args = append(args, all[at])
		}
		sum += node.Layer.MACs(args...)
	}
	return sum
}

// Init gives the parameters their first values: weights from a normal
// distribution with the variance gain²*2/fan-in (He et al., "Delving Deep into
// Rectifiers", ICCV 2015), biases 0, scales 1. The same seed gives the same
// values.
func (n *Network) Init(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0x1517))
	for _, p := range n.Params() {
		for i := range p.Data {
			if p.fanIn == 0 {
				p.Data[i] = p.first
				continue
			}
			p.Data[i] = float32(rng.NormFloat64() * p.gain * math.Sqrt(2/float64(p.fanIn)))
		}
	}
}
