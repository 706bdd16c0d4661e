package watch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pix"
	"github.com/fsnotify/fsnotify"
)

var errCut = fmt.Errorf("read: %w", pix.ErrCorrupt)

// TestSettle: a file has its turn when it has stayed the same for the settle
// time, and each of its writes begins that time anew.
func TestSettle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a.png", "1")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: 4 * time.Second})
		defer r.stop()
		r.sleep(3 * time.Second)
		r.want("before it has settled", "")
		r.sleep(time.Second)
		r.want("settled", "a.png")
		r.source.Done(result(r.item("a.png"), nil))
		r.sleep(time.Hour) // with scans
		r.want("done", "")

		put(t, dir, "slow.png", "")
		r.event(fsnotify.Create, "slow.png")
		for i := range 10 {
			put(t, dir, "slow.png", fmt.Sprint("more", i*i*i))
			r.event(fsnotify.Write, "slow.png")
			r.sleep(3 * time.Second)
		}
		r.want("while it is written", "")
		r.sleep(time.Second)
		r.want("written", "slow.png")
	})
}

// TestSettleUnseen: writes without events, as on network file systems, count by
// size and time; a write within the grain of the file system's clock counts by
// its event.
func TestSettleUnseen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := put(t, dir, "a.png", "1")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: 4 * time.Second, Poll: true, Interval: time.Minute})
		defer r.stop()
		r.sleep(3 * time.Second)
		put(t, dir, "a.png", "12")
		r.sleep(time.Second)
		r.want("it has grown", "")
		r.sleep(4 * time.Second)
		r.want("settled", "a.png")
	})
	must(t, os.Remove(name))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: 4 * time.Second})
		defer r.stop()
		put(t, dir, "b.png", "1")
		r.event(fsnotify.Create, "b.png")
		r.sleep(3 * time.Second)
		r.event(fsnotify.Write, "b.png") // with the same size and time
		r.sleep(3 * time.Second)
		r.want("written a moment ago", "")
		r.sleep(time.Second)
		r.want("settled", "b.png")
	})
}

// TestBackOff: a file that fails as an unfinished one is tried again after each
// pause and then reported; a change begins anew; other failures are reported at
// once.
func TestBackOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a.png", "1")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second})
		defer r.stop()
		a := r.item("a.png")
		r.sleep(time.Second)
		round := func(what string) {
			t.Helper()
			r.want(what, "a.png")
			for i, pause := range backOff {
				if !r.source.Retry(a, errCut) {
					t.Fatalf("%s: failure %d is not tried again", what, i+1)
				}
				r.sleep(pause - 1)
				r.want(what+", before the pause has passed", "")
				r.sleep(1)
				r.want(fmt.Sprintf("%s, after pause %v", what, pause), "a.png")
			}
		}
		round("new")
		if got := r.told(Retrying); got != len(backOff) {
			t.Errorf("%d events of retries, want %d", got, len(backOff))
		}
		if r.source.Retry(a, errCut) {
			t.Fatal("it is tried without end")
		}
		r.source.Done(result(a, errCut))
		r.sleep(time.Hour)
		r.want("reported", "")

		put(t, dir, "a.png", "12")
		r.event(fsnotify.Write, "a.png")
		r.sleep(time.Second)
		round("changed after its failure")
		put(t, dir, "a.png", "123") // while it is in flight for the last time
		if !r.source.Retry(a, errCut) {
			t.Fatal("it has changed, and its failure is recorded")
		}
		r.sleep(time.Second)
		r.want("changed in flight", "a.png")
		if r.source.Retry(a, pix.ErrLimit) {
			t.Error("a picture that is too large is tried again")
		}
	})
}

// TestChangedInFlight: an output of what is no longer there is not the end.
func TestChangedInFlight(t *testing.T) {
	t.Parallel()
	dir, done := t.TempDir(), filepath.Join(t.TempDir(), "done")
	put(t, dir, "a.png", "1")
	put(t, dir, "b.png", "1")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second, MoveDone: done})
		defer r.stop()
		r.sleep(time.Second)
		r.want("settled", "a.png b.png")
		put(t, dir, "a.png", "12")
		r.event(fsnotify.Write, "a.png")
		must(t, os.Remove(filepath.Join(dir, "b.png")))
		r.event(fsnotify.Remove, "b.png")
		r.source.Done(result(r.item("a.png"), nil))
		r.source.Done(result(r.item("b.png"), nil))
		if there(done, "a.png") {
			t.Error("it was moved although it has changed")
		}
		r.sleep(time.Second)
		r.want("changed", "a.png")
		r.source.Done(result(r.item("a.png"), nil))
		if got := listing(t, done); got != "a.png=12" {
			t.Errorf("moved: %s", got)
		}
	})
}

