package onnx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/cae-restore/restore/cae"
)

// graph collects operations and initializers while the nodes of a network are
// written one after another.
type graph struct {
	net    *cae.Network
	layers []layer
	output string
	params map[string]*cae.Param // by "node.parameter"
	shapes map[string]cae.Shape  // of inputs and nodes, for inputs of the least size

	taken      map[string]bool // names of values
	operations []operation
	weights    []message
}

// layer is a node as the network's JSON describes it. The export goes by kinds
// and settings, the form that model files keep, rather than by Go types: so a
// setting that is new to it is an error and not a wrong model.
type layer struct {
	Name   string          `json:"name"`
	Kind   string          `json:"kind"`
	In     []string        `json:"in"`
	Config json.RawMessage `json:"config"`
}

func newGraph(n *cae.Network) (*graph, error) {
	text, err := json.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNetwork, err)
	}
	var description struct {
		Nodes  []layer `json:"nodes"`
		Output string  `json:"output"`
	}
	if err := json.Unmarshal(text, &description); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNetwork, err)
	}
	g := &graph{net: n, layers: description.Nodes, output: description.Output,
		params: map[string]*cae.Param{}, shapes: map[string]cae.Shape{}, taken: map[string]bool{}}
	if err := g.measure(); err != nil {
		return nil, err
	}
	for _, p := range n.Params() {
		g.params[p.Name] = p
	}
	for _, in := range n.Inputs() {
		g.taken[in.Name] = true
	}
	for _, l := range g.layers {
		g.taken[l.Name] = true
	}
	for _, l := range g.layers {
		write, ok := kinds[l.Kind]
		if !ok {
			return nil, fmt.Errorf("%w: node %s is of kind %q, for which the export has no operator; add one in package cae/onnx", ErrNetwork, l.Name, l.Kind)
		}
		if err := write(g, l); err != nil {
			return nil, fmt.Errorf("%w: node %s of kind %s: %v", ErrNetwork, l.Name, l.Kind, err)
		}
	}
	return g, nil
}

// measure finds the shape of each value. Only the planes are the same for inputs
// of all sizes.
func (g *graph) measure() error {
	least := g.net.Footprint().Multiple
	for _, in := range g.net.Inputs() {
		g.shapes[in.Name] = cae.Shape{N: 1, C: in.Planes, H: least, W: least}
	}
	for _, node := range g.net.Nodes() {
		in := make([]cae.Shape, len(node.In))
		for i, name := range node.In {
			in[i] = g.shapes[name]
		}
		s, err := node.Layer.OutShape(in...)
		if err != nil {
			return fmt.Errorf("%w: node %s: %v", ErrNetwork, node.Name, err)
		}
		g.shapes[node.Name] = s
	}
	return nil
}

// settings reads the configuration of a layer into to, which must know all of it.
func (l layer) settings(to any) error {
	if len(l.Config) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(l.Config))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("the export does not understand its settings: %v", err)
	}
	return nil
}

// add appends the operation that computes a layer's output.
func (g *graph) add(l layer, op string, in []string, attributes ...attribute) {
	g.step(l.Name, op, in, l.Name, attributes...)
}

// step appends an operation whose result is called out.
func (g *graph) step(name, op string, in []string, out string, attributes ...attribute) {
	g.operations = append(g.operations, operation{name, op, in, []string{out}, attributes})
}

// fresh returns a name for a value that no other value has: the one wished for,
// or that with a number where a node is called so.
func (g *graph) fresh(wish string) string {
	name := wish
	for i := 2; g.taken[name]; i++ {
		name = wish + "." + strconv.Itoa(i)
	}
	g.taken[name] = true
	return name
}

// weight adds the parameter of a layer as an initializer and returns its name.
func (g *graph) weight(l layer, param string) (string, error) {
	p := g.params[l.Name+"."+param]
	if p == nil {
		return "", fmt.Errorf("it has no parameter %s", param)
	}
	name := g.fresh(l.Name + "." + param)
	g.weights = append(g.weights, floats(name, p.Shape, p.Data))
	return name, nil
}

// encode returns the GraphProto.
func (g *graph) encode(o Options) message {
	batch, height, width := dimension{o.Batch, "batch"}, dimension{o.Height, "height"}, dimension{o.Width, "width"}
	var m message
	for _, op := range g.operations {
		m.raw(graphNode, op.encode())
	}
	m.text(graphName, firstOf(o.Metadata.Model, "network"))
	for _, w := range g.weights {
		m.raw(graphInitializer, w)
	}
	for _, in := range g.net.Inputs() {
		m.raw(graphInput, value(in.Name, batch, dimension{size: in.Planes}, height, width))
	}
	m.raw(graphOutput, value(g.output, batch, dimension{size: g.shapes[g.output].C}, height, width))
	return m
}
