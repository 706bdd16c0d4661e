package pipeline

import (
	"context"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

func TestChainSetOption(t *testing.T) {
	t.Parallel()
	tests := []struct{ chain, step, name, value, want, says string }{
		{"leave,lighten", "", "by", "3", "leave,lighten:by=3", ""},
		{"lighten", "lighten", "by", "3", "lighten:by=3", ""},
		{"lighten,lighten", "lighten#2", "by", "3", "lighten,lighten:by=3", ""},
		{"lighten,lighten", "lighten#1", "by", "3", "lighten:by=3,lighten", ""},
		{"lighten,lighten", "", "by", "3", "", "STEP is one of: lighten, lighten#2"},
		{"lighten", "lighten#2", "by", "3", "", `no step "lighten#2"; it has: lighten`},
		{"leave", "", "by", "3", "", `no step of the pipeline has an option "by"`},
		{"lighten", "", "by", "300", "", "lighten: option by: 300 is more than 100"},
		{"leave", "leave", "by", "3", "", "leave: unknown option"},
	}
	for _, test := range tests {
		c, err := Parse(testRegistry, test.chain)
		if err != nil {
			t.Fatal(err)
		}
		err = c.SetOption(test.step, test.name, test.value)
		switch {
		case test.says != "":
			if KindOf(err) != KindUsage || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%+v: error %v", test, err)
			}
		case err != nil || c.String() != test.want:
			t.Errorf("%+v: %s, %v", test, c, err)
		}
	}
}

func TestChainOpenErrors(t *testing.T) {
	t.Parallel()
	failing := func(err error) *tasks.Spec {
		return &tasks.Spec{Name: "failing", New: func(context.Context, tasks.Env, any) (tasks.Task, error) { return nil, err }}
	}
	for _, test := range []struct {
		err  error
		want Kind
	}{
		{tasks.ErrModel, KindEnvironment},
		{errors.New("strength and model do not go together"), KindUsage},
		{nil, KindUsage}, // no error and no task: a mistake of the program that must not come up later
	} {
		c, err := NewChain(Step{Spec: failing(test.err)})
		if err != nil {
			t.Fatal(err)
		}
		err = c.Open(context.Background(), tasks.Env{})
		if KindOf(err) != test.want || !strings.HasPrefix(err.Error(), "failing: ") {
			t.Errorf("%v: got %v of kind %v, want %v", test.err, err, KindOf(err), test.want)
		}
	}
	if _, err := NewChain(); KindOf(err) != KindUsage {
		t.Errorf("a chain without steps: %v", err)
	}
}

