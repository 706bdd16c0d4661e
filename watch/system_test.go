package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cae-restore/restore/pipeline"
)

// TestSystem watches a real folder by the system's own events: the next scan is
// an hour away.
func TestSystem(t *testing.T) {
	t.Parallel()
	dir, done := t.TempDir(), t.TempDir()
	put(t, dir, "there.png", "1")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // only a failure takes that long
	defer cancel()
	source, err := New(dir, Options{Settle: time.Millisecond, Interval: time.Hour, MoveDone: done})
	must(t, err)
	// Each step is taken when the one before has brought its item.
	// What comes is renamed in, so that it is whole from its first moment on.
	stage := func(rel string) string { return put(t, t.TempDir(), rel, "1") }
	in := func(rel string) string { return filepath.Join(dir, filepath.FromSlash(rel)) }
	steps := []struct {
		act  func()
		want string
	}{
		{func() {}, "there.png"},
		{func() { must(t, os.Rename(stage("a.png"), in("a.png"))) }, "a.png"},
		{func() { must(t, os.Rename(filepath.Dir(filepath.Dir(stage("new/deep/b.png"))), in("new"))) }, "new/deep/b.png"},
		{func() { must(t, os.Rename(stage("c.png"), in("new/deep/c.png"))) }, "new/deep/c.png"},
		{func() {
			must(t, os.Rename(in("new"), in("old")))
			must(t, os.Rename(stage("d.png"), in("old/deep/d.png")))
		}, "old/deep/d.png"},
		{func() { must(t, os.Link(filepath.Join(done, "a.png"), in("old/e.png"))) }, "old/e.png"},
	}
	step := 0
	for item, err := range source.Items(ctx) {
		must(t, err)
		if item.Rel != steps[step].want {
			t.Fatalf("step %d yields %q, want %q", step, item.Rel, steps[step].want)
		}
		source.Done(result(item, nil))
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(item.Rel))); err == nil {
			t.Errorf("%s is still there", item.Rel)
		}
		if step++; step == len(steps) {
			return
		}
		steps[step].act()
	}
	t.Fatalf("step %d: nothing comes: %v", step, context.Cause(ctx))
}

// TestSystemRoot: another folder takes the place of the watched one, and is
// watched by the system's events.
func TestSystemRoot(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "in")
	put(t, dir, "a.png", "1")
	put(t, parent, "next/b.png", "1")
	put(t, parent, "c.png", "1")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // only a failure takes that long
	defer cancel()
	source, err := New(dir, Options{Settle: time.Millisecond, Interval: time.Hour})
	must(t, err)
	source.awayPause = time.Millisecond
	var got []string
	for item, err := range source.Items(ctx) {
		must(t, err)
		source.Done(result(item, nil))
		got = append(got, item.Rel)
		switch item.Rel {
		case "a.png":
			must(t, os.Rename(dir, dir+" away"))
			must(t, os.Rename(filepath.Join(parent, "next"), dir))
		case "b.png":
			must(t, os.Rename(filepath.Join(parent, "c.png"), filepath.Join(dir, "c.png")))
		case "c.png":
			return
		}
	}
	t.Fatalf("after %v nothing comes: %v", got, context.Cause(ctx))
}

var _ pipeline.Retrier = (*Source)(nil)
