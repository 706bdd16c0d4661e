package onnx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/cae/onnx"
)

// parse makes a network of its JSON, with random parameters.
func parse(t *testing.T, text string) *cae.Network {
	t.Helper()
	n, err := cae.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	fill(n)
	return n
}

// fill sets all parameters, biases and statistics too; a variance is positive.
func fill(n *cae.Network) {
	n.Init(5)
	rng := rand.New(rand.NewPCG(5, 5))
	for _, p := range n.Params() {
		for i := range p.Data {
			switch {
			case strings.HasSuffix(p.Name, ".running_var"):
				p.Data[i] = 0.01 + rng.Float32()
			case !strings.HasSuffix(p.Name, ".weight"):
				p.Data[i] = float32(rng.NormFloat64())
			}
		}
	}
}

func write(t *testing.T, n *cae.Network, o onnx.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := onnx.Write(&b, n, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// forward runs a network on the engine.
func forward(t *testing.T, n *cae.Network, in []*cae.Tensor) []float32 {
	t.Helper()
	plan, err := n.Compile()
	if err != nil {
		t.Fatal(err)
	}
	out, err := plan.Forward(cae.NewExec(context.Background(), nil, 1), in...)
	if err != nil {
		t.Fatal(err)
	}
	return out.Data
}

// chain is the JSON of a network with the inputs image (2 planes) and level (1).
func chain(output string, nodes ...string) string {
	return `{"inputs": [{"name": "image", "planes": 2}, {"name": "level", "planes": 1}],
		"nodes": [` + strings.Join(nodes, ",") + `], "output": "` + output + `"}`
}

// shuffled is a network with two inputs, for pictures in multiples of 4.
var shuffled = chain("c",
	`{"name": "j", "kind": "concat", "in": ["level", "image"]}`,
	`{"name": "a", "kind": "space_to_depth", "in": ["j"], "config": {"factor": 2}}`,
	`{"name": "b", "kind": "conv", "in": ["a"], "config": {"in": 12, "out": 18, "kernel": [2, 2], "stride": [2, 2], "pad": [0, 0], "bias": true}}`,
	`{"name": "u", "kind": "conv_transpose", "in": ["b"], "config": {"in": 18, "out": 12, "kernel": [2, 2], "stride": [2, 2], "pad": [0, 0], "bias": false}}`,
	`{"name": "c", "kind": "depth_to_space", "in": ["u"], "config": {"factor": 2}}`)

// graphs hold every kind of layer and, where it matters, every setting.
var graphs = []struct{ name, text string }{
	{"conv, with and without bias", chain("b",
		`{"name": "a", "kind": "conv", "in": ["image"], "config": {"in": 2, "out": 3, "kernel": [3, 5], "stride": [1, 1], "pad": [1, 2], "bias": true, "gain": 0.5}}`,
		`{"name": "b", "kind": "conv", "in": ["a"], "config": {"in": 3, "out": 2, "kernel": [1, 1], "stride": [1, 1], "pad": [0, 0], "bias": false}}`)},
	{"strides, transposed", chain("b",
		`{"name": "a", "kind": "conv", "in": ["image"], "config": {"in": 2, "out": 3, "kernel": [4, 3], "stride": [2, 3], "pad": [1, 0], "bias": true}}`,
		`{"name": "b", "kind": "conv_transpose", "in": ["a"], "config": {"in": 3, "out": 2, "kernel": [4, 3], "stride": [2, 3], "pad": [1, 0], "bias": true}}`)},
	{"dilation", chain("a",
		`{"name": "a", "kind": "conv", "in": ["image"], "config": {"in": 2, "out": 3, "kernel": [3, 3], "stride": [1, 1], "pad": [2, 3], "dilation": [2, 3], "bias": true}}`)},
	{"groups", chain("a",
		`{"name": "a", "kind": "conv", "in": ["image"], "config": {"in": 2, "out": 6, "kernel": [3, 3], "stride": [1, 1], "pad": [1, 1], "groups": 2, "bias": true}}`)},
	{"depthwise", chain("b",
		`{"name": "a", "kind": "conv", "in": ["image"], "config": {"in": 2, "out": 2, "kernel": [3, 3], "stride": [1, 1], "pad": [1, 1], "groups": 2, "bias": true}}`,
		`{"name": "b", "kind": "conv", "in": ["a"], "config": {"in": 2, "out": 4, "kernel": [3, 1], "stride": [1, 1], "pad": [1, 0], "groups": 2, "bias": false}}`)},
	{"batch norm and relu", chain("b",
		`{"name": "a", "kind": "batch_norm", "in": ["image"], "config": {"planes": 2}}`, `{"name": "b", "kind": "relu", "in": ["a"]}`)},
	{"leaky relu", chain("b",
		`{"name": "a", "kind": "batch_norm", "in": ["image"], "config": {"planes": 2}}`,
		`{"name": "b", "kind": "leaky_relu", "in": ["a"], "config": {"slope": 0.2}}`)},
	{"space to depth and back", shuffled},
	{"space to depth by 3, of one plane", chain("c",
		`{"name": "a", "kind": "space_to_depth", "in": ["level"], "config": {"factor": 3}}`,
		`{"name": "c", "kind": "depth_to_space", "in": ["a"], "config": {"factor": 3}}`)},
	{"upsample", chain("b",
		`{"name": "a", "kind": "conv", "in": ["image"], "config": {"in": 2, "out": 3, "kernel": [2, 2], "stride": [2, 2], "pad": [0, 0], "bias": true}}`,
		`{"name": "b", "kind": "upsample", "in": ["a"], "config": {"factor": 2}}`)},
	{"add of two and three", chain("b",
		`{"name": "a", "kind": "add", "in": ["image", "image"]}`, `{"name": "b", "kind": "add", "in": ["a", "image", "a"]}`)},
	{"names that collide with those of weights", chain("a.weight",
		`{"name": "a", "kind": "conv", "in": ["image"], "config": {"in": 2, "out": 2, "kernel": [1, 1], "stride": [1, 1], "pad": [0, 0], "bias": true}}`,
		`{"name": "a.bias", "kind": "space_to_depth", "in": ["a"], "config": {"factor": 2}}`,
		`{"name": "a.bias.order", "kind": "relu", "in": ["a.bias"]}`,
		`{"name": "a.weight", "kind": "depth_to_space", "in": ["a.bias.order"], "config": {"factor": 2}}`)},
}

// TestSameResult runs what is written as ONNX defines it and compares with the
// engine.
func TestSameResult(t *testing.T) {
	t.Parallel()
	for _, c := range graphs {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			same(t, parse(t, c.text))
		})
	}
	for _, skip := range []cae.Skip{cae.SkipAdd, cae.SkipConcat, cae.SkipNone} {
		t.Run("autoencoder, skip "+string(skip), func(t *testing.T) {
			t.Parallel()
			n, err := cae.Autoencoder(cae.Config{
				Inputs: []cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}}, Out: 3, Shuffle: 2,
				Widths: []int{4, 6, 5}, Down: []int{1, 0, 2}, Up: []int{1, 1}, Norm: true, Skip: skip, Head: cae.HeadResidual})
			if err != nil {
				t.Fatal(err)
			}
			fill(n)
			same(t, n)
		})
	}
}

