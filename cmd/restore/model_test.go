package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/all"
	"github.com/cae-restore/restore/tasks/fit"
)

// training is a folder with two clean pictures and what two steps of training
// on them left. It is made once for all tests, which only read it.
var training = sync.OnceValues(func() (string, result) {
	dir, err := os.MkdirTemp("", "restore-test-*")
	if err != nil {
		panic(err)
	}
	trainingDir = dir
	for _, name := range []string{"data/a.png", "val/b.png"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		var file bytes.Buffer
		err := os.MkdirAll(filepath.Dir(path), 0o777)
		if err == nil {
			err = png.Encode(&file, painting(24, 20))
		}
		if err == nil {
			err = os.WriteFile(path, file.Bytes(), 0o666)
		}
		if err != nil {
			panic(err)
		}
	}
	var stdout, stderr bytes.Buffer
	p := &program{registry: all.Registry(), stdout: &stdout, stderr: &stderr}
	code := p.run(context.Background(), []string{"train", "denoise", "--data", filepath.Join(dir, "data"), "--val", filepath.Join(dir, "val"),
		"-o", filepath.Join(dir, "out"), "--steps", "2", "--batch", "1", "--patch", "16", "--schedule", "constant", "--jobs", "2"})
	return dir, result{code, stdout.String(), stderr.String()}
})

var trainingDir string // to be removed at the end

// trained returns the folder of the training, and the path of its model.
func trained(t *testing.T) (dir, model string) {
	t.Helper()
	dir, r := training()
	r.want(t, exitDone)
	return dir, filepath.Join(dir, "out", "fast.safetensors")
}

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if file := os.Getenv(peakVariable); file != "" {
			os.Exit(asChild(file, func() int { return run(context.Background(), os.Args[1:], os.Stdout, os.Stderr) }))
		}
		main()
	}
	code := m.Run()
	if trainingDir != "" {
		os.RemoveAll(trainingDir)
	}
	os.Exit(code)
}

func TestTrain(t *testing.T) {
	t.Parallel()
	dir, model := trained(t)
	_, r := training()
	r.want(t, exitDone, "1 picture to learn from", "step 2 of 2", "score", " dB at step 2", "1 of the 1 pictures to score on are among those to learn from", model)
	out := filepath.Join(dir, "out")
	for _, name := range []string{lossCurveName, scoreCurveName, samplesName} {
		if m := read(t, filepath.Join(out, name)); m.W < 150 || m.H < 80 {
			t.Errorf("%s is of %dx%d samples", name, m.W, m.H)
		}
	}
	if !exists(filepath.Join(out, fit.CheckpointName)) {
		t.Error("there is no checkpoint")
	}
}

func TestTrainResumeAndDecay(t *testing.T) {
	t.Parallel()
	dir, _ := trained(t)
	checkpoint := filepath.Join(dir, "out", fit.CheckpointName)
	before := bytesOf(t, checkpoint)
	branch := filepath.Join(t.TempDir(), "branch")
	restoreWith(t, all.Registry(), "train", "denoise", "--data", filepath.Join(dir, "data"),
		"--resume", checkpoint, "--decay", "3", "-o", branch).want(t, exitDone, "step 5 of 5", branch)
	own := filepath.Join(t.TempDir(), "own") // as others read the one that all share
	if err := os.CopyFS(own, os.DirFS(filepath.Join(dir, "out"))); err != nil {
		t.Fatal(err)
	}
	r := restoreWith(t, all.Registry(), "train", "denoise", "--data", filepath.Join(dir, "data"), "--resume", filepath.Join(own, fit.CheckpointName))
	r.want(t, exitDone, "complete: it has taken all of its 2 steps", "--from", "--decay", filepath.Join(own, "fast.safetensors"))
	if strings.Contains(r.stderr, "saved") {
		t.Errorf("a complete training says that it saved:\n%s", r.stderr)
	}
	if !bytes.Equal(before, bytesOf(t, checkpoint)) {
		t.Error("the branch changed the checkpoint that it came from")
	}
}

// cancelAt is a writer that ends a run when a text goes through it.
type cancelAt struct {
	bytes.Buffer
	text   string
	cancel func()
}

func (w *cancelAt) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.text) {
		w.cancel()
	}
	return w.Buffer.Write(b)
}

