package onnx_test

import (
	"fmt"
	"math"
)

// volume is a tensor in float64: element (n, c, y, x) stands at
// ((n*C+c)*H+y)*W+x. A place beyond the border is 0.
type volume struct {
	n, c, h, w int
	data       []float64
}

func newVolume(n, c, h, w int) *volume { return &volume{n, c, h, w, make([]float64, n*c*h*w)} }

func (v *volume) at(n, c, y, x int) float64 {
	if y < 0 || y >= v.h || x < 0 || x >= v.w {
		return 0
	}
	return v.data[((n*v.c+c)*v.h+y)*v.w+x]
}

// make sets each element by a function of its place.
func (v *volume) make(f func(n, c, y, x int) float64) *volume {
	for i := range v.data {
		v.data[i] = f(i/(v.c*v.h*v.w), i/(v.h*v.w)%v.c, i/v.w%v.h, i%v.w)
	}
	return v
}

// eval runs a model as the ONNX specification of operator set 13 defines its
// operators, slowly: what a runtime does with the file, without one. Only what
// package onnx writes is known.
func eval(m *model, inputs map[string]*volume) (out *volume, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the model cannot be run: %v", r)
		}
	}()
	values := map[string]*volume{}
	for name, v := range inputs {
		values[name] = v
	}
	for _, n := range m.nodes {
		if _, constant := m.initializers[n.out[0]]; constant || values[n.out[0]] != nil {
			return nil, fmt.Errorf("two values are called %s", n.out[0])
		}
		for i, name := range n.in {
			_, constant := m.initializers[name]
			if values[name] == nil && !constant && (name != "" || n.op != "Resize" || i != 1) {
				return nil, fmt.Errorf("node %s reads %q, which nothing before makes", n.name, name)
			}
		}
		values[n.out[0]] = operators[n.op](m, n, values)
	}
	return values[m.outputs[0]], nil
}

var operators = map[string]func(m *model, n node, values map[string]*volume) *volume{
	"Conv":          evalConv,
	"ConvTranspose": evalConvTranspose,
	"Relu": func(_ *model, n node, values map[string]*volume) *volume {
		return each(values[n.in[0]], func(_ int, v float64) float64 { return max(v, 0) })
	},
	"LeakyRelu": func(_ *model, n node, values map[string]*volume) *volume {
		alpha := float64(n.attributes["alpha"].(float32))
		return each(values[n.in[0]], func(_ int, v float64) float64 { return max(v, 0) + alpha*min(v, 0) })
	},
	"BatchNormalization": func(m *model, n node, values map[string]*volume) *volume {
		scale, bias, mean, variance := m.floats(n, 1), m.floats(n, 2), m.floats(n, 3), m.floats(n, 4)
		eps := float64(n.attributes["epsilon"].(float32))
		return each(values[n.in[0]], func(c int, v float64) float64 {
			return (v-float64(mean[c]))/math.Sqrt(float64(variance[c])+eps)*float64(scale[c]) + float64(bias[c])
		})
	},
	"Add": evalSum,
	"Sum": evalSum,
	"Concat": func(_ *model, n node, values map[string]*volume) *volume {
		if n.attributes["axis"] != int64(1) {
			panic("Concat along another axis")
		}
		first := values[n.in[0]]
		if first.n != 1 {
			panic("this Concat knows one picture")
		}
		out := &volume{n: 1, h: first.h, w: first.w}
		for _, name := range n.in {
			out.c += values[name].c
			out.data = append(out.data, values[name].data...)
		}
		return out
	},
	"SpaceToDepth": func(_ *model, n node, values map[string]*volume) *volume {
		in, b := values[n.in[0]], int(n.attributes["blocksize"].(int64))
		return newVolume(in.n, in.c*b*b, in.h/b, in.w/b).make(func(k, c, y, x int) float64 {
			place := c / in.c
			return in.at(k, c%in.c, y*b+place/b, x*b+place%b)
		})
	},
	"DepthToSpace": func(_ *model, n node, values map[string]*volume) *volume {
		in, b := values[n.in[0]], int(n.attributes["blocksize"].(int64))
		if n.attributes["mode"] != "CRD" {
			panic("DepthToSpace in another mode than CRD")
		}
		return newVolume(in.n, in.c/(b*b), in.h*b, in.w*b).make(func(k, c, y, x int) float64 {
			return in.at(k, c*b*b+y%b*b+x%b, y/b, x/b)
		})
	},
	"Gather": func(m *model, n node, values map[string]*volume) *volume {
		in, order := values[n.in[0]], m.initializers[n.in[1]].ints
		if n.attributes["axis"] != int64(1) {
			panic("Gather along another axis")
		}
		return newVolume(in.n, len(order), in.h, in.w).make(func(k, c, y, x int) float64 { return in.at(k, int(order[c]), y, x) })
	},
	"Resize": func(m *model, n node, values map[string]*volume) *volume {
		in, s := values[n.in[0]], m.floats(n, 2)
		a := n.attributes
		if a["mode"] != "nearest" || a["nearest_mode"] != "floor" || a["coordinate_transformation_mode"] != "asymmetric" ||
			n.in[1] != "" || s[0] != 1 || s[1] != 1 {
			panic("another Resize than nearest neighbours")
		}
		fy, fx := int(s[2]), int(s[3])
		return newVolume(in.n, in.c, in.h*fy, in.w*fx).make(func(k, c, y, x int) float64 { return in.at(k, c, y/fy, x/fx) })
	},
}