// same compares engine and file on a picture that is higher than wide.
func same(t *testing.T, n *cae.Network) {
	t.Helper()
	const tolerance = 1e-5 // of the largest output: float32 against float64
	rng := rand.New(rand.NewPCG(1, 1))
	multiple := n.Footprint().Multiple
	h, w := 18/multiple*multiple, 12/multiple*multiple
	var tensors []*cae.Tensor
	inputs := map[string]*volume{}
	for _, in := range n.Inputs() {
		tensor := cae.NewTensor(cae.Shape{N: 1, C: in.Planes, H: h, W: w})
		v := newVolume(1, in.Planes, h, w)
		for i := range tensor.Data {
			tensor.Data[i] = float32(rng.NormFloat64())
			v.data[i] = float64(tensor.Data[i])
		}
		tensors, inputs[in.Name] = append(tensors, tensor), v
	}
	want := forward(t, n, tensors)
	m := read(t, write(t, n, onnx.Options{}))
	got, err := eval(m, inputs)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.data) != len(want) || got.h != h || got.w != w {
		t.Fatalf("the file gives %d samples of %dx%d, the engine %d of %dx%d", len(got.data), got.w, got.h, len(want), w, h)
	}
	largest, off := 0.0, 0.0
	for i, v := range want {
		largest = max(largest, math.Abs(float64(v)))
		off = max(off, math.Abs(float64(v)-got.data[i]))
	}
	if largest == 0 || !(off <= tolerance*largest) {
		t.Errorf("the file is off by %g where the largest output is %g", off, largest)
	}
}

