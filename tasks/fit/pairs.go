package fit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/tasks"
)

// PairsOptions say which pairs to stream.
type PairsOptions struct {
	Spec  *tasks.Spec
	Model *tasks.Model
	Data  []string // folders of clean pictures

	Assets []AssetFolder // of the model's; may be empty

	Batch int // pairs a batch
	Patch int // height and width of a pair in samples
	Seed  uint64
	Start int64           // step of the first batch, from 0 on
	Count int64           // batches to make; 0: without end
	DType modelfile.DType // of all samples

	Memory int64 // bytes of samples to keep in memory; 0: 4 GiB
	Env    tasks.Env
	Warn   func(text string) // told of pictures that are left out; may be nil
}

// PairsHeader is the JSON at the head of a stream of pairs: what is in its
// batches, and what the card of a model trained on them says.
type PairsHeader struct {
	Task     string      `json:"task"`
	Model    string      `json:"model"`
	Seed     uint64      `json:"seed"`
	Start    int64       `json:"start"`           // step of the first batch
	Count    int64       `json:"count,omitempty"` // batches; 0: without end
	Batch    int         `json:"batch"`           // pairs a batch
	Height   int         `json:"height"`          // of each
	Width    int         `json:"width"`
	DType    string      `json:"dtype"`         // "float16" or "float32", of inputs, target and weight
	Inputs   []cae.Input `json:"inputs"`        // of the model's network, in order
	Output   int         `json:"output_planes"` // planes of the target and of the weight
	Loss     string      `json:"loss"`          // the model's own
	Pictures int         `json:"pictures"`      // in the data
	Data     []string    `json:"data"`          // each folder in words
	Limits   string      `json:"limits,omitempty"`
}

// Pairs writes the batches that Train learns from, with the same seed, batch
// and patch the same at each step, as a stream that docs/training.md describes.
// It ends after o.Count batches, when w fails or when ctx does. Errors of w are
// wrapped, so that the caller can tell a reader that has enough. Batches are
// made on all of o.Env's workers, two a worker ahead of w.
func Pairs(ctx context.Context, w io.Writer, o PairsOptions) error {
	s, err := openPairs(ctx, o)
	if err != nil {
		return err
	}
	if _, err := w.Write(s.head); err != nil {
		return fmt.Errorf("the stream of pairs cannot be written: %w", err)
	}
	if err := s.stream(ctx, w); err != nil {
		return err
	}
	if _, err := w.Write(endRecord(o.Start + o.Count)); err != nil {
		return fmt.Errorf("the stream of pairs cannot be written: %w", err)
	}
	return nil
}

// pairs makes the records of a stream.
type pairs struct {
	o      PairsOptions
	source batches
	head   []byte
}

// openPairs checks what can be checked before the first batch, and reads the
// pictures.
func openPairs(ctx context.Context, o PairsOptions) (*pairs, error) {
	if len(o.Model.Network) == 0 || o.Model.Pair == nil {
		return nil, fmt.Errorf("the model %s cannot be trained by this program, so it has no pairs", o.Model.Name)
	}
	if o.Batch < 1 || o.Patch < 1 || o.Start < 0 || o.Count < 0 {
		return nil, fmt.Errorf("%w: batches of %d pairs of %dx%d samples, %d of them from step %d on", ErrOptions, o.Batch, o.Patch, o.Patch, o.Count, o.Start)
	}
	if o.DType != modelfile.F16 && o.DType != modelfile.F32 {
		return nil, fmt.Errorf("%w: samples of type %q: there are F16 and F32", ErrOptions, o.DType)
	}
	if o.Memory == 0 {
		o.Memory = 4 << 30
	}
	net, err := cae.Parse(o.Model.Network)
	if err != nil {
		return nil, err
	}
	if m := net.Footprint().Multiple; o.Patch%m != 0 {
		return nil, fmt.Errorf("%w: patches of %dx%d samples; this network takes multiples of %d", ErrOptions, o.Patch, o.Patch, m)
	}
	out, err := net.OutShape(1, o.Patch, o.Patch)
	if err != nil {
		return nil, err
	}
	companions, err := openAssets(ctx, o.Env, o.Model, o.Assets)
	if err != nil {
		return nil, err
	}
	data, err := OpenDataset(o.Data, o.Patch, o.Memory)
	if err != nil {
		return nil, err
	}
	data.assets = companions
	err = data.Preload(ctx, o.Env)
	for _, text := range slices.Concat(data.assets.warnings, data.Warnings()) {
		if o.Warn != nil {
			o.Warn(text)
		}
	}
	if err != nil {
		return nil, err
	}
	s := &pairs{o: o, source: batches{data: data, model: o.Model, inputs: net.Inputs(), out: out.C}}
	s.source.config = train.Config{Batch: o.Batch, Height: o.Patch, Width: o.Patch, Seed: o.Seed}
	text, err := json.Marshal(PairsHeader{
		Task: o.Spec.Name, Model: o.Model.Name, Seed: o.Seed, Start: o.Start, Count: o.Count,
		Batch: o.Batch, Height: o.Patch, Width: o.Patch, DType: dtypeName(o.DType),
		Inputs: net.Inputs(), Output: out.C, Loss: o.Model.Loss,
		Pictures: data.Len(), Data: data.describe(), Limits: o.Model.Limits,
	})
	if err != nil {
		return nil, err
	}
	s.head = headRecord(text)
	return s, nil
}

