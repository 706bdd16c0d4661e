package watch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/fsnotify/fsnotify"
)

// link makes a symbolic link, or skips the test where there are none.
func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Skip("no symbolic links here:", err)
	}
}

// TestNewFolders: a folder that appears is looked through with all that is in
// it, and what is put into it between its watch and its reading is found.
func TestNewFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second}, func(_ *Source, n *fakeNotifier) {
			n.onAdd = func(name string) {
				if filepath.Base(name) == "deep" {
					put(t, dir, "new/deep/race.png", "1")
				}
			}
		})
		defer r.stop()
		put(t, dir, "new/a.png", "1")
		put(t, dir, "new/deep/b.png", "1")
		r.event(fsnotify.Create, "new")
		r.sleep(time.Second)
		r.want("new folders", "new/a.png new/deep/b.png new/deep/race.png")
		if got := r.watches(); got != ". new new/deep" {
			t.Errorf("watched are %q", got)
		}
		put(t, dir, "new/deep/c.png", "1")
		r.event(fsnotify.Create, "new/deep/c.png")
		r.sleep(time.Second)
		r.want("a file in them", "new/deep/c.png")
	})
}

// TestFoldersMove: a folder that is renamed is watched under its new name and no
// longer under the old one; one that is removed is forgotten, and one that takes
// its place is looked through.
func TestFoldersMove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a/b/1.png", "1")
	put(t, dir, "x/1.png", "1")
	in := func(rel string) string { return filepath.Join(dir, rel) }
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second})
		defer r.stop()
		r.sleep(time.Second)
		r.want("settled", "a/b/1.png x/1.png")
		r.source.Done(result(r.item("a/b/1.png"), nil))
		r.source.Done(result(r.item("x/1.png"), nil))

		must(t, os.Rename(in("a"), in("c")))
		r.event(fsnotify.Rename, "a")
		r.event(fsnotify.Create, "c")
		r.sleep(time.Second)
		r.want("renamed", "c/b/1.png")
		if got := r.watches(); got != ". c c/b x" {
			t.Errorf("after the rename, watched are %q", got)
		}

		must(t, os.Rename(in("x"), in("c/x"))) // one takes its name at once, before the event is read
		put(t, dir, "x/2.png", "1")
		r.event(fsnotify.Rename|fsnotify.Create, "x")
		r.event(fsnotify.Create, "c/x")
		r.sleep(time.Second)
		r.want("replaced", "c/x/1.png x/2.png")

		must(t, os.RemoveAll(in("c")))
		r.sleep(DefaultInterval) // no event: the scan finds out
		if got := r.watches(); got != ". x" {
			t.Errorf("after the removal, watched are %q", got)
		}
		put(t, dir, "c/3.png", "1")
		r.event(fsnotify.Create, "c")
		r.sleep(time.Second)
		r.want("made again", "c/3.png")
	})
}

// TestRootAway: the folder itself goes and comes back, as a share does, with an
// event or without. No picture has failed by that, and what has come is found
// within seconds.
func TestRootAway(t *testing.T) {
	t.Parallel()
	for _, silent := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "share")
		put(t, dir, "a.png", "1")
		put(t, dir, "sub/b.png", "1")
		synctest.Test(t, func(t *testing.T) {
			r := start(t, dir, Options{Settle: time.Second, Poll: silent, Interval: time.Hour})
			defer r.stop()
			r.sleep(time.Second)
			r.want("there", "a.png sub/b.png")
			r.source.Done(result(r.item("a.png"), nil))
			must(t, os.Rename(dir, dir+" away"))
			if !silent {
				r.event(fsnotify.Remove, ".")
			}
			r.sleep(FallbackPoll)
			if r.told(Away) != 1 || r.told(Back) != 0 {
				t.Errorf("gone: told %d times that it is away and %d that it is back", r.told(Away), r.told(Back))
			}
			if !r.source.Retry(r.item("sub/b.png"), os.ErrNotExist) {
				t.Error("what was in flight is a failure")
			}
			r.want("away", "")

			put(t, dir, "new.png", "1") // another folder of that name
			r.sleep(AwayPause + time.Second)
			r.want("another", "new.png")
			r.source.Done(result(r.item("new.png"), nil))
			if !silent && r.watches() != "." {
				t.Errorf("watched are %q", r.watches())
			}
			put(t, dir, "more.png", "1")
			if !silent {
				r.event(fsnotify.Create, "more.png")
				r.sleep(time.Second)
				r.want("by an event", "more.png")
			}

			must(t, os.Rename(dir, dir+" other"))
			must(t, os.Rename(dir+" away", dir)) // at once: it was never away
			r.sleep(FallbackPoll + time.Second)
			r.want("the first", "a.png sub/b.png") // whoever keeps a ledger knows that they are done
			if r.told(Away) != 1 || r.told(Back) != 2 {
				t.Errorf("told %d times that it is away and %d that it is back, want 1 and 2", r.told(Away), r.told(Back))
			}
			if len(r.failed) > 0 {
				t.Errorf("failed are %q", r.failed)
			}
		})
	}
}