// TestGone: what goes away before its turn is no failure; what takes its name is
// a file of its own.
func TestGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a.png", "b.png", "c.png"} {
		put(t, dir, name, "1")
	}
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: 2 * time.Second})
		defer r.stop()
		r.sleep(time.Second)
		must(t, os.Remove(filepath.Join(dir, "a.png"))) // no event
		must(t, os.Remove(filepath.Join(dir, "b.png")))
		r.event(fsnotify.Remove, "b.png")
		must(t, os.Rename(filepath.Join(dir, "c.png"), filepath.Join(dir, "d.png")))
		r.event(fsnotify.Rename, "c.png")
		r.event(fsnotify.Create, "d.png")
		r.sleep(time.Second)
		r.want("gone", "")
		if got := r.told(Gone); got != 3 {
			t.Errorf("told of %d that went away, want 3", got)
		}
		r.sleep(time.Second)
		r.want("renamed", "d.png")
		must(t, os.Remove(filepath.Join(dir, "d.png")))
		if !r.source.Retry(r.item("d.png"), os.ErrNotExist) {
			t.Error("a file that went away in flight is a failure")
		}
		r.sleep(time.Hour)
		if len(r.source.byRel) != 0 || len(r.source.aloft) != 0 || r.source.pending != 0 {
			t.Errorf("it remembers %d names, %d in flight, %d to do", len(r.source.byRel), len(r.source.aloft), r.source.pending)
		}
	})
}

// TestOverflow: where events were lost, a scan finds everything; scans keep
// apart however often that happens.
func TestOverflow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second})
		defer r.stop()
		r.sleep(time.Minute)
		put(t, dir, "new/lost.png", "1")
		r.sleep(time.Minute)
		r.want("without an event", "")
		before := r.source.now()
		for range 50 {
			r.fake.errs <- fsnotify.ErrEventOverflow
			synctest.Wait()
		}
		r.sleep(time.Second)
		r.want("after the overflow", "new/lost.png")
		if scans := r.source.now() - before; scans < 1 || scans > 2 {
			t.Errorf("%d scans within a second", scans)
		}
		if r.told(Overflow) == 0 {
			t.Error("nobody was told")
		}
		if got := r.watches(); got != ". new" {
			t.Errorf("watched are %q", got)
		}
	})
}

// TestHintsBounded: events that nobody takes are names, each once, and beyond
// a bound none but the need to scan.
func TestHintsBounded(t *testing.T) {
	t.Parallel()
	h := newHints()
	for range 3 {
		for i := range 1000 {
			h.add(fsnotify.Event{Name: fmt.Sprint(i), Op: fsnotify.Write})
		}
	}
	if len(h.wrote) != 1000 {
		t.Errorf("%d names are kept, want 1000", len(h.wrote))
	}
	for i := range mostHints + 10 {
		h.add(fsnotify.Event{Name: fmt.Sprint("more", i), Op: fsnotify.Create})
	}
	if wrote, lost := h.take(); len(wrote) != 0 || !errors.Is(lost, fsnotify.ErrEventOverflow) {
		t.Errorf("beyond the bound: %d names, error %v", len(wrote), lost)
	}
}

// TestPoll: without events, scans at the interval find what comes.
func TestPoll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second, Poll: true, Interval: time.Minute}, func(s *Source, _ *fakeNotifier) {
			s.listen = func() (notifier, error) { t.Error("it asks for events"); return nil, errors.New("none") }
		})
		defer r.stop()
		put(t, dir, "sub/a.png", "1")
		r.sleep(59 * time.Second)
		r.want("before the scan", "")
		r.sleep(2 * time.Second)
		r.want("after the scan", "sub/a.png")
	})
}

// TestOnce: it ends when all that is there has come to its end, and not before.
func TestOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Once: true})
		<-r.ended // an empty folder
		r.want("empty", "")
	})
	put(t, dir, "a.png", "1")
	put(t, dir, "b.png", "1")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Once: true, Settle: time.Second})
		defer r.stop()
		running := func(what string) {
			t.Helper()
			synctest.Wait()
			select {
			case <-r.ended:
				t.Fatal("it has ended: " + what)
			default:
			}
		}
		r.sleep(time.Second)
		r.want("settled", "a.png b.png")
		r.source.Done(result(r.item("a.png"), nil))
		running("one is in flight")
		if !r.source.Retry(r.item("b.png"), errCut) {
			t.Fatal("no second try")
		}
		running("one is to be tried again")
		r.sleep(backOff[0])
		r.want("again", "b.png")
		put(t, dir, "late.png", "1")
		r.source.Done(result(r.item("b.png"), nil))
		running("one has come meanwhile")
		r.sleep(time.Second)
		r.want("late", "late.png")
		r.source.Done(result(r.item("late.png"), errCut))
		<-r.ended
	})
}

// TestStop: the end of the context ends the source, whatever it waits for.
func TestStop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a.png", "1")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, dir, Options{Settle: time.Second})
		r.sleep(time.Second)
		r.stop()
		r.source.Done(result(r.item("a.png"), nil)) // of a picture that was brought to its end
	})
}

func TestJitter(t *testing.T) {
	t.Parallel()
	low, high := time.Hour, time.Duration(0)
	for range 10000 {
		d := jitter(time.Minute)
		low, high = min(low, d), max(high, d)
	}
	if low < 54*time.Second || low > 55*time.Second || high > 66*time.Second || high < 65*time.Second {
		t.Errorf("of a minute it makes %v to %v, want 54 s to 66 s", low, high)
	}
}
