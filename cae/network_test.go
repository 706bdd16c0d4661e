package cae_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
)

// small is an autoencoder that uses every kind of layer.
func small(t *testing.T, c cae.Config) *cae.Network {
	t.Helper()
	n, err := cae.Autoencoder(c)
	if err != nil {
		t.Fatal(err)
	}
	n.Init(3)
	for _, p := range n.Params() { // away from the small values of the start
		for i := range p.Data {
			p.Data[i] += float32(i%5-2) * 0.02
			if strings.HasSuffix(p.Name, "running_var") {
				p.Data[i] = 1 + float32(i%3)/4
			}
		}
	}
	return n
}

func configs() map[string]cae.Config {
	two := []cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}}
	return map[string]cae.Config{
		"shuffled, added skips, residual": {Inputs: two, Out: 3, Shuffle: 2, Widths: []int{5, 6, 7}, Down: []int{1, 1, 2}, Up: []int{1, 0},
			Skip: cae.SkipAdd, Head: cae.HeadResidual},
		"plain, concatenated skips, normalised": {Inputs: two[:1], Out: 2, Shuffle: 1, Widths: []int{4, 6}, Down: []int{1, 1}, Up: []int{1},
			Norm: true, Skip: cae.SkipConcat, Head: cae.HeadDirect},
		"no skips": {Inputs: two[1:], Out: 1, Shuffle: 1, Widths: []int{3, 4}, Down: []int{0, 0}, Up: []int{0}, Skip: cae.SkipNone, Head: cae.HeadDirect},
		"gated blocks, large door, leaky": {Inputs: two, Out: 3, Shuffle: 2, Widths: []int{5, 17}, Down: []int{1, 1}, Up: []int{1}, Door: 5, Slope: 0.1,
			Block: cae.BlockGated, Skip: cae.SkipAdd, Head: cae.HeadResidual},
		"separable blocks": {Inputs: two, Out: 3, Shuffle: 2, Widths: []int{16, 20}, Down: []int{1, 1}, Up: []int{1}, Slope: 0.1,
			Block: cae.BlockSeparable, Skip: cae.SkipAdd, Head: cae.HeadResidual},
		"one scale": {Inputs: two[:1], Out: 3, Shuffle: 1, Widths: []int{4}, Down: []int{1}, Up: nil, Skip: cae.SkipAdd, Head: cae.HeadResidual},
	}
}

func noise(s cae.Shape, seed uint64) *cae.Tensor {
	rng := rand.New(rand.NewPCG(seed, 1))
	x := cae.NewTensor(s)
	for i := range x.Data {
		x.Data[i] = float32(rng.NormFloat64())
	}
	return x
}

func feed(n *cae.Network, count, h, w int) []*cae.Tensor {
	var list []*cae.Tensor
	for i, in := range n.Inputs() {
		list = append(list, noise(cae.Shape{N: count, C: in.Planes, H: h, W: w}, uint64(i+1)))
	}
	return list
}

func serial() *cae.Exec { return cae.NewExec(context.Background(), nil, 1) }

func TestAutoencoder(t *testing.T) {
	t.Parallel()
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := small(t, c)
			m := n.Footprint().Multiple
			if want := c.Shuffle << (len(c.Widths) - 1); m != want {
				t.Errorf("multiple %d, want %d", m, want)
			}
			in := feed(n, 2, 3*m, 2*m)
			out, err := n.Forward(serial(), in...)
			if err != nil {
				t.Fatal(err)
			}
			if want := (cae.Shape{N: 2, C: c.Out, H: 3 * m, W: 2 * m}); out.Shape != want {
				t.Errorf("output %v, want %v", out.Shape, want)
			}
			for i, x := range feed(n, 2, 3*m, 2*m) {
				if !same(x.Data, in[i].Data) {
					t.Errorf("Forward changed input %d", i)
				}
			}
			again, err := n.Forward(cae.NewExec(t.Context(), cae.Goroutines(3), 3), in...)
			if err != nil || !same(out.Data, again.Data) {
				t.Errorf("three workers give other bits (%v)", err)
			}
			if n.Code() == "" {
				t.Error("the code has no name")
			}
		})
	}
}