// TestOnceAway: a folder that goes away ends a watch that is to work off what is
// there, and it says so.
func TestOnceAway(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "share")
	put(t, dir, "a.png", "1")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second, Once: true})
		defer r.stop()
		r.sleep(time.Second)
		r.want("there", "a.png")
		must(t, os.Rename(dir, dir+" away"))
		if !r.source.Retry(r.item("a.png"), os.ErrNotExist) {
			t.Error("what was in flight is a failure")
		}
		<-r.ended
		if err := r.source.Err(); pipeline.KindOf(err) != pipeline.KindEnvironment || len(r.failed) > 0 {
			t.Errorf("error %v, failed are %q", err, r.failed)
		}
	})
}

// TestPassedOver: names that are none of the pictures never come in, until they
// get another name.
func TestPassedOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{".hidden.png", "Thumbs.db", "a.png.part", "b.png.crdownload", "c.tmp", "D.PNG.PART", "~$e.png", "f.png~",
		".a.png.restore-tmp-0123456789abcdef", "@eaDir/g.png", "raw/h.png", "1968/no.bak", "1968/yes.png", "part.png"} {
		put(t, dir, name, "1")
	}
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second, Exclude: []string{"raw", "*.bak"}})
		defer r.stop()
		r.event(fsnotify.Write, "a.png.part")
		r.event(fsnotify.Write, "raw/h.png")
		r.event(fsnotify.Create, "raw")
		r.event(fsnotify.Create, "@eaDir")
		r.sleep(time.Hour)
		r.want("names", "1968/yes.png part.png")
		must(t, os.Rename(filepath.Join(dir, "a.png.part"), filepath.Join(dir, "a.png")))
		r.event(fsnotify.Rename, "a.png.part")
		r.event(fsnotify.Create, "a.png")
		r.sleep(time.Second)
		r.want("renamed", "a.png")
	})
}

// TestLinks: links are followed, but no folder is entered twice; a file under
// two names is two files.
func TestLinks(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	put(t, dir, "b/1.png", "1")
	put(t, dir, ".store/3.png", "1")
	put(t, other, "2.png", "1")
	link(t, dir, filepath.Join(dir, "b", "loop"))
	link(t, filepath.Join(dir, "b"), filepath.Join(dir, "a-link"))
	link(t, other, filepath.Join(dir, "b", "out"))
	link(t, other, filepath.Join(dir, "b-again"))
	link(t, filepath.Dir(dir), filepath.Join(other, "up"))
	link(t, filepath.Join(dir, ".store"), filepath.Join(dir, "store"))
	link(t, filepath.Join(other, "2.png"), filepath.Join(dir, "file.png"))
	link(t, filepath.Join(other, "later.png"), filepath.Join(dir, "later.png"))
	must(t, os.Link(filepath.Join(dir, "b", "1.png"), filepath.Join(dir, "hard.png")))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second})
		defer r.stop()
		r.sleep(time.Second)
		// It finds what a run over the folder finds, under the same names.
		folder, err := pipeline.NewFolder([]string{dir}, pipeline.FolderOptions{})
		must(t, err)
		var want []string
		for _, item := range folder.List() {
			if item.Rel != "later.png" {
				want = append(want, item.Rel)
			}
		}
		r.want("links", strings.Join(want, " "))
		if got := strings.Join(want, " "); got != "b/1.png b/out/2.png file.png hard.png store/3.png" {
			t.Errorf("a run finds %q", got)
		}
		put(t, other, "later.png", "1")
		r.sleep(backOff[0] + backOff[1])
		if got := r.got(); !strings.Contains(got, "later.png") {
			t.Errorf("the link that leads somewhere now is not yielded: %q", got)
		}
	})
}

// TestDangling: a link that stays without a file is reported.
func TestDangling(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link(t, filepath.Join(dir, "nowhere"), filepath.Join(dir, "a.png"))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Once: true, Settle: time.Second})
		defer r.stop()
		r.sleep(time.Hour)
		if got := strings.Join(r.failed, " "); got != "a.png" {
			t.Errorf("failed are %q", got)
		}
		r.source.Done(result(r.item("a.png"), os.ErrNotExist))
		<-r.ended
	})
}

