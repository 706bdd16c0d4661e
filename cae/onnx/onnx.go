// Package onnx writes networks as ONNX models, so that other programs run them.
//
// What is written is plain: IR version 8, operator set 13, float32, every value
// under the name that it has in the network. Training is not part of it: batch
// normalisation uses its running statistics.
package onnx

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
)

// Versions of what is written.
const (
	irVersion = 8
	opset     = 13
)

// ErrNetwork marks a network or options that cannot be written as ONNX. The
// message names the node, its kind, and what to do.
var ErrNetwork = errors.New("it cannot be written as ONNX")

// Options say what goes into the file beside the network.
type Options struct {
	// Batch, Height and Width fix the size of the inputs; 0 leaves it to who
	// runs the model. Height and Width are multiples of the network's
	// Footprint().Multiple.
	Batch, Height, Width int

	// Margin is by how many samples a picture should be continued on each side
	// by reflection before the network sees it, and cropped afterwards; it is
	// stated in the file, not done by the graph.
	Margin int

	Producer string             // name of the program that writes
	Version  string             // its version
	Metadata modelfile.Metadata // of the model file that the network comes from; may be empty
}

// Write writes the network n with its weights. Inputs and output have the shape
// [batch, planes, height, width]; their names are those of the network's inputs
// and of its output node. The same network and options give the same bytes.
//
// Errors wrap ErrNetwork, or are those of w.
func Write(w io.Writer, n *cae.Network, o Options) error {
	if err := o.check(n); err != nil {
		return err
	}
	g, err := newGraph(n)
	if err != nil {
		return err
	}
	props, err := properties(n, o)
	if err != nil {
		return err
	}
	var m message
	m.int(modelIRVersion, irVersion)
	m.text(modelProducerName, o.Producer)
	m.text(modelProducerVersion, o.Version)
	m.text(modelDocString, description(n, o))
	m.raw(modelGraph, g.encode(o))
	var set message
	set.int(opsetVersion, opset)
	m.raw(modelOpsetImport, set)
	for _, p := range props {
		var entry message
		entry.text(entryKey, p.key)
		entry.text(entryValue, p.value)
		m.raw(modelMetadataProps, entry)
	}
	if len(m) > math.MaxInt32 {
		return fmt.Errorf("%w: the file would have %d bytes, and protobuf allows %d", ErrNetwork, len(m), math.MaxInt32)
	}
	_, err = w.Write(m)
	return err
}

func (o Options) check(n *cae.Network) error {
	if o.Batch < 0 || o.Height < 0 || o.Width < 0 || o.Margin < 0 {
		return fmt.Errorf("%w: batch %d, height %d, width %d, margin %d: none may be negative, 0 leaves a size open",
			ErrNetwork, o.Batch, o.Height, o.Width, o.Margin)
	}
	multiple := n.Footprint().Multiple
	if o.Height%multiple != 0 || o.Width%multiple != 0 {
		return fmt.Errorf("%w: height %d and width %d must be multiples of %d for this network", ErrNetwork, o.Height, o.Width, multiple)
	}
	return nil
}
