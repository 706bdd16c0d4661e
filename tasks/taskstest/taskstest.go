// Package taskstest is the suite that every task passes: what a task does not
// touch stays as it was, and the same frame gives the same result whatever else
// runs.
package taskstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"reflect"
	"sync"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// Suite is a task with what it needs to be tried.
type Suite struct {
	Spec *tasks.Spec

	// Options are settings to try, as a user gives them; the defaults are
	// always tried.
	Options []map[string]string

	// Wrong are settings that must be refused.
	Wrong []map[string]string

	// Planes makes the planes that the task needs, such as a mask; nil: none.
	Planes func(m *pix.Image) map[string]*pix.Plane
}

// Env returns an environment of so many workers that finds the shipped models
// of a task by name and others as files.
func Env(spec *tasks.Spec, workers int) tasks.Env {
	return tasks.Env{
		Workers: workers,
		Run: func(ctx context.Context, n int, f func(worker, i int) error) error {
			errs := make([]error, workers)
			var group sync.WaitGroup
			for w := range workers {
				group.Go(func() {
					for i := w; i < n && errs[w] == nil; i += workers {
						if errs[w] = ctx.Err(); errs[w] == nil {
							errs[w] = f(w, i)
						}
					}
				})
			}
			group.Wait()
			return errors.Join(errs...)
		},
		OpenModel: func(name string) (io.ReaderAt, int64, error) {
			for _, m := range spec.Models {
				if m.Name == name && m.Weights != nil {
					return bytes.NewReader(m.Weights), int64(len(m.Weights)), nil
				}
			}
			data, err := os.ReadFile(name)
			return bytes.NewReader(data), int64(len(data)), err
		},
	}
}

// Open makes the task with options as a user gives them.
func Open(ctx context.Context, spec *tasks.Spec, env tasks.Env, options map[string]string) (tasks.Task, error) {
	o := spec.Options()
	for name, value := range options {
		if err := tasks.SetOption(o, name, value); err != nil {
			return nil, err
		}
	}
	return spec.New(ctx, env, o)
}

// Run puts a task through the suite.
func Run(t *testing.T, s Suite) {
	t.Helper()
	t.Run("options", func(t *testing.T) { t.Parallel(); testOptions(t, s) })
	t.Run("models", func(t *testing.T) { t.Parallel(); testModels(t, s) })
	for i, options := range append([]map[string]string{{}}, s.Options...) {
		for name, m := range Pictures() {
			t.Run(fmt.Sprintf("apply/%d/%s", i, name), func(t *testing.T) {
				t.Parallel()
				testApply(t, s, options, m)
			})
		}
	}
	t.Run("cancel", func(t *testing.T) { t.Parallel(); testCancel(t, s) })
}

// Pictures are those that programs trip over: tiny, thin, odd, grey, with
// opacity, of 16 bits, flat.
func Pictures() map[string]*pix.Image {
	list := map[string]*pix.Image{
		"1x1":       noisy(1, 1, 3, 8),
		"1x50":      noisy(1, 50, 3, 8),
		"50x1":      noisy(50, 1, 1, 8),
		"odd":       noisy(37, 53, 3, 8),
		"grey":      noisy(41, 29, 1, 8),
		"grey16":    noisy(40, 31, 1, 16),
		"colour16":  noisy(33, 40, 3, 16),
		"alpha":     noisy(39, 27, 3, 8),
		"greyalpha": noisy(27, 39, 1, 16),
		"white":     flat(30, 20, 65535),
		"black":     flat(30, 20, 0),
	}
	for _, name := range []string{"alpha", "greyalpha"} {
		m := list[name]
		m.Alpha = make([]uint16, m.W*m.H)
		for i := range m.Alpha {
			m.Alpha[i] = uint16(i * 977)
		}
	}
	return list
}

// noisy is a smooth picture with noise of a standard deviation of about 20.
func noisy(w, h, planes, depth int) *pix.Image {
	rng := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	m := pix.New(w, h, planes)
	m.Meta = pix.Meta{Format: "png", Depth: depth, EXIF: []byte("exif"), XMP: []byte("xmp"), IPTC: []byte("iptc"), ICC: []byte("icc")}
	for p, plane := range m.Planes {
		for i := range plane {
			v := 120 + 60*float64(i%w)/float64(w) - 20*float64(p) + 20*rng.NormFloat64()
			v = min(max(v, 0), 255)
			if plane[i] = uint16(v * 257); depth == 8 {
				plane[i] = uint16(v) * 257
			}
		}
	}
	return m
}

func flat(w, h int, v uint16) *pix.Image {
	m := pix.New(w, h, 3)
	m.Meta.Format = "png"
	for _, plane := range m.Planes {
		for i := range plane {
			plane[i] = v
		}
	}
	return m
}

func testOptions(t *testing.T, s Suite) {
	if s.Spec.Name == "" || s.Spec.Summary == "" || s.Spec.Version < 1 {
		t.Errorf("the spec lacks a name, summary or version: %+v", s.Spec)
	}
	for from := 1; from < s.Spec.Version; from++ {
		migrated, err := tasks.Migrate(s.Spec, from, nil)
		if err != nil {
			t.Errorf("options of version %d, none of them given: %v", from, err)
		}
		for name, value := range migrated {
			if err := tasks.SetOption(s.Spec.Options(), name, value); err != nil {
				t.Errorf("options of version %d are brought to %s=%s: %v", from, name, value, err)
			}
		}
	}
	for _, o := range tasks.Options(s.Spec.Options()) {
		if o.Help == "" {
			t.Errorf("option %s has no help", o.Name)
		}
		if o.Default == "" {
			continue
		}
		again := s.Spec.Options()
		if err := tasks.SetOption(again, o.Name, o.Default); err != nil {
			t.Errorf("option %s refuses its own default: %v", o.Name, err)
		}
		if !reflect.DeepEqual(again, s.Spec.Options()) {
			t.Errorf("setting option %s to its default changes something", o.Name)
		}
	}
	for _, wrong := range append(s.Wrong, map[string]string{"no-such-option": "1"}) {
		for name, value := range wrong {
			if err := tasks.SetOption(s.Spec.Options(), name, value); err == nil {
				t.Errorf("%s=%s is taken", name, value)
			}
		}
	}
}

