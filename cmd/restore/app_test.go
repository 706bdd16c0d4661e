package main

import (
	"bytes"
	"image"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/cae-restore/restore/tasks/all"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	restore(t, "version").want(t, exitDone, "restore ", runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH, "kernels ")
	restore(t, "version", "now").want(t, exitUsage, `"now"`)
	restore(t, "--version").want(t, exitDone, "restore ", runtime.Version(), "kernels ")
}

func TestVersionOf(t *testing.T) {
	t.Parallel()
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123"}
	for want, info := range map[string]debug.BuildInfo{
		"v1.2.3":                          {Main: debug.Module{Version: "v1.2.3"}},
		"(devel)":                         {},
		"(devel) (revision 0123456789ab)": {Settings: []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "false"}}},
		"(devel) (revision 0123456789ab, with local changes)": {Settings: []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "true"}}},
	} {
		if got := versionOf(&info); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTasks(t *testing.T) {
	t.Parallel()
	restore(t, "tasks").want(t, exitDone, "fade", "makes pictures darker")
	restore(t, "tasks", "fade").want(t, exitDone, "version of the options: 1", "amount", "0.5", "0..1", "all, red", "true, false", "soft", "shipped", "hard", "not shipped")
	restore(t, "tasks", "fad").want(t, exitUsage, "fad", "fade")
	restore(t, "tasks", "fade", "fade").want(t, exitUsage, "one NAME")
}

// TestHelp asks every verb of the real program for its help, which also shows
// that no option of a task has the name of a common flag.
func TestHelp(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := &program{registry: all.Registry(), stdout: &out, stderr: &out}
	for _, c := range p.app().Commands {
		if c.Hidden {
			continue
		}
		for _, args := range [][]string{{c.Name, "--help"}, {"help", c.Name}} {
			r := restoreWith(t, all.Registry(), args...)
			r.want(t, exitDone, "restore "+c.Name)
			if r.stderr != "" {
				t.Errorf("%v printed on standard error: %q", args, r.stderr)
			}
		}
	}
	restore(t, "--help").want(t, exitDone, "VERB", "fade", "Exit codes")
	r := restore(t, "fade", "--help")
	r.want(t, exitDone, "--amount", "--out", "--jobs", "0..1")
	if n := strings.Count(r.stdout, "--model "); n < 1 {
		t.Errorf("--model is not in the help:\n%s", r.stdout)
	}
}

// TestKernelNote checks that what there is to say of the kernels is said once,
// by commands that use them and by version.
func TestKernelNote(t *testing.T) {
	t.Parallel()
	const note = "this CPU has no wings"
	clean := t.TempDir()
	writeFile(t, filepath.Join(clean, "a.png"), pngOf(t, image.NewGray(image.Rect(0, 0, 24, 16))))
	for _, args := range [][]string{
		{"version"},
		{"denoise", "--quiet", "-o", filepath.Join(t.TempDir(), "out"), clean},
		{"eval", "denoise", "--data", clean, "--sigma", "15"},
	} {
		var stdout, stderr bytes.Buffer
		p := &program{registry: all.Registry(), stdout: &stdout, stderr: &stderr, note: note}
		if code := p.run(t.Context(), args); code != exitDone {
			t.Errorf("%v: exit code %d: %s", args, code, &stderr)
		}
		if n := strings.Count(stdout.String()+stderr.String(), note); n != 1 {
			t.Errorf("%v: the note is printed %d times", args, n)
		}
	}
}