func same(a, b []float32) bool {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// TestFootprint changes samples just outside and far outside what the footprint
// names and looks at the output.
func TestFootprint(t *testing.T) {
	t.Parallel()
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := small(t, c)
			f := n.Footprint()
			up := func(v int) int { return (v + f.Align - 1) / f.Align * f.Align }
			lo := up(f.Before) + f.Align
			hi := lo + 2*f.Align
			size := hi + up(f.After) + f.Align
			base, err := n.Forward(serial(), feed(n, 1, 2*f.Align, size)...)
			if err != nil {
				t.Fatal(err)
			}
			changes := func(x int) bool {
				in := feed(n, 1, 2*f.Align, size)
				for y := range 2 * f.Align {
					for c := range in[0].C {
						// Large, so that what counts by rounding alone shows.
						in[0].Plane(0, c)[y*size+x] += 1e6 * float32(c+y+1)
					}
				}
				out, err := n.Forward(serial(), in...)
				if err != nil {
					t.Fatal(err)
				}
				for c := range out.C {
					for y := range out.H {
						if a := y*size + lo; !same(out.Plane(0, c)[a:a+hi-lo], base.Plane(0, c)[a:a+hi-lo]) {
							return true
						}
					}
				}
				return false
			}
			if changes(lo - f.Before - 1) {
				t.Errorf("a sample %d before the run still counts, Before is %d", f.Before+1, f.Before)
			}
			if changes(hi + f.After) {
				t.Errorf("a sample %d after the run still counts, After is %d", f.After+1, f.After)
			}
			if f.Before > 0 && !changes(lo-f.Before) {
				t.Errorf("Before is %d, but that sample does not count", f.Before)
			}
			if f.After > 0 && !changes(hi+f.After-1) {
				t.Errorf("After is %d, but that sample does not count", f.After)
			}
		})
	}
}

// TestTape compares a whole network's gradient with finite differences in the
// direction of the gradient itself.
func TestTape(t *testing.T) {
	t.Parallel()
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := small(t, c)
			m := n.Footprint().Multiple
			tape, err := n.NewTape(serial(), 2, 2*m, 2*m)
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range feed(n, 2, 2*m, 2*m) {
				copy(tape.Inputs()[i].Data, x.Data)
			}
			value := func() float64 {
				out, err := tape.Forward()
				if err != nil {
					t.Fatal(err)
				}
				var sum float64
				for i, v := range out.Data {
					sum += float64(v) * float64(i%7-3)
				}
				return sum
			}
			value()
			grad := make([]float32, 2*c.Out*4*m*m)
			for i := range grad {
				grad[i] = float32(i%7 - 3)
			}
			if err := tape.Backward(grad); err != nil {
				t.Fatal(err)
			}
			var slope float64
			direction := make([][]float32, len(tape.Grads()))
			for i, p := range n.Params() {
				direction[i] = append([]float32(nil), tape.Grads()[i]...)
				if p.Stat {
					clear(direction[i])
				}
				for _, v := range direction[i] {
					slope += float64(v) * float64(v)
				}
			}
			length := math.Sqrt(slope)
			move := func(h float64) {
				for i, p := range n.Params() {
					for j, v := range direction[i] {
						p.Data[j] += float32(h * float64(v) / length)
					}
				}
			}
			const h = 1e-3
			move(h)
			up := value()
			move(-2 * h)
			down := value()
			if got := (up - down) / (2 * h); math.Abs(got-length) > 0.02*length {
				t.Errorf("the slope along the gradient is %g, the gradient's length %g", got, length)
			}
		})
	}
}

