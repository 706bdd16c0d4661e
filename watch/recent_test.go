package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

func TestRecent(t *testing.T) {
	t.Parallel()
	name := put(t, t.TempDir(), "a.png", "1")
	at := func(when time.Time) fs.FileInfo {
		t.Helper()
		must(t, os.Chtimes(name, when, when))
		info, err := os.Stat(name)
		must(t, err)
		return info
	}
	old := at(time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC))
	made := changeTime(old)
	if !made.IsZero() && (!recent(old, made.Add(youngFor-1)) || recent(old, made.Add(youngFor))) {
		t.Error("an old file that has just come is not young, or is for too long")
	}
	written := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	info := at(written)
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {youngFor - 1, true}, {youngFor, false}, {time.Hour, false}, {-youngFor + 1, true}, {-time.Hour, false}} {
		if got := recent(info, written.Add(c.after)); got != c.want {
			t.Errorf("%v after it was written: young is %v", c.after, got)
		}
	}
}

// TestOldBroken: what was there, is broken and has not changed for long fails at
// once; what comes or changes while it is watched for is tried again.
func TestOldBroken(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "in")
	put(t, dir, "old.png", "1")
	link(t, filepath.Join(dir, "nowhere"), filepath.Join(dir, "link.png"))
	old := func(s *Source, _ *fakeNotifier) { s.recent = func(fs.FileInfo, time.Time) bool { return false } }
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second}, old)
		defer r.stop()
		r.sleep(time.Second)
		r.want("there", "link.png old.png")
		if r.source.Retry(r.item("old.png"), errCut) {
			t.Error("an old file is tried again")
		}
		r.source.Done(result(r.item("old.png"), errCut))
		r.source.Done(result(r.item("link.png"), os.ErrNotExist))

		put(t, dir, "new.png", "1")
		r.event(fsnotify.Create, "new.png")
		put(t, dir, "old.png", "12")
		r.event(fsnotify.Write, "old.png")
		r.sleep(time.Second)
		r.want("later", "new.png old.png")
		for _, name := range []string{"new.png", "old.png"} {
			if !r.source.Retry(r.item(name), errCut) {
				t.Errorf("%s is not tried again", name)
			}
		}

		must(t, os.Rename(dir, dir+" away"))
		r.event(fsnotify.Remove, ".")
		must(t, os.Rename(dir+" away", dir))
		r.sleep(AwayPause + time.Second)
		r.want("back", "link.png new.png old.png")
		if r.source.Retry(r.item("new.png"), errCut) {
			t.Error("what was there when the folder came back is tried again")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		r := start(t, dir, Options{Settle: time.Second, Once: true}, old)
		r.sleep(time.Second)
		for _, name := range []string{"link.png", "new.png", "old.png"} {
			if r.source.Retry(r.item(name), errCut) {
				t.Errorf("%s is tried again", name)
			}
			r.source.Done(result(r.item(name), errCut))
		}
		<-r.ended
		if took := time.Since(begun); took != time.Second {
			t.Errorf("to work off what is broken for long takes %v", took)
		}
	})
}
