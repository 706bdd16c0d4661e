package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/watch"
)

// TestWatchOnce works off a folder twice: the second time nothing is left.
func TestWatchOnce(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	writeFile(t, filepath.Join(in, "unfinished.png.part"), []byte("not yet"))
	args := []string{"watch", "-p", "fade", "-o", out, "--once", "--settle", "1ms", in}
	restore(t, args...).want(t, exitDone, "watching ", "a.png: restored", "sub/b.png: restored", "2 restored", "1 file that is no picture was passed over")
	if got, want := read(t, filepath.Join(out, "sub", "b.png")).Planes[0][0], uint16(100/2*257); got != want {
		t.Errorf("first sample %d, want %d", got, want)
	}
	restore(t, args...).want(t, exitDone, "0 restored, 2 done before")
	restore(t, "run", "-p", "fade", "-o", out, in).want(t, exitDone, "2") // the ledger is one
	if exists(filepath.Join(out, "unfinished.png")) || exists(filepath.Join(out, "unfinished.png.part")) {
		t.Error("an unfinished download came in")
	}
}

// TestWatchMoves empties an inbox: what is done goes one way, what has failed
// another, and what is no picture stays.
func TestWatchMoves(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	dir := filepath.Dir(in)
	writeFile(t, filepath.Join(in, "sub", "refused.png"), pngOf(t, painting(5, 5)))
	r := restore(t, "watch", "-p", "fade:refuse=refused", "-o", out, "--once", "--settle", "1ms",
		"--move-done", filepath.Join(in, "done"), "--move-failed", filepath.Join(dir, "failed"), in)
	r.want(t, exitSomeFailed, "2 restored, 1 failed", "refused.png: fade: ")
	for _, name := range []string{"in/done/a.png", "in/done/sub/b.png", "failed/sub/refused.png", "in/notes.txt", "out/a.png", "out/sub/b.png"} {
		if !exists(filepath.Join(dir, filepath.FromSlash(name))) {
			t.Errorf("%s is not there", name)
		}
	}
	for _, name := range []string{"in/a.png", "in/sub/b.png", "in/sub/refused.png", "out/done"} {
		if exists(filepath.Join(dir, filepath.FromSlash(name))) {
			t.Errorf("%s is there", name)
		}
	}

	// The scanner begins again with the same names: no output is replaced.
	before, err := os.ReadFile(filepath.Join(out, "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(in, "a.png"), pngOf(t, painting(20, 20)))
	restore(t, "watch", "-p", "fade", "-o", out, "--once", "--settle", "1ms", "--move-done", filepath.Join(in, "done"), in).want(t, exitDone, "1 restored")
	after, err := os.ReadFile(filepath.Join(out, "a.png"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the output of the first a.png is another now; error %v", err)
	}
	if m := read(t, filepath.Join(out, "a~2.png")); m.W != 20 {
		t.Errorf("the output of the second is %d samples wide", m.W)
	}
	if !exists(filepath.Join(in, "done", "a~2.png")) {
		t.Error("the second a.png was not moved beside its name")
	}
}

// TestWatchReusedNames: a scanner begins with the same name each day, and the
// folder of what is done is emptied in between. No output takes the place of
// another; the same picture keeps its number over restarts.
func TestWatchReusedNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, out, done := filepath.Join(dir, "in"), filepath.Join(dir, "out"), filepath.Join(dir, "done")
	scan := filepath.Join(in, "scan.png")
	outputs := map[string][]byte{}
	watch := func(what, want string, args ...string) {
		t.Helper()
		restore(t, append([]string{"watch", "-o", out, "--once", "--settle", "1ms", "--move-done", done, in}, args...)...).want(t, exitDone, want)
		for name, before := range outputs {
			if after, err := os.ReadFile(filepath.Join(out, name)); err != nil || !bytes.Equal(before, after) {
				t.Errorf("%s: %s is another now; error %v", what, name, err)
			}
		}
		if exists(scan) {
			t.Errorf("%s: the input has not been moved", what)
		}
		if err := os.RemoveAll(done); err != nil {
			t.Fatal(err)
		}
	}
	day := func(i int) []byte { return pngOf(t, painting(20+i, 20)) }
	for i, name := range []string{"scan.png", "scan~2.png", "scan~3.png"} {
		writeFile(t, scan, day(i))
		watch("new", "1 restored", "-p", "fade")
		if m := read(t, filepath.Join(out, name)); m.W != 20+i {
			t.Fatalf("%s is %d samples wide", name, m.W)
		}
		text, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		outputs[name] = text
		writeFile(t, scan, day(i)) // as if the process had ended before it was moved
		watch("before it is moved", "0 restored, 1 done before", "-p", "fade")
	}
	writeFile(t, scan, day(1))
	delete(outputs, "scan~2.png") // which another pipeline replaces
	watch("another pipeline", "1 restored", "-p", "fade:amount=0.25")
	if m := read(t, filepath.Join(out, "scan~2.png")); m.W != 21 || m.Planes[0][0] != 100/4*257 {
		t.Errorf("made again, it is %d samples wide and begins with %d", m.W, m.Planes[0][0])
	}
	if exists(filepath.Join(out, "scan~4.png")) {
		t.Error("the same picture has a new name")
	}
}

// TestWatchNotThere: a folder that is not there may be a disk that comes late: the
// exit code is the one after which a service starts again.
func TestWatchNotThere(t *testing.T) {
	t.Parallel()
	_, out := folder(t)
	for _, more := range [][]string{nil, {"--once"}} {
		r := restore(t, append([]string{"watch", "-p", "fade", "-o", out, filepath.Join(out, "nowhere")}, more...)...)
		r.want(t, exitEnvironment, "the folder to watch: ", "nowhere")
		if strings.Contains(r.stderr, "watching ") || exists(out) {
			t.Errorf("it has begun all the same:\n%s", r.stderr)
		}
	}
}

// TestWatchHeld: a second watch on one output says who holds it, and not that it
// is watching.
func TestWatchHeld(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	begun, ended := make(chan struct{}, 8), make(chan int)
	p := &program{registry: tasks.NewRegistry(fadeSpec(begun)), stdout: io.Discard, stderr: io.Discard}
	go func() { ended <- p.run(ctx, []string{"watch", "-p", "fade", "-o", out, "--settle", "1ms", in}) }()
	<-begun
	r := restore(t, "watch", "-p", "fade", "-o", out, "--once", in)
	cancel()
	<-ended
	r.want(t, exitEnvironment, "another run, process ")
	if strings.Contains(r.stderr, "watching ") {
		t.Errorf("it says that it is watching:\n%s", r.stderr)
	}
}

// TestWatchStopsWaiting: what is to be tried again when a watch ends is told as
// unfinished.
func TestWatchStopsWaiting(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	bad := writeFile(t, filepath.Join(in, "bad.png"), nil)
	for _, json := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			if err := os.Chtimes(bad, time.Now(), time.Now()); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(20*time.Second, cancel) // while the third try is waited for
			var stdout, stderr bytes.Buffer
			p := &program{registry: tasks.NewRegistry(fadeSpec(nil)), stdout: &stdout, stderr: &stderr}
			code := p.run(ctx, []string{"watch", "-p", "fade", "-o", out, "--poll", "1m", "--settle", "1s", fmt.Sprintf("--json=%t", json), in})
			if !json {
				result{code, stdout.String(), stderr.String()}.want(t, exitDone, "2 done before, 1 not done yet")
				return
			}
			list := eventsOf(t, stdout.String())
			if end := list[len(list)-1]; code != exitDone || end["unfinished"] != 1.0 || end["failed"] != 0.0 || end["restored"] != 2.0 {
				t.Errorf("exit code %d, the end is %v\n%s", code, end, stderr.String())
			}
		})
	}
}