// job is a batch to be made; its record goes to done, which has room for it.
type job struct {
	step int64
	done chan record
}

type record struct {
	bytes []byte
	err   error
}

// stream makes the batches on all workers and writes them in order.
func (s *pairs) stream(ctx context.Context, w io.Writer) error {
	workers := max(1, s.o.Env.Workers)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	order := make(chan job, workers) // in the order of steps, for the writer
	jobs := make(chan job)
	free := make(chan []byte, 2*workers) // records that have been written
	go func() {
		defer close(order)
		defer close(jobs)
		for step := s.o.Start; s.o.Count == 0 || step < s.o.Start+s.o.Count; step++ {
			j := job{step, make(chan record, 1)}
			for _, to := range []chan<- job{order, jobs} {
				select {
				case to <- j:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	written := make(chan error, 1)
	go func() {
		err := writeInOrder(ctx, w, order, free)
		if err != nil {
			stop(err) // whoever still makes batches need not
		}
		written <- err
	}()
	// Each call makes batches until there are no more, so it does not matter how
	// many of them run at the same time.
	err := s.o.Env.Run(ctx, workers, func(int, int) error {
		f := s.source.newFilling()
		for j := range jobs {
			var buffer []byte
			select {
			case buffer = <-free:
			default:
			}
			j.done <- s.record(f, j.step, buffer)
		}
		return nil
	})
	if err != nil {
		stop(err) // a batch will never come
	}
	return <-written
}

// writeInOrder writes records in the order of their jobs, and hands their
// buffers back through free. It returns the reason where ctx ends first.
func writeInOrder(ctx context.Context, w io.Writer, order <-chan job, free chan<- []byte) error {
	for j := range order {
		var r record
		select {
		case r = <-j.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if r.err != nil {
			return r.err
		}
		if _, err := w.Write(r.bytes); err != nil {
			return fmt.Errorf("the stream of pairs cannot be written: %w", err)
		}
		select {
		case free <- r.bytes:
		default:
		}
	}
	return context.Cause(ctx)
}

// record makes the batch of a step in f. buffer is memory for the record, to use
// where it is large enough.
func (s *pairs) record(f *filling, step int64, buffer []byte) record {
	for i := range s.o.Batch {
		if err := s.source.example(f, step, i); err != nil {
			return record{err: fmt.Errorf("step %d: %w", step, err)}
		}
	}
	b := f.done()
	tensors := append(slices.Clone(b.Inputs), b.Target)
	if b.Weight != nil {
		tensors = append(tensors, b.Weight)
	}
	bytes, err := batchRecord(buffer, step, tensors, b.Weight != nil, s.o.DType)
	if err != nil {
		return record{err: fmt.Errorf("step %d: %w", step, err)}
	}
	return record{bytes: bytes}
}
