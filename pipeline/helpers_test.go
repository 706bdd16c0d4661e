package pipeline

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color/palette"
	stdgif "image/gif"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// taskFunc is a task made of a function.
type taskFunc func(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error)

func (t taskFunc) Apply(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error) { return t(ctx, f) }

// specOf returns a task without options.
func specOf(name string, f taskFunc) *tasks.Spec {
	return &tasks.Spec{Name: name, New: func(context.Context, tasks.Env, any) (tasks.Task, error) { return f, nil }}
}

func leave(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) { return f, nil }

// lightenOptions exercise each sort of value that the grammar has to carry.
type lightenOptions struct {
	By    int     `opt:"by" min:"0" max:"100"`
	Gamma float64 `opt:"gamma" min:"0.1" max:"10"`
	Name  string  `opt:"name"`
	Curve string  `opt:"curve" values:"flat|steep"`
	Grey  bool    `opt:"grey"`
}

// lighten adds Options.By, in steps of 8-bit samples, to each sample.
var lighten = &tasks.Spec{
	Name:    "lighten",
	Options: func() any { return &lightenOptions{By: 16, Gamma: 1, Curve: "flat"} },
	New: func(_ context.Context, _ tasks.Env, options any) (tasks.Task, error) {
		by := options.(*lightenOptions).By * 257
		return taskFunc(func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
			m := f.Image.Like()
			for p, plane := range f.Image.Planes {
				for i, v := range plane {
					m.Planes[p][i] = uint16(min(int(v)+by, 65535))
				}
			}
			return f.With(m, tasks.Note{Step: "lighten", Key: "by", Value: by}), nil
		}), nil
	},
}

type sorterOptions struct {
	Classes int    `opt:"classes" min:"2" max:"256"`
	Files   string `opt:"files" values:"both|labels|none"`
	Break   string `opt:"break"`
}

// sorter keeps pictures as they are and sorts samples into classes. It writes
// extra files where that is what the chain is for.
var sorter = &tasks.Spec{
	Name: "sorter", Makes: []string{"labels"}, Keeps: true,
	Options: func() any { return &sorterOptions{Classes: 4, Files: "both"} },
	ExtrasOf: func(options any) []string {
		return map[string][]string{"both": {".overlay.png", ".labels.png"}, "labels": {".labels.png"}}[options.(*sorterOptions).Files]
	},
	New: func(_ context.Context, env tasks.Env, options any) (tasks.Task, error) {
		o := *options.(*sorterOptions)
		return taskFunc(func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
			out := *f
			out.Notes = append(slices.Clip(f.Notes), tasks.Note{Step: "sorter", Key: "classes", Value: o.Classes})
			out.Changed = f.Changed || o.Break == "changes"
			if !env.Alone || o.Break == "forgets" {
				return &out, nil
			}
			labels, overlay := pix.New(f.Image.W, f.Image.H, 1), f.Image.Like()
			for i := range o.Classes {
				labels.Meta.Palette = append(labels.Meta.Palette, [3]uint8{uint8(i), 100, 200})
			}
			for i := range labels.Planes[0] {
				class := i % o.Classes
				labels.Planes[0][i] = uint16(class) * 257
				for p := range overlay.Planes {
					overlay.Planes[p][i] = 65535 - f.Image.Planes[p][i]
				}
			}
			out.Outputs = map[string]*pix.Image{".labels.png": labels}
			if o.Files == "both" {
				out.Outputs[".overlay.png"] = overlay
			}
			return &out, nil
		}), nil
	},
}

var (
	masker       = &tasks.Spec{Name: "masker", Makes: []string{"mask"}, New: specOf("", leave).New}
	filler       = &tasks.Spec{Name: "filler", Needs: []string{"mask"}, New: specOf("", leave).New}
	testRegistry = tasks.NewRegistry(lighten, masker, filler, specOf("leave", leave), sorter)
)

// opened returns an open chain of the given steps, on a pool of its own. Pictures
// may come with masks.
func opened(t testing.TB, pool *Pool, specs ...*tasks.Spec) *Chain {
	t.Helper()
	var steps []Step
	for _, s := range specs {
		steps = append(steps, Step{Spec: s})
	}
	c, err := NewChainGiven([]string{MaskPlane}, steps...)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Open(context.Background(), tasks.Env{Run: pool.Run, Workers: pool.Workers()}); err != nil {
		t.Fatal(err)
	}
	return c
}

// picture draws a picture of w by h pixels, different for each seed.
func picture(w, h, planes, seed int) *pix.Image {
	m := pix.New(w, h, planes)
	for p := range m.Planes {
		for i := range m.Planes[p] {
			m.Planes[p][i] = uint16((i*(p+3)+seed*7)%200) * 257
		}
	}
	return m
}

// encoded returns a picture as a file in the given format.
func encoded(t testing.TB, m *pix.Image, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pix.Encode(&b, m, pix.EncodeOptions{Format: format}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func png(t testing.TB, seed int) []byte { return encoded(t, picture(9, 7, 3, seed), "png") }

// tree writes files, by relative path with slashes, into a new folder.
func tree(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// listing returns the relative paths of all files under dir, hidden ones too,
// in order and joined by spaces.
func listing(t testing.TB, dir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, name)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func read(t testing.TB, name string) *pix.Image {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := pix.Decode(f, pix.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// job is what a test of Run varies; the rest is as usual.
type job struct {
	options Options
	specs   []*tasks.Spec // default: lighten
	inputs  []string
	out     string // default: a new folder, in which job.run returns it
	sink    Sink   // default: a DirSink of out
	ctx     context.Context
	record  *recorder
}

func (j *job) run(t testing.TB) (Report, error) {
	t.Helper()
	if j.ctx == nil {
		j.ctx = context.Background()
	}
	if j.out == "" {
		j.out = filepath.Join(t.TempDir(), "out")
	}
	if j.options.Pool == nil {
		j.options.Pool = NewPool(2)
	}
	if j.specs == nil {
		j.specs = []*tasks.Spec{lighten}
	}
	var masks []string
	for _, name := range []string{j.options.Mask, j.options.Masks} {
		if name != "" {
			masks = append(masks, name)
		}
	}
	source, err := NewFolder(j.inputs, FolderOptions{Out: j.out, Masks: masks})
	if err != nil {
		return Report{}, err
	}
	if j.sink == nil {
		if j.sink, err = NewDirSink(j.out); err != nil {
			return Report{}, err
		}
	}
	j.record = &recorder{}
	return Run(j.ctx, j.options, opened(t, j.options.Pool, j.specs...), source, j.sink, j.record)
}

// must is run for runs that get to their end.
func (j *job) must(t testing.TB) Report {
	t.Helper()
	report, err := j.run(t)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// outcomes writes a report on one line: "a.png restored, b.png failed".
func outcomes(r Report) string {
	var list []string
	for _, res := range r.Results {
		list = append(list, res.Item.Rel+" "+string(res.Outcome))
	}
	return strings.Join(list, ", ")
}

// recorder is a Reporter that keeps what it is told.
type recorder struct {
	mu     sync.Mutex // Run promises that it is not needed: TryLock tells
	total  int
	done   []Result
	broken bool
}

func (r *recorder) Start(total int) { r.total = total }

func (r *recorder) Done(res Result) {
	if !r.mu.TryLock() {
		r.broken = true
		return
	}
	defer r.mu.Unlock()
	r.done = append(r.done, res)
}

// gif returns a small GIF, which is read here but never written.
func gif(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	m := image.NewPaletted(image.Rect(0, 0, 4, 4), palette.Plan9)
	if err := stdgif.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
