package pipeline

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// faultySink is a Sink whose outputs fail.
type faultySink struct {
	Sink
	create, write, seal, commit func(Item) error
}

func (s *faultySink) Begin(ctx context.Context, item Item) (Batch, error) {
	b, err := s.Sink.Begin(ctx, item)
	return &faultyBatch{b, s, item}, err
}

type faultyBatch struct {
	Batch
	sink *faultySink
	item Item
}

func (b *faultyBatch) Create(suffix string) (Output, error) {
	if b.sink.create != nil {
		if err := b.sink.create(b.item); err != nil {
			return nil, outputError(err)
		}
	}
	out, err := b.Batch.Create(suffix)
	if err != nil || b.sink.write == nil {
		return out, err
	}
	return &faultyOutput{out, b}, nil
}

func (b *faultyBatch) Seal() error {
	if b.sink.seal != nil {
		if err := b.sink.seal(b.item); err != nil {
			return outputError(err)
		}
	}
	return b.Batch.Seal()
}

func (b *faultyBatch) Commit(replace bool) error {
	if b.sink.commit != nil {
		if err := b.sink.commit(b.item); err != nil {
			return outputError(err)
		}
	}
	return b.Batch.Commit(replace)
}

type faultyOutput struct {
	Output
	batch *faultyBatch
}

// Write writes half, then fails.
func (o *faultyOutput) Write(p []byte) (int, error) {
	if err := o.batch.sink.write(o.batch.item); err != nil {
		n, _ := o.Output.Write(p[:len(p)/2])
		return n, err
	}
	return o.Output.Write(p)
}

func forItem(rel string, err error) func(Item) error {
	return func(item Item) error {
		if item.Rel == rel {
			return err
		}
		return nil
	}
}

func sinkOf(t *testing.T, out string) Sink {
	t.Helper()
	s, err := NewDirSink(out)
	must(t, err)
	return s
}

func three(t *testing.T) string {
	return tree(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 2), "c.png": png(t, 3)})
}

// Whatever fails while an output is made, no part of it stays; a fault of the
// disk stops the run, a fault of the picture does not.
func TestRunOutputFails(t *testing.T) {
	t.Parallel()
	odd := errors.New("odd")
	tests := []struct {
		name  string
		sink  faultySink
		leave bool   // the step changes nothing: the file is copied
		want  string // of the three
		kind  Kind   // of the error of Run
	}{
		{"disk full", faultySink{write: forItem("b.png", syscall.ENOSPC)}, false, "a.png restored, b.png failed", KindEnvironment},
		{"disk full, copying", faultySink{write: forItem("b.png", syscall.ENOSPC)}, true, "a.png copied, b.png failed", KindEnvironment},
		{"rights", faultySink{create: forItem("b.png", os.ErrPermission)}, false, "a.png restored, b.png failed", KindEnvironment},
		// While the files of one picture are brought to the disk, the next may begin.
		{"at seal", faultySink{seal: forItem("b.png", syscall.ENOSPC)}, false, "a.png restored, b.png failed[, c.png restored]", KindEnvironment},
		{"at commit", faultySink{commit: forItem("b.png", syscall.EROFS)}, false, "a.png restored, b.png failed[, c.png restored]", KindEnvironment},
		{"this file only", faultySink{write: forItem("b.png", odd)}, false, "a.png restored, b.png failed, c.png restored", KindNone},
		{"name too long", faultySink{create: forItem("b.png", syscall.ENAMETOOLONG)}, false, "a.png restored, b.png failed, c.png restored", KindNone},
		{"appeared meanwhile", faultySink{commit: forItem("b.png", os.ErrExist)}, false, "a.png restored, b.png skipped, c.png restored", KindNone},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out")
			test.sink.Sink = sinkOf(t, out)
			// With one worker, the run stops before the third picture begins.
			j := job{inputs: []string{three(t)}, out: out, sink: &test.sink, options: Options{Pool: NewPool(1)}}
			if test.leave {
				j.specs = []*tasks.Spec{specOf("leave", leave)}
			}
			report, err := j.run(t)
			must, may, _ := strings.Cut(strings.TrimSuffix(test.want, "]"), "[")
			if got := outcomes(report); got != must && got != must+may || KindOf(err) != test.kind {
				t.Errorf("got %s, error %v; want %s, %v", got, err, test.want, test.kind)
			}
			var files []string
			for _, res := range report.Results {
				if res.Outcome == Restored || res.Outcome == Copied {
					files = append(files, res.Item.Rel)
				}
			}
			if got, want := listing(t, out), strings.Join(files, " "); got != want {
				t.Errorf("files %s, want %s", got, want)
			}
			if want := 3 - len(report.Results); report.Unfinished != want {
				t.Errorf("%d unfinished, want %d", report.Unfinished, want)
			}
		})
	}
}

