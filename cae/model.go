package cae

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cae-restore/restore/cae/modelfile"
)

// ErrWeights marks a model file whose tensors are not those of its network.
var ErrWeights = errors.New("weights do not fit the network")

// Load reads a model file of size bytes: the network that its metadata describes
// with the weights that it holds, and the file itself.
func Load(r io.ReaderAt, size int64) (*Network, *modelfile.File, error) {
	f, err := modelfile.Read(r, size)
	if err != nil {
		return nil, nil, err
	}
	n, err := parse(f.Metadata.Network)
	if err != nil {
		return nil, nil, err
	}
	have := map[string]modelfile.Tensor{}
	for _, t := range f.Tensors {
		have[t.Name] = t
	}
	count := 0
	for _, node := range n.nodes {
		for _, p := range node.Layer.Params() {
			name := node.Name + "." + p.Name
			t, ok := have[name]
			if _, checkpoint := have["weight/"+name]; !ok && checkpoint {
				return nil, nil, fmt.Errorf("%w: it is the checkpoint of a training; the model is the file beside it", ErrWeights)
			}
			if !ok {
				return nil, nil, fmt.Errorf("%w: %s is missing", ErrWeights, name)
			}
			if !slices.Equal(t.Shape, p.Shape) {
				return nil, nil, fmt.Errorf("%w: %s has shape %v, not %v", ErrWeights, name, t.Shape, p.Shape)
			}
			p.Data = t.Data // nothing is allocated that the file does not hold
			count++
		}
	}
	if len(have) != count {
		return nil, nil, fmt.Errorf("%w: there are %d tensors, the network has %d", ErrWeights, len(have), count)
	}
	return n, f, nil
}

// Save writes a network as a model file. It sets meta's network, multiple,
// padding, colour and input range.
func Save(w io.Writer, n *Network, meta modelfile.Metadata, d modelfile.DType) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	meta.FormatVersion = modelfile.Version
	meta.Network = text
	meta.Multiple = n.foot.Multiple
	meta.Padding = "zeros inside the network; pictures are continued by reflection before it"
	meta.InputRange = [2]float64{0, 1}
	meta.Colour = "sRGB as encoded; planes red, green, blue"
	f := &modelfile.File{Metadata: meta}
	for _, p := range n.Params() {
		f.Tensors = append(f.Tensors, modelfile.Tensor{Name: p.Name, Shape: p.Shape, Data: p.Data})
	}
	return modelfile.Write(w, f, d)
}
