package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
)

func TestRand(t *testing.T) {
	t.Parallel()
	seen := map[uint64]string{}
	for _, c := range [][3]int{{1, 0, 0}, {1, 0, 1}, {1, 1, 0}, {2, 0, 0}, {0, 0, 0}, {0, 1, 1}, {1, 1, 1}} {
		a, b := Rand(uint64(c[0]), int64(c[1]), c[2]), Rand(uint64(c[0]), int64(c[1]), c[2])
		v := a.Uint64()
		if v != b.Uint64() {
			t.Errorf("%v gives two different numbers", c)
		}
		if seen[v] != "" {
			t.Errorf("%v begins as %s does", c, seen[v])
		}
		seen[v] = "another"
	}
	// The numbers of neighbouring counters must look independent.
	var sum, square float64
	const n = 20000
	for i := range n {
		v := Rand(7, int64(i/100), i%100).NormFloat64()
		sum += v
		square += v * v
	}
	if mean, variance := sum/n, square/n; math.Abs(mean) > 0.03 || math.Abs(variance-1) > 0.05 {
		t.Errorf("first normal numbers of neighbouring counters: mean %.3f, variance %.3f", mean, variance)
	}
}

func TestLoss(t *testing.T) {
	t.Parallel()
	out := []float32{0.5, -1, 2, 0.25, 0.1}
	target := []float32{0.25, 1, 2.5, 0.3, 0.8}
	for name, want := range map[string]float64{
		"l1":          (0.25 + 2 + 0.5 + 0.05 + 0.7) / 5,
		"mse":         (0.0625 + 4 + 0.25 + 0.0025 + 0.49) / 5,
		"charbonnier": (0.25 + 2 + 0.5 + 0.05 + 0.7) / 5, // to within ε
		"bce":         (0.849077 + 1.313262 - 2.873072 + 0.750939 + 0.664397) / 5,
	} {
		point, err := NewLoss(name)
		if err != nil {
			t.Fatal(err)
		}
		loss := func(grad, out, target, weight []float32) float64 {
			return point(grad, out, target, weight, 1/float64(len(out))) / float64(len(out))
		}
		grad := make([]float32, len(out))
		if got := loss(grad, out, target, nil); math.Abs(got-want) > 1e-4 {
			t.Errorf("%s is %g, want %g", name, got, want)
		}
		weight := []float32{1, 0, 2, 1, 0.5}
		loss(grad, out, target, weight)
		for i := range out {
			const h = 1e-2
			moved := append([]float32(nil), out...)
			scrap := make([]float32, len(out))
			moved[i] = out[i] + h
			up := loss(scrap, moved, target, weight)
			moved[i] = out[i] - h
			down := loss(scrap, moved, target, weight)
			if slope := (up - down) / (2 * h); math.Abs(slope-float64(grad[i])) > 1e-3 {
				t.Errorf("%s: gradient %d is %g, finite differences say %g", name, i, grad[i], slope)
			}
		}
	}
	if _, err := NewLoss("l3"); err == nil {
		t.Error("an unknown loss is taken")
	}
}

// TestCrossEntropy: logits far from 0 have finite values and gradients, and what is
// no number stays none.
func TestCrossEntropy(t *testing.T) {
	t.Parallel()
	point, err := NewLoss("bce")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ out, target, loss, slope float64 }{
		{1e4, 1, 0, 0}, {1e4, 0, 1e4, 1}, {-1e4, 1, 1e4, -1}, {-1e4, 0, 0, 0}, {0, 0.5, math.Ln2, 0}, {2, 0.25, 2 - 0.5 + 0.126928, 0.880797 - 0.25},
	} {
		grad := []float32{0}
		if got := point(grad, []float32{float32(c.out)}, []float32{float32(c.target)}, nil, 1); math.Abs(got-c.loss) > 1e-5 || math.Abs(float64(grad[0])-c.slope) > 1e-5 {
			t.Errorf("logit %g, target %g: %g with gradient %g, want %g and %g", c.out, c.target, got, grad[0], c.loss, c.slope)
		}
	}
	grad := []float32{0}
	if got := point(grad, []float32{float32(math.NaN())}, []float32{1}, nil, 1); got == got || grad[0] == grad[0] {
		t.Errorf("of no number: %g with gradient %g", got, grad[0])
	}
}