// What the encoder wrote is decoded before it takes its name: an encoder, or a
// disk, that spoils it is found out.
func TestRunChecksOutput(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "out")
	j := job{inputs: []string{three(t)}, out: out, sink: &spoilingSink{sinkOf(t, out)}}
	report := j.must(t)
	if report.Failed != 3 || !errors.Is(report.Results[0].Err, ErrReadBack) || listing(t, out) != "" {
		t.Errorf("%s, %v; files %s", outcomes(report), report.Results[0].Err, listing(t, out))
	}
}

// spoilingSink loses the second half of everything without a word.
type spoilingSink struct{ Sink }

func (s *spoilingSink) Begin(ctx context.Context, item Item) (Batch, error) {
	b, err := s.Sink.Begin(ctx, item)
	return &spoilingBatch{b}, err
}

type spoilingBatch struct{ Batch }

func (b *spoilingBatch) Create(suffix string) (Output, error) {
	out, err := b.Batch.Create(suffix)
	return &spoilingOutput{out}, err
}

type spoilingOutput struct{ Output }

func (o *spoilingOutput) Write(p []byte) (int, error) {
	_, err := o.Output.Write(p[:len(p)/2])
	return len(p), err
}

// A step that panics or fails costs its picture, no other.
func TestRunStepFails(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]taskFunc{
		"panic":    func(context.Context, *tasks.Frame) (*tasks.Frame, error) { panic("oh") },
		"error":    func(context.Context, *tasks.Frame) (*tasks.Frame, error) { return nil, tasks.ErrInput },
		"deadline": func(context.Context, *tasks.Frame) (*tasks.Frame, error) { return nil, context.DeadlineExceeded },
	} {
		spec := specOf("faulty", func(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error) {
			if f.Name == "b.png" {
				return fail(ctx, f)
			}
			return f.With(f.Image), nil
		})
		j := job{inputs: []string{three(t)}, specs: []*tasks.Spec{lighten, spec}}
		report := j.must(t)
		if got := outcomes(report); got != "a.png restored, b.png failed, c.png restored" {
			t.Errorf("%s: %s", name, got)
		}
		var e *Error
		if err := report.Results[1].Err; !errors.As(err, &e) || filepath.Base(e.Item) != "b.png" || e.Step != "faulty" || e.Kind != KindInput ||
			!strings.HasPrefix(err.Error(), e.Item+": faulty: ") || strings.Count(err.Error(), "faulty") != 1 {
			t.Errorf("%s: error %v", name, err)
		}
		if got := listing(t, j.out); got != "a.png c.png" {
			t.Errorf("%s: files %s", name, got)
		}
	}
}

// A model that turns out to be unusable stops the run.
func TestRunModelFails(t *testing.T) {
	t.Parallel()
	spec := specOf("neural", func(context.Context, *tasks.Frame) (*tasks.Frame, error) { return nil, tasks.ErrModel })
	j := job{inputs: []string{three(t)}, specs: []*tasks.Spec{spec}, options: Options{Pool: NewPool(1)}}
	report, err := j.run(t)
	if KindOf(err) != KindEnvironment || outcomes(report) != "a.png failed" || report.Unfinished != 2 {
		t.Errorf("got %v, %s, %d unfinished", err, outcomes(report), report.Unfinished)
	}
}

// When the context ends, nothing is left half-written, what was in flight is no
// failure, and the next run does the rest.
func TestRunCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("signal: interrupt")
	spec := specOf("slow", func(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error) {
		if f.Name == "b.png" {
			cancel(cause)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return f, nil
	})
	j := job{ctx: ctx, inputs: []string{three(t)}, specs: []*tasks.Spec{lighten, spec}, options: Options{Pool: NewPool(1)}}
	report, err := j.run(t)
	if KindOf(err) != KindCancelled || !errors.Is(err, cause) {
		t.Errorf("error %v of kind %v", err, KindOf(err))
	}
	if outcomes(report) != "a.png restored" || report.Unfinished != 2 || report.Failed != 0 {
		t.Errorf("got %s, %d unfinished, %d failed", outcomes(report), report.Unfinished, report.Failed)
	}
	if got := listing(t, j.out); got != "a.png" {
		t.Errorf("files %s, want a.png", got)
	}
	next := job{inputs: j.inputs, out: j.out}
	if got := outcomes(next.must(t)); got != "a.png skipped, b.png restored, c.png restored" {
		t.Errorf("next run: %s", got)
	}
}

