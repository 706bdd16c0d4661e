package fit

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/tasks"
)

// testBatches makes batches of five patches. Some examples have weights, so that
// some batches have none, some for a part of their examples.
func testBatches(t *testing.T) *batches {
	t.Helper()
	d, err := OpenDataset([]string{folder(t, [2]int{40, 30}, [2]int{20, 20})}, 16, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	m := testModel(t)
	pair := m.Pair
	m.Pair = func(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
		e, err := pair(rng, s)
		if rng.Float64() < 0.2 {
			e.Weight = slices.Repeat([]float32{rng.Float32()}, len(e.Target[0]))
		}
		return e, err
	}
	return &batches{data: d, model: m, config: train.Config{Batch: 5, Height: 16, Width: 16, Seed: 7}, inputs: []cae.Input{{Name: "image", Planes: 3}}, out: 3}
}

func sameBatch(a, b train.Batch) bool {
	if (a.Weight == nil) != (b.Weight == nil) || a.Weight != nil && !slices.Equal(a.Weight.Data, b.Weight.Data) {
		return false
	}
	return slices.Equal(a.Inputs[0].Data, b.Inputs[0].Data) && slices.Equal(a.Target.Data, b.Target.Data)
}

// TestLoader: any number of goroutines gives the batches that one call of at
// gives, from any step on, in memory that is used again.
func TestLoader(t *testing.T) {
	t.Parallel()
	b := testBatches(t)
	const first, steps = 3, 20
	for _, most := range []int{1, 4} {
		l := newLoader(t.Context(), b, first, most)
		memory := map[*float32]bool{}
		weighted := 0
		for step := range int64(steps) {
			got, err := l.next()
			if err != nil {
				t.Fatal(err)
			}
			want, err := b.at(first + step)
			if err != nil || !sameBatch(got, want) {
				t.Fatalf("at most %d goroutines: the batch of step %d is another one (%v)", most, first+step, err)
			}
			memory[&got.Target.Data[0]] = true
			if got.Weight != nil {
				weighted++
			}
		}
		l.close()
		if len(memory) > loadAhead+1 {
			t.Errorf("%d batches lie in %d places", steps, len(memory))
		}
		if weighted == 0 || weighted == steps {
			t.Errorf("%d of %d batches have weights: nothing is tested", weighted, steps)
		}
	}
}

// TestLoaderFails: an error comes with its own batch, and the end of the context
// or of the loader lets the one who waits go.
func TestLoaderFails(t *testing.T) {
	t.Parallel()
	b := testBatches(t)
	spoilt := errors.New("spoilt")
	pair := b.model.Pair
	third, err := b.at(2)
	if err != nil {
		t.Fatal(err)
	}
	b.model.Pair = func(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
		e, err := pair(rng, s)
		if err == nil && slices.Equal(e.Target[1], third.Target.Plane(4, 1)) && slices.Equal(e.Input[0], third.Inputs[0].Plane(4, 0)) {
			err = spoilt
		}
		return e, err
	}
	l := newLoader(t.Context(), b, 0, 3)
	for step := range 3 {
		if _, err := l.next(); errors.Is(err, spoilt) != (step == 2) {
			t.Errorf("step %d: %v", step, err)
		}
	}
	l.close()

	ctx, cancel := context.WithCancel(t.Context())
	held := make(chan struct{})
	b.model.Pair = func(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
		<-held
		return pair(rng, s)
	}
	waiting := newLoader(ctx, b, 0, 2)
	cancel()
	if _, err := waiting.next(); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
	close(held)
	waiting.close()
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	f := testBatches(t).newFilling()
	plane := make([]float32, 16*16)
	for name, e := range map[string]tasks.Example{
		"a plane too few": {Input: [][]float32{plane, plane}, Target: [][]float32{plane, plane, plane}},
		"a short plane":   {Input: [][]float32{plane, plane, plane}, Target: [][]float32{plane, plane[1:], plane}},
	} {
		if err := f.put(0, e); err == nil || !strings.Contains(err.Error(), "plane") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWeightsOfPlanes: a pair's weights count for all planes alike or for each by
// itself, and other numbers of them are refused.
func TestWeightsOfPlanes(t *testing.T) {
	t.Parallel()
	d, err := OpenDataset([]string{folder(t, [2]int{40, 30})}, 16, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		weights  int // by plane of 16*16 samples
		last, ok bool
	}{{0, false, true}, {1, false, true}, {3, true, true}, {2, false, false}} {
		m := testModel(t)
		plain := m.Pair
		m.Pair = func(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
			e, err := plain(rng, s)
			for i := range c.weights {
				e.Weight = append(e.Weight, slices.Repeat([]float32{float32(i + 2)}, 16*16)...)
			}
			return e, err
		}
		b := &batches{data: d, model: m, inputs: []cae.Input{{Name: "image", Planes: 3}}, out: 3,
			config: train.Config{Batch: 2, Height: 16, Width: 16}}
		batch, err := b.at(0)
		if (err == nil) != c.ok {
			t.Fatalf("%d planes of weights: %v", c.weights, err)
		}
		if err != nil || c.weights == 0 {
			continue
		}
		want := float32(2)
		if c.last {
			want = 4
		}
		if first, last := batch.Weight.Plane(1, 0)[7], batch.Weight.Plane(1, 2)[7]; first != 2 || last != want {
			t.Errorf("%d planes of weights: the first plane has %g, the last %g", c.weights, first, last)
		}
	}
}
