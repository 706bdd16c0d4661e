package tasks_test

import (
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	a := &tasks.Spec{Name: "a", Models: []tasks.Model{{Name: "fast"}, {Name: "best"}}}
	r := tasks.NewRegistry(a, &tasks.Spec{Name: "b"})
	if s, err := r.Lookup("a"); err != nil || s != a {
		t.Errorf("Lookup(a): %v, %v", s, err)
	}
	if _, err := r.Lookup("c"); err == nil || !strings.Contains(err.Error(), "a, b") {
		t.Errorf("Lookup(c): %v, want an error that lists the tasks", err)
	}
	for name, want := range map[string]string{"": "fast", "fast": "fast", "best": "best"} {
		if m, err := a.Model(name); err != nil || m.Name != want {
			t.Errorf("Model(%q): %v, %v", name, m, err)
		}
	}
	if _, err := a.Model("huge"); err == nil || !strings.Contains(err.Error(), "fast, best") {
		t.Errorf("Model(huge): %v, want an error that lists the models", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("two specs of one name are taken")
		}
	}()
	tasks.NewRegistry(a, a)
}

func TestSetOptionTypes(t *testing.T) {
	t.Parallel()
	type options struct {
		Word   string  `opt:"word" help:"h"`
		Number float64 `opt:"number" help:"h" min:"-1" max:"1"`
		Count  int     `opt:"count" help:"h" min:"2"`
		Switch bool    `opt:"switch" help:"h"`
		Inner  int     // no option
	}
	for _, c := range []struct {
		name, value string
		ok          bool
	}{
		{"word", "any", true}, {"number", "-0.5", true}, {"number", "2", false}, {"number", "NaN", false}, {"number", "x", false},
		{"count", "2", true}, {"count", "1", false}, {"count", "2.5", false}, {"switch", "true", true}, {"switch", "maybe", false},
		{"Inner", "1", false}, {"", "1", false},
	} {
		if err := tasks.SetOption(&options{}, c.name, c.value); (err == nil) != c.ok {
			t.Errorf("%s=%s: %v", c.name, c.value, err)
		}
	}
	if got := len(tasks.Options(&options{})); got != 4 {
		t.Errorf("%d options, want 4", got)
	}
}

func TestFrameWith(t *testing.T) {
	t.Parallel()
	f := &tasks.Frame{Name: "a", Image: pix.New(1, 1, 1), Notes: make([]tasks.Note, 1, 8)}
	a := f.With(pix.New(1, 1, 1), tasks.Note{Key: "a"})
	b := f.With(pix.New(1, 1, 1), tasks.Note{Key: "b"})
	if f.Changed || !a.Changed || a.Name != "a" || len(f.Notes) != 1 {
		t.Errorf("With changed %+v, made %+v", f, a)
	}
	if a.Notes[1].Key != "a" || b.Notes[1].Key != "b" {
		t.Error("two frames made from one share their notes")
	}
}
