// Package caetest is the suite that every layer of the engine passes.
package caetest

import (
	"bytes"
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

	// Step is that of the finite differences; 0 is 1/64. Linear layers of many
	// planes take a larger one, as rounding would count for too much.
	Step float64

	// Reject are inputs that OutShape must refuse.
	Reject [][]cae.Shape

	planar bool // try with planar inputs
}

// Run puts each case through the suite, with blocked inputs and, where the layer
// takes them, planar ones:
// shapes; agreement with the reference; inputs untouched; zeros kept round the
// samples; the same bits for any number of workers; windows that do not miss a
// dependence; gradients equal to finite differences, set or added as asked;
// settings that survive JSON.
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
				if in, _ := c.Layer.Layout(true); in == cae.Planar {
					c.planar = true
					t.Run(name+"/planar", func(t *testing.T) { test(t, c) })
					c.planar = false
				}
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
	return cae.NewExec(t.Context(), cae.Goroutines(workers), workers)
}

// mapOf is a tensor as a map of the given layout.
func mapOf(x *cae.Tensor, l cae.Layout) *cae.Map {
	m := cae.NewMap(x.Shape, l)
	m.SetTensor(x)
	return m
}

// layouts are those that the layer takes and gives; planar says what its inputs
// would be.
func (c *Case) layouts() (in, out cae.Layout) { return c.Layer.Layout(c.planar) }

// unwritten is a map on which whatever is not written shows.
func unwritten(s cae.Shape, l cae.Layout) *cae.Map {
	x := cae.NewTensor(s)
	for i := range x.Data {
		x.Data[i] = float32(math.NaN())
	}
	return mapOf(x, l)
}

func forward(t *testing.T, c Case, in []*cae.Tensor, train bool, workers int) *cae.Step {
	t.Helper()
	from, to := c.layouts()
	s := &cae.Step{Out: unwritten(c.Out, to), Train: train}
	for _, x := range in {
		s.In = append(s.In, mapOf(x, from))
	}
	if err := exec(t, workers).Do(c.Layer.Forward(s)...); err != nil {
		t.Fatalf("Forward: %v", err)
	}
	testBorder(t, "output", s.Out)
	return s
}

// testBorder checks that what is outside the samples of a blocked map is zero:
// the layers that read it count on that. Packing its samples anew must give the
// same memory.
func testBorder(t *testing.T, what string, m *cae.Map) {
	t.Helper()
	if m.Layout == cae.Blocked && !equal(m.Data, mapOf(m.Tensor(), cae.Blocked).Data) {
		t.Fatalf("%s: something outside the samples is not zero", what)
	}
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
	for i, x := range in {
		if !equal(x.Data, s.In[i].Tensor().Data) {
			t.Errorf("Forward changed input %d", i)
		}
	}
	if c.Reference == nil {
		return
	}
	want := c.Reference(c.Layer, in, c.Out)
	var worst, size float64
	for i, v := range s.Out.Tensor().Data {
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
		base := forward(t, c, in, false, 1).Out.Tensor()
		length := []int{c.In[0].H, c.In[0].W}[axis]
		for at := range length {
			changed := inputs(c, 2)
			for _, x := range changed {
				poke(x, axis, at)
			}
			out := forward(t, c, changed, false, 1).Out.Tensor()
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
	rng := rand.New(rand.NewPCG(5, 5))
	grad := cae.NewTensor(c.Out)
	for i := range grad.Data {
		grad.Data[i] = float32(rng.NormFloat64())
	}
	value := func() float64 {
		var sum float64
		for i, v := range forward(t, c, in, true, 1).Out.Tensor().Data {
			sum += float64(v) * float64(grad.Data[i])
		}
		return sum
	}
	set, _ := backward(t, c, in, grad, false, 1)
	added, grads := backward(t, c, in, grad, true, 1)
	for i, x := range in {
		check(t, fmt.Sprintf("input %d, set", i), x.Data, set[i].Data, 0, c.Step, value)
		check(t, fmt.Sprintf("input %d, added", i), x.Data, added[i].Data, before, c.Step, value)
	}
	for i, p := range c.Layer.Params() {
		if !p.Stat {
			check(t, p.Name, p.Data, grads[i], 0, c.Step, value)
		}
	}
	// Nothing must be written where no gradient is wanted.
	s := forward(t, c, in, true, 1)
	_, to := c.layouts()
	s.DOut, s.DIn = mapOf(grad, to), make([]*cae.Map, len(in))
	for _, p := range c.Layer.Params() {
		s.Grad = append(s.Grad, make([]float32, len(p.Data)))
	}
	if err := exec(t, 1).Do(c.Layer.Backward(s)...); err != nil {
		t.Fatalf("Backward without gradients of the inputs: %v", err)
	}
}

// before is what the gradients of the inputs hold before they are added to.
const before = 0.25

// backward runs forward and backward and returns the gradients of inputs and
// parameters.
func backward(t *testing.T, c Case, in []*cae.Tensor, grad *cae.Tensor, add bool, workers int) ([]*cae.Tensor, [][]float32) {
	t.Helper()
	s := forward(t, c, in, true, workers)
	from, to := c.layouts()
	s.DOut = mapOf(grad, to)
	for _, x := range in {
		d := unwritten(x.Shape, from)
		if add {
			start := cae.NewTensor(x.Shape)
			for i := range start.Data {
				start.Data[i] = before
			}
			d.SetTensor(start)
		}
		s.DIn = append(s.DIn, d)
		s.Accumulate = append(s.Accumulate, add)
	}
	for _, p := range c.Layer.Params() {
		s.Grad = append(s.Grad, make([]float32, len(p.Data)))
	}
	if err := exec(t, workers).Do(c.Layer.Backward(s)...); err != nil {
		t.Fatalf("Backward: %v", err)
	}
	var din []*cae.Tensor
	for i, d := range s.DIn {
		testBorder(t, fmt.Sprintf("gradient of input %d", i), d)
		din = append(din, d.Tensor())
	}
	return din, s.Grad
}

func check(t *testing.T, what string, data, grad []float32, before, step float64, value func() float64) {
	t.Helper()
	h := float32(step)
	if h == 0 {
		h = 1.0 / 64
	}
	for i := 0; i < len(data); i += 1 + len(data)/40 {
		keep := data[i]
		data[i] = keep + h
		up := value()
		data[i] = keep - h
		down := value()
		data[i] = keep
		want := (up - down) / (2 * float64(h))
		got := float64(grad[i]) - before
		if math.Abs(got-want) > 2e-3*(1+math.Abs(want)) {
			t.Errorf("gradient of %s at %d is %.5f, finite differences say %.5f", what, i, got, want)
		}
	}
}

func testWorkers(t *testing.T, c Case) {
	in := inputs(c, 4)
	run := func(workers int) [][]float32 {
		out := forward(t, c, in, true, workers).Out.Tensor()
		din, grads := backward(t, c, in, out, false, workers)
		all := append([][]float32{out.Data}, grads...)
		for _, d := range din {
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