func (m *model) floats(n node, input int) []float32 { return m.initializers[n.in[input]].floats }

func each(in *volume, f func(c int, v float64) float64) *volume {
	return newVolume(in.n, in.c, in.h, in.w).make(func(k, c, y, x int) float64 { return f(c, in.at(k, c, y, x)) })
}

func evalSum(_ *model, n node, values map[string]*volume) *volume {
	first := values[n.in[0]]
	return newVolume(first.n, first.c, first.h, first.w).make(func(k, c, y, x int) float64 {
		var sum float64
		for _, name := range n.in {
			sum += values[name].at(k, c, y, x)
		}
		return sum
	})
}

// geometry is what Conv and ConvTranspose share.
type geometry struct {
	weight               array
	source               *volume
	bias                 []float32
	group                int
	stride, dilation     []int64
	pads                 []int64 // top, left, bottom, right
	kernelRows, kernelWs int
}

func geometryOf(m *model, n node, values map[string]*volume) geometry {
	w := m.initializers[n.in[1]]
	a := n.attributes
	g := geometry{weight: w, source: values[n.in[0]], bias: make([]float32, 1<<12), group: int(a["group"].(int64)),
		stride: a["strides"].([]int64), dilation: a["dilations"].([]int64), pads: a["pads"].([]int64),
		kernelRows: w.shape[2], kernelWs: w.shape[3]}
	if k := a["kernel_shape"].([]int64); int(k[0]) != w.shape[2] || int(k[1]) != w.shape[3] {
		panic("kernel_shape is not that of the weights")
	}
	if len(n.in) == 3 {
		g.bias = m.floats(n, 2)
	}
	return g
}

func (g geometry) tap(a, b, i, j int) float64 {
	return float64(g.weight.floats[((a*g.weight.shape[1]+b)*g.kernelRows+i)*g.kernelWs+j])
}

func evalConv(m *model, n node, values map[string]*volume) *volume {
	g := geometryOf(m, n, values)
	in, outs, ins := g.source, g.weight.shape[0]/g.group, g.weight.shape[1]
	span := func(size int, axis int, kernel int) int {
		return (size+int(g.pads[axis]+g.pads[axis+2])-int(g.dilation[axis])*(kernel-1)-1)/int(g.stride[axis]) + 1
	}
	return newVolume(in.n, g.weight.shape[0], span(in.h, 0, g.kernelRows), span(in.w, 1, g.kernelWs)).make(func(p, k, y, x int) float64 {
		sum := float64(g.bias[k])
		for c := range ins {
			for i := range g.kernelRows {
				for j := range g.kernelWs {
					sum += g.tap(k, c, i, j) * in.at(p, k/outs*ins+c,
						y*int(g.stride[0])+i*int(g.dilation[0])-int(g.pads[0]), x*int(g.stride[1])+j*int(g.dilation[1])-int(g.pads[1]))
				}
			}
		}
		return sum
	})
}

func evalConvTranspose(m *model, n node, values map[string]*volume) *volume {
	g := geometryOf(m, n, values)
	in, outs, ins := g.source, g.weight.shape[1], g.weight.shape[0]/g.group
	span := func(size int, axis int, kernel int) int {
		return (size-1)*int(g.stride[axis]) + int(g.dilation[axis])*(kernel-1) + 1 - int(g.pads[axis]+g.pads[axis+2])
	}
	// from is the input place that reaches output place o by tap i, if any.
	from := func(o, i, axis int) int {
		v := o + int(g.pads[axis]) - i*int(g.dilation[axis])
		if v < 0 || v%int(g.stride[axis]) != 0 {
			return -1
		}
		return v / int(g.stride[axis])
	}
	return newVolume(in.n, outs*g.group, span(in.h, 0, g.kernelRows), span(in.w, 1, g.kernelWs)).make(func(p, k, y, x int) float64 {
		sum := float64(g.bias[k])
		for c := range ins {
			for i := range g.kernelRows {
				for j := range g.kernelWs {
					sum += g.tap(k/outs*ins+c, k%outs, i, j) * in.at(p, k/outs*ins+c, from(y, i, 0), from(x, j, 1))
				}
			}
		}
		return sum
	})
}
