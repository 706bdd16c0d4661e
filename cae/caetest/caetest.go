// Package caetest is the suite that every layer of the engine passes.
package caetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cae-restore/restore/cae"
)

// Case is a layer with the shapes of inputs that it should take.
type Case struct {
	Name  string
	Layer cae.Layer
	In    []cae.Shape
	Out   cae.Shape // what OutShape should say

	// Reference computes the output in float64 in the plainest way there is;
	// nil leaves that test out.
	Reference func(l cae.Layer, in []*cae.Tensor, out cae.Shape) []float64

	// Reject are inputs that OutShape must refuse.
	Reject [][]cae.Shape
}

// Run puts each case through the suite: shapes; agreement with the reference;
// inputs untouched; the same bits for any number of workers; windows that do
// not miss a dependence; gradients equal to finite differences, added to what
// was there; settings that survive JSON.
func Run(t *testing.T, cases []Case) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			fill(c.Layer)
			for name, test := range map[string]func(*testing.T, Case){
				"shape": testShape, "forward": testForward, "window": testWindow,
				"gradient": testGradient, "workers": testWorkers, "json": testJSON,
			} {
				t.Run(name, func(t *testing.T) { test(t, c) })
			}
		})
	}
}

// fill gives parameters values that are neither 0 nor alike.
func fill(l cae.Layer) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, p := range l.Params() {
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			p.Data[i] = float32(0.5 + rng.Float64())
			if len(p.Shape) > 1 && rng.IntN(2) == 0 {
				p.Data[i] = -p.Data[i]
			}
		}
	}
}

func inputs(c Case, seed uint64) []*cae.Tensor {
	rng := rand.New(rand.NewPCG(seed, 11))
	var list []*cae.Tensor
	for _, s := range c.In {
		x := cae.NewTensor(s)
		for i := range x.Data {
			x.Data[i] = float32(rng.NormFloat64())
			if v := x.Data[i]; v > -0.05 && v < 0.05 {
				x.Data[i] = 0.3 // away from the kinks of piecewise linear layers
			}
		}
		list = append(list, x)
	}
	return list
}

func exec(t *testing.T, workers int) *cae.Exec {
	return cae.NewExec(t.Context(), Spread(workers), workers)
}

// Spread is a runner of so many goroutines, for tests.
func Spread(workers int) cae.Runner {
	return func(ctx context.Context, n int, f func(worker, i int) error) error {
		errs := make(chan error, workers)
		for w := range workers {
			go func() {
				var err error
				for i := w; i < n && err == nil; i += workers {
					err = f(w, i)
				}
				errs <- err
			}()
		}
		var first error
		for range workers {
			if err := <-errs; err != nil && first == nil {
				first = err
			}
		}
		return first
	}
}

func step(c Case, in []*cae.Tensor, train bool) *cae.Step {
	s := &cae.Step{In: in, Out: cae.NewTensor(c.Out), Train: train}
	for i := range s.Out.Data {
		s.Out.Data[i] = float32(math.NaN()) // whatever is not written shows
	}
	return s
}

func forward(t *testing.T, c Case, in []*cae.Tensor, train bool, workers int) *cae.Step {
	t.Helper()
	s := step(c, in, train)
	if err := c.Layer.Forward(exec(t, workers), s); err != nil {
		t.Fatalf("Forward: %v", err)
	}
	return s
}

func testShape(t *testing.T, c Case) {
	got, err := c.Layer.OutShape(c.In...)
	if err != nil || got != c.Out {
		t.Fatalf("OutShape(%v) = %v, %v; want %v", c.In, got, err, c.Out)
	}
	for _, in := range c.Reject {
		if got, err := c.Layer.OutShape(in...); err == nil {
			t.Errorf("OutShape(%v) = %v, want an error", in, got)
		}
	}
}

func testForward(t *testing.T, c Case) {
	in := inputs(c, 1)
	s := forward(t, c, in, false, 1)
	for i, x := range inputs(c, 1) {
		if !equal(x.Data, in[i].Data) {
			t.Errorf("Forward changed input %d", i)
		}
	}
	if c.Reference == nil {
		return
	}
	want := c.Reference(c.Layer, in, c.Out)
	var worst, size float64
	for i, v := range s.Out.Data {
		worst = max(worst, math.Abs(float64(v)-want[i]))
		size = max(size, math.Abs(want[i]))
	}
	if !(worst <= 2e-6*size) {
		t.Errorf("Forward is off the float64 reference by %g of its range", worst/size)
	}
}

// testWindow changes one input row at a time and looks whether output rows
// change that should not depend on it.
func testWindow(t *testing.T, c Case) {
	for axis := range 2 {
		in := inputs(c, 2)
		base := forward(t, c, in, false, 1).Out
		length := []int{c.In[0].H, c.In[0].W}[axis]
		for at := range length {
			changed := inputs(c, 2)
			for _, x := range changed {
				poke(x, axis, at)
			}
			out := forward(t, c, changed, false, 1).Out
			for o := range []int{c.Out.H, c.Out.W}[axis] {
				lo, hi := c.Layer.Window(axis).Needs(o, o+1)
				if inside := lo <= at && at < hi; !inside && differ(base, out, axis, o) {
					t.Fatalf("axis %d: output %d depends on input %d, outside its window [%d,%d)", axis, o, at, lo, hi)
				}
			}
		}
	}
}

