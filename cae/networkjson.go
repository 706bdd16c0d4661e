package cae

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

type nodeJSON struct {
	Name   string          `json:"name"`
	Kind   string          `json:"kind"`
	In     []string        `json:"in"`
	Config json.RawMessage `json:"config,omitempty"`
}

type networkJSON struct {
	Inputs []Input    `json:"inputs"`
	Nodes  []nodeJSON `json:"nodes"`
	Output string     `json:"output"`
	Code   string     `json:"code,omitempty"`
}

// MarshalJSON writes the graph without its weights.
func (n *Network) MarshalJSON() ([]byte, error) {
	out := networkJSON{Inputs: n.inputs, Output: n.nodes[n.output].Name, Code: n.code}
	for _, node := range n.nodes {
		config, err := json.Marshal(node.Layer)
		if err != nil {
			return nil, err
		}
		if string(config) == "{}" {
			config = nil
		}
		out.Nodes = append(out.Nodes, nodeJSON{node.Name, node.Layer.Kind(), node.In, config})
	}
	return json.Marshal(out)
}

// ErrNetwork marks a network's JSON that cannot be used.
var ErrNetwork = errors.New("unusable network")

// Parse makes a network, with parameters of zeros, from its JSON.
func Parse(text []byte) (*Network, error) {
	n, err := parse(text)
	if err == nil {
		if err = n.allocate(); err != nil {
			err = fmt.Errorf("%w: %w", ErrNetwork, err)
		}
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

func parse(text []byte) (*Network, error) {
	var in networkJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNetwork, err)
	}
	var nodes []Node
	for _, node := range in.Nodes {
		layer, err := NewLayer(node.Kind, node.Config)
		if err != nil {
			return nil, fmt.Errorf("%w: node %q: %w", ErrNetwork, node.Name, err)
		}
		nodes = append(nodes, Node{node.Name, node.In, layer})
	}
	n, err := build(in.Inputs, nodes, in.Output, in.Code)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNetwork, err)
	}
	return n, nil
}

// NewLayer makes a layer of the given kind from its settings as JSON.
func NewLayer(kind string, config json.RawMessage) (Layer, error) {
	empty, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("this program has no layer of kind %q", kind)
	}
	layer := empty()
	if config != nil {
		// A setting that this program does not know would change the result.
		d := json.NewDecoder(bytes.NewReader(config))
		d.DisallowUnknownFields()
		if err := d.Decode(layer); err != nil {
			return nil, err
		}
	}
	return layer, nil
}