func TestFactor(t *testing.T) {
	t.Parallel()
	cosine := Config{Steps: 110, Warmup: 10, Schedule: Cosine}
	early := Config{Steps: 30, Warmup: 100, Schedule: Constant, DecayFrom: 10}
	decay := Config{Steps: 100, Warmup: 4, Schedule: Constant, DecayFrom: 60}
	for _, c := range []struct {
		config Config
		step   int64
		want   float64
	}{
		{cosine, 0, 1.0 / 11}, {cosine, 9, 10.0 / 11}, {cosine, 10, 1}, {cosine, 60, 0.5}, {cosine, 110, 0}, {cosine, 500, 0},
		{decay, 1, 0.4}, {decay, 30, 1}, {decay, 60, 1}, {decay, 80, 0.5}, {decay, 100, 0},
		{early, 9, 10.0 / 101}, {early, 10, 10.0 / 101}, {early, 20, 5.0 / 101}, {early, 30, 0},
		{Config{Steps: 10, Schedule: Constant}, 9, 1},
	} {
		if got := c.config.factor(c.step); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%+v: factor at step %d is %g, want %g", c.config, c.step, got, c.want)
		}
	}
}

// TestAdam follows a few steps by the formulas of the papers, in float64.
func TestAdam(t *testing.T) {
	t.Parallel()
	weight := &cae.Param{Name: "w", Shape: []int{1, 2}, Data: []float32{1, -2}}
	bias := &cae.Param{Name: "b", Shape: []int{1}, Data: []float32{0.5}}
	stat := &cae.Param{Name: "s", Shape: []int{1}, Data: []float32{1}, Stat: true}
	params := []*cae.Param{weight, bias, stat}
	a := newAdam(params)
	p := []float64{1, -2, 0.5}
	m, v := make([]float64, 3), make([]float64, 3)
	const rate, decay = 0.1, 0.5
	for step := int64(1); step <= 4; step++ {
		g := []float64{0.3 * float64(step), -0.1, 0.2}
		// Half of the gradient is given twice as large and scaled.
		grads := [][]float32{{float32(g[0]) * 2, float32(g[1]) * 2}, {float32(g[2]) * 2}, {2}}
		for i, q := range params {
			for j := range q.Data { // in pieces of one element
				a.move(motionOf(step, rate, decay, 0.5), q, grads[i], i, j, j+1)
			}
		}
		for i := range p {
			m[i] = 0.9*m[i] + 0.1*g[i]
			v[i] = 0.999*v[i] + 0.001*g[i]*g[i]
			if i < 2 { // biases do not decay
				p[i] -= rate * decay * p[i]
			}
			p[i] -= rate * (m[i] / (1 - math.Pow(0.9, float64(step)))) / (math.Sqrt(v[i]/(1-math.Pow(0.999, float64(step)))) + 1e-8)
		}
	}
	for i, got := range []float32{weight.Data[0], weight.Data[1], bias.Data[0]} {
		if math.Abs(float64(got)-p[i]) > 1e-4 {
			t.Errorf("parameter %d is %g, by the formulas %g", i, got, p[i])
		}
	}
	want := 1.0
	for range 4 {
		want += 0.1 * (2 - want)
	}
	if got := float64(stat.Data[0]); math.Abs(got-want) > 1e-5 {
		t.Errorf("the running statistic is %g, want %g", got, want)
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	params := []*cae.Param{{Shape: []int{2}, Data: make([]float32, 2)}, {Shape: []int{1}, Data: make([]float32, 1), Stat: true}, {Shape: []int{1}, Data: make([]float32, 1)}}
	u := newUpdate(params, [][]float32{{3, 0}, {100}, {4}}, nil, nil)
	if err := cae.NewExec(t.Context(), nil, 1).Do(u.measure()); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[float64]float32{0: 1, 10: 1, 2.5: 0.5} {
		if length, scale := u.clip(limit); length != 5 || scale != want {
			t.Errorf("limit %g: length %g, factor %g; want 5 and %g", limit, length, scale, want)
		}
	}
}

// TestUpdate moves parameters of several pieces on one and on three workers, and
// does so whole although the context has ended.
func TestUpdate(t *testing.T) {
	t.Parallel()
	run := func(ctx context.Context, workers int) ([]float32, []float32) {
		const n = 3*pieceLen + 5
		p := &cae.Param{Shape: []int{n, 1}, Data: make([]float32, n)}
		grad, ema := make([]float32, n), make([]float32, n)
		for i := range grad {
			grad[i] = float32(i%11) - 5
		}
		u := newUpdate([]*cae.Param{p}, [][]float32{grad}, [][]float32{ema}, newAdam([]*cae.Param{p}))
		u.motion, u.keep = motionOf(1, 0.1, 0, 1), 0.5
		if err := cae.NewExec(ctx, cae.Goroutines(workers), workers).DoWhole(u.apply()); err != nil {
			t.Fatal(err)
		}
		return p.Data, ema
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	one, average := run(t.Context(), 1)
	for i, v := range one {
		if want := -0.1 * float64(min(max(i%11-5, -1), 1)); math.Abs(float64(v)-want) > 1e-6 || math.Abs(float64(average[i])-want/2) > 1e-6 {
			t.Fatalf("element %d moved to %g, its average to %g; want %g and half of it", i, v, average[i], want)
		}
	}
	if three, _ := run(t.Context(), 3); !slices.Equal(one, three) {
		t.Error("three workers move otherwise")
	}
	if whole, _ := run(ended, 1); !slices.Equal(one, whole) {
		t.Error("the end of the context stopped the update half-way")
	}
}

// tiny is a small autoencoder for pictures of one plane.
func tiny(t *testing.T, norm bool) *cae.Network {
	t.Helper()
	n, err := cae.Autoencoder(cae.Config{Inputs: []cae.Input{{Name: "image", Planes: 1}}, Out: 1, Shuffle: 1,
		Widths: []int{8, 12}, Down: []int{1, 1}, Up: []int{1}, Norm: norm, Skip: cae.SkipAdd, Head: cae.HeadDirect})
	if err != nil {
		t.Fatal(err)
	}
	n.Init(1)
	return n
}

// waves makes a batch of sums of two plane waves, and the same with noise.
func waves(seed uint64, step int64, n, side int) Batch {
	s := cae.Shape{N: n, C: 1, H: side, W: side}
	b := Batch{Inputs: []*cae.Tensor{cae.NewTensor(s)}, Target: cae.NewTensor(s)}
	for i := range n {
		rng := Rand(seed, step, i)
		clean, noisy := b.Target.Plane(i, 0), b.Inputs[0].Plane(i, 0)
		for range 2 {
			fy, fx, phase := rng.Float64()-0.5, rng.Float64()-0.5, rng.Float64()*6
			for y := range side {
				for x := range side {
					clean[y*side+x] += float32(0.25 * math.Sin(fy*float64(y)+fx*float64(x)+phase))
				}
			}
		}
		for j, v := range clean {
			noisy[j] = v + float32(0.4*rng.NormFloat64())
		}
	}
	return b
}

func config() Config {
	return Config{Steps: 200, Warmup: 10, Schedule: Cosine, Rate: 5e-3, Clip: 1, EMA: 0.98, Loss: "mse", Batch: 8, Height: 16, Width: 16, WeightDecay: 1e-4}
}

// heldOut is the mean squared error of a network on waves that no training saw.
func heldOut(t *testing.T, n *cae.Network) float64 {
	t.Helper()
	b := waves(99, 0, 32, 16)
	out, err := n.Forward(cae.NewExec(t.Context(), nil, 1), b.Inputs...)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for i, v := range out.Data {
		d := float64(v - b.Target.Data[i])
		sum += d * d
	}
	return sum / float64(len(out.Data))
}

// TestTraining trains a tiny autoencoder for a moment: its error on held-out
// patches must fall below half of where it began, and below what the noisy
// input has.
func TestTraining(t *testing.T) {
	t.Parallel()
	for name, norm := range map[string]bool{"plain": false, "normalised": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			net := tiny(t, norm)
			before := heldOut(t, net)
			tr, err := New(net, cae.NewExec(t.Context(), cae.Goroutines(2), 2), config())
			if err != nil {
				t.Fatal(err)
			}
			for step := range config().Steps {
				if _, err := tr.Step(waves(1, step, 8, 16)); err != nil {
					t.Fatal(err)
				}
			}
			averaged, err := tr.Averaged()
			if err != nil {
				t.Fatal(err)
			}
			after := heldOut(t, averaged)
			t.Logf("held-out error from %.4f to %.4f; the noise has %.4f", before, after, 0.16)
			if !(after < before/2) || !(after < 0.03) {
				t.Errorf("held-out error went from %g to %g", before, after)
			}
		})
	}
}

