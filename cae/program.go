package cae

// program is a network as operations in the order in which they run: what a
// Plan (inference) and a Tape (training) have in common. Sums and activations
// that follow a convolution are part of its operation, and values are converted
// where two layers want different layouts.
type program struct {
	net    *Network
	ops    []op
	values []value
	output int // value, planar
}

// value is something that an operation makes, or an input of the network.
type value struct {
	shape  int // place in the list of inputs' and nodes' shapes
	layout Layout
}

// op computes value out. A layer of nil converts in[0] to out's layout.
type op struct {
	layer Layer
	node  int // of the layer
	norm  int // node of a batch norm that is folded into the weights, or -1
	in    []int
	out   int
	add   int // value that is added, or -1
	act   bool
	slope float32
}

// program compiles the network; fold puts batch norms, with their running
// statistics, into the weights of the convolutions before them.
func (n *Network) program(fold bool) *program {
	c := &compiler{program: &program{net: n}, at: make([]int, len(n.inputs)+len(n.nodes)), converted: map[value]int{}}
	c.readers = n.readers()
	for i := range n.inputs {
		c.at[i] = c.newValue(value{i, Planar})
	}
	ends, taken := c.chains(fold)
	for i := range n.nodes {
		if chain, ok := ends[i]; ok {
			c.emit(chain, i)
		} else if !taken[i] {
			c.emit(op{layer: n.nodes[i].Layer, node: i, norm: -1, add: -1}, i)
		}
	}
	c.output = c.as(len(n.inputs)+n.output, Planar)
	return c.program
}

type compiler struct {
	*program
	readers   [][]int // for each input and node, the nodes that read it, once for each time
	at        []int   // for each input and node, its value
	converted map[value]int
}

// readers lists for each input and node the nodes that read it.
func (n *Network) readers() [][]int {
	list := make([][]int, len(n.inputs)+len(n.nodes))
	for i, from := range n.from {
		for _, at := range from {
			list[at] = append(list[at], i)
		}
	}
	return list
}

// next is the only node that reads node i, or -1.
func (c *compiler) next(i int) int {
	if r := c.readers[len(c.net.inputs)+i]; len(r) == 1 && i != c.net.output {
		return r[0]
	}
	return -1
}

// chains finds the nodes that become one operation: a layer that can finish, a
// batch norm, a sum with something else, an activation. The operation runs in
// the place of the last. add is a place in the list of inputs and nodes here.
func (c *compiler) chains(fold bool) (ends map[int]op, taken []bool) {
	n := c.net
	ends, taken = map[int]op{}, make([]bool, len(n.nodes))
	for i, node := range n.nodes {
		if _, ok := node.Layer.(finisher); !ok {
			continue
		}
		o, last := op{layer: node.Layer, node: i, norm: -1, add: -1}, i
		if j := c.next(last); j >= 0 && fold {
			if _, ok := n.nodes[j].Layer.(*BatchNorm); ok {
				o.norm, last = j, j
			}
		}
		if j := c.next(last); j >= 0 && !taken[j] {
			if _, ok := n.nodes[j].Layer.(*Add); ok && len(n.from[j]) == 2 {
				o.add = n.from[j][0] + n.from[j][1] - len(n.inputs) - last
				taken[last], last = true, j
			}
		}
		if j := c.next(last); j >= 0 {
			if a, ok := n.nodes[j].Layer.(activation); ok {
				o.act, o.slope = true, a.slope()
				taken[last], last = true, j
			}
		}
		taken[i], taken[last] = true, true
		if o.norm >= 0 {
			taken[o.norm] = true
		}
		ends[last] = o
	}
	return ends, taken
}

// emit appends the operation whose result is that of node i.
func (c *compiler) emit(o op, i int) {
	from := c.net.from[o.node]
	planar := true
	for _, at := range from {
		planar = planar && c.values[c.at[at]].layout == Planar
	}
	in, out := o.layer.Layout(planar)
	for _, at := range from {
		o.in = append(o.in, c.as(at, in))
	}
	if o.add >= 0 {
		o.add = c.as(o.add, out)
	}
	o.out = c.newValue(value{len(c.net.inputs) + i, out})
	c.at[len(c.net.inputs)+i] = o.out
	c.ops = append(c.ops, o)
}

// as is the value of an input or node in the given layout.
func (c *compiler) as(at int, l Layout) int {
	v := c.at[at]
	if c.values[v].layout == l {
		return v
	}
	to := value{c.values[v].shape, l}
	if have, ok := c.converted[to]; ok {
		return have
	}
	out := c.newValue(to)
	c.converted[to] = out
	c.ops = append(c.ops, op{norm: -1, add: -1, in: []int{v}, out: out})
	return out
}

func (c *compiler) newValue(v value) int {
	c.values = append(c.values, v)
	return len(c.values) - 1
}

// maps returns a map without memory for each value.
func (p *program) maps(in []Shape) ([]*Map, error) {
	shapes, err := p.net.shapes(in)
	if err != nil {
		return nil, err
	}
	all := append(append([]Shape(nil), in...), shapes...)
	list := make([]*Map, len(p.values))
	for i, v := range p.values {
		list[i] = shapeMap(all[v.shape], v.layout)
	}
	return list, nil
}

// step is the part of an operation in a run on the given maps.
func (o *op) step(maps []*Map) *Step {
	s := &Step{Out: maps[o.out], finish: finish{act: o.act, slope: o.slope}}
	for _, v := range o.in {
		s.In = append(s.In, maps[v])
	}
	if o.add >= 0 {
		s.finish.add = maps[o.add]
	}
	return s
}

// forward is the operation's work.
func (o *op) forward(s *Step) []Work {
	if o.layer == nil {
		return []Work{convert(s.Out, s.In[0], false)}
	}
	return o.layer.Forward(s)
}