// testModels checks what the models say of themselves, and that a model that
// cannot be opened stops the task before the first picture.
func testModels(t *testing.T, s Suite) {
	for _, m := range s.Spec.Models {
		if m.Name == "" || m.Summary == "" || m.Cost == nil {
			t.Errorf("model %q lacks a name, summary or cost", m.Name)
			continue
		}
		if small, large := m.Cost(1, 1, 1), m.Cost(6000, 4000, 8); small <= 0 || large <= small {
			t.Errorf("model %s costs %d bytes for one sample and %d for 24 megapixels", m.Name, small, large)
		}
		if m.Pair != nil {
			testPair(t, s, m)
		}
	}
	if len(s.Spec.Models) == 0 {
		return
	}
	_, err := Open(t.Context(), s.Spec, Env(s.Spec, 1), map[string]string{"model": "no-such-model"})
	if !errors.Is(err, tasks.ErrModel) {
		t.Errorf("a model that is not there: %v, want ErrModel", err)
	}
}

func testPair(t *testing.T, s Suite, m tasks.Model) {
	picture := noisy(24, 16, 3, 8)
	make1 := func(seed uint64) tasks.Example {
		sample := tasks.Sample{Name: "a", Image: picture}
		if s.Planes != nil {
			sample.Planes = s.Planes(picture)
		}
		e, err := m.Pair(rand.New(rand.NewPCG(seed, 1)), sample)
		if err != nil {
			t.Fatalf("model %s: Pair: %v", m.Name, err)
		}
		return e
	}
	a, b, c := make1(1), make1(1), make1(2)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("model %s: the same generator gives different pairs", m.Name)
	}
	if reflect.DeepEqual(a.Input, c.Input) {
		t.Errorf("model %s: another generator gives the same pair", m.Name)
	}
	for _, plane := range append(append([][]float32{}, a.Input...), a.Target...) {
		if len(plane) != 24*16 || a.W != 24 || a.H != 16 {
			t.Fatalf("model %s: a plane of %d samples for a patch of 24x16", m.Name, len(plane))
		}
	}
}

func frame(s Suite, m *pix.Image) *tasks.Frame {
	f := &tasks.Frame{Name: "a.png", Image: m}
	if s.Planes != nil {
		f.Planes = s.Planes(m)
	}
	return f
}

func copyOf(m *pix.Image) *pix.Image {
	c := *m
	c.Planes = nil
	for _, plane := range m.Planes {
		c.Planes = append(c.Planes, append([]uint16(nil), plane...))
	}
	if m.Alpha != nil {
		c.Alpha = append([]uint16(nil), m.Alpha...)
	}
	return &c
}

func testApply(t *testing.T, s Suite, options map[string]string, m *pix.Image) {
	before := copyOf(m)
	run := func(workers int) *tasks.Frame {
		task, err := Open(t.Context(), s.Spec, Env(s.Spec, workers), options)
		if err != nil {
			t.Fatal(err)
		}
		var out [2]*tasks.Frame
		var group sync.WaitGroup
		for i := range out { // two at once
			group.Go(func() {
				if out[i], err = task.Apply(t.Context(), frame(s, m)); err != nil {
					t.Errorf("Apply: %v", err)
				}
			})
		}
		group.Wait()
		if t.Failed() {
			t.FailNow()
		}
		if !reflect.DeepEqual(out[0], out[1]) {
			t.Error("two runs at once give different results")
		}
		return out[0]
	}
	one, three := run(1), run(3)
	if !reflect.DeepEqual(one, three) {
		t.Error("three workers give another result than one")
	}
	if !reflect.DeepEqual(m, before) {
		t.Error("Apply changed the picture that it was given")
	}
	got := one.Image
	if got.W != m.W || got.H != m.H || len(got.Planes) != len(m.Planes) {
		t.Errorf("%dx%d with %d planes became %dx%d with %d", m.W, m.H, len(m.Planes), got.W, got.H, len(got.Planes))
	}
	if !reflect.DeepEqual(got.Alpha, m.Alpha) {
		t.Error("the opacity changed")
	}
	if !reflect.DeepEqual(got.Meta, m.Meta) {
		t.Errorf("the metadata changed from %+v to %+v", m.Meta, got.Meta)
	}
	if one.Name != "a.png" {
		t.Errorf("the name changed to %q", one.Name)
	}
	if !one.Changed && !reflect.DeepEqual(got.Planes, m.Planes) {
		t.Error("samples changed, but the frame says that none did")
	}
}

func testCancel(t *testing.T, s Suite) {
	m := noisy(64, 64, 3, 8)
	task, err := Open(t.Context(), s.Spec, Env(s.Spec, 2), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := task.Apply(ctx, frame(s, m)); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply after cancel: %v, want context.Canceled", err)
	}
}
