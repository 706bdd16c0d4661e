package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cae-restore/restore/tasks"
)

func TestRestoreFolder(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	before := read(t, filepath.Join(in, "sub", "b.png"))
	restore(t, "fade", in, "-o", out).want(t, exitDone, "2 pictures to work on", "2 restored", "1 file that is no picture was passed over")
	after := read(t, filepath.Join(out, "sub", "b.png"))
	if got, want := after.Planes[0][0], before.Planes[0][0]/2; got != want {
		t.Errorf("first sample %d, want %d", got, want)
	}
	if exists(filepath.Join(out, "notes.txt")) {
		t.Error("a file that is no picture was written")
	}
	if now := read(t, filepath.Join(in, "sub", "b.png")); now.Planes[0][0] != before.Planes[0][0] {
		t.Error("the input was changed")
	}
}

// TestFlags shows for each flag, on either side of INPUT, what it changes.
func TestFlags(t *testing.T) {
	t.Parallel()
	first := func(t *testing.T, path string) int { return int(read(t, path).Planes[0][0] / 257) } // 100 in the input
	for _, c := range []struct {
		name  string
		args  string
		check func(t *testing.T, r result, in, out string)
	}{
		{"option of the task", "fade --amount 0.25", func(t *testing.T, _ result, _, out string) {
			if v := first(t, filepath.Join(out, "a.png")); v != 25 {
				t.Errorf("first sample %d, want 25", v)
			}
		}},
		{"switch of the task", "fade --amount=1 --invert", func(t *testing.T, _ result, _, out string) {
			if v := first(t, filepath.Join(out, "a.png")); v != 155 {
				t.Errorf("first sample %d, want 155", v)
			}
		}},
		{"switch turned off", "fade --amount=1 --invert=false", func(t *testing.T, _ result, _, out string) {
			if v := first(t, filepath.Join(out, "a.png")); v != 100 {
				t.Errorf("first sample %d, want 100", v)
			}
		}},
		{"pipeline", "run -p fade:amount=0.5,fade:amount=0.5", func(t *testing.T, _ result, _, out string) {
			if v := first(t, filepath.Join(out, "a.png")); v != 25 {
				t.Errorf("first sample %d, want 25", v)
			}
		}},
		{"suffix", "fade --suffix -dark", func(t *testing.T, _ result, _, out string) {
			read(t, filepath.Join(out, "a-dark.png"))
		}},
		{"format", "fade --format jpeg", func(t *testing.T, _ result, _, out string) {
			if f := read(t, filepath.Join(out, "a.jpg")).Meta.Format; f != "jpeg" {
				t.Errorf("format %s", f)
			}
		}},
		{"quality", "fade --format jpeg --quality 5", func(t *testing.T, _ result, in, out string) {
			fine := filepath.Join(filepath.Dir(out), "fine")
			restore(t, "fade", "--format", "jpeg", "--quality", "100", "-o", fine, in).want(t, exitDone)
			a, b := len(bytesOf(t, filepath.Join(out, "a.jpg"))), len(bytesOf(t, filepath.Join(fine, "a.jpg")))
			if a >= b {
				t.Errorf("%d bytes at quality 5, %d at 100", a, b)
			}
		}},
		{"exclude a name", "fade --exclude sub", func(t *testing.T, r result, _, out string) {
			if exists(filepath.Join(out, "sub")) || !exists(filepath.Join(out, "a.png")) {
				t.Error("want a.png alone")
			}
		}},
		{"exclude twice", "fade --exclude b.* --exclude a.*", func(t *testing.T, r result, _, out string) {
			r.want(t, exitDone, "nothing to do")
		}},
		{"exclude a name with a comma", "fade --exclude sub,2", func(t *testing.T, r result, _, out string) {
			if exists(filepath.Join(out, "sub,2")) || !exists(filepath.Join(out, "sub", "b.png")) {
				t.Error("want all but sub,2")
			}
		}},
		{"models of different steps", "run -p fade:model=soft,fade --model fade#2=soft", func(t *testing.T, _ result, _, out string) {
			read(t, filepath.Join(out, "a.png"))
		}},
		{"jobs", "fade --jobs 1", func(t *testing.T, r result, _, _ string) { r.want(t, exitDone, "2 restored") }},
		{"quiet", "fade --quiet", func(t *testing.T, r result, _, out string) {
			if r.stdout+r.stderr != "" {
				t.Errorf("printed %q", r.stdout+r.stderr)
			}
			read(t, filepath.Join(out, "a.png"))
		}},
		{"shipped model", "fade --model soft", func(t *testing.T, _ result, _, out string) { read(t, filepath.Join(out, "a.png")) }},
		{"model of a step", "run -p fade,fade --model fade=soft --model fade#2=fade:soft", func(t *testing.T, _ result, _, out string) {
			read(t, filepath.Join(out, "a.png"))
		}},
	} {
		for _, order := range []string{"after", "before"} {
			t.Run(c.name+"/"+order, func(t *testing.T) {
				t.Parallel()
				in, out := folder(t)
				if strings.Contains(c.name, "comma") {
					writeFile(t, filepath.Join(in, "sub,2", "c.png"), pngOf(t, painting(2, 2)))
				}
				args := strings.Fields(c.args)
				if order == "before" {
					args = append(args, "-o", out, in)
				} else {
					args = append([]string{args[0], in, "--out=" + out}, args[1:]...)
				}
				r := restore(t, args...)
				r.want(t, exitDone)
				c.check(t, r, in, out)
			})
		}
	}
}

