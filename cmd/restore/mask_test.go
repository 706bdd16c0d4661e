package main

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cae-restore/restore/tasks"
)

// eraseOptions are those of a task that needs a mask unless it is told what to
// erase.
type eraseOptions struct {
	All   bool   `opt:"all" help:"erase all, without a mask"`
	Model string `opt:"model" help:"model to use"`
}

// eraseSpec makes black what the mask selects.
func eraseSpec() *tasks.Spec {
	return &tasks.Spec{
		Name: "erase", Summary: "makes black what a mask selects", Version: 1, Needs: []string{"mask"},
		Models:  []tasks.Model{{Name: "rubber", Summary: "the only one", Weights: []byte("weights")}},
		Options: func() any { return &eraseOptions{Model: "rubber"} },
		NeedsOf: func(options any) []string {
			if options.(*eraseOptions).All {
				return nil
			}
			return []string{"mask"}
		},
		New: func(_ context.Context, _ tasks.Env, options any) (tasks.Task, error) {
			return erase{options.(*eraseOptions).All}, nil
		},
	}
}

type erase struct{ all bool }

func (t erase) Apply(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	out := f.Image.Like()
	for p, plane := range f.Image.Planes {
		for i, v := range plane {
			if !t.all && f.Planes["mask"].Pix[i] < 1<<15 {
				out.Planes[p][i] = v
			}
		}
	}
	if !t.all && slices.Max(f.Planes["mask"].Pix) == 0 {
		return f.With(out, tasks.Note{Step: "erase", Key: tasks.Remark, Value: "the mask is empty"}), nil
	}
	return f.With(out), nil
}

func erasing(t *testing.T, args ...string) result {
	t.Helper()
	mark := &tasks.Spec{Name: "mark", Version: 1, Makes: []string{"mask"}, New: func(context.Context, tasks.Env, any) (tasks.Task, error) { return erase{true}, nil }}
	return restoreWith(t, tasks.NewRegistry(fadeSpec(nil), eraseSpec(), mark), args...)
}

// maskPNG is a mask of w by h samples that selects the first of them.
func maskPNG(t *testing.T, w, h int) []byte {
	m := image.NewGray(image.Rect(0, 0, w, h))
	m.SetGray(0, 0, color.Gray{255})
	return pngOf(t, m)
}

// erasedOf tells which samples of a picture were erased: of the first and the second,
// the one, both or none.
func erasedOf(t *testing.T, path string) string {
	t.Helper()
	plane := read(t, path).Planes[0]
	return map[[2]bool]string{{true, true}: "both", {true, false}: "first", {false, true}: "second", {}: "none"}[[2]bool{plane[0] == 0, plane[1] == 0}]
}

// TestMasks: masks by file and by folder reach the task on every verb, those in
// INPUT are no inputs, and what is current with its mask stays.
func TestMasks(t *testing.T) {
	t.Parallel()
	for _, verb := range [][]string{
		{"erase"}, {"run", "-p", "erase"}, {"run", "-p", "fade:amount=1,erase:all=false"}, {"run", "-p", "PIPELINE"}, {"run", "-p", "erase", "--model", "rubber"},
		{"watch", "--once", "--settle", "1ms", "-p", "erase"},
	} {
		t.Run(verb[len(verb)-1], func(t *testing.T) {
			t.Parallel()
			in, out := folder(t)
			dir := filepath.Dir(in)
			args := append([]string(nil), verb...)
			if args[len(args)-1] == "PIPELINE" {
				args[len(args)-1] = writeFile(t, filepath.Join(dir, "mine.yaml"), []byte("pipeline: 1\nsteps:\n- task: erase\n"))
			}
			masks := filepath.Join(in, "masks")
			writeFile(t, filepath.Join(masks, "a.png"), maskPNG(t, 12, 9))
			deep := writeFile(t, filepath.Join(masks, "sub", "b.bmp"), maskPNG(t, 7, 5))
			args = append(args, "-o", out, "--masks", masks, in)
			erasing(t, args...).want(t, exitDone, "2 restored")
			for _, name := range []string{"a.png", "sub/b.png"} {
				if got := erasedOf(t, filepath.Join(out, filepath.FromSlash(name))); got != "first" {
					t.Errorf("%s: erased: %s", name, got)
				}
			}
			if exists(filepath.Join(out, "masks")) {
				t.Error("masks were taken for inputs")
			}
			white := image.NewGray(image.Rect(0, 0, 7, 5))
			draw.Draw(white, white.Rect, image.White, image.Point{}, draw.Src)
			writeFile(t, deep, pngOf(t, white))
			erasing(t, args...).want(t, exitDone, "1 restored")
			if got := erasedOf(t, filepath.Join(out, "sub", "b.png")); got != "both" {
				t.Errorf("with a new mask, erased: %s", got)
			}
			before, err := os.Stat(filepath.Join(out, "a.png"))
			erasing(t, args...).want(t, exitDone)
			if after, err2 := os.Stat(filepath.Join(out, "a.png")); err != nil || err2 != nil || !os.SameFile(before, after) {
				t.Errorf("it was made again, with the same mask; errors %v, %v", err, err2)
			}

			if verb[0] != "watch" { // which has no summary
				writeFile(t, deep, pngOf(t, image.NewGray(image.Rect(0, 0, 7, 5))))
				erasing(t, args...).want(t, exitDone, "remark on "+filepath.Join(in, "sub", "b.png")+": the mask is empty")
			}

			// One file for both, of which it fits one.
			one := writeFile(t, filepath.Join(dir, "one.png"), maskPNG(t, 12, 9))
			args[len(args)-2], args[len(args)-3] = one, "--mask"
			args[len(args)-4] = out + "2"
			erasing(t, append(args, "--exclude", "masks")...).want(t, exitSomeFailed, "1 restored", "1 failed",
				filepath.Join(in, "sub", "b.png")+": its mask "+one+" has 12x9 pixels, and the picture has 7x5")
			writeFile(t, one, []byte("words"))
			erasing(t, append(args, "--exclude", "masks", "--overwrite")...).want(t, exitSomeFailed, "2 failed", "a mask is a picture")
		})
	}
}

