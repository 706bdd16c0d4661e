package cae

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"testing"
)

// planConfigs are networks whose plans differ in kind: fused sums, folded batch
// norms, planar and blocked ends, memory used again.
func planConfigs() map[string]Config {
	two := []Input{{"image", 3}, {"level", 1}}
	return map[string]Config{
		"shuffled": {Inputs: two, Out: 3, Shuffle: 2, Widths: []int{17, 20, 33}, Down: []int{1, 1, 2}, Up: []int{1, 1}, Skip: SkipAdd, Head: HeadResidual},
		"gated":    {Inputs: two, Out: 3, Shuffle: 2, Widths: []int{5, 17}, Down: []int{1, 1}, Up: []int{1}, Door: 5, Slope: 0.1, Block: BlockGated, Skip: SkipAdd, Head: HeadResidual},
		"concat":   {Inputs: two, Out: 2, Shuffle: 1, Widths: []int{4, 18}, Down: []int{1, 2}, Up: []int{1}, Norm: true, Skip: SkipConcat, Head: HeadDirect},
	}
}

func planNetwork(t *testing.T, c Config) *Network {
	t.Helper()
	n, err := Autoencoder(c)
	if err != nil {
		t.Fatal(err)
	}
	n.Init(3)
	for _, p := range n.Params() {
		for i := range p.Data {
			p.Data[i] += float32(i%5-2) * 0.02
			if p.Stat {
				p.Data[i] = 1 + float32(i%3)/4
			}
		}
	}
	return n
}

func planInputs(n *Network, h, w int) (list []*Tensor) {
	for i, s := range n.inputShapes(h, w) {
		x := NewTensor(s)
		for j := range x.Data {
			x.Data[j] = float32(math.Sin(float64(j*(i+3)) * 0.37))
		}
		list = append(list, x)
	}
	return list
}

func bits(t *Tensor) []uint32 {
	list := make([]uint32, len(t.Data))
	for i, v := range t.Data {
		list[i] = math.Float32bits(v)
	}
	return list
}

// TestPlanMemory runs plans on memory that is full of what is no number, again
// on what the run before left, and after a run of another size: the result must
// always be the same.
func TestPlanMemory(t *testing.T) {
	t.Parallel()
	for name, c := range planConfigs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := planNetwork(t, c)
			p, err := n.Compile()
			if err != nil {
				t.Fatal(err)
			}
			x := NewExec(t.Context(), nil, 1)
			m := n.foot.Multiple
			run := func(h, w int) []uint32 {
				t.Helper()
				out, err := p.Forward(x, planInputs(n, h*m, w*m)...)
				if err != nil {
					t.Fatal(err)
				}
				return bits(out)
			}
			want := run(5, 3)
			for range 2 {
				for i := range x.arena {
					x.arena[i] = float32(math.NaN())
				}
				for _, s := range x.scratch {
					for i := range s {
						s[i] = float32(math.NaN())
					}
				}
				if got := run(5, 3); !equalBits(got, want) {
					t.Fatal("what memory held before changes the result")
				}
				if got := run(5, 3); !equalBits(got, want) {
					t.Fatal("a second run gives another result")
				}
				run(2, 7)
				if got := run(5, 3); !equalBits(got, want) {
					t.Fatal("a run of another size in between changes the result")
				}
			}
		})
	}
}