func poke(x *cae.Tensor, axis, at int) {
	for i := range x.Data {
		if place(x.Shape, i, axis) == at {
			x.Data[i] += 1
		}
	}
}

func place(s cae.Shape, i, axis int) int {
	if axis == 0 {
		return i / s.W % s.H
	}
	return i % s.W
}

func differ(a, b *cae.Tensor, axis, at int) bool {
	for i := range a.Data {
		if place(a.Shape, i, axis) == at && a.Data[i] != b.Data[i] {
			return true
		}
	}
	return false
}

// testGradient compares Backward with central differences of a random linear
// functional of the output, for every input and parameter.
func testGradient(t *testing.T, c Case) {
	in := inputs(c, 3)
	s := forward(t, c, in, true, 1)
	rng := rand.New(rand.NewPCG(5, 5))
	s.DOut = cae.NewTensor(c.Out)
	for i := range s.DOut.Data {
		s.DOut.Data[i] = float32(rng.NormFloat64())
	}
	const before = 0.25 // gradients are added to what is there
	for _, x := range in {
		d := cae.NewTensor(x.Shape)
		for i := range d.Data {
			d.Data[i] = before
		}
		s.DIn = append(s.DIn, d)
	}
	for _, p := range c.Layer.Params() {
		s.Grad = append(s.Grad, make([]float32, len(p.Data)))
	}
	if err := c.Layer.Backward(exec(t, 1), s); err != nil {
		t.Fatalf("Backward: %v", err)
	}
	value := func() float64 {
		out := forward(t, c, in, true, 1).Out
		var sum float64
		for i, v := range out.Data {
			sum += float64(v) * float64(s.DOut.Data[i])
		}
		return sum
	}
	for i, x := range in {
		check(t, fmt.Sprintf("input %d", i), x.Data, s.DIn[i].Data, before, value)
	}
	for i, p := range c.Layer.Params() {
		if !p.Stat {
			check(t, p.Name, p.Data, s.Grad[i], 0, value)
		}
	}
	// Nothing must be written where no gradient is wanted.
	for i := range s.DIn {
		s.DIn[i] = nil
	}
	if err := c.Layer.Backward(exec(t, 1), s); err != nil {
		t.Fatalf("Backward without gradients of the inputs: %v", err)
	}
}

func check(t *testing.T, what string, data, grad []float32, before float64, value func() float64) {
	t.Helper()
	const h = 1.0 / 64
	for i := 0; i < len(data); i += 1 + len(data)/40 {
		keep := data[i]
		data[i] = keep + h
		up := value()
		data[i] = keep - h
		down := value()
		data[i] = keep
		want := (up - down) / (2 * h)
		got := float64(grad[i]) - before
		if math.Abs(got-want) > 2e-3*(1+math.Abs(want)) {
			t.Errorf("gradient of %s at %d is %.5f, finite differences say %.5f", what, i, got, want)
		}
	}
}

func testWorkers(t *testing.T, c Case) {
	in := inputs(c, 4)
	run := func(workers int) [][]float32 {
		s := forward(t, c, in, true, workers)
		s.DOut = s.Out
		for _, x := range in {
			s.DIn = append(s.DIn, cae.NewTensor(x.Shape))
		}
		for _, p := range c.Layer.Params() {
			s.Grad = append(s.Grad, make([]float32, len(p.Data)))
		}
		if err := c.Layer.Backward(exec(t, workers), s); err != nil {
			t.Fatal(err)
		}
		all := append([][]float32{s.Out.Data}, s.Grad...)
		for _, d := range s.DIn {
			all = append(all, d.Data)
		}
		return all
	}
	want := run(1)
	for i, got := range run(3) {
		if !equal(got, want[i]) {
			t.Errorf("result %d on three workers differs from that on one", i)
		}
	}
}

func testJSON(t *testing.T, c Case) {
	text, err := json.Marshal(c.Layer)
	if err != nil {
		t.Fatal(err)
	}
	again, err := cae.NewLayer(c.Layer.Kind(), text)
	if err != nil {
		t.Fatalf("its own JSON %s is refused: %v", text, err)
	}
	text2, err := json.Marshal(again)
	if err != nil || !bytes.Equal(text, text2) {
		t.Fatalf("JSON changed from %s to %s (%v)", text, text2, err)
	}
	if s, err := again.OutShape(c.In...); err != nil || s != c.Out {
		t.Fatalf("read back from %s it makes %v (%v), not %v", text, s, err, c.Out)
	}
}

func equal(a, b []float32) bool {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}