// TestNoWatchesLeft: folders that the system does not watch any more are polled.
func TestNoWatchesLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a/1.png", "1")
	put(t, dir, "b/1.png", "1")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second}, func(s *Source, n *fakeNotifier) {
			n.refuse = func(name string) error {
				if name != dir {
					return os.NewSyscallError("inotify_add_watch", syscall.ENOSPC)
				}
				return nil
			}
		})
		defer r.stop()
		r.sleep(time.Second)
		r.want("there", "a/1.png b/1.png")
		if got := r.told(Polling); got != 1 {
			t.Errorf("told %d times that folders are polled, want once", got)
		}
		put(t, dir, "b/2.png", "1")
		put(t, dir, "b/new/3.png", "1")
		r.sleep(FallbackPoll + time.Second)
		r.want("polled", "b/2.png b/new/3.png")
	})
	synctest.Test(t, func(t *testing.T) { // no events at all
		r := start(t, dir, Options{Settle: time.Second}, func(s *Source, _ *fakeNotifier) {
			s.listen = func() (notifier, error) { return nil, syscall.EMFILE }
		})
		defer r.stop()
		r.sleep(time.Second)
		r.got()
		put(t, dir, "late.png", "1")
		r.sleep(FallbackPoll + time.Second)
		r.want("polled", "late.png")
		if r.told(Polling) != 1 {
			t.Error("nobody was told")
		}
	})
}

// TestPlaces: outputs and moved files never come back in.
func TestPlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "in/sub/a.png", "1")
	file := put(t, dir, "file", "1")
	in := filepath.Join(dir, "in")
	for _, c := range []struct {
		name string
		dir  string
		o    Options
		want string // part of the error; empty for none
	}{
		{"beside", in, Options{Out: filepath.Join(dir, "out")}, ""},
		{"output inside", in, Options{Out: filepath.Join(in, "out")}, "lies inside the watched folder"},
		{"output inside, excluded", in, Options{Out: filepath.Join(in, "out"), Exclude: []string{"out"}}, ""},
		{"output inside, hidden", in, Options{Out: filepath.Join(in, ".out")}, ""},
		{"output is input", in, Options{Out: in}, "lies inside"},
		{"input inside", in, Options{Out: dir}, "lies inside the output folder"},
		{"done inside", in, Options{Out: filepath.Join(dir, "out"), MoveDone: filepath.Join(in, "done")}, ""},
		{"done is input", in, Options{MoveDone: in}, "is the watched folder"},
		{"failed in output", in, Options{Out: filepath.Join(dir, "out"), MoveFailed: filepath.Join(dir, "out", "failed")}, "inside the output folder"},
		{"pattern", in, Options{Exclude: []string{"["}}, "malformed"},
		{"no folder", file, Options{}, "is no folder"},
		{"negative", in, Options{Settle: -1}, "above 0"},
	} {
		_, err := New(c.dir, c.o)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err == nil || pipeline.KindOf(err) != pipeline.KindUsage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one of usage that says %q", c.name, err, c.want)
		}
	}

	if _, err := New(filepath.Join(dir, "nothing"), Options{}); pipeline.KindOf(err) != pipeline.KindEnvironment || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("not there: error %v, want one of the environment", err)
	}

	put(t, dir, "in/done/old.png", "1")
	put(t, dir, "in/out/old.png", "1")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, in, Options{Settle: time.Second, Out: filepath.Join(in, "out"), Exclude: []string{"out"}, MoveDone: filepath.Join(in, "done")})
		defer r.stop()
		put(t, dir, "in/done/new.png", "1")
		r.event(fsnotify.Create, "done")
		r.event(fsnotify.Create, "done/new.png")
		r.sleep(time.Hour)
		r.want("only what is ours to do", "sub/a.png")
	})
}

// TestLinkToOutputs: a link does not lead outputs back in.
func TestLinkToOutputs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "in/a.png", "1")
	put(t, dir, "out/sub/a.png", "1")
	link(t, dir, filepath.Join(dir, "in", "up"))
	link(t, filepath.Join(dir, "out", "sub"), filepath.Join(dir, "in", "results"))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, filepath.Join(dir, "in"), Options{Settle: time.Second, Out: filepath.Join(dir, "out")})
		defer r.stop()
		r.sleep(time.Hour)
		r.want("links", "a.png")
		if r.told(LeftOut) != 2 {
			t.Errorf("told %d times, want once that the output folder is left out and once that the link up is", r.told(LeftOut))
		}
	})
}