func TestTrainInterrupted(t *testing.T) {
	t.Parallel()
	dir, _ := trained(t)
	for at, want := range map[string]string{
		"1 picture to learn from": "no step was taken yet",
		"saved":                   "go on with: restore train denoise --data " + shellWord(filepath.Join(dir, "data")) + " --val " + shellWord(filepath.Join(dir, "val")) + " --resume ",
	} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stderr, stdout := &cancelAt{text: at, cancel: cancel}, &bytes.Buffer{}
			p := &program{registry: all.Registry(), stdout: stdout, stderr: stderr}
			code := p.run(ctx, []string{"train", "denoise", "--data", filepath.Join(dir, "data"), "--val", filepath.Join(dir, "val"), "-o", t.TempDir(),
				"--steps", "1000000", "--batch", "1", "--patch", "16", "--checkpoint", "1ns"})
			result{code, stdout.String(), stderr.String()}.want(t, exitInterrupted, "interrupted; ", want)
		})
	}
}

func TestTrainErrors(t *testing.T) {
	t.Parallel()
	dir, model := trained(t)
	data, checkpoint := filepath.Join(dir, "data"), filepath.Join(dir, "out", fit.CheckpointName)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", exitUsage, "say which task"},
		{"denoise", exitUsage, "say what to learn from: --data DIR"},
		{"denoise --data DATA -o OUT", exitUsage, "--steps"},
		{"denoise --data DATA -o OUT --steps 1 --minutes 1", exitUsage, "--minutes"},
		{"denoise --data DATA --steps 1", exitUsage, "-o DIR"},
		{"denoise --steps 1 -o OUT", exitUsage, "--data"},
		{"denoise --data OUT/gone --steps 1 -o OUT", exitUsage, "gone"},
		{"denoise --data DATA --steps 1 -o OUT --rate -1", exitUsage, "--rate"},
		{"denoise --data DATA --steps 1 -o OUT --schedule linear", exitUsage, "cosine"},
		{"denoise --data DATA --steps 1 -o OUT --ema 1", exitUsage, "--ema"},
		{"denoise --data DATA --steps 1 -o OUT --decay 1", exitUsage, "--resume"},
		{"denoise --data DATA --steps 1 -o OUT --freeze encoder", exitUsage, "--from"},
		{"denoise --data DATA --steps 1 -o OUT --from MODEL --freeze head", exitUsage, "it must be encoder"},
		{"denoise --data DATA --steps 1 -o OUT --guard 0.5", exitUsage, "0 or above 1"},
		{"denoise --data DATA --resume CHECKPOINT --freeze encoder", exitUsage, "--freeze"},
		{"denoise --data DATA --resume CHECKPOINT --rate 1", exitUsage, "--rate"},
		{"denoise --data DATA --resume CHECKPOINT --decay 1", exitUsage, "-o DIR"},
		{"denoise --data DATA --resume CHECKPOINT --decay 1 -o TRUNK", exitUsage, "branches off"},
		{"denoise --data DATA --steps 1 -o TRUNK", exitUsage, "holds a training already"},
		{"denoise --data DATA --steps 1 --minutes 1 -o NEW", exitUsage, "give one of them"},
		{"denoise --data DATA --resume TRUNK/none", exitUsage, "the checkpoint to resume"},
		{"denoise --data DATA --resume TRUNK/fast.safetensors", exitUsage, "checkpoint.safetensors beside it"},
		{"denoise --data DATA --steps 1 -o OUT --patch 20", exitUsage, "multiples of 8"},
		{"denoise --data DATA --resume MODEL -o OUT", exitEnvironment, "checkpoint"},
		{"denoise:model=x.safetensors --data DATA --steps 1 -o OUT", exitUsage, "--from"},
		{"inpaintt --data DATA --steps 1 -o OUT", exitUsage, "denoise"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			r := strings.NewReplacer("DATA", data, "OUT", filepath.Join(t.TempDir(), "out"), "CHECKPOINT", checkpoint, "TRUNK", filepath.Dir(checkpoint), "MODEL", model)
			restoreWith(t, all.Registry(), append([]string{"train"}, strings.Fields(r.Replace(c.args))...)...).want(t, c.code, c.want)
		})
	}
}

func TestEval(t *testing.T) {
	t.Parallel()
	dir, model := trained(t)
	r := restoreWith(t, all.Registry(), "eval", "denoise", "--data", filepath.Join(dir, "val"), "--model", model, "--sigma", "15,25")
	r.want(t, exitDone, "input_psnr", "score", "neither clipped nor rounded")
	lines := strings.Split(r.stdout, "\n")
	if fields := strings.Fields(lines[1]); fields[0] != "15" || !strings.HasPrefix(fields[1], "24.") {
		t.Errorf("at sigma 15 the input has 24.6 dB; the line is %q", lines[1])
	}
	if fields := strings.Fields(lines[2]); fields[0] != "25" {
		t.Errorf("the second line is %q, want sigma 25", lines[2])
	}
	blind := restoreWith(t, all.Registry(), "eval", "denoise", "--data", filepath.Join(dir, "val"), "--model", "denoise="+model, "--sigma", "15", "--strength", "auto")
	blind.want(t, exitDone, "level_error")

	data, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "own.safetensors")
	if err := os.WriteFile(own, data, 0o666); err != nil {
		t.Fatal(err)
	}
	restoreWith(t, all.Registry(), "eval", "denoise", "--data", filepath.Join(dir, "val"), "--model", own, "--sigma", "15", "--record").want(t, exitDone, "score")
	restoreWith(t, all.Registry(), "model", "info", own).want(t, exitDone, "sigma 15", "psnr")
	restoreWith(t, all.Registry(), "eval", "denoise", "--data", filepath.Join(dir, "val"), "--record").want(t, exitUsage, "--model FILE")
}

