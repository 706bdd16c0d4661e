package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/all"
)

// fadeOptions are the options of a task that needs no network, so that these
// tests are of the command line and nothing else.
type fadeOptions struct {
	Amount float64 `opt:"amount" help:"what every sample is multiplied by" min:"0" max:"1"`
	Mode   string  `opt:"mode" help:"which planes" values:"all|red"`
	Invert bool    `opt:"invert" help:"turn light into dark as well"`
	Refuse string  `opt:"refuse" help:"names that hold this text are refused"`
	Model  string  `opt:"model" help:"model to use"`
}

type fade struct {
	o    fadeOptions
	wait chan<- struct{} // told of each picture, and then the picture waits for the end
}

func (t fade) Apply(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	if t.wait != nil {
		t.wait <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if t.o.Refuse != "" && strings.Contains(f.Name, t.o.Refuse) {
		return nil, fmt.Errorf("%w: it is not to its liking", tasks.ErrInput)
	}
	out := f.Image.Like()
	for p, plane := range f.Image.Planes {
		for i, v := range plane {
			if t.o.Mode == "all" || p == 0 {
				v = uint16(float64(v) * t.o.Amount)
			}
			if t.o.Invert {
				v = 65535 - v
			}
			out.Planes[p][i] = v
		}
	}
	return f.With(out, tasks.Note{Step: "fade", Key: "amount", Value: t.o.Amount}), nil
}

func fadeSpec(wait chan<- struct{}) *tasks.Spec {
	return &tasks.Spec{
		Name: "fade", Summary: "makes pictures darker", Version: 1,
		Models: []tasks.Model{{Name: "soft", Summary: "the usual one", Weights: []byte("soft weights")}, {Name: "hard", Summary: "not there yet"}},
		Options: func() any {
			return &fadeOptions{Amount: 0.5, Mode: "all", Model: "soft"}
		},
		New: func(_ context.Context, env tasks.Env, options any) (tasks.Task, error) {
			o := options.(*fadeOptions)
			r, size, err := env.OpenModel(o.Model)
			if err != nil {
				return nil, fmt.Errorf("%w %q: %w", tasks.ErrModel, o.Model, err)
			}
			text, err := io.ReadAll(io.NewSectionReader(r, 0, size))
			if err != nil || !bytes.Contains(text, []byte("weights")) {
				return nil, errors.Join(fmt.Errorf("%w %q: no weights in it", tasks.ErrModel, o.Model), err)
			}
			return fade{*o, wait}, nil
		},
	}
}

// result is what a run of the program printed and returned.
type result struct {
	code           int
	stdout, stderr string
}

// restore runs the command line over the task fade alone.
func restore(t *testing.T, args ...string) result {
	t.Helper()
	return restoreWith(t, tasks.NewRegistry(fadeSpec(nil)), args...)
}

func restoreWith(t *testing.T, r *tasks.Registry, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{registry: r, stdout: &stdout, stderr: &stderr}
	code := p.run(t.Context(), args)
	return result{code, stdout.String(), stderr.String()}
}

// want fails the test unless the run ended with code and printed all parts, on
// either stream.
func (r result) want(t *testing.T, code int, parts ...string) {
	t.Helper()
	all := r.stdout + r.stderr
	if r.code != code {
		t.Errorf("exit code %d, want %d; it printed:\n%s", r.code, code, all)
	}
	for _, part := range parts {
		if !strings.Contains(all, part) {
			t.Errorf("it does not say %q, but:\n%s", part, all)
		}
	}
}

// writeFile writes a file, making its folders, and returns its path.
func writeFile(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func pngOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// painting returns a picture of w by h samples with a gradient.
func painting(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(100 + x*3), uint8(120 + y*3), uint8(150 - x), 255})
		}
	}
	return m
}

// folder makes an input folder with two pictures, one of them in a folder of
// its own, and a file that is no picture. It returns input and output folder.
func folder(t *testing.T) (in, out string) {
	t.Helper()
	dir := t.TempDir()
	in, out = filepath.Join(dir, "in"), filepath.Join(dir, "out")
	writeFile(t, filepath.Join(in, "a.png"), pngOf(t, painting(12, 9)))
	writeFile(t, filepath.Join(in, "sub", "b.png"), pngOf(t, painting(7, 5)))
	writeFile(t, filepath.Join(in, "notes.txt"), []byte("no picture"))
	return in, out
}

func read(t *testing.T, path string) *pix.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := pix.Decode(f, pix.DefaultLimits)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// realProgram is the program with the tasks that ship, which prints nowhere.
func realProgram() *program {
	return &program{registry: all.Registry(), presets: shippedPresets(), stdout: io.Discard, stderr: io.Discard}
}
