package train

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cae-restore/restore/cae"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	steady := slices.Repeat([]float64{2}, 30)
	for name, c := range map[string]struct {
		lengths []float64
		limit   float64
		skipped int64
	}{
		"steady":               {steady, 10, 0},
		"an outlier":           {append(slices.Clone(steady), 21, 2), 10, 1},
		"just below":           {append(slices.Clone(steady), 19.9), 10, 0},
		"no limit":             {append(slices.Clone(steady), 1e9), 0, 0},
		"too early to tell":    {[]float64{1, 100, 1, 100}, 10, 0},
		"no numbers":           {[]float64{1, nan, 1, inf, -inf}, 0, 3},
		"a fall":               {append(slices.Clone(steady), 1e-6), 10, 0},
		"no numbers in memory": {append(slices.Repeat([]float64{nan}, 30), 1, 50), 10, 30},
	} {
		var g guard
		for i, length := range c.lengths {
			before := g.Skipped
			if ok := g.pass(0, length, c.limit); ok != (g.Skipped == before) {
				t.Errorf("%s: length %d passes: %t, but %d are left out", name, i, ok, g.Skipped)
			}
		}
		if g.Skipped != c.skipped {
			t.Errorf("%s: %d steps left out, want %d", name, g.Skipped, c.skipped)
		}
	}
	// Gradients that stay longer are the new measure after a few steps.
	g := guard{}
	for i := range 60 {
		g.pass(0, map[bool]float64{true: 1, false: 40}[i < 30], 10)
	}
	if g.InARow != 0 || g.Skipped == 0 || g.Skipped > 25 {
		t.Errorf("after 30 steps 40 times as long: %d left out, %d of them at the end", g.Skipped, g.InARow)
	}
	if g.pass(math.NaN(), 1, 0) {
		t.Error("a loss that is no number passes")
	}
}

// spoilt is a batch whose gradient no training should follow.
func spoilt(step int64, with float64) Batch {
	b := waves(1, step, 8, 16)
	b.Target.Data[3] = float32(with)
	return b
}

// TestSkip: a step of a spoilt batch leaves everything as it was, and a training
// resumed beside such a step goes on as it would have.
func TestSkip(t *testing.T) {
	t.Parallel()
	c := config()
	c.Steps, c.Guard = 34, DefaultGuard
	run := func(cut int64) []byte {
		x := cae.NewExec(t.Context(), nil, 1)
		tr, err := New(tiny(t, true), x, c)
		if err != nil {
			t.Fatal(err)
		}
		for tr.Done() < c.Steps {
			if tr.Done() == cut {
				tr = reopened(t, tr, x)
			}
			b := waves(1, tr.Done(), 8, 16)
			before := snapshot(tr)
			switch tr.Done() {
			case 5:
				b = spoilt(5, math.Inf(1))
			case 6:
				b = spoilt(6, math.NaN())
			case 30:
				b = spoilt(30, 1e4)
			}
			wanted := slices.Contains([]int64{5, 6, 30}, tr.Done())
			s, err := tr.Step(b)
			if err != nil || s.Skipped != wanted {
				t.Fatalf("step %d: skipped %t, gradient %g: %v", s.Step, s.Skipped, s.Gradient, err)
			}
			if same := slices.Equal(before, snapshot(tr)); same != wanted {
				t.Fatalf("step %d: the state stayed: %t, skipped: %t", s.Step, same, s.Skipped)
			}
		}
		if tr.Skipped() != 3 {
			t.Errorf("%d steps are said to be left out, want 3", tr.Skipped())
		}
		var file bytes.Buffer
		if err := tr.Save(&file, nil); err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	want := run(-1)
	for _, cut := range []int64{6, 31} {
		if !bytes.Equal(run(cut), want) {
			t.Errorf("resumed at step %d, the training ends otherwise", cut)
		}
	}
}

// snapshot is all that a step may change.
func snapshot(tr *Trainer) []float32 {
	var all []float32
	for i, p := range tr.params {
		all = append(append(append(append(all, p.Data...), tr.adam.m[i]...), tr.adam.v[i]...), tr.ema[i]...)
	}
	return all
}

// reopened saves a training and opens it again.
func reopened(t *testing.T, tr *Trainer, x *cae.Exec) *Trainer {
	t.Helper()
	var file bytes.Buffer
	if err := tr.Save(&file, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := OpenCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	if tr, err = c.Trainer(x); err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestDiverged: a training that has had no usable gradient for long ends.
func TestDiverged(t *testing.T) {
	t.Parallel()
	tr, err := New(tiny(t, false), cae.NewExec(t.Context(), nil, 1), config())
	if err != nil {
		t.Fatal(err)
	}
	before := snapshot(tr)
	for step := range int64(guardPatient) {
		_, err = tr.Step(spoilt(step, math.Inf(1)))
		if last := step == guardPatient-1; errors.Is(err, ErrDiverged) != last {
			t.Fatalf("step %d: %v", step, err)
		}
	}
	if !slices.Equal(before, snapshot(tr)) {
		t.Error("the weights changed all the same")
	}
	if _, err := tr.Step(waves(1, 0, 4, 16)); err == nil || errors.Is(err, ErrDiverged) {
		t.Errorf("a batch of another size: %v", err)
	}
}

// TestLossWork: pieces give the loss and gradient of the whole, on any number of
// workers.
func TestLossWork(t *testing.T) {
	t.Parallel()
	const n = 2*pieceLen + 77
	out, target, weight := make([]float32, n), make([]float32, n), make([]float32, n)
	rng := Rand(1, 2, 3)
	for i := range out {
		out[i], target[i], weight[i] = rng.Float32(), rng.Float32(), rng.Float32()
	}
	loss, err := NewLoss("charbonnier")
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, n)
	mean := loss(want, out, target, weight, 1.0/n) / n
	var first float64
	for _, workers := range []int{1, 3} {
		l := &lossWork{loss: loss, grad: make([]float32, n), out: out, target: target, weight: weight}
		if err := cae.NewExec(t.Context(), cae.Goroutines(workers), workers).Do(l.work(n)); err != nil {
			t.Fatal(err)
		}
		if math.Abs(l.mean()-mean) > 1e-12 || !slices.Equal(l.grad, want) {
			t.Errorf("%d workers: loss %g, want %g, or another gradient", workers, l.mean(), mean)
		}
		if first == 0 {
			first = l.mean()
		} else if l.mean() != first {
			t.Errorf("%d workers: loss %g, one worker %g", workers, l.mean(), first)
		}
	}
}