func TestEvalErrors(t *testing.T) {
	t.Parallel()
	dir, model := trained(t)
	val := filepath.Join(dir, "val")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"denoise"}, exitUsage, "--data"},
		{[]string{"--data", val}, exitUsage, "say which task"},
		{[]string{"denoise,denoise", "--data", val}, exitUsage, "2 steps"},
		{[]string{"denoise", "--data", val, "--data", val + "/"}, exitUsage, "the same folder"},
		{[]string{"denoise", "--data", val, "--sigma", "many"}, exitUsage, "many"},
		{[]string{"denoise", "--data", filepath.Join(val, "gone"), "--model", model}, exitUsage, "gone"},
		{[]string{"denoise", "--data", val, "--model", filepath.Join(val, "gone")}, exitEnvironment, "gone"},
		{[]string{"denoise", "--data", val, "--model", filepath.Join(val, "b.png")}, exitEnvironment, "unusable model"},
		{[]string{"denoise", "--data", val, "--sigam", "1"}, exitUsage, "--sigma"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			restoreWith(t, all.Registry(), append([]string{"eval"}, c.args...)...).want(t, c.code, c.want)
		})
	}
}

func TestModelInfo(t *testing.T) {
	t.Parallel()
	dir, model := trained(t)
	r := restoreWith(t, all.Registry(), "model", "info", model)
	r.want(t, exitDone, "denoise", "parameters", "kMAC a pixel", "looks at", "cut at", "restore train denoise", "2 steps", "kernels", "best so far, at step 2; these are its weights", "program")
	restoreWith(t, all.Registry(), "model", "info").want(t, exitUsage, "NAME|FILE")
	restoreWith(t, all.Registry(), "model", "info", filepath.Join(dir, "gone")).want(t, exitEnvironment, "neither a file nor a shipped model")
	restoreWith(t, all.Registry(), "model", "info", filepath.Join(dir, "data", "a.png")).want(t, exitEnvironment, "unusable model", "no safetensors file")
	restoreWith(t, all.Registry(), "model", "info", dir).want(t, exitEnvironment, "not a regular file")
}

// TestModelMessages: what is wrong with a model is said once, without options
// that the verb does not have.
func TestModelMessages(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	photo, gone := writeFile(t, filepath.Join(in, "photo.jpg"), jpegOf(t, painting(30, 20))), filepath.Join(in, "gone")
	registry := tasks.NewRegistry(gradeSpec())
	for _, c := range []struct {
		registry *tasks.Registry
		args     []string
		want     string
	}{
		{registry, []string{"model", "info", "thorough"}, `unusable model "thorough": it is not shipped`},
		{registry, []string{"model", "export", "--onnx", out, "thorough"}, "one of those that are shipped: grade:quick"},
		{all.Registry(), []string{"denoise", in, "-o", out, "--model", gone}, "it is neither a file nor a shipped model"},
		{all.Registry(), []string{"denoise", in, "-o", out, "--model", photo}, "it is no safetensors file"},
		{all.Registry(), []string{"eval", "denoise", "--data", in, "--model", photo}, "it is no safetensors file"},
		{all.Registry(), []string{"model", "info", photo}, "it is no safetensors file"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			r := restoreWith(t, c.registry, c.args...)
			r.want(t, exitEnvironment, c.want)
			if strings.Count(r.stderr, "unusable model") != 1 || strings.Contains(r.stderr, "--model FILE") {
				t.Errorf("it says %q", r.stderr)
			}
		})
	}
}

// TestPrintCard: each command that made a model has a line of its own.
func TestPrintCard(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	line := func(key, format string, args ...any) { fmt.Fprintf(&out, "%s|%s\n", key, fmt.Sprintf(format, args...)) }
	printCard(line, func(key, value string) { line(key, "%s", value) }, modelfile.Card{Command: "restore train a; restore train b", Steps: 1})
	if got, want := out.String(), "command|restore train a\n|restore train b\n"; !strings.Contains(got, want) || !strings.Contains(got, "|1 step,") {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