// TestResume interrupts a training and compares it with one that was not, bit
// for bit, on other numbers of workers too.
func TestResume(t *testing.T) {
	t.Parallel()
	c := config()
	c.Steps = 12
	run := func(workers int, interrupt bool) []byte {
		x := cae.NewExec(t.Context(), cae.Goroutines(workers), workers)
		tr, err := New(tiny(t, true), x, c)
		if err != nil {
			t.Fatal(err)
		}
		for tr.Done() < c.Steps {
			if interrupt && tr.Done() == 5 {
				path := filepath.Join(t.TempDir(), "checkpoint")
				var file bytes.Buffer
				if err := tr.Save(&file, map[string]int{"answer": 42}); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
				checkpoint, err := OpenCheckpoint(path)
				if err != nil {
					t.Fatal(err)
				}
				if string(checkpoint.Memo) != `{"answer":42}` || checkpoint.Done != 5 || checkpoint.Config != c {
					t.Errorf("the checkpoint came back as %s, step %d, %+v", checkpoint.Memo, checkpoint.Done, checkpoint.Config)
				}
				if tr, err = checkpoint.Trainer(x); err != nil {
					t.Fatal(err)
				}
				interrupt = false
			}
			if _, err := tr.Step(waves(1, tr.Done(), c.Batch, c.Height)); err != nil {
				t.Fatal(err)
			}
		}
		var file bytes.Buffer
		if err := tr.Save(&file, nil); err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	want := run(1, false)
	if !bytes.Equal(run(1, true), want) {
		t.Error("a resumed training differs from an uninterrupted one")
	}
	if !bytes.Equal(run(3, false), want) {
		t.Error("three workers train differently from one")
	}
}

func TestCheckpointRefuses(t *testing.T) {
	t.Parallel()
	tr, err := New(tiny(t, false), cae.NewExec(context.Background(), nil, 1), config())
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := tr.Save(&file, nil); err != nil {
		t.Fatal(err)
	}
	var model bytes.Buffer
	if err := cae.Save(&model, tiny(t, false), modelfile.Metadata{Task: "test"}, modelfile.F32); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty": nil, "text": []byte("not a checkpoint, but a longer text"), "truncated": file.Bytes()[:file.Len()/2], "a model": model.Bytes(),
	} {
		path := filepath.Join(t.TempDir(), "c")
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCheckpoint(path); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%s: %v, want ErrCheckpoint", name, err)
		}
	}
	if _, err := OpenCheckpoint(filepath.Join(t.TempDir(), "none")); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("no file: %v", err)
	}
}

func TestConfigRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Config){
		"no steps":            func(c *Config) { c.Steps = 0 },
		"no batch":            func(c *Config) { c.Batch = 0 },
		"rate 0":              func(c *Config) { c.Rate = 0 },
		"rate NaN":            func(c *Config) { c.Rate = math.NaN() },
		"EMA 1":               func(c *Config) { c.EMA = 1 },
		"unknown schedule":    func(c *Config) { c.Schedule = "sine" },
		"guard 1":             func(c *Config) { c.Guard = 1 },
		"unknown part frozen": func(c *Config) { c.Freeze = "head" },
		"unknown loss":        func(c *Config) { c.Loss = "l3" },
		"size not a multiple": func(c *Config) { c.Height = 15 },
		"decay after the end": func(c *Config) { c.Schedule, c.DecayFrom = Constant, c.Steps },
		"decay with cosine":   func(c *Config) { c.DecayFrom = 5 },
	} {
		c := config()
		spoil(&c)
		if _, err := New(tiny(t, false), cae.NewExec(t.Context(), nil, 1), c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
