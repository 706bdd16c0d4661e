package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
)

// build returns the network that name means: a peer network or a model file.
func build(name string) (*cae.Network, modelfile.Metadata, error) {
	var n *cae.Network
	var err error
	switch {
	case name == "dncnn":
		n, err = dncnn()
	case name == "mark":
		n, err = mark()
	case strings.HasSuffix(name, ".safetensors"):
		return load(name)
	default:
		err = fmt.Errorf("there is no case %q; there are dncnn, mark, train and model files that end in .safetensors", name)
	}
	return n, modelfile.Metadata{}, err
}

func load(path string) (*cae.Network, modelfile.Metadata, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, modelfile.Metadata{}, err
	}
	n, file, err := cae.Load(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, modelfile.Metadata{}, fmt.Errorf("%s: %w", path, err)
	}
	return n, file.Metadata, nil
}

// dncnn is the colour network of Zhang et al., "Beyond a Gaussian Denoiser:
// Residual Learning of Deep CNN for Image Denoising", IEEE TIP 2017: 17
// convolutions of 3x3, 64 planes wide, with batch normalisation folded into
// them. The network predicts the noise, which is subtracted; here the last
// convolution has the opposite sign and its result is added, which is the same.
// 145.9 GMAC at 512x512.
func dncnn() (*cae.Network, error) {
	const depth, width = 17, 64
	var nodes []cae.Node
	at, planes := "image", 3
	for i := 1; i < depth; i++ {
		name := fmt.Sprintf("conv%d", i)
		nodes = append(nodes,
			cae.Node{Name: name, In: []string{at}, Layer: conv3(planes, width, 1)},
			cae.Node{Name: name + ".relu", In: []string{name}, Layer: &cae.ReLU{}})
		at, planes = name+".relu", width
	}
	last := fmt.Sprintf("conv%d", depth)
	nodes = append(nodes,
		cae.Node{Name: last, In: []string{at}, Layer: conv3(width, 3, 0.1)},
		cae.Node{Name: "clean", In: []string{"image", last}, Layer: &cae.Add{}})
	n, err := cae.New([]cae.Input{{Name: "image", Planes: 3}}, nodes, "clean", "")
	if err != nil {
		return nil, err
	}
	draw(n)
	return n, nil
}

func conv3(in, out int, gain float64) *cae.Conv {
	return &cae.Conv{In: in, Out: out, Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Pad: [2]int{1, 1}, Bias: true, Gain: gain}
}

// mark is the autoencoder that the engine was designed for: RGB and a plane of
// the noise level, space-to-depth by 2, three scales. 63 kMAC a pixel.
func mark() (*cae.Network, error) {
	n, err := cae.Autoencoder(cae.Config{
		Inputs:  []cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}},
		Out:     3,
		Shuffle: 2,
		Widths:  []int{48, 96, 160},
		Down:    []int{1, 1, 2},
		Up:      []int{1, 1},
		Skip:    cae.SkipAdd,
		Head:    cae.HeadResidual,
	})
	if err != nil {
		return nil, err
	}
	draw(n)
	return n, nil
}

// seed of all random weights and pictures.
const seed = 1

// draw sets the weights by the seed, and the biases too, which a training would
// begin at 0: a wrong bias would go unnoticed otherwise.
func draw(n *cae.Network) {
	n.Init(seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	for _, p := range n.Params() {
		if strings.HasSuffix(p.Name, ".bias") {
			for i := range p.Data {
				p.Data[i] = 0.1 * float32(rng.NormFloat64())
			}
		}
	}
}

// pictures returns inputs of the network with even noise from 0 to 1.
func pictures(n *cae.Network, count, h, w int) []*cae.Tensor {
	rng := rand.New(rand.NewPCG(seed, 3))
	var list []*cae.Tensor
	for _, in := range n.Inputs() {
		t := cae.NewTensor(cae.Shape{N: count, C: in.Planes, H: h, W: w})
		for i := range t.Data {
			t.Data[i] = rng.Float32()
		}
		list = append(list, t)
	}
	return list
}
