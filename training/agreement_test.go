// Package training has no code in Go: its tests hold the PyTorch program beside
// them to the engine. They store what the engine makes of a small network in
// testdata, and see to it that the engine still makes it; the tests in Python
// see to it that PyTorch makes the same.
package training

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/cae/train"
)

var update = flag.Bool("update", false, "write testdata anew")

// The stored files, and by how much the engine's kernel sets may differ from
// them.
const (
	networkFile   = "testdata/network.safetensors"   // a model
	agreementFile = "testdata/agreement.safetensors" // inputs, output, target, weight, averages of its training
	schedulesFile = "testdata/schedules.json"

	outputError = 1e-5 // of an output of about 1
	lossError   = 1e-4 // relative
)

// everyKind is a network with every kind of layer, odd sizes, strides that
// leave a remainder and skips.
func everyKind(t *testing.T) *cae.Network {
	t.Helper()
	conv := func(in, out, kernel, stride, pad int) *cae.Conv {
		return &cae.Conv{In: in, Out: out, Kernel: [2]int{kernel, kernel}, Stride: [2]int{stride, stride}, Pad: [2]int{pad, pad}, Bias: true}
	}
	dilated := conv(8, 8, 3, 1, 2)
	dilated.Dilation, dilated.Groups = [2]int{2, 2}, 4
	depthwise := conv(8, 8, 5, 1, 2)
	depthwise.Groups, depthwise.Bias = 8, false
	door := conv(16, 8, 3, 1, 1)
	door.Bias = false // before a norm its gradient would be rounding alone
	oblong := &cae.Conv{In: 8, Out: 8, Kernel: [2]int{1, 5}, Stride: [2]int{1, 1}, Pad: [2]int{0, 2}, Bias: true}
	n, err := cae.New([]cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}}, []cae.Node{
		{Name: "join", In: []string{"image", "level"}, Layer: &cae.Concat{}},
		{Name: "unshuffle", In: []string{"join"}, Layer: &cae.SpaceToDepth{Factor: 2}},
		{Name: "door", In: []string{"unshuffle"}, Layer: door},
		{Name: "norm", In: []string{"door"}, Layer: &cae.BatchNorm{Planes: 8}},
		{Name: "leaky", In: []string{"norm"}, Layer: &cae.LeakyReLU{Slope: 0.1}},
		{Name: "half", In: []string{"leaky"}, Layer: conv(8, 8, 3, 2, 1)}, // reads an odd number of rows
		{Name: "dilated", In: []string{"half"}, Layer: dilated},
		{Name: "relu", In: []string{"dilated"}, Layer: &cae.ReLU{}},
		{Name: "depthwise", In: []string{"relu"}, Layer: depthwise},
		{Name: "oblong", In: []string{"half"}, Layer: oblong},
		{Name: "gate", In: []string{"depthwise", "oblong"}, Layer: &cae.Multiply{}},
		{Name: "quarter", In: []string{"gate"}, Layer: conv(8, 12, 2, 2, 0)},
		{Name: "up", In: []string{"quarter"}, Layer: &cae.ConvTranspose{In: 12, Out: 8, Kernel: [2]int{4, 4}, Stride: [2]int{2, 2}, Pad: [2]int{1, 1}, Bias: true}},
		{Name: "skip", In: []string{"up", "half", "gate"}, Layer: &cae.Add{}},
		{Name: "nearest", In: []string{"skip"}, Layer: &cae.Upsample{Factor: 2}},
		{Name: "beside", In: []string{"nearest", "leaky"}, Layer: &cae.Concat{}},
		{Name: "draw", In: []string{"beside"}, Layer: conv(16, 12, 1, 1, 0)},
		{Name: "shuffle", In: []string{"draw"}, Layer: &cae.DepthToSpace{Factor: 2}},
		{Name: "correct", In: []string{"shuffle", "image"}, Layer: &cae.Add{}},
	}, "correct", "quarter")
	if err != nil {
		t.Fatal(err)
	}
	n.Init(11)
	rng := train.Rand(11, 0, 0)
	for _, p := range n.Params() {
		if len(p.Shape) > 1 {
			continue
		}
		for i := range p.Data { // biases, scales and statistics that do something
			p.Data[i] += float32(rng.Float64() * 0.3)
		}
	}
	return n
}

// recipe is the training whose losses are stored: everything that changes a step
// has a part in it.
var recipe = train.Config{Steps: 5, Warmup: 1, Schedule: train.Cosine, Rate: 5e-3, WeightDecay: 0.1, Clip: 0.5, EMA: 0.9,
	Loss: "charbonnier", Batch: 2, Height: 16, Width: 24, Seed: 1}

