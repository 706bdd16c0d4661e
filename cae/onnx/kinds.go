package onnx

// kinds says for each kind of layer how it becomes operators. Every kind that
// package cae has belongs here.
var kinds = map[string]func(g *graph, l layer) error{
	"conv":           writeConv,
	"conv_transpose": writeConv,
	"batch_norm":     writeBatchNorm,
	"space_to_depth": writeSpaceToDepth,
	"depth_to_space": writeDepthToSpace,
	"upsample":       writeUpsample,
	"relu":           func(g *graph, l layer) error { return writePlain(g, l, "Relu") },
	"leaky_relu":     writeLeakyReLU,
	"add":            writeAdd,
	"multiply":       func(g *graph, l layer) error { return writePlain(g, l, "Mul") },
	"concat": func(g *graph, l layer) error {
		return writePlain(g, l, "Concat", attribute{"axis", int64(1)})
	},
}

// convSettings are those of conv and conv_transpose; pairs are vertical, then
// horizontal. The number of planes is in the weights' shape, and gain is for the
// first random weights.
type convSettings struct {
	In       int      `json:"in"`
	Out      int      `json:"out"`
	Kernel   [2]int64 `json:"kernel"`
	Stride   [2]int64 `json:"stride"`
	Pad      [2]int64 `json:"pad"`
	Dilation [2]int64 `json:"dilation"`
	Groups   int64    `json:"groups"`
	Bias     bool     `json:"bias"`
	Gain     float64  `json:"gain"`
}

// writeConv writes Conv and ConvTranspose, whose weights have the shapes that
// ours have.
func writeConv(g *graph, l layer) error {
	var c convSettings
	if err := l.settings(&c); err != nil {
		return err
	}
	in := []string{l.In[0]}
	names := []string{"weight"}
	if c.Bias {
		names = append(names, "bias")
	}
	for _, param := range names {
		name, err := g.weight(l, param)
		if err != nil {
			return err
		}
		in = append(in, name)
	}
	op := "Conv"
	if l.Kind == "conv_transpose" {
		op = "ConvTranspose"
	}
	for a, d := range c.Dilation {
		c.Dilation[a] = max(d, 1)
	}
	g.add(l, op, in,
		attribute{"dilations", c.Dilation[:]},
		attribute{"group", max(c.Groups, 1)},
		attribute{"kernel_shape", c.Kernel[:]},
		attribute{"pads", []int64{c.Pad[0], c.Pad[1], c.Pad[0], c.Pad[1]}}, // top, left, bottom, right
		attribute{"strides", c.Stride[:]})
	return nil
}

// batchNormEps is what cae.BatchNorm adds to the variance.
const batchNormEps = 1e-5

func writeBatchNorm(g *graph, l layer) error {
	var c struct {
		Planes int `json:"planes"`
	}
	if err := l.settings(&c); err != nil {
		return err
	}
	in := []string{l.In[0]}
	for _, param := range []string{"gamma", "beta", "running_mean", "running_var"} {
		name, err := g.weight(l, param)
		if err != nil {
			return err
		}
		in = append(in, name)
	}
	g.add(l, "BatchNormalization", in, attribute{"epsilon", float32(batchNormEps)})
	return nil
}

type factorSettings struct {
	Factor int64 `json:"factor"`
}

// writeSpaceToDepth writes SpaceToDepth and brings its planes into our order.
// ONNX puts the place in the square first, plane (i*F+j)*C+c; we put the plane
// first, c*F*F+i*F+j.
func writeSpaceToDepth(g *graph, l layer) error {
	var c factorSettings
	if err := l.settings(&c); err != nil {
		return err
	}
	planes := int64(g.shapes[l.In[0]].C)
	size := attribute{"blocksize", c.Factor}
	if planes == 1 {
		g.add(l, "SpaceToDepth", l.In, size)
		return nil
	}
	blocks := g.fresh(l.Name + ".blocks")
	order := g.fresh(l.Name + ".order")
	g.weights = append(g.weights, indices(order, planeFirst(planes, c.Factor*c.Factor)))
	g.step(blocks, "SpaceToDepth", l.In, blocks, size)
	g.add(l, "Gather", []string{blocks, order}, attribute{"axis", int64(1)})
	return nil
}

// planeFirst lists for each plane of ours where it stands in ONNX's order.
func planeFirst(planes, places int64) []int64 {
	var order []int64
	for c := range planes {
		for p := range places {
			order = append(order, p*planes+c)
		}
	}
	return order
}

func writeDepthToSpace(g *graph, l layer) error {
	var c factorSettings
	if err := l.settings(&c); err != nil {
		return err
	}
	// Column, row, depth: the plane runs slowest, as with us.
	g.add(l, "DepthToSpace", l.In, attribute{"blocksize", c.Factor}, attribute{"mode", "CRD"})
	return nil
}

// writeUpsample repeats samples: output sample (y, x) is input sample
// (floor(y/F), floor(x/F)).
func writeUpsample(g *graph, l layer) error {
	var c factorSettings
	if err := l.settings(&c); err != nil {
		return err
	}
	scales := g.fresh(l.Name + ".scales")
	f := float32(c.Factor)
	g.weights = append(g.weights, floats(scales, []int{4}, []float32{1, 1, f, f}))
	g.add(l, "Resize", []string{l.In[0], "", scales}, // no region of interest
		attribute{"coordinate_transformation_mode", "asymmetric"},
		attribute{"mode", "nearest"},
		attribute{"nearest_mode", "floor"})
	return nil
}

func writeLeakyReLU(g *graph, l layer) error {
	var c struct {
		Slope float64 `json:"slope"`
	}
	if err := l.settings(&c); err != nil {
		return err
	}
	g.add(l, "LeakyRelu", l.In, attribute{"alpha", float32(c.Slope)})
	return nil
}

func writeAdd(g *graph, l layer) error {
	if len(l.In) == 2 { // which runtimes merge with a convolution
		return writePlain(g, l, "Add")
	}
	return writePlain(g, l, "Sum")
}

// writePlain writes a layer without settings whose operator takes the same inputs.
func writePlain(g *graph, l layer, op string, attributes ...attribute) error {
	if err := l.settings(&struct{}{}); err != nil {
		return err
	}
	g.add(l, op, l.In, attributes...)
	return nil
}