func equalBits(a, b []uint32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// TestPlanTakesNoMemory counts what runs after the first one allocate, and what
// the first takes against what Workspace says.
func TestPlanTakesNoMemory(t *testing.T) {
	n := planNetwork(t, planConfigs()["shuffled"])
	p, err := n.Compile()
	if err != nil {
		t.Fatal(err)
	}
	x := NewExec(t.Context(), nil, 1)
	const side = 64
	in := planInputs(n, side, side)
	run := func() {
		if _, err := p.Forward(x, in...); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if a := testing.AllocsPerRun(5, run); a != 0 {
		t.Errorf("a run makes %g allocations, want none", a)
	}
	want, err := n.Workspace(side, side, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Bytes(); got != want {
		t.Errorf("a run keeps %d bytes, Workspace says %d", got, want)
	}
}

// TestPlanEqualsTape runs a network without batch norms both ways: the same
// kernels see the same operands, so the bits must agree although the plan uses
// memory again and the tape does not.
func TestPlanEqualsTape(t *testing.T) {
	t.Parallel()
	n := planNetwork(t, planConfigs()["shuffled"])
	in := planInputs(n, 40, 24)
	out, err := n.Forward(NewExec(t.Context(), nil, 1), in...)
	if err != nil {
		t.Fatal(err)
	}
	tape, err := n.NewTape(NewExec(t.Context(), nil, 1), 1, 40, 24)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range in {
		copy(tape.Inputs()[i].Data, x.Data)
	}
	got, err := tape.Forward()
	if err != nil || !equalBits(bits(got), bits(out)) {
		t.Errorf("plan and tape differ (%v)", err)
	}
}

// TestFoldedNorms compares a plan with folded batch norms with the layers run
// one by one.
func TestFoldedNorms(t *testing.T) {
	t.Parallel()
	n := planNetwork(t, planConfigs()["concat"])
	in := planInputs(n, 12, 8)
	x := NewExec(t.Context(), nil, 1)
	out, err := n.Forward(x, in...)
	if err != nil {
		t.Fatal(err)
	}
	p := n.program(false)
	maps, err := p.maps(shapesOf(in))
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range maps {
		*m = *NewMap(m.Shape, m.Layout)
		if i < len(in) {
			m.SetTensor(in[i])
		}
	}
	norms := 0
	for i := range p.ops {
		if _, ok := p.ops[i].layer.(*BatchNorm); ok {
			norms++
		}
		if err := x.Do(p.ops[i].forward(p.ops[i].step(maps))...); err != nil {
			t.Fatal(err)
		}
	}
	if norms == 0 {
		t.Fatal("no batch norm was run by itself")
	}
	for _, o := range n.program(true).ops {
		if _, ok := o.layer.(*BatchNorm); ok {
			t.Error("a batch norm is left in the plan")
		}
	}
	var worst, size float64
	for i, v := range maps[p.output].Tensor().Data {
		worst, size = max(worst, math.Abs(float64(v-out.Data[i]))), max(size, math.Abs(float64(v)))
	}
	if !(worst <= 5e-6*size) {
		t.Errorf("folded batch norms are off by %g of the range", worst/size)
	}
}

// TestGoroutines checks that every piece is done once, by workers whose numbers
// do not meet, and that errors and the end of the context come out.
func TestGoroutines(t *testing.T) {
	t.Parallel()
	const n, workers = 100, 3
	var done [n]atomic.Int32
	var busy [workers]atomic.Int32
	err := Goroutines(workers)(t.Context(), n, func(worker, i int) error {
		if busy[worker].Add(1) != 1 {
			t.Error("two calls at a time have the same worker")
		}
		done[i].Add(1)
		busy[worker].Add(-1)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range done {
		if done[i].Load() != 1 {
			t.Errorf("piece %d is done %d times", i, done[i].Load())
		}
	}
	bad := errors.New("bad")
	if err := Goroutines(workers)(t.Context(), n, func(_, i int) error {
		if i == 7 {
			return bad
		}
		return nil
	}); !errors.Is(err, bad) {
		t.Errorf("error %v, want %v", err, bad)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Goroutines(workers)(ctx, n, func(_, _ int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

// TestCompileOn: workers change nothing of a plan, and neither does a context that
// has ended, since a plan that is half loaded would be of no use to anybody.
func TestCompileOn(t *testing.T) {
	t.Parallel()
	for name, c := range planConfigs() {
		n := planNetwork(t, c)
		want, err := n.Compile()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		got, err := n.CompileOn(NewExec(ended, Goroutines(3), 3))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, f := range want.filters {
			if f == nil {
				continue
			}
			g := got.filters[i]
			if !slices.Equal(f.bias, g.bias) {
				t.Errorf("%s: biases of operation %d differ", name, i)
			}
			for p := range f.w {
				for b := range f.w[p] {
					if !slices.Equal(f.w[p][b], g.w[p][b]) {
						t.Errorf("%s: weights of operation %d, phase %d, block %d differ", name, i, p, b)
					}
				}
			}
		}
	}
}

// TestGraph: a configuration describes the network that it makes, and its mistakes
// are the same.
func TestGraph(t *testing.T) {
	t.Parallel()
	for name, c := range planConfigs() {
		want, err := planNetwork(t, c).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Graph(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
	}
	if _, err := (Config{Widths: []int{4}}).Graph(); err == nil {
		t.Error("a network of nothing has a graph")
	}
}
