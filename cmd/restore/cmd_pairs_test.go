package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/tasks/all"
)

func pairsFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	writeFile(t, filepath.Join(dir, "a.png"), pngOf(t, painting(40, 30)))
	return dir
}

func TestPairs(t *testing.T) {
	t.Parallel()
	data := pairsFolder(t)
	file := filepath.Join(t.TempDir(), "pairs")
	args := []string{"pairs", "denoise", "--data", data, "--batch", "2", "--patch", "16", "--seed", "7", "--count", "3", "--jobs", "2"}
	r := restoreWith(t, all.Registry(), args...)
	if r.code != exitDone || r.stderr != "" || !strings.HasPrefix(r.stdout, "RSTPAIRS") || !strings.Contains(r.stdout[:400], `"seed":7,`) {
		t.Fatalf("code %d, %d bytes, %s", r.code, len(r.stdout), r.stderr)
	}
	if got := strings.Count(r.stdout, "BTCH"); got != 3 {
		t.Errorf("%d batches, want 3", got)
	}
	restoreWith(t, all.Registry(), append(args, "-o", file)...).want(t, exitDone)
	stored, err := os.ReadFile(file)
	if err != nil || string(stored) != r.stdout {
		t.Errorf("the file differs from standard output (%v)", err)
	}
	restoreWith(t, all.Registry(), append(args, "-o", file)...).want(t, exitUsage, "exists already")
	wide := restoreWith(t, all.Registry(), append(args, "--dtype", "float32")...)
	if payload := 3 * 2 * (4 + 3) * 16 * 16 * 2; len(wide.stdout)-len(r.stdout) != payload {
		t.Errorf("float32 takes %d bytes more, want %d", len(wide.stdout)-len(r.stdout), payload)
	}
}

func TestPairsRefuses(t *testing.T) {
	t.Parallel()
	data := pairsFolder(t)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no task":           {nil, "say which task"},
		"no data":           {[]string{"denoise"}, "--data DIR"},
		"unknown model":     {[]string{"denoise:model=none", "--data", data}, "none"},
		"missing folder":    {[]string{"denoise", "--data", data + "x", "--count", "1"}, "unusable data"},
		"assets of no use":  {[]string{"denoise", "--data", data, "--assets", "overlays=" + data, "--count", "1"}, "uses none"},
		"unknown assets":    {[]string{"segment", "--data", data, "--assets", "papers=" + data, "--count", "1"}, "there are: overlays"},
		"assets, no folder": {[]string{"segment", "--data", data, "--assets", "overlays", "--count", "1"}, "NAME=DIR"},
		"no end":            {[]string{"denoise", "--data", data, "-o", data + "x"}, "--count N"},
		"count 0":           {[]string{"denoise", "--data", data, "--count", "0"}, "at least 1"},
		"start":             {[]string{"denoise", "--data", data, "--start", "-1"}, "at least 0"},
		"dtype":             {[]string{"denoise", "--data", data, "--dtype", "int8"}, "float16 or float32"},
		"patch":             {[]string{"denoise", "--data", data, "--patch", "17"}, "multiples of"},
		"too small":         {[]string{"denoise", "--data", data, "--patch", "64"}, "no picture of at least 64x64"},
		"score option":      {[]string{"denoise", "--data", data, "--sigma", "15"}, "no option --sigma"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := restoreWith(t, all.Registry(), append([]string{"pairs"}, test.args...)...)
			r.want(t, exitUsage, test.want)
			if r.stdout != "" {
				t.Errorf("it printed %d bytes", len(r.stdout))
			}
		})
	}
}

// gone is a pipe whose reader leaves after some bytes.
type gone struct{ left int }

func (g *gone) Write(b []byte) (int, error) {
	if g.left -= len(b); g.left < 0 {
		return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
	}
	return len(b), nil
}

func TestPairsReaderHasEnough(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	p := &program{registry: all.Registry(), stdout: &gone{50_000}, stderr: &stderr}
	code := p.run(t.Context(), []string{"pairs", "denoise", "--data", pairsFolder(t), "--batch", "1", "--patch", "16", "--jobs", "2"})
	if code != exitDone || stderr.Len() > 0 {
		t.Errorf("code %d, it says %q", code, &stderr)
	}
}

// What model init writes is what a training of no steps would have.
func TestModelInit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "init.safetensors")
	registry := all.Registry()
	restoreWith(t, registry, "model", "init", "denoise:model=best", "--seed", "5", "-o", file).want(t, exitDone, file)
	restoreWith(t, registry, "model", "init", "denoise", "-o", file).want(t, exitUsage, "exists already")
	restoreWith(t, registry, "model", "init", "denoise").want(t, exitUsage, "-o FILE")
	restoreWith(t, registry, "model", "info", file).want(t, exitDone, "denoise", "best", "random")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	net, meta, err := cae.Load(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	spec, err := registry.Lookup("denoise")
	if err != nil {
		t.Fatal(err)
	}
	model, err := spec.Model(meta.Metadata.Model)
	if err != nil {
		t.Fatal(err)
	}
	want, err := cae.Parse(model.Network)
	if err != nil {
		t.Fatal(err)
	}
	want.Init(5)
	for i, p := range net.Params() {
		for j, v := range want.Params()[i].Data {
			if p.Data[j] != v {
				t.Fatalf("%s[%d] is %g, want %g", p.Name, j, p.Data[j], v)
			}
		}
	}
}