// A picture that is all but committed when the context ends is not written.
func TestRunCancelBeforeCommit(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	out := filepath.Join(t.TempDir(), "out")
	sink := &faultySink{Sink: sinkOf(t, out), write: func(Item) error { cancel(); return nil }}
	j := job{ctx: ctx, inputs: []string{three(t)}, out: out, sink: sink, options: Options{Pool: NewPool(1)}}
	report, err := j.run(t)
	if KindOf(err) != KindCancelled || len(report.Results) != 0 || report.Unfinished != 3 || listing(t, out) != "" {
		t.Errorf("error %v, %s, files %s", err, outcomes(report), listing(t, out))
	}
}

// An error that may go away is tried again, with pauses, and reported when it
// stays.
func TestRunTransient(t *testing.T) {
	t.Parallel()
	for _, failures := range []int{0, 2, 3} {
		in, out := three(t), t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			left := failures
			sink := &faultySink{Sink: sinkOf(t, out), create: func(item Item) error {
				if item.Rel == "b.png" && left > 0 {
					left--
					return syscall.EBUSY
				}
				return nil
			}}
			j := job{inputs: []string{in}, out: out, sink: sink, options: Options{Pool: NewPool(1)}}
			report := j.must(t)
			want, kind := "a.png restored, b.png restored, c.png restored", KindNone
			if failures == 3 {
				want, kind = "a.png restored, b.png failed, c.png restored", KindTransient
			}
			if got := outcomes(report); got != want || KindOf(report.Results[1].Err) != kind {
				t.Errorf("%d failures: %s, %v", failures, got, report.Results[1].Err)
			}
		})
	}
}

// The source learns of each item that came to its end, with its error.
func TestRunTellsSource(t *testing.T) {
	t.Parallel()
	folder, err := NewFolder([]string{tree(t, map[string][]byte{"a.png": png(t, 1), "b.png": []byte("x"), "c.txt": []byte("x")})}, FolderOptions{})
	must(t, err)
	source := &tellSource{Folder: folder, told: map[string]error{}}
	pool := NewPool(2)
	_, err = Run(context.Background(), Options{Pool: pool}, opened(t, pool, lighten), source, sinkOf(t, t.TempDir()), nil)
	must(t, err)
	if len(source.told) != 3 || source.told["a.png"] != nil || !errors.Is(source.told["b.png"], pix.ErrFormat) || source.told["c.txt"] != nil {
		t.Errorf("told %v", source.told)
	}
}

type tellSource struct {
	*Folder
	mu   sync.Mutex
	told map[string]error
}

func (s *tellSource) Done(res Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[res.Item.Rel] = res.Err
}

// A source that knows no end, as a watched folder, has no list.
func TestRunEndlessSource(t *testing.T) {
	t.Parallel()
	folder, err := NewFolder([]string{three(t)}, FolderOptions{})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rec := &recorder{}
	pool := NewPool(2)
	report, err := Run(ctx, Options{Pool: pool}, opened(t, pool, lighten), struct{ Source }{folder}, sinkOf(t, t.TempDir()), rec)
	must(t, err)
	if report.Restored != 3 || rec.total != -1 {
		t.Errorf("%s, total %d", outcomes(report), rec.total)
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want Kind
	}{
		{nil, KindNone}, {io.EOF, KindInput}, {tasks.ErrInput, KindInput}, {pix.ErrLimit, KindInput},
		{&Error{Kind: KindUsage, Err: syscall.EBUSY}, KindUsage},
		{&os.PathError{Op: "open", Path: "x", Err: syscall.EMFILE}, KindTransient},
		{&os.PathError{Op: "open", Path: "x", Err: syscall.ENOSPC}, KindInput}, // reading: of this file alone
		{outputError(&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}), KindEnvironment},
		{context.Canceled, KindCancelled},
	} {
		if got := KindOf(test.err); got != test.want {
			t.Errorf("%v: %v, want %v", test.err, got, test.want)
		}
	}
	if text, err := KindEnvironment.MarshalText(); err != nil || string(text) != "environment" {
		t.Errorf("%s, %v", text, err)
	}
}
