package fit

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
)

// pairsRead is a stream taken apart again.
type pairsRead struct {
	head    PairsHeader
	steps   []int64
	samples [][]float32 // of each batch: inputs, target, weight
	weights bool        // of the last batch
	whole   bool        // it has its end
}

// readPairs takes a stream apart by what docs/training.md says.
func readPairs(t *testing.T, b []byte) pairsRead {
	t.Helper()
	var r pairsRead
	le := binary.LittleEndian
	if string(b[:8]) != "RSTPAIRS" || le.Uint32(b[8:]) != 1 {
		t.Fatalf("the stream begins with %q", b[:12])
	}
	n := int(le.Uint32(b[12:]))
	if err := json.Unmarshal(b[16:16+n], &r.head); err != nil {
		t.Fatal(err)
	}
	for b = b[16+n:]; len(b) > 0; {
		kind, flags, step, length := string(b[:4]), le.Uint32(b[4:]), int64(le.Uint64(b[8:])), int(le.Uint64(b[16:]))
		payload := b[32 : 32+length]
		if got, want := le.Uint32(b[28:]), crc32.ChecksumIEEE(slices.Concat(b[:28], payload)); got != want {
			t.Fatalf("step %d: checksum %x, want %x", step, got, want)
		}
		b = b[32+length:]
		if kind == "DONE" {
			r.whole = true
			if want := r.head.Start + r.head.Count; step != want || length != 0 || len(b) != 0 {
				t.Errorf("the end says step %d, want %d, with %d bytes, and %d after it", step, want, length, len(b))
			}
			return r
		}
		if kind != "BTCH" {
			t.Fatalf("a record of kind %q", kind)
		}
		r.weights = flags&1 != 0
		r.steps = append(r.steps, step)
		var list []float32
		for len(payload) > 0 {
			if r.head.DType == "float16" {
				list, payload = append(list, modelfile.FromHalf(le.Uint16(payload))), payload[2:]
			} else {
				list, payload = append(list, math.Float32frombits(le.Uint32(payload))), payload[4:]
			}
		}
		r.samples = append(r.samples, list)
	}
	return r
}

func pairsOptions(t *testing.T, data string) PairsOptions {
	return PairsOptions{Spec: &tasks.Spec{Name: "test"}, Model: testModel(t), Data: []string{data},
		Batch: 2, Patch: 16, Seed: 3, Count: 5, DType: modelfile.F32, Env: env()}
}

// together is a tasks.Env.Run with so many goroutines at the same time, which
// makes an error of a panic.
func together(workers int) func(context.Context, int, func(worker, i int) error) error {
	return func(_ context.Context, n int, f func(worker, i int) error) error {
		var next atomic.Int64
		errs := make(chan error, workers)
		for worker := range workers {
			go func() {
				var err error
				defer func() {
					if p := recover(); p != nil {
						err = fmt.Errorf("panic: %v", p)
					}
					errs <- err
				}()
				for i := next.Add(1) - 1; i < int64(n) && err == nil; i = next.Add(1) - 1 {
					err = f(worker, int(i))
				}
			}()
		}
		var first error
		for range workers {
			if err := <-errs; first == nil {
				first = err
			}
		}
		return first
	}
}