// record is the metadata of agreementFile.
type record struct {
	Config    train.Config `json:"config"`
	Losses    []float64    `json:"losses"`    // of each step, before it
	Gradients []float64    `json:"gradients"` // their lengths
	Rates     []float64    `json:"rates"`
}

const recordKey = "steps"

// stored is what the engine makes of everyKind.
func stored(t *testing.T) (network []byte, agreement *modelfile.File) {
	t.Helper()
	net := everyKind(t)
	var model bytes.Buffer
	if err := cae.Save(&model, net, modelfile.Metadata{Task: "test", Model: "every-kind"}, modelfile.F32); err != nil {
		t.Fatal(err)
	}
	x := cae.NewExec(t.Context(), cae.Serial, 1)
	c := recipe
	tensor := func(planes, index int, low, high float64) *cae.Tensor {
		out := cae.NewTensor(cae.Shape{N: c.Batch, C: planes, H: c.Height, W: c.Width})
		rng := train.Rand(12, 0, index)
		for i := range out.Data {
			// Few digits: the file compresses well, and float16 would hold them.
			out.Data[i] = float32(math.Round((low+(high-low)*rng.Float64())*256) / 256)
		}
		return out
	}
	batch := train.Batch{Inputs: []*cae.Tensor{tensor(3, 0, -0.2, 1.2), tensor(1, 1, 0, 0.2)}, Target: tensor(3, 2, 0, 1), Weight: tensor(3, 3, 0, 2)}
	plan, err := net.Compile()
	if err != nil {
		t.Fatal(err)
	}
	out, err := plan.Forward(x, batch.Inputs...)
	if err != nil {
		t.Fatal(err)
	}
	f := &modelfile.File{}
	add := func(name string, v *cae.Tensor) {
		f.Tensors = append(f.Tensors, modelfile.Tensor{Name: name, Shape: []int{v.N, v.C, v.H, v.W}, Data: append([]float32(nil), v.Data...)})
	}
	add("input/image", batch.Inputs[0])
	add("input/level", batch.Inputs[1])
	add("output", out)
	add("target", batch.Target)
	add("weight", batch.Weight)
	trainer, err := train.New(net, x, c)
	if err != nil {
		t.Fatal(err)
	}
	r := record{Config: c}
	for range c.Steps {
		s, err := trainer.Step(batch)
		if err != nil {
			t.Fatal(err)
		}
		r.Losses, r.Gradients, r.Rates = append(r.Losses, s.Loss), append(r.Gradients, s.Gradient), append(r.Rates, s.Rate)
	}
	average, err := trainer.Averaged()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range average.Params() {
		f.Tensors = append(f.Tensors, modelfile.Tensor{Name: "average/" + p.Name, Shape: p.Shape, Data: p.Data})
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	f.Metadata.Extra = map[string]string{recordKey: string(text)}
	return model.Bytes(), f
}

func TestEngineMakesWhatIsStored(t *testing.T) {
	t.Parallel()
	network, agreement := stored(t)
	if *update {
		var file bytes.Buffer
		if err := modelfile.Write(&file, agreement, modelfile.F32); err != nil {
			t.Fatal(err)
		}
		write(t, networkFile, network)
		write(t, agreementFile, file.Bytes())
	}
	if !bytes.Equal(network, read(t, networkFile)) {
		t.Errorf("%s is not the network of this test: run go test ./training -update", networkFile)
	}
	data := read(t, agreementFile)
	want, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want.Tensors {
		got := agreement.Tensors[i]
		limit := outputError
		if got.Name != "output" {
			limit = 1e-3 // averages: a gradient near 0 moves a weight either way
		}
		for j, v := range got.Data {
			if d := math.Abs(float64(v) - float64(w.Data[j])); !(d <= limit) {
				t.Fatalf("%s[%d] is %g, stored is %g", got.Name, j, v, w.Data[j])
			}
		}
	}
	var got, old record
	if err := json.Unmarshal([]byte(agreement.Metadata.Extra[recordKey]), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want.Metadata.Extra[recordKey]), &old); err != nil {
		t.Fatal(err)
	}
	near(t, "losses", got.Losses, old.Losses, lossError)
	near(t, "gradients", got.Gradients, old.Gradients, lossError)
	near(t, "rates", got.Rates, old.Rates, 0)
}

// near compares numbers; limit is relative.
func near(t *testing.T, what string, got, want []float64, limit float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, %d are stored", what, len(got), len(want))
	}
	for i, v := range got {
		if d := math.Abs(v - want[i]); !(d <= limit*math.Abs(want[i])) {
			t.Errorf("%s[%d] is %g, stored is %g", what, i, v, want[i])
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.FromSlash(path), data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
