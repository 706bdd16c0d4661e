package watch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
)

// TestMoves: what is done and what has failed goes where it is wished, with its
// place in the tree; what is not the file's fault moves nothing.
func TestMoves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, done, failed := filepath.Join(dir, "in"), filepath.Join(dir, "done"), filepath.Join(dir, "failed")
	for _, name := range []string{"in/1968/a.png", "in/bad.png", "in/full.png", "in/notes.txt", "in/other.png", "failed/bad.png"} {
		put(t, dir, name, name)
	}
	synctest.Test(t, func(t *testing.T) {
		r := start(t, in, Options{Settle: time.Second, MoveDone: done, MoveFailed: failed})
		defer r.stop()
		r.sleep(time.Second)
		r.want("settled", "1968/a.png bad.png full.png notes.txt other.png")
		r.source.Done(result(r.item("1968/a.png"), nil))
		r.source.Done(result(r.item("bad.png"), pix.ErrCorrupt))
		r.source.Done(result(r.item("full.png"), &pipeline.Error{Kind: pipeline.KindEnvironment, Err: errors.New("disk full")}))
		r.source.Done(pipeline.Result{Item: r.item("notes.txt"), Outcome: pipeline.Ignored})
		r.source.Done(pipeline.Result{Item: r.item("other.png"), Outcome: pipeline.Skipped}) // a foreign file has the name of its output
		if got, want := listing(t, dir), "done/1968/a.png=in/1968/a.png failed/bad.png=failed/bad.png failed/bad~2.png=in/bad.png "+
			"in/full.png=in/full.png in/notes.txt=in/notes.txt in/other.png=in/other.png"; got != want {
			t.Errorf("there are\n%s, want\n%s", got, want)
		}
		if r.told(Moved) != 2 || r.told(MoveFailed) != 0 {
			t.Errorf("told of %d moves and %d that failed", r.told(Moved), r.told(MoveFailed))
		}

		put(t, in, "b.png", "1")
		put(t, dir, "done/1968/c.png", "1")
		must(t, os.MkdirAll(filepath.Join(in, "1968"), 0o777))
		put(t, in, "1968/a.png/c.png", "1") // done/1968/a.png is a file: no folder can be made there
		r.sleep(DefaultInterval)
		r.sleep(time.Second)
		r.want("more", "1968/a.png/c.png b.png")
		r.source.Done(result(r.item("1968/a.png/c.png"), nil))
		if r.told(MoveFailed) != 1 || !there(in, "1968/a.png/c.png") {
			t.Error("a move that cannot be is not reported, or the file is gone")
		}
		r.sleep(time.Hour)
		r.want("a file that stayed", "")
	})
}

// TestReusedNames: a file whose name was given to another picture comes again
// under the next number, past those of other files, and moves under that name.
// A change begins anew.
func TestReusedNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, done := filepath.Join(dir, "in"), filepath.Join(dir, "done")
	put(t, in, "scan.png", "1")
	put(t, in, "scan~3.png", "1")
	taken := fmt.Errorf("its output: %w", pipeline.ErrTaken)
	synctest.Test(t, func(t *testing.T) {
		r := start(t, in, Options{Settle: time.Second, MoveDone: done})
		defer r.stop()
		r.sleep(time.Second)
		r.want("settled", "scan.png scan~3.png")
		item := func(rel string) pipeline.Item {
			item := r.item("scan.png")
			item.Rel = rel
			return item
		}
		for _, c := range []struct{ rel, next string }{{"scan.png", "scan~2.png"}, {"scan~2.png", "scan~4.png"}} {
			if !r.source.Retry(item(c.rel), taken) {
				t.Fatalf("%s is a failure", c.rel)
			}
			r.want("taken", c.next)
		}
		put(t, in, "scan.png", "another")
		if !r.source.Retry(item("scan~4.png"), taken) {
			t.Fatal("what has changed is a failure")
		}
		r.sleep(time.Second)
		r.want("changed", "scan.png")
		r.source.Retry(item("scan.png"), taken)
		r.want("taken", "scan~2.png")
		r.source.Done(result(item("scan~2.png"), nil))
		if got, want := listing(t, dir), "done/scan~2.png=another in/scan~3.png=1"; got != want {
			t.Errorf("there are\n%s, want\n%s", got, want)
		}
		if r.told(Retrying) != 0 {
			t.Error("another name counts as another try")
		}
	})
	put(t, in, "scan.png", "1")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, in, Options{Settle: time.Second})
		defer r.stop()
		r.sleep(time.Second)
		if r.source.Retry(r.item("scan.png"), taken) {
			t.Error("without MoveDone, a picture gets another name")
		}
	})
}

// TestCopyOver: the move to another file system, as far as it differs from a
// rename, and what an interrupted one leaves.
func TestCopyOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name, target := put(t, dir, "a.png", "text"), filepath.Join(dir, "done", "a.png")
	put(t, dir, "done/b.png", "foreign")
	when := time.Date(1968, 5, 4, 3, 2, 1, 0, time.UTC)
	must(t, os.Chtimes(name, when, when))
	must(t, os.Chmod(name, 0o640))
	info, err := os.Stat(name)
	must(t, err)
	if err := copyOver(name, filepath.Join(dir, "done", "b.png"), stampOf(info)); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	if err := copyOver(name, target, stamp{size: 3}); err == nil {
		t.Error("a file that has changed was moved")
	}
	if got, want := listing(t, dir), "a.png=text done/b.png=foreign"; got != want {
		t.Fatalf("after two that failed there are\n%s, want\n%s", got, want)
	}
	must(t, copyOver(name, target, stampOf(info)))
	if got, want := listing(t, dir), "done/a.png=text done/b.png=foreign"; got != want {
		t.Fatalf("there are\n%s, want\n%s", got, want)
	}
	after, err := os.Stat(target)
	must(t, err)
	if !after.ModTime().Equal(when) || after.Mode() != info.Mode() {
		t.Errorf("time %v and mode %v, want those of the input", after.ModTime(), after.Mode())
	}

	// The copy stands, and the process ended before the input was removed.
	put(t, dir, "a.png", "text")
	must(t, os.Chtimes(name, when, when))
	info, err = os.Stat(name)
	must(t, err)
	got, err := moveInto(filepath.Join(dir, "done"), "a.png", name, stampOf(info))
	if err != nil || got != target || there(dir, "a.png") || there(dir, "done/a~2.png") {
		t.Errorf("moved to %s, error %v: %s", got, err, listing(t, dir))
	}
	// Another file of the same size.
	put(t, dir, "a.png", "TEXT")
	must(t, os.Chtimes(name, when, when))
	info, err = os.Stat(name)
	must(t, err)
	if got, err := moveInto(filepath.Join(dir, "done"), "a.png", name, stampOf(info)); err != nil || filepath.Base(got) != "a~2.png" {
		t.Errorf("moved to %s, error %v", got, err)
	}
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rel  string
		n    int
		want string
	}{{"a.png", 1, "a.png"}, {"x.y/a.b.png", 2, "x.y/a.b~2.png"}, {"x.y/a", 3, "x.y/a~3"}, {"a/.png", 2, "a/.png~2"}} {
		if got := numbered(c.rel, c.n); got != c.want {
			t.Errorf("numbered(%q, %d) is %q, want %q", c.rel, c.n, got, c.want)
		}
	}
}
