package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// TestBudgetInOrder: who came first is served first, also where a later one
// would fit; one that gives up makes room for those behind it.
func TestBudgetInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &budget{limit: 10}
		var served []string
		take := func(ctx context.Context, name string, bytes int64) {
			go func() {
				if b.take(ctx, bytes) == nil {
					served = append(served, name)
				}
			}()
			synctest.Wait()
		}
		want := func(when string, used int64, names ...string) {
			t.Helper()
			synctest.Wait()
			if !slices.Equal(served, names) || b.used != used {
				t.Errorf("%s: %v are served and hold %d bytes; want %v and %d", when, served, b.used, names, used)
			}
		}
		take(t.Context(), "a", 6)
		take(t.Context(), "large", 10)
		take(t.Context(), "c", 2) // would fit beside a
		want("while a works", 6, "a")
		b.give(6)
		want("after a", 10, "a", "large")
		ctx, cancel := context.WithCancel(t.Context())
		take(ctx, "gives up", 10)
		b.give(10)
		want("after the large one", 2+0, "a", "large", "c")
		cancel()
		synctest.Wait()
		take(t.Context(), "d", 8)
		want("after one gave up", 10, "a", "large", "c", "d")
		b.give(2)
		b.give(8)
		want("at the end", 0, "a", "large", "c", "d")
	})
}

// costly is a task that says what it takes, and watches that no more is taken
// at a time.
type costly struct {
	perSample, once int64
	now, peak       *atomic.Int64
	hold            func() // called while a picture is in the task
}

func (t costly) Cost(w, h, planes int) tasks.Cost {
	return tasks.Cost{Work: t.perSample * int64(w*h*planes), Once: t.once}
}

func (t costly) Apply(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	mine := t.Cost(f.Image.W, f.Image.H, len(f.Image.Planes)).Work
	for now := t.now.Add(mine); ; {
		if old := t.peak.Load(); now <= old || t.peak.CompareAndSwap(old, now) {
			break
		}
	}
	if t.hold != nil {
		t.hold()
	}
	t.now.Add(-mine)
	return f.With(f.Image.Like()), nil
}

func newCostly(perSample, once int64, hold func()) costly {
	return costly{perSample: perSample, once: once, now: new(atomic.Int64), peak: new(atomic.Int64), hold: hold}
}

func specFor(t costly) *tasks.Spec {
	return &tasks.Spec{Name: "costly", New: func(context.Context, tasks.Env, any) (tasks.Task, error) { return t, nil }}
}

// TestRunKeepsBudget: four workers, and room for one to three pictures at a
// time. Each waits in the task until all that could go in have gone in.
func TestRunKeepsBudget(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{}
	for i := range 8 {
		files[fmt.Sprintf("%d.png", i)] = encoded(t, picture(40, 40, 3, i), "png")
	}
	in := tree(t, files)
	const perSample, each = 20_000, 20_000 * 40 * 40 * 3 // much more than the rest that a picture needs
	for room := range int64(4) {
		out := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			task := newCostly(perSample, 0, func() { <-release })
			pool := NewPool(4)
			chain := opened(t, pool, specFor(task))
			memory := chain.resident() + room*(each+each/8+8<<20) // 0: no room, no limit below
			if room == 0 {
				memory = 0
			}
			var report Report
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				var err error
				if report, err = Run(t.Context(), Options{Pool: pool, Memory: memory}, chain, folderOf(t, in), sinkInto(t, out), nil); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
			want := room
			if room == 0 {
				want = 4 // the workers
			}
			if got := task.now.Load() / each; got != want {
				t.Errorf("memory %s: %d pictures at a time, want %d", Size(memory), got, want)
			}
			close(release)
			<-ended
			if report.Restored != 8 || task.peak.Load() > want*each {
				t.Errorf("memory %s: %d restored, up to %d at a time", Size(memory), report.Restored, task.peak.Load()/each)
			}
		})
	}
}