func stream(t *testing.T, o PairsOptions) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Pairs(t.Context(), &out, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The promise: what the stream holds is what a training sees.
func TestPairsAreThoseOfTrain(t *testing.T) {
	t.Parallel()
	data := folder(t, [2]int{40, 30}, [2]int{20, 20})
	train := options(t, data)
	train.Config.Steps = 5
	var mu sync.Mutex
	var seen []tasks.Example
	pair := train.Model.Pair
	train.Model.Pair = func(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
		e, err := pair(rng, s)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, e)
		return e, err
	}
	if _, err := Train(t.Context(), train); err != nil {
		t.Fatal(err)
	}
	mu.Lock() // batches of later steps may still be in the making
	defer mu.Unlock()
	r := readPairs(t, stream(t, pairsOptions(t, data)))
	if !slices.Equal(r.steps, []int64{0, 1, 2, 3, 4}) || !r.whole {
		t.Fatalf("steps %v, whole: %v", r.steps, r.whole)
	}
	for step, got := range r.samples {
		var want []float32
		for _, e := range seen[2*step : 2*step+2] {
			want = append(want, slices.Concat(e.Input...)...)
		}
		for _, e := range seen[2*step : 2*step+2] {
			want = append(want, slices.Concat(e.Target...)...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("step %d differs from what the training saw", step)
		}
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	data := folder(t, [2]int{40, 30}, [2]int{20, 20})
	whole := stream(t, pairsOptions(t, data))
	for name, change := range map[string]func(*PairsOptions){
		"many workers": func(o *PairsOptions) {
			o.Env.Workers = 7
			o.Env.Run = together(7)
		},
		"the same again": func(*PairsOptions) {},
	} {
		o := pairsOptions(t, data)
		change(&o)
		if !bytes.Equal(stream(t, o), whole) {
			t.Errorf("%s: the stream differs", name)
		}
	}
	all := readPairs(t, whole)
	if h := all.head; h.Task != "test" || h.Model != "copy" || h.Batch != 2 || h.Height != 16 || h.Output != 3 || h.Inputs[0] != (cae.Input{Name: "image", Planes: 3}) {
		t.Errorf("the header says %+v", h)
	}
	later := pairsOptions(t, data)
	later.Start, later.Count = 3, 2
	rest := readPairs(t, stream(t, later))
	if !slices.Equal(rest.steps, []int64{3, 4}) || !slices.Equal(rest.samples[0], all.samples[3]) || !slices.Equal(rest.samples[1], all.samples[4]) {
		t.Errorf("from step 3 on it has other batches (steps %v)", rest.steps)
	}
	half := pairsOptions(t, data)
	half.DType = modelfile.F16
	for i, v := range readPairs(t, stream(t, half)).samples[4] {
		if want := modelfile.FromHalf(modelfile.ToHalf(all.samples[4][i])); v != want {
			t.Fatalf("sample %d as float16 is %v, want %v", i, v, want)
		}
	}
	if all.weights {
		t.Error("there are weights where the model gives none")
	}
}

func TestPairsWithWeights(t *testing.T) {
	t.Parallel()
	o := pairsOptions(t, folder(t, [2]int{20, 20}))
	pair := o.Model.Pair
	o.Model.Pair = func(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
		e, err := pair(rng, s)
		e.Weight = slices.Repeat([]float32{0.25}, 16*16)
		return e, err
	}
	r := readPairs(t, stream(t, o))
	const plane = 16 * 16
	if !r.weights || len(r.samples[0]) != 2*(3+3+3)*plane {
		t.Fatalf("weights: %v, %d samples", r.weights, len(r.samples[0]))
	}
	for _, v := range r.samples[0][2*(3+3)*plane:] {
		if v != 0.25 {
			t.Fatalf("a weight is %v, want 0.25", v)
		}
	}
}

// limited fails after some writes, as a pipe does whose reader has gone.
type limited struct{ left int }

var errGone = errors.New("gone")

func (l *limited) Write(b []byte) (int, error) {
	if l.left--; l.left < 0 {
		return 0, errGone
	}
	return len(b), nil
}

func TestPairsEnds(t *testing.T) {
	t.Parallel()
	data := folder(t, [2]int{20, 20})
	errPair := errors.New("no pair of this")
	for _, test := range []struct {
		name   string
		change func(*PairsOptions)
		writes int
		want   error
		text   string
	}{
		{"without end, reader goes", func(o *PairsOptions) { o.Count = 0 }, 4, errGone, "cannot be written"},
		{"reader goes at once", func(*PairsOptions) {}, 0, errGone, "cannot be written"},
		{"a pair fails", func(o *PairsOptions) {
			o.Model.Pair = func(*rand.Rand, tasks.Sample) (tasks.Example, error) { return tasks.Example{}, errPair }
		}, 9, errPair, "step 0"},
		{"a pair panics", func(o *PairsOptions) {
			o.Model.Pair = func(*rand.Rand, tasks.Sample) (tasks.Example, error) { panic("oh") }
		}, 9, nil, "oh"},
		{"a sample is no number", func(o *PairsOptions) {
			pair := o.Model.Pair
			o.Model.Pair = func(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
				e, err := pair(rng, s)
				e.Target[1][7] = float32(math.NaN())
				return e, err
			}
		}, 9, nil, "NaN"},
		{"too much for float16", func(o *PairsOptions) {
			o.DType = modelfile.F16
			pair := o.Model.Pair
			o.Model.Pair = func(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
				e, err := pair(rng, s)
				e.Target[1][7] = 1e6
				return e, err
			}
		}, 9, nil, "1e+06, which float16 does not hold"},
		{"patch of a wrong size", func(o *PairsOptions) { o.Patch = 15 }, 9, ErrOptions, "multiples of 2"},
		{"no batch", func(o *PairsOptions) { o.Batch = 0 }, 9, ErrOptions, "batches of 0"},
		{"another type", func(o *PairsOptions) { o.DType = "I8" }, 9, ErrOptions, "I8"},
		{"pictures too small", func(o *PairsOptions) { o.Patch = 64 }, 9, ErrData, "64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := pairsOptions(t, data)
			o.Env.Run, o.Env.Workers = together(3), 3
			test.change(&o)
			err := Pairs(t.Context(), &limited{test.writes}, o)
			if err == nil || !strings.Contains(err.Error(), test.text) || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%v, want %v with %q", err, test.want, test.text)
			}
		})
	}
}
