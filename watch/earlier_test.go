package watch

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/fsnotify/fsnotify"
)

// runInto takes a picture through a chain that changes nothing, with a ledger.
func runInto(t *testing.T, out, suffix, input string) {
	t.Helper()
	spec := &tasks.Spec{Name: "untouched", New: func(context.Context, tasks.Env, any) (tasks.Task, error) { return untouched{}, nil }}
	chain, err := pipeline.NewChain(pipeline.Step{Spec: spec})
	check(t, err)
	check(t, chain.Open(t.Context(), tasks.Env{}))
	source, err := pipeline.NewFolder([]string{input}, pipeline.FolderOptions{})
	check(t, err)
	sink, err := pipeline.NewDirSink(out)
	check(t, err)
	report, err := pipeline.Run(t.Context(), pipeline.Options{Suffix: suffix, Ledger: &pipeline.Ledger{Out: out}}, chain, source, sink, nil)
	check(t, err)
	if report.Copied != 1 {
		t.Fatalf("the earlier run: %+v", report.Results)
	}
}

type untouched struct{}

func (untouched) Apply(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) { return f, nil }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func onePixel(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	check(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))))
	return b.String()
}

// TestEarlierRuns: what other runs made in the watched folder is not taken for
// originals, whether they ran before the watch or meanwhile; originals beside it are.
func TestEarlierRuns(t *testing.T) {
	t.Parallel()
	dir, pixel := t.TempDir(), onePixel(t)
	in := filepath.Join(dir, "in")
	for _, name := range []string{"far/b.png", "in/a.png", "in/mixed/m.png", "in/late/l.png"} {
		put(t, dir, name, pixel)
	}
	runInto(t, filepath.Join(in, "clean"), "", filepath.Join(dir, "far"))
	runInto(t, filepath.Join(in, "mixed"), "-x", filepath.Join(in, "mixed", "m.png"))
	put(t, dir, "in/rep/items.jsonl", `{"report":{"format":1,"out":"x"}}`+"\n")
	put(t, dir, "in/rep/thumbs/t.png", pixel)
	link(t, dir, filepath.Join(in, "up"))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, in, Options{Settle: time.Second, Interval: time.Hour})
		defer r.stop()
		r.sleep(time.Minute)
		r.want("before", "a.png late/l.png mixed/m.png")
		if got := r.told(LeftOut); got != 4 {
			t.Errorf("told %d times that something is left out, want once of each of 4 folders", got)
		}
		// A run outside of the bubble cannot be waited for in it, so what it leaves is moved in.
		for _, name := range []string{".restore", "b.png"} {
			check(t, os.Rename(filepath.Join(in, "clean", name), filepath.Join(in, "late", name)))
			r.event(fsnotify.Create, "late/"+name)
		}
		put(t, dir, "in/late/new.png", pixel)
		r.event(fsnotify.Create, "late/new.png")
		r.sleep(time.Minute)
		r.want("meanwhile", "late/new.png")
		r.sleep(3 * time.Hour)
		r.want("later scans", "")
	})
}