func TestMaskUsage(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	masks := filepath.Join(filepath.Dir(in), "masks")
	mask := writeFile(t, filepath.Join(masks, "a.png"), maskPNG(t, 12, 9))
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"erase"}, `needs a mask, which no step before it makes; give one with --mask FILE`},
		{[]string{"run", "-p", "erase"}, "--masks DIR"},
		{[]string{"watch", "-p", "erase"}, "--masks DIR"},
		{[]string{"erase", "--mask", mask, "--masks", masks}, "give one of them"},
		{[]string{"watch", "-p", "erase", "--mask", mask, "--masks", masks}, "give one of them"},
		{[]string{"fade", "--mask", mask}, "option --mask: no step of the pipeline takes a mask"},
		{[]string{"erase", "--all", "--masks", masks}, "option --masks: no step of the pipeline takes a mask"},
		{[]string{"watch", "-p", "fade", "--masks", masks}, "option --masks: no step of the pipeline takes a mask"},
		{[]string{"run", "-p", "mark,erase", "--mask", mask}, "the step mark makes the mask"},
		{[]string{"erase", "--mask", masks}, "is a folder; --masks DIR"},
		{[]string{"erase", "--masks", mask}, "is no folder; --mask FILE"},
		{[]string{"erase", "--mask", mask + "x"}, "there is no such file"},
		{[]string{"erase", "--masks", in}, "is that of the masks"},
		{[]string{"watch", "-p", "erase", "--masks", in}, "is that of the masks"},
	} {
		erasing(t, append(c.args, "-o", out, in)...).want(t, exitUsage, c.says)
		if exists(out) {
			t.Fatalf("%v: the output folder was made", c.args)
		}
	}
	erasing(t, "erase", "--all", "-o", out, in).want(t, exitDone, "2 restored")
	erasing(t, "tasks", "erase").want(t, exitDone, "needs from earlier steps, or from --mask or --masks: mask")
	erasing(t, "presets", "erase").want(t, exitDone, "task: erase")
	erasing(t, "eval", "erase", "--data", filepath.Join(in, "none")).want(t, exitUsage, "cannot be scored") // but it is understood
}

// TestMaskComesLater: a watch waits for the mask of a picture that has just come.
func TestMaskComesLater(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	masks := filepath.Join(filepath.Dir(in), "masks")
	writeFile(t, filepath.Join(masks, "a.png"), maskPNG(t, 12, 9))
	var stdout, stderr bytes.Buffer
	p := &program{registry: tasks.NewRegistry(eraseSpec()), stdout: &stdout, stderr: writerFunc(func(b []byte) (int, error) {
		if bytes.Contains(b, []byte("not yet: ")) {
			writeFile(t, filepath.Join(masks, "sub", "b.png"), maskPNG(t, 7, 5))
		}
		return stderr.Write(b)
	})}
	code := p.run(t.Context(), []string{"watch", "--once", "--settle", "1ms", "-p", "erase", "-o", out, "--masks", masks, in})
	result{code, stdout.String(), stderr.String()}.want(t, exitDone,
		"not yet: "+filepath.Join(in, "sub", "b.png")+": there is no mask for it: neither "+filepath.Join(masks, "sub", "b.png"), "2 restored")
}

type writerFunc func(b []byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