// TestTooLargeForMemory: one picture that alone needs more fails with the
// figure, in a dry run as well; the others do not.
func TestTooLargeForMemory(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": encoded(t, picture(40, 40, 3, 1), "png"), "large.png": encoded(t, picture(400, 400, 3, 2), "png"), "z.png": encoded(t, picture(40, 40, 3, 3), "png")})
	for _, dry := range []bool{false, true} {
		pool := NewPool(2)
		chain := opened(t, pool, specFor(newCostly(1000, 7<<20, nil)))
		o := Options{Pool: pool, Memory: chain.resident() + 100<<20, DryRun: dry}
		report, err := Run(t.Context(), o, chain, folderOf(t, in), sinkInto(t, t.TempDir()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if report.Failed != 1 || report.Restored+report.Planned != 2 {
			t.Fatalf("dry run %v: %d failed, %d restored, %d planned", dry, report.Failed, report.Restored, report.Planned)
		}
		err = report.Results[1].Err
		if !errors.Is(err, ErrMemory) || KindOf(err) != KindInput || !strings.Contains(err.Error(), "for 400x400 pixels") || !strings.Contains(err.Error(), "allows "+Size(o.Memory)) {
			t.Errorf("dry run %v: the error is %v", dry, err)
		}
	}
}

// TestNoRoomForTheProgram: a budget that the models alone fill is found before
// the first picture.
func TestNoRoomForTheProgram(t *testing.T) {
	t.Parallel()
	pool := NewPool(1)
	chain := opened(t, pool, specFor(newCostly(1, 300<<20, nil)))
	in := tree(t, map[string][]byte{"a.png": png(t, 1)})
	_, err := Run(t.Context(), Options{Pool: pool, Memory: 300 << 20}, chain, folderOf(t, in), sinkInto(t, t.TempDir()), nil)
	if KindOf(err) != KindUsage || !strings.Contains(err.Error(), "--memory") {
		t.Errorf("the error is %v", err)
	}
}

// TestNeedCoversStages: the estimate is never less than what a stage must hold.
func TestNeedCoversStages(t *testing.T) {
	t.Parallel()
	const w, h = 3000, 2000
	for _, c := range []struct {
		format, out  string
		planes       int
		alpha, truth bool
		atLeast      int64 // bytes a pixel
	}{
		{format: "png", out: "png", planes: 3, atLeast: 6 + 6},
		{format: "png", out: "png", planes: 3, alpha: true, atLeast: 6 + 2 + 6},
		{format: "png", out: "jpeg", planes: 3, atLeast: 6 + 20},
		{format: "tiff", out: "tiff", planes: 1, atLeast: 2 + 2},
		{format: "png", out: "png", planes: 3, truth: true, atLeast: 3*6 + 4},
	} {
		chain := opened(t, NewPool(1), specFor(newCostly(0, 0, nil)))
		r := &run{chain: chain}
		if c.truth {
			r.truth = &truth{}
		}
		header := pix.Header{Format: c.format, W: w, H: h, Depth: 8, Planes: c.planes, Alpha: c.alpha, Frames: 1}
		p := &photo{run: r, format: c.out, in: &input{header: header, info: sized(1 << 20)}}
		if got := p.need(); got < c.atLeast*w*h || got > 60*w*h+64<<20 {
			t.Errorf("%+v: %d bytes, %.1f a pixel", c, got, float64(got)/(w*h))
		}
	}
}

// TestNeedCoversMask: its decoding counts beside the picture, and its plane from
// then on.
func TestNeedCoversMask(t *testing.T) {
	t.Parallel()
	const w, h = 3000, 2000
	need := func(work int64, mask *pix.Header) int64 {
		header := pix.Header{Format: "png", W: w, H: h, Depth: 8, Planes: 1, Frames: 1}
		p := &photo{run: &run{chain: opened(t, NewPool(1), specFor(newCostly(work, 0, nil)))}, format: "png", in: &input{header: header, info: sized(1 << 20)}}
		if mask != nil {
			p.mask = &input{header: *mask, info: sized(1 << 20)}
		}
		return p.need()
	}
	grey := &pix.Header{Format: "png", W: w, H: h, Depth: 8, Planes: 1, Frames: 1}
	colour := &pix.Header{Format: "png", W: w, H: h, Depth: 16, Planes: 3, Alpha: true, Frames: 1}
	for _, c := range []struct {
		name string
		work int64 // of the step, bytes a sample
		mask *pix.Header
		more int64 // than without a mask, at least; bytes a pixel
	}{
		{"its plane, where a step takes most", 1000, grey, 2},
		{"its plane alone, whatever it was read from", 1000, colour, 2},
		{"its decoding, where that takes most", 0, colour, 8},
	} {
		if got := need(c.work, c.mask) - need(c.work, nil); got < c.more*w*h || c.work > 0 && got > 3*w*h {
			t.Errorf("%s: %.1f bytes a pixel more than without", c.name, float64(got)/(w*h))
		}
	}
}

// TestTooLargeForMemoryMask: the mask's share makes a picture too large.
func TestTooLargeForMemoryMask(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": encoded(t, picture(1000, 1000, 1, 1), "png")})
	mask := filepath.Join(tree(t, map[string][]byte{"m.png": encoded(t, picture(1000, 1000, 3, 1), "png")}), "m.png")
	j := job{specs: []*tasks.Spec{specOf("leave", leave)}, inputs: []string{in}}
	least := func(o Options) (memory int64) {
		for memory = 1 << 20; ; memory += 1 << 20 {
			j.options, j.out = o, ""
			j.options.Memory = memory
			if report, err := j.run(t); err == nil && report.Failed == 0 {
				return memory
			}
		}
	}
	without := least(Options{DryRun: true})
	j.specs = []*tasks.Spec{show}
	if with := least(Options{DryRun: true, Mask: mask}); with <= without {
		t.Errorf("with a mask %s suffice, without one %s are needed", Size(with), Size(without))
	}
}

// sized is a file of so many bytes.
type sized int64

func (s sized) Size() int64        { return int64(s) }
func (s sized) Name() string       { return "" }
func (s sized) Mode() fs.FileMode  { return 0o644 }
func (s sized) ModTime() time.Time { return time.Time{} }
func (s sized) IsDir() bool        { return false }
func (s sized) Sys() any           { return nil }

func folderOf(t *testing.T, dir string) *Folder {
	t.Helper()
	folder, err := NewFolder([]string{dir}, FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func sinkInto(t *testing.T, dir string) *DirSink {
	t.Helper()
	sink, err := NewDirSink(dir)
	if err != nil {
		t.Fatal(err)
	}
	return sink
}