func bytesOf(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOverwrite(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	foreign := []byte("somebody else's")
	path := writeFile(t, filepath.Join(out, "a.png"), foreign)
	restore(t, "fade", in, "-o", out).want(t, exitDone, "1 restored", "1 skipped", "--overwrite")
	if !bytes.Equal(bytesOf(t, path), foreign) {
		t.Error("an output that existed was replaced without --overwrite")
	}
	restore(t, "fade", in, "-o", out, "--overwrite").want(t, exitDone, "2 restored")
	if bytes.Equal(bytesOf(t, path), foreign) {
		t.Error("--overwrite replaced nothing")
	}
}

func TestTruth(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	clean := filepath.Join(filepath.Dir(in), "clean")
	restore(t, "fade", "--amount", "0.5", in, "-o", clean).want(t, exitDone)
	if err := os.Remove(filepath.Join(clean, "sub", "b.png")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(in, "c.png"), pngOf(t, painting(3, 3)))
	writeFile(t, filepath.Join(clean, "c.png"), pngOf(t, painting(3, 3)))

	r := restore(t, "fade", "--amount", "0.6", in, "-o", out, "--truth", clean)
	r.want(t, exitDone, "PSNR before", "a.png", "gain", "no PSNR of "+filepath.Join(in, "sub", "b.png"))
	for line := range strings.Lines(r.stdout) {
		if strings.Contains(line, "a.png") && !strings.Contains(line, "+") {
			t.Errorf("a.png came nearer to its original, but its line says %q", line)
		}
		if strings.Contains(line, "c.png") && (!strings.Contains(line, "equal") || !strings.Contains(line, " - ")) {
			t.Errorf("c.png was equal to its original, but its line says %q", line)
		}
	}
	restore(t, "fade", in, "-o", out, "--truth", filepath.Join(in, "none")).want(t, exitUsage, "none")

	for i := range 7 {
		writeFile(t, filepath.Join(in, fmt.Sprintf("d%d.png", i)), pngOf(t, painting(3, 3)))
	}
	r = restore(t, "fade", in, "-o", out+"2", "--truth", clean)
	r.want(t, exitDone, "no PSNR of "+filepath.Join(in, "d4.png"), "and no PSNR of 3 more")
	if strings.Contains(r.stderr, "no PSNR of "+filepath.Join(in, "d5.png")) {
		t.Errorf("it names each picture without an original:\n%s", r.stderr)
	}
}

// TestPatternDeadLink: a link that leads nowhere fails as one picture where a
// pattern matches it, and the others are restored.
func TestPatternDeadLink(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	if err := os.Symlink("nowhere", filepath.Join(in, "c.png")); err != nil {
		t.Skip("no links here:", err)
	}
	restore(t, "fade", filepath.Join(in, "*.png"), "-o", out).want(t, exitSomeFailed, "2 pictures to work on", "1 restored", "1 failed", "c.png: it is a link to nowhere")
	restore(t, "fade", filepath.Join(in, "c.png"), "-o", out).want(t, exitUsage, "a link to nowhere")
}

func TestPictureFails(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	r := restore(t, "fade", in, "-o", out, "--refuse", "b")
	r.want(t, exitSomeFailed, "1 restored", "1 failed", "sub/b.png: fade:", "not to its liking")
	if !strings.Contains(r.stderr, "failed: "+filepath.Join(in, "sub", "b.png")) {
		t.Errorf("standard error does not name the picture: %q", r.stderr)
	}
	restore(t, "fade", in, "-o", out, "--refuse", "b", "--quiet").want(t, exitSomeFailed, "sub/b.png")
	read(t, filepath.Join(out, "a.png"))
}

// crowd is a task that counts how many pictures it has in hand. It holds each
// until there are as many as wanted, or patience is over.
type crowd struct {
	in, most atomic.Int32
	want     int32
	patience time.Duration
}

func (c *crowd) Apply(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	defer c.in.Add(-1)
	now := c.in.Add(1)
	for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	for end := time.Now().Add(c.patience); c.most.Load() < c.want && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	return f, nil
}

// TestJobs shows that --jobs bounds the pictures in flight, and that as many are.
func TestJobs(t *testing.T) {
	t.Parallel()
	for jobs, c := range map[string]*crowd{
		"1": {want: 2, patience: 50 * time.Millisecond}, // a second one would have the time to come
		"3": {want: 3, patience: time.Minute},
	} {
		t.Run(jobs, func(t *testing.T) {
			t.Parallel()
			in, out := folder(t)
			writeFile(t, filepath.Join(in, "c.png"), pngOf(t, painting(3, 3)))
			writeFile(t, filepath.Join(in, "d.png"), pngOf(t, painting(3, 3)))
			spec := &tasks.Spec{Name: "crowd", New: func(context.Context, tasks.Env, any) (tasks.Task, error) { return c, nil }}
			restoreWith(t, tasks.NewRegistry(spec), "tasks", "crowd").want(t, exitDone, "crowd")
			restoreWith(t, tasks.NewRegistry(spec), "crowd", in, "-o", out, "--jobs", jobs).want(t, exitDone, "4 copied")
			if got := strconv.Itoa(int(c.most.Load())); got != jobs {
				t.Errorf("%s pictures in hand at the same time, want %s", got, jobs)
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun := make(chan struct{})
	go func() {
		<-begun
		cancel()
	}()
	var stdout, stderr bytes.Buffer
	p := &program{registry: tasks.NewRegistry(fadeSpec(begun)), stdout: &stdout, stderr: &stderr}
	code := p.run(ctx, []string{"fade", "--jobs", "1", in, "-o", out})
	result{code, stdout.String(), stderr.String()}.want(t, exitInterrupted, "interrupted", "not done", "same command")
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 || entries[0].Name() != ".restore" {
		t.Errorf("left in the output folder: %v, %v", entries, err)
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	file := filepath.Join(in, "a.png")
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"unknown option", []string{"fade", in, "-o", out, "--amuont", "1"}, exitUsage, []string{"--amuont", "--amount"}},
		{"no output", []string{"fade", in}, exitUsage, []string{"-o OUT"}},
		{"no input", []string{"fade", "-o", out}, exitUsage, []string{"INPUT"}},
		{"no pipeline", []string{"run", "-o", out, in}, exitUsage, []string{"-p PIPELINE"}},
		{"unknown task", []string{"run", "-p", "fadde", "-o", out, in}, exitUsage, []string{"fadde", "fade"}},
		{"unknown key", []string{"run", "-p", "fade:x=1", "-o", out, in}, exitUsage, []string{`"x"`, "amount"}},
		{"value out of range", []string{"fade", "--amount", "7", "-o", out, in}, exitUsage, []string{"amount", "7", "1"}},
		{"word not allowed", []string{"fade", "--mode", "blue", "-o", out, in}, exitUsage, []string{"blue", "red"}},
		{"input does not exist", []string{"fade", filepath.Join(in, "gone"), "-o", out}, exitUsage, []string{"gone"}},
		{"input called help", []string{"fade", "help", "-o", out}, exitUsage, []string{"no such file"}},
		{"pattern matches nothing", []string{"fade", filepath.Join(in, "*.gif"), "-o", out}, exitUsage, []string{"*.gif"}},
		{"output inside input", []string{"fade", in, "-o", filepath.Join(in, "out")}, exitUsage, []string{"inside"}},
		{"jobs", []string{"fade", in, "-o", out, "--jobs", "0"}, exitUsage, []string{"--jobs"}},
		{"max-megapixels 0", []string{"fade", in, "-o", out, "--max-megapixels", "0"}, exitUsage, []string{"--max-megapixels"}},
		{"jobs in words", []string{"fade", in, "-o", out, "--jobs", "two"}, exitUsage, []string{"--jobs", "two"}},
		{"quality", []string{"fade", in, "-o", out, "--quality", "101"}, exitUsage, []string{"--quality", "100"}},
		{"format", []string{"fade", in, "-o", out, "--format", "doc"}, exitUsage, []string{"doc", "png"}},
		{"suffix", []string{"fade", in, "-o", out, "--suffix", "/x"}, exitUsage, []string{"suffix"}},
		{"exclude", []string{"fade", in, "-o", out, "--exclude", "["}, exitUsage, []string{"["}},
		{"unknown model", []string{"fade", in, "-o", out, "--model", "loud"}, exitUsage, []string{"loud", "fade:soft"}},
		{"model not shipped", []string{"fade", in, "-o", out, "--model", "hard"}, exitEnvironment, []string{"hard", "not shipped"}},
		{"unusable model", []string{"fade", in, "-o", out, "--model", file}, exitEnvironment, []string{"a.png", "unusable model"}},
		{"model of which step", []string{"run", "-p", "fade,fade", in, "-o", out, "--model", "soft"}, exitUsage, []string{"fade#2"}},
		{"two models for a step", []string{"fade", in, "-o", out, "--model", "soft", "--model", "fade=hard"}, exitUsage, []string{"--model soft and --model fade=hard", "step fade"}},
		{"two models for a later step", []string{"run", "-p", "fade,fade", in, "-o", out, "--model", "fade#2=soft", "--model", "fade#2=soft"}, exitUsage, []string{"step fade#2"}},
		{"two models for the first step", []string{"run", "-p", "fade,fade", in, "-o", out, "--model", "fade=soft", "--model", "fade#1=soft"}, exitUsage, []string{"step fade:"}},
		{"model of the pipeline's own", []string{"run", "-p", "fade:model=soft", in, "-o", out, "--model", "hard"}, exitUsage, []string{"the step fade the model soft", "--model hard"}},
		{"output under a file", []string{"fade", in, "-o", filepath.Join(file, "out")}, exitEnvironment, []string{"cannot be written"}},
		{"nothing at all", nil, exitUsage, []string{"VERB"}},
		{"unknown verb", []string{"fate"}, exitUsage, []string{`"fate"`, `"fade"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := restore(t, c.args...)
			r.want(t, c.code, c.want...)
			if r.stdout != "" {
				t.Errorf("printed on standard output: %q", r.stdout)
			}
		})
	}
}

// TestMaxMegapixels: larger pictures are refused one by one.
func TestMaxMegapixels(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	restore(t, "fade", in, "-o", out, "--max-megapixels", "0.000001").want(t, exitSomeFailed, "2 failed", "--max-megapixels")
	restore(t, "fade", in, "-o", out, "--max-megapixels", "1").want(t, exitDone, "2 restored")
}
