package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cae-restore/restore/tasks"
)

// TestDryRun: the plan names every file with its reason, nothing is written, and
// then it happens.
func TestDryRun(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	r := restore(t, "fade", in, "-o", out, "--dry-run")
	r.want(t, exitDone, "dry run: 2 to do (1 file", "the headers only", "there is no output yet", "it is no picture", "1 file that is no picture")
	if exists(out) {
		t.Error("the output folder was made")
	}
	restore(t, "fade", in, "-o", out).want(t, exitDone, "2 restored")
	writeFile(t, filepath.Join(in, "sub", "b.png"), pngOf(t, painting(8, 8)))
	writeFile(t, filepath.Join(in, "c.png"), pngOf(t, painting(4, 4))[:40])
	writeFile(t, filepath.Join(in, "d.png"), pngOf(t, painting(4, 4)))
	writeFile(t, filepath.Join(out, "d.png"), []byte("somebody else's"))
	r = restore(t, "fade", in, "-o", out, "--dry-run")
	r.want(t, exitSomeFailed, "dry run: 1 to do, 1 current, 1 skipped", "1 would fail")
	for name, want := range map[string]string{
		"a.png": "current", "sub/b.png": "the input has changed", "c.png": "would fail", "d.png": "this program did not make", "notes.txt": "ignored",
	} {
		line := ""
		for l := range strings.Lines(r.stdout) {
			if strings.Contains(l, filepath.Join(in, filepath.FromSlash(name))) {
				line = l
			}
		}
		if !strings.Contains(line, want) {
			t.Errorf("%s: %q, want %q", name, line, want)
		}
	}
	restore(t, "fade", in, "-o", out, "--dry-run", "--model", "soft", "--amount", "0.4").want(t, exitSomeFailed, "2 to do", "the pipeline has changed")
	restore(t, "fade", in, "-o", out).want(t, exitSomeFailed, "1 restored, 1 current, 1 skipped", "skipped: "+filepath.Join(in, "d.png"), "--overwrite")
}

// TestState: a ledger elsewhere does what one in OUT does.
func TestState(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	state := filepath.Join(t.TempDir(), "state")
	restore(t, "fade", in, "-o", out, "--state", state).want(t, exitDone, "2 restored")
	restore(t, "fade", in, "-o", out, "--state", state, "--checksum").want(t, exitDone, "2 current")
	restore(t, "fade", in, "-o", out+"2", "--state", state).want(t, exitEnvironment, "another output folder, "+out)
	restore(t, "fade", in, "-o", out).want(t, exitUsage, "give --state "+state+" again")
	restore(t, "fade", in, "-o", out, "--state", "").want(t, exitUsage, "--state")
}

// TestLocked: a second run into one folder says who works on it and leaves.
func TestLocked(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	begun := make(chan struct{})
	first := make(chan int)
	p, ctx, cancel := waiting(t, begun)
	go func() { first <- p.run(ctx, []string{"fade", "--jobs", "1", in, "-o", out}) }()
	<-begun
	host, _ := os.Hostname()
	restore(t, "fade", in, "-o", out).want(t, exitEnvironment, out+" is in use by another run, process ", host)
	restore(t, "fade", in, "-o", out, "--dry-run").want(t, exitEnvironment, "in use")
	cancel()
	if code := <-first; code != exitInterrupted {
		t.Errorf("the first run ended with %d", code)
	}
	restore(t, "fade", in, "-o", out).want(t, exitDone, "2 restored")
}

// waiting is a program whose pictures tell begun and then wait for cancel.
func waiting(t *testing.T, begun chan<- struct{}) (*program, context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	return &program{registry: tasks.NewRegistry(fadeSpec(begun)), stdout: io.Discard, stderr: io.Discard}, ctx, cancel
}
