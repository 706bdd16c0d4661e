package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// fullWriter is a standard output on a full disk.
type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestStandardOutputFull(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	for _, args := range [][]string{{"fade", in, "-o", out}, {"fade", in, "-o", out + "2", "--refuse", "a.png"}, {"tasks"}, {"version"}, {"--version"}} {
		var stderr bytes.Buffer
		p := &program{registry: tasks.NewRegistry(fadeSpec(nil)), stdout: fullWriter{}, stderr: &stderr}
		if code := p.run(t.Context(), args); code != exitEnvironment || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%v: exit code %d, %q", args, code, &stderr)
		}
	}
}

func TestHintOfReadBack(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("%w: %w", pipeline.ErrReadBack, pix.ErrCorrupt)
	if got := hint(err); !strings.Contains(got, "--format png") || strings.Contains(got, "copy it again") {
		t.Errorf("hint %q", got)
	}
}

// TestSummaryStopped: the error that ended the run is left to the last line.
func TestSummaryStopped(t *testing.T) {
	t.Parallel()
	var out, stderr bytes.Buffer
	p := &program{stdout: &out, stderr: &stderr}
	fatal := &pipeline.Error{Item: "b.png", Err: syscall.ENOSPC}
	failed := func(name string, err error) pipeline.Result {
		return pipeline.Result{Item: pipeline.Item{Path: name}, Outcome: pipeline.Failed, Err: err}
	}
	p.summary(&pipeline.Report{Failed: 2, Results: []pipeline.Result{failed("a\n.png", errors.New("bad\x1b")), failed("b.png", fatal)}}, true, fatal)
	if got, want := stderr.String(), `restore: failed: "a\n.png": bad\x1b`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	names := []string{"denoise", "run", "tasks", "--strength", "--out"}
	for name, want := range map[string]string{
		"denoize": `; did you mean "denoise"?`, "dnoise": `; did you mean "denoise"?`, "rum": `; did you mean "run"?`,
		"--strenght": "; did you mean --strength?", "--ouput": "", "sharpen": "", "x": "", "frobnicate": "",
	} {
		if got := didYouMean(name, names); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestOptionTwice(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	restore(t, "fade", in, "-o", out, "--out", out+"2").want(t, exitUsage, "--out is given twice")
	restore(t, "fade", in, "-o", filepath.Join(out, "x"), "--truth", filepath.Join(in, "nosuch")).want(t, exitUsage, "nosuch")
	if exists(out) {
		t.Error("the output folder was made")
	}
}
