package watch

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/fsnotify/fsnotify"
)

// TestMasksInside: masks in the watched folder are no inputs, neither at the start
// nor when they come or change.
func TestMasksInside(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	put(t, dir, "a.png", "1")
	put(t, dir, "one.png", "1")
	put(t, dir, "masks/a.png", "1")
	put(t, dir, "masks2/b.png", "1")
	put(t, elsewhere, "c.png", "1")
	link(t, elsewhere, filepath.Join(dir, "link"))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second, Masks: []string{filepath.Join(dir, "masks"), filepath.Join(dir, "one.png"), elsewhere}})
		defer r.stop()
		r.sleep(time.Second)
		r.want("at the start", "a.png masks2/b.png")
		if got := r.watches(); got != ". masks2" {
			t.Errorf("watched are %q", got)
		}
		put(t, dir, "one.png", "22")
		put(t, dir, "masks/new.png", "1")
		put(t, dir, "new.png", "1")
		for _, rel := range []string{"one.png", "masks", "masks/new.png", "new.png"} {
			r.event(fsnotify.Create, rel)
		}
		r.sleep(time.Second)
		r.want("what came", "new.png")
	})
	for _, name := range []string{dir, filepath.Join(dir, "masks", "..")} {
		if _, err := New(dir, Options{Masks: []string{name}}); pipeline.KindOf(err) != pipeline.KindUsage {
			t.Errorf("%s as masks: %v", name, err)
		}
	}
	if _, err := New(filepath.Join(dir, "masks2"), Options{Masks: []string{dir}}); err != nil {
		t.Errorf("masks above: %v", err)
	}
}

// TestMaskComesLater: a picture whose mask is not there is tried again as one that
// is not whole; another fault of a mask is final.
func TestMaskComesLater(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second})
		defer r.stop()
		put(t, dir, "a.png", "1")
		r.event(fsnotify.Create, "a.png")
		r.sleep(time.Second)
		r.want("settled", "a.png")
		if r.source.Retry(r.item("a.png"), errors.New("its mask has another size")) {
			t.Fatal("a mask of another size is waited for")
		}
		missing := &pipeline.Error{Kind: pipeline.KindInput, Err: fmt.Errorf("no mask: %w", pipeline.ErrMaskNotReady)}
		for _, pause := range backOff {
			if !r.source.Retry(r.item("a.png"), missing) {
				t.Fatal("it is not tried again")
			}
			r.sleep(pause)
			r.want("after a pause", "a.png")
		}
		if r.source.Retry(r.item("a.png"), missing) {
			t.Error("it is tried for ever")
		}
	})
}