// TestWatchUnmoved: an input that stays although it was to be moved is told by the
// exit code; links are never moved. The next run moves it.
func TestWatchUnmoved(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	done := filepath.Join(filepath.Dir(in), "done")
	wall := writeFile(t, filepath.Join(done, "sub"), nil) // no folder can be made here
	args := []string{"watch", "-p", "fade", "-o", out, "--once", "--settle", "1ms", "--move-done", done, in}
	restore(t, args...).want(t, exitSomeFailed, "2 restored, 1 not moved", "not moved: "+filepath.Join(in, "sub", "b.png")+": ")
	if err := os.Remove(wall); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(done, "a.png"), filepath.Join(in, "link.png")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	restore(t, args...).want(t, exitDone, "1 restored, 1 done before", "links are not moved")
	if !exists(filepath.Join(done, "sub", "b.png")) {
		t.Error("the second run has not moved what the first could not")
	}
}

// TestWatchStops: a signal is the end that a watch is meant to have.
func TestWatchStops(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	begun := make(chan struct{}, 8)
	go func() {
		<-begun
		cancel()
	}()
	var stdout, stderr bytes.Buffer
	p := &program{registry: tasks.NewRegistry(fadeSpec(begun)), stdout: &stdout, stderr: &stderr}
	code := p.run(ctx, []string{"watch", "-p", "fade", "-o", out, "--settle", "1ms", in})
	result{code, stdout.String(), stderr.String()}.want(t, exitDone, "0 restored")
	if exists(filepath.Join(out, "a.png")) || exists(filepath.Join(out, "sub")) {
		t.Error("a picture that was cut short has left something")
	}
}