func TestNetworkJSON(t *testing.T) {
	t.Parallel()
	for name, c := range configs() {
		n := small(t, c)
		text, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		again, err := cae.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text2, err := json.Marshal(again)
		if err != nil || !bytes.Equal(text, text2) {
			t.Errorf("%s: JSON changed:\n%s\n%s", name, text, text2)
		}
		for i, p := range again.Params() {
			copy(p.Data, n.Params()[i].Data)
		}
		m := n.Footprint().Multiple
		a, err1 := n.Forward(serial(), feed(n, 1, 2*m, m)...)
		b, err2 := again.Forward(serial(), feed(n, 1, 2*m, m)...)
		if err1 != nil || err2 != nil || !same(a.Data, b.Data) {
			t.Errorf("%s: the network read back gives other values (%v, %v)", name, err1, err2)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	conv := `{"in":1,"out":1,"kernel":[1,1],"stride":[1,1],"pad":[0,0]}`
	for name, text := range map[string]string{
		"nothing":           ``,
		"no nodes":          `{"inputs":[{"name":"a","planes":1}],"nodes":[],"output":"a"}`,
		"unknown kind":      `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"magic","in":["a"]}],"output":"b"}`,
		"later node":        `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"relu","in":["c"]},{"name":"c","kind":"relu","in":["a"]}],"output":"c"}`,
		"two of a name":     `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"a","kind":"relu","in":["a"]}],"output":"a"}`,
		"output is input":   `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"relu","in":["a"]}],"output":"a"}`,
		"no such code":      `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"relu","in":["a"]}],"output":"b","code":"x"}`,
		"negative planes":   `{"inputs":[{"name":"a","planes":-1}],"nodes":[{"name":"b","kind":"relu","in":["a"]}],"output":"b"}`,
		"planes differ":     `{"inputs":[{"name":"a","planes":2}],"nodes":[{"name":"b","kind":"conv","in":["a"],"config":` + conv + `}],"output":"b"}`,
		"stride 0":          `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"conv","in":["a"],"config":{"in":1,"out":1,"kernel":[1,1],"stride":[0,1],"pad":[0,0]}}],"output":"b"}`,
		"factor 0":          `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"space_to_depth","in":["a"],"config":{"factor":0}}],"output":"b"}`,
		"unknown setting":   `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"conv","in":["a"],"config":{"in":1,"out":1,"kernel":[1,1],"stride":[1,1],"pad":[0,0],"mystery":2}}],"output":"b"}`,
		"no such groups":    `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"conv","in":["a"],"config":{"in":1,"out":1,"kernel":[1,1],"stride":[1,1],"pad":[0,0],"groups":3}}],"output":"b"}`,
		"huge dilation":     `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"conv","in":["a"],"config":{"in":1,"out":1,"kernel":[3,3],"stride":[1,1],"pad":[1,1],"dilation":[9000000,1]}}],"output":"b"}`,
		"half size":         `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"space_to_depth","in":["a"],"config":{"factor":2}}],"output":"b"}`,
		"huge factor":       `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"space_to_depth","in":["a"],"config":{"factor":1000000}}],"output":"b"}`,
		"huge convolution":  `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"conv","in":["a"],"config":{"in":1,"out":60000,"kernel":[60000,60000],"stride":[1,1],"pad":[0,0]}}],"output":"b"}`,
		"node without in":   `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"concat","in":[]}],"output":"b"}`,
		"wrong config type": `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"conv","in":["a"],"config":{"in":"x"}}],"output":"b"}`,
	} {
		if _, err := cae.Parse([]byte(text)); !errors.Is(err, cae.ErrNetwork) {
			t.Errorf("%s: %v, want ErrNetwork", name, err)
		}
	}
}

func TestModelFile(t *testing.T) {
	t.Parallel()
	n := small(t, configs()["plain, concatenated skips, normalised"])
	var file bytes.Buffer
	if err := cae.Save(&file, n, modelfile.Metadata{Task: "denoise"}, modelfile.F32); err != nil {
		t.Fatal(err)
	}
	again, f, err := cae.Load(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if f.Metadata.Task != "denoise" || f.Metadata.Multiple != 2 {
		t.Errorf("metadata came back as %+v", f.Metadata)
	}
	m := n.Footprint().Multiple
	a, err1 := n.Forward(serial(), feed(n, 1, 2*m, m)...)
	b, err2 := again.Forward(serial(), feed(n, 1, 2*m, m)...)
	if err1 != nil || err2 != nil || !same(a.Data, b.Data) {
		t.Errorf("the network read back gives other values (%v, %v)", err1, err2)
	}

	refuse := map[string]func(f *modelfile.File){
		"a tensor missing": func(f *modelfile.File) { f.Tensors = f.Tensors[1:] },
		"a tensor too many": func(f *modelfile.File) {
			f.Tensors = append(f.Tensors, modelfile.Tensor{Name: "x", Shape: []int{1}, Data: []float32{1}})
		},
		"a tensor of another shape": func(f *modelfile.File) {
			f.Tensors[0] = modelfile.Tensor{Name: f.Tensors[0].Name, Shape: []int{1}, Data: []float32{1}}
		},
	}
	for name, spoil := range refuse {
		f, err := modelfile.Read(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			t.Fatal(err)
		}
		spoil(f)
		var bad bytes.Buffer
		if err := modelfile.Write(&bad, f, modelfile.F32); err != nil {
			t.Fatal(err)
		}
		if _, _, err := cae.Load(bytes.NewReader(bad.Bytes()), int64(bad.Len())); !errors.Is(err, cae.ErrWeights) {
			t.Errorf("%s: %v, want ErrWeights", name, err)
		}
	}
}

// TestLoadAllocates gives Load a small file that claims a network of a gigabyte.
func TestLoadAllocates(t *testing.T) {
	text := `{"inputs":[{"name":"a","planes":1}],"nodes":[{"name":"b","kind":"conv","in":["a"],` +
		`"config":{"in":1,"out":60000,"kernel":[60,60],"stride":[1,1],"pad":[0,0]}}],"output":"b"}`
	var file bytes.Buffer
	f := &modelfile.File{Metadata: modelfile.Metadata{FormatVersion: modelfile.Version, Network: json.RawMessage(text)},
		Tensors: []modelfile.Tensor{{Name: "b.weight", Shape: []int{1}, Data: []float32{1}}}}
	if err := modelfile.Write(&file, f, modelfile.F32); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := cae.Load(bytes.NewReader(file.Bytes()), int64(file.Len()))
	runtime.ReadMemStats(&after)
	if err == nil {
		t.Error("a network without its weights was loaded")
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes allocated for a file of %d", got, file.Len())
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	n := small(t, configs()["one scale"])
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Forward(cae.NewExec(ctx, nil, 1), feed(n, 1, 4, 4)...); !errors.Is(err, context.Canceled) {
		t.Errorf("Forward after cancel: %v", err)
	}
}