// Where the program gives no Env, the chain finds the models of its own tasks,
// and files.
func TestChainOpenModel(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "own.model")
	if err := os.WriteFile(file, []byte("from a file"), 0o666); err != nil {
		t.Fatal(err)
	}
	var got string
	s := &tasks.Spec{
		Name:    "neural",
		Models:  []tasks.Model{{Name: "unshipped"}, {Name: "fast", Weights: []byte("shipped")}},
		Options: func() any { return &lightenOptions{} },
		New: func(_ context.Context, env tasks.Env, o any) (tasks.Task, error) {
			r, size, err := env.OpenModel(o.(*lightenOptions).Name)
			if err != nil {
				return nil, err
			}
			data := make([]byte, size)
			_, err = r.ReadAt(data, 0)
			got = string(data)
			if env.Run == nil || env.Workers < 1 {
				t.Error("no pool in the environment")
			}
			return taskFunc(leave), err
		},
	}
	for name, want := range map[string]string{"fast": "shipped", file: "from a file", "unshipped": ""} {
		got = ""
		c, err := NewChain(Step{Spec: s, Options: &lightenOptions{Name: name}})
		if err != nil {
			t.Fatal(err)
		}
		err = c.Open(context.Background(), tasks.Env{})
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if got != want || (want == "") != (KindOf(err) == KindEnvironment) {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
}

// Whatever a step does wrong is an error that names it.
func TestChainProcessErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		f    taskFunc
		says string
		kind Kind
	}{
		{"error", func(context.Context, *tasks.Frame) (*tasks.Frame, error) { return nil, tasks.ErrInput }, "unsuitable", KindInput},
		{"model", func(context.Context, *tasks.Frame) (*tasks.Frame, error) { return nil, tasks.ErrModel }, "unusable model", KindEnvironment},
		{"panic", func(context.Context, *tasks.Frame) (*tasks.Frame, error) { panic("oh") }, "internal error: oh", KindInput},
		{"nil frame", func(context.Context, *tasks.Frame) (*tasks.Frame, error) { return nil, nil }, "no picture", KindInput},
		{"no planes", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
			return f.With(&pix.Image{W: 1, H: 1}), nil
		}, "without samples", KindInput},
		{"short plane", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
			return f.With(&pix.Image{W: 2, H: 2, Planes: [][]uint16{{1}}}), nil
		}, "too few", KindInput},
		{"short alpha", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
			return f.With(&pix.Image{W: 1, H: 1, Planes: [][]uint16{{1}}, Alpha: []uint16{}}), nil
		}, "opacity", KindInput},
		{"bad output", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
			out := *f
			out.Outputs = map[string]*pix.Image{".mask.png": nil}
			return &out, nil
		}, "without samples", KindInput},
		{"plane of another size", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
			out := *f
			out.Planes = map[string]*pix.Plane{"mask": {W: 4, H: 3, Pix: make([]uint16, 12)}}
			return &out, nil
		}, `internal error: the step returned the plane "mask": it has 4x3 samples, and the picture 4x4`, KindInput},
		{"short mask", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
			out := *f
			out.Planes = map[string]*pix.Plane{"labels": {W: 4, H: 4, Pix: make([]uint16, 12)}}
			return &out, nil
		}, `the plane "labels": it has too few`, KindInput},
		{"nil mask", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
			out := *f
			out.Planes = map[string]*pix.Plane{"mask": nil}
			return &out, nil
		}, `the plane "mask": it is nil`, KindInput},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := opened(t, NewPool(1), lighten, specOf("faulty", leave), specOf("faulty", test.f))
			f, err := c.Process(context.Background(), &tasks.Frame{Image: picture(4, 4, 3, 0)})
			var e *Error
			if f != nil || !errors.As(err, &e) || e.Step != "faulty#2" || e.Kind != test.kind || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, %v, want an error of kind %v of faulty#2 that says %q", f, err, test.kind, test.says)
			}
		})
	}
}

func TestChainProcessCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	stop := specOf("stop", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) { cancel(); return f, nil })
	never := specOf("never", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
		t.Error("a step ran after the context had ended")
		return f, nil
	})
	_, err := opened(t, NewPool(1), stop, never).Process(ctx, &tasks.Frame{Image: picture(4, 4, 3, 0)})
	if KindOf(err) != KindCancelled {
		t.Errorf("got %v", err)
	}
}

// Pictures of each type of the standard library keep their depth.
func TestChainApply(t *testing.T) {
	t.Parallel()
	c := opened(t, NewPool(1), lighten)
	grey := image.NewGray16(image.Rect(0, 0, 3, 2))
	grey.Pix[0], grey.Pix[1] = 0x12, 0x34
	out, err := c.Apply(context.Background(), grey)
	if err != nil {
		t.Fatal(err)
	}
	g, ok := out.(*image.Gray16)
	if !ok || g.Bounds() != grey.Bounds() || g.Gray16At(0, 0).Y != 0x1234+16*257 {
		t.Errorf("got %T %v", out, out)
	}
	unopened, err := NewChain(Step{Spec: lighten})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unopened.Apply(context.Background(), grey); err == nil {
		t.Error("a chain that is not open was applied")
	}
}