func TestWatchUsage(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-o", out, in}, "-p PIPELINE"},
		{[]string{"-p", "fade", in}, "say where to write"},
		{[]string{"-p", "fade", "-o", out}, "say which folder"},
		{[]string{"-p", "fade", "-o", out, in, in}, "takes one folder"},
		{[]string{"-p", "fade", "-o", filepath.Join(in, "out"), in}, "lies inside the watched folder"},
		{[]string{"-p", "fade", "-o", out, filepath.Join(in, "a.png")}, "is no folder"},
		{[]string{"-p", "fade", "-o", out, "--settle", "0s", in}, "--settle"},
		{[]string{"-p", "fade", "-o", out, "--poll", "-1s", in}, "--poll"},
		{[]string{"-p", "fade", "-o", out, "--poll", "soon", in}, "poll"},
		{[]string{"-p", "fade", "-o", out, "--truth", in, in}, "no option --truth"},
		{[]string{"-p", "fade", "-o", out, "--move-done", in, in}, "is the watched folder"},
	} {
		restore(t, append([]string{"watch"}, c.args...)...).want(t, exitUsage, c.want)
		if exists(out) {
			t.Errorf("%v: the output folder was made", c.args)
		}
	}
}

// TestWatchLog: every picture has its line; failures and what asks for help are
// said even when nothing else is.
func TestWatchLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := newWatchLog(&out, false)
	done := pipeline.Result{Item: pipeline.Item{Path: "in/a.png", Rel: "a.png"}, Outcome: pipeline.Restored, W: 1000, H: 1000, Seconds: 1}
	failed := pipeline.Result{Item: pipeline.Item{Path: "in/b.png", Rel: "b.png"}, Outcome: pipeline.Failed, Err: errors.New("broken")}
	for range mostWatchLines + 7 {
		l.Done(done)
	}
	l.Done(failed)
	l.flush()
	if want := strings.Repeat("a.png: restored, 1 MP in 1.0 s\n", mostWatchLines+7) + "restore: failed: in/b.png: broken\n"; out.String() != want {
		t.Errorf("it says\n%s, want\n%s", out.String(), want)
	}

	out.Reset()
	l.event(watch.Event{Kind: watch.Retrying, Path: "in/a.png", Err: &pipeline.Error{Item: "in/a.png", Step: "fade", Err: errors.New("cut")}, Wait: time.Second})
	if got, want := out.String(), "restore: not yet: in/a.png: fade: cut; tried again in 1s\n"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}

	out.Reset()
	l.quiet = true
	l.Done(done)
	l.event(watch.Event{Kind: watch.Overflow, Path: "in"})
	l.event(watch.Event{Kind: watch.Retrying, Path: "in/a.png", Err: errors.New("cut"), Wait: time.Second})
	if out.Len() > 0 {
		t.Errorf("quiet: %q", out.String())
	}
	l.event(watch.Event{Kind: watch.MoveFailed, Path: "in/a.png", Err: errors.New("no room")})
	l.event(watch.Event{Kind: watch.Polling, Path: "in", Err: errors.New("no watches"), Wait: time.Minute})
	for _, part := range []string{"not moved: in/a.png: no room", "in cannot be watched: no watches; what sends no events is looked at every 1m0s"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("quiet does not say %q, but %q", part, out.String())
		}
	}
}

// TestWatchLogTerminal: on a terminal, a burst ends in one line that shows the
// latest picture at once and gives way to what follows.
func TestWatchLogTerminal(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	l := &watchLog{out: &out, columns: func() int { return 60 }, now: func() time.Time { return now }}
	done := func(name string) {
		l.Done(pipeline.Result{Item: pipeline.Item{Rel: name}, Outcome: pipeline.Restored, W: 1000, H: 1000, Seconds: 1})
	}
	for range mostWatchLines {
		done("a.png")
	}
	if want := strings.Repeat("a.png: restored, 1 MP in 1.0 s\n", mostWatchLines); out.String() != want {
		t.Errorf("at first it says\n%s, want\n%s", out.String(), want)
	}
	for i, want := range []string{
		"\rand 1 picture more, the last of them b.png: restored, 1 MP ",
		"\rand 2 pictures more, the last of them 休日.png: restored, 1",
		"\rand 3 pictures more, the last of them d.png: restored, 1 MP",
	} {
		out.Reset()
		done([]string{"b.png", "休日.png", "d.png"}[i])
		if out.String() != want {
			t.Errorf("picture %d draws %q, want %q", i, out.String(), want)
		}
	}
	out.Reset()
	l.Done(pipeline.Result{Item: pipeline.Item{Path: "c.png", Rel: "c.png"}, Outcome: pipeline.Failed, Err: errors.New("broken")})
	erased := "\r" + strings.Repeat(" ", 59) + "\r"
	if want := erased + "and 3 pictures more\nrestore: failed: c.png: broken\n"; out.String() != want {
		t.Errorf("a failure then: %q, want %q", out.String(), want)
	}
	done("e.png")
	now = now.Add(plainInterval)
	out.Reset()
	done("f.png")
	if want := erased + "and 1 picture more\nf.png: restored, 1 MP in 1.0 s\n"; out.String() != want {
		t.Errorf("after the interval: %q, want %q", out.String(), want)
	}
	done("g.png")
	out.Reset()
	l.flush()
	if out.Len() > 0 {
		t.Errorf("nothing is open, and it says %q", out.String())
	}
}