func TestModel(t *testing.T) {
	t.Parallel()
	n := parse(t, shuffled)
	meta := modelfile.Metadata{Task: "denoise", Model: "soft", InputRange: [2]float64{0, 1}, Colour: "sRGB",
		Classes: []modelfile.Class{{Name: "sky", Colour: [3]uint8{1, 2, 3}}},
		Card:    modelfile.Card{Data: []string{"a <b>"}, Licence: "CC0-1.0", Steps: 7}}
	m := read(t, write(t, n, onnx.Options{Margin: 16, Producer: "restore", Version: "v1", Metadata: meta}))
	if m.ir != 8 || m.opset != 13 || m.producer != "restore" || m.version != "v1" || m.graph != "soft" {
		t.Errorf("IR %d, operator set %d, producer %q %q, graph %q", m.ir, m.opset, m.producer, m.version, m.graph)
	}
	if !slices.Equal(m.inputs, []string{"image", "level"}) || !slices.Equal(m.outputs, []string{"c"}) {
		t.Errorf("inputs %q, outputs %q", m.inputs, m.outputs)
	}
	for name, planes := range map[string]int64{"image": 2, "level": 1, "c": 3} {
		if want := []any{"batch", planes, "height", "width"}; !reflect.DeepEqual(m.dims[name], want) {
			t.Errorf("%s has the dimensions %v, want %v", name, m.dims[name], want)
		}
	}
	for _, p := range n.Params() {
		a, ok := m.initializers[p.Name]
		if !ok || !slices.Equal(a.shape, p.Shape) || !slices.Equal(a.floats, p.Data) {
			t.Errorf("initializer %s of shape %v is not the parameter of shape %v", p.Name, a.shape, p.Shape)
		}
	}
	for key, want := range map[string]string{
		"task": "denoise", "model": "soft", "padding": "reflection", "margin": "16", "multiple": "4", "input_range": "[0,1]",
		"colour": "sRGB", "classes": `"sky"`, "card": `"a <b>"`} {
		if got := m.props[key]; !strings.Contains(got, want) {
			t.Errorf("metadata %s is %q, which does not hold %q", key, got, want)
		}
	}
	var card modelfile.Card
	if err := json.Unmarshal([]byte(m.props["card"]), &card); err != nil || !reflect.DeepEqual(card, meta.Card) {
		t.Errorf("the card comes back as %+v (%v)", card, err)
	}
	for _, part := range []string{"reflection, by 16 samples", "multiples of 4", "image of 2 planes, level of 1", "denoise"} {
		if !strings.Contains(m.doc, part) {
			t.Errorf("the description does not say %q: %s", part, m.doc)
		}
	}
}

func TestFixedSize(t *testing.T) {
	t.Parallel()
	n := parse(t, shuffled)
	m := read(t, write(t, n, onnx.Options{Batch: 2, Height: 8, Width: 12}))
	for name, planes := range map[string]int64{"image": 2, "level": 1, "c": 3} {
		if want := []any{int64(2), planes, int64(8), int64(12)}; !reflect.DeepEqual(m.dims[name], want) {
			t.Errorf("%s has the dimensions %v, want %v", name, m.dims[name], want)
		}
	}
	for _, key := range []string{"task", "card", "colour", "classes", "input_range"} {
		if v, ok := m.props[key]; ok {
			t.Errorf("without a model file there is metadata %s: %q", key, v)
		}
	}
}

// TestDeterministic writes one model twice and another that differs in a weight.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	o := onnx.Options{Margin: 16, Metadata: modelfile.Metadata{Task: "denoise", Card: modelfile.Card{Steps: 1}}}
	first := write(t, parse(t, shuffled), o)
	n := parse(t, shuffled)
	if !bytes.Equal(first, write(t, n, o)) {
		t.Error("the same network gave other bytes")
	}
	n.Params()[0].Data[0]++
	if bytes.Equal(first, write(t, n, o)) {
		t.Error("another weight gave the same bytes")
	}
}

// custom is a layer that the export has never heard of.
type custom struct {
	cae.ReLU
	Sharp int `json:"sharp,omitempty"`
	kind  string
}

func (c *custom) Kind() string { return c.kind }

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestErrors(t *testing.T) {
	t.Parallel()
	with := func(l cae.Layer) *cae.Network {
		n, err := cae.New([]cae.Input{{Name: "x", Planes: 1}}, []cae.Node{{Name: "strange", In: []string{"x"}, Layer: l}}, "strange", "")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	net := parse(t, shuffled)
	for _, c := range []struct {
		name  string
		net   *cae.Network
		o     onnx.Options
		parts []string
	}{
		{"unknown kind", with(&custom{kind: "swirl"}), onnx.Options{}, []string{"strange", `"swirl"`}},
		{"unknown setting", with(&custom{kind: "relu", Sharp: 3}), onnx.Options{}, []string{"strange", "relu", "sharp"}},
		{"no parameter", with(&custom{kind: "batch_norm"}), onnx.Options{}, []string{"strange", "batch_norm", "gamma"}},
		{"size", net, onnx.Options{Height: 10, Width: 8}, []string{"height 10", "multiples of 4"}},
		{"negative", net, onnx.Options{Batch: -1}, []string{"batch -1"}},
		{"range", net, onnx.Options{Metadata: modelfile.Metadata{InputRange: [2]float64{0, math.Inf(1)}}}, []string{"input_range"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			err := onnx.Write(&b, c.net, c.o)
			if !errors.Is(err, onnx.ErrNetwork) || b.Len() > 0 {
				t.Fatalf("error %v, after %d bytes", err, b.Len())
			}
			for _, part := range c.parts {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v: it does not say %q", err, part)
				}
			}
		})
	}
	if err := onnx.Write(broken{}, net, onnx.Options{}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("a writer that fails gave %v", err)
	}
}
