package fit

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// listing is a model whose Score goes over the samples the given number of
// times and says in its table which it saw.
func listing(passes int) *tasks.Model {
	return &tasks.Model{Name: "listing", Score: func(_ context.Context, _ tasks.Env, name string, samples iter.Seq2[tasks.Sample, error], _ any) (tasks.Table, error) {
		t := tasks.Table{Protocol: name}
		for range passes {
			var row []any
			for s, err := range samples {
				if err != nil {
					return t, err
				}
				row = append(row, s.Name, s.Image.W)
			}
			t.Rows = append(t.Rows, row)
		}
		return t, nil
	}}
}

// scored are five pictures, two of which cannot be read.
func scored(t *testing.T) []Picture {
	t.Helper()
	dir := folder(t, [2]int{40, 30}, [2]int{5, 4}, [2]int{20, 20})
	write(t, filepath.Join(dir, "broken.png"), read(t, filepath.Join(dir, "sub", "a.png"))[:80])
	var list []Picture
	for _, name := range []string{"sub/a.png", "broken.png", "sub/b.png", "gone.png", "sub/c.png"} {
		list = append(list, Picture{Path: filepath.Join(dir, filepath.FromSlash(name)), Name: name})
	}
	return list
}

func TestEval(t *testing.T) {
	t.Parallel()
	pictures := scored(t)
	for _, workers := range []int{1, 2} { // with 2, pictures are read ahead
		var seen []Progress
		e := env()
		e.Workers = workers
		table, left, err := Eval(t.Context(), e, EvalOptions{Model: listing(2), Name: "soft", Pictures: pictures,
			Progress: func(p Progress) { seen = append(seen, p) }})
		if err != nil || table.Protocol != "soft" {
			t.Fatalf("%d workers: table %v (%v)", workers, table, err)
		}
		want := []any{"sub/a.png", 40, "sub/b.png", 5, "sub/c.png", 20}
		if len(table.Rows) != 2 || !slices.Equal(table.Rows[0], want) || !slices.Equal(table.Rows[1], want) {
			t.Errorf("%d workers: the passes saw %v, want %v twice", workers, table.Rows, want)
		}
		if len(left) != 2 || left[0].Picture != pictures[1] || !errors.Is(left[0].Err, pix.ErrCorrupt) || left[1].Picture != pictures[3] {
			t.Errorf("%d workers: left out %v", workers, left)
		}
		var passes []int
		for _, p := range seen {
			passes = append(passes, p.Pass)
		}
		if !slices.Equal(passes, []int{1, 1, 1, 1, 1, 2, 2, 2}) || seen[0].W != 40 || seen[1].Err == nil || seen[6].H != 4 {
			t.Errorf("%d workers: progress %v", workers, seen)
		}
	}
}

func TestEvalLimits(t *testing.T) {
	t.Parallel()
	pictures := scored(t)
	table, left, err := Eval(t.Context(), env(), EvalOptions{Model: listing(1), Pictures: pictures, Limits: pix.Limits{MaxPixels: 400}})
	if err != nil || len(left) != 3 || !errors.Is(left[0].Err, pix.ErrLimit) || len(table.Rows[0]) != 4 {
		t.Errorf("of at most 400 pixels: %v, left out %v (%v)", table.Rows, left, err)
	}
}

func TestEvalErrors(t *testing.T) {
	t.Parallel()
	pictures := scored(t)
	if _, _, err := Eval(t.Context(), env(), EvalOptions{Model: listing(1)}); !errors.Is(err, ErrData) {
		t.Errorf("without a picture: %v", err)
	}
	if _, left, err := Eval(t.Context(), env(), EvalOptions{Model: listing(1), Pictures: []Picture{pictures[1], pictures[3]}}); !errors.Is(err, ErrData) || len(left) != 2 {
		t.Errorf("with none that can be read: %v, left out %v", err, left)
	}
	if _, _, err := Eval(t.Context(), env(), EvalOptions{Model: &tasks.Model{Name: "dumb"}, Pictures: pictures}); err == nil || !strings.Contains(err.Error(), "dumb") {
		t.Errorf("a model that cannot be scored: %v", err)
	}
	for _, workers := range []int{1, 2} {
		// A run that is cut short has no table; one that gives up early waits
		// for nothing.
		ctx, cancel := context.WithCancel(t.Context())
		e := env()
		e.Workers = workers
		_, _, err := Eval(ctx, e, EvalOptions{Model: listing(1), Pictures: pictures, Progress: func(Progress) { cancel() }})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d workers, interrupted: %v", workers, err)
		}
		fed := errors.New("fed up")
		quitter := &tasks.Model{Score: func(_ context.Context, _ tasks.Env, _ string, samples iter.Seq2[tasks.Sample, error], _ any) (tasks.Table, error) {
			for range samples {
				return tasks.Table{}, fed
			}
			return tasks.Table{}, nil
		}}
		if _, _, err := Eval(t.Context(), e, EvalOptions{Model: quitter, Pictures: pictures}); !errors.Is(err, fed) {
			t.Errorf("%d workers, given up: %v", workers, err)
		}
	}
}

// TestRecord: scores enter the card, those of the same data are replaced, and
// the weights stay bit for bit.
func TestRecord(t *testing.T) {
	t.Parallel()
	o := options(t, folder(t, [2]int{40, 30}))
	path, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	before, err := modelfile.Read(bytes.NewReader(read(t, path)), int64(len(read(t, path))))
	if err != nil {
		t.Fatal(err)
	}
	table := tasks.Table{Columns: []string{"sigma", "input_psnr", "psnr", "pictures"}, Rows: [][]any{{15.0, 20.5, 30.25, 88}}}
	earlier := tasks.Table{Columns: table.Columns, Rows: [][]any{{15.0, 20.5, 29.0, 88}, {25.0, 20.0, 28.0, 88}}}
	for _, table := range []tasks.Table{earlier, table} {
		if err := Record(path, table, []string{"/x/photos/val"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	after, err := modelfile.Read(bytes.NewReader(read(t, path)), int64(len(read(t, path))))
	if err != nil {
		t.Fatal(err)
	}
	want := []modelfile.Score{{Data: "photos/val", Case: "sigma 15", Measure: "psnr", Value: 30.25, Input: 20.5}}
	if got := after.Metadata.Card.Scores; !slices.Equal(got, want) {
		t.Errorf("the card has the scores %+v, want %+v", got, want)
	}
	for i, b := range before.Tensors {
		if !slices.Equal(after.Tensors[i].Data, b.Data) {
			t.Errorf("%s changed", b.Name)
		}
	}

	// Text in the first column, values that JSON has no number for, and another
	// setting, which leaves the scores above alone.
	other := tasks.Table{Columns: []string{"damage", "input_psnr", "psnr", "ssim"},
		Rows: [][]any{{"camera (raw)", math.Inf(1), 31.5, math.NaN()}, {"jpeg", 29.0, "none", 0.5}}}
	for range 2 {
		if err := Record(path, other, []string{"/x/photos/val"}, []string{"strength auto"}); err != nil {
			t.Fatal(err)
		}
	}
	want = append(want,
		modelfile.Score{Data: "photos/val", Case: "damage camera (raw) (strength auto)", Measure: "psnr", Value: 31.5},
		modelfile.Score{Data: "photos/val", Case: "damage jpeg (strength auto)", Measure: "ssim", Value: 0.5})
	if after, err = modelfile.Read(bytes.NewReader(read(t, path)), int64(len(read(t, path)))); err != nil {
		t.Fatal(err)
	}
	if got := after.Metadata.Card.Scores; !slices.Equal(got, want) {
		t.Errorf("the card has the scores %+v, want %+v", got, want)
	}
	if err := Record(filepath.Join(o.Out, LogName), table, nil, nil); err == nil {
		t.Error("scores were recorded in a file that is no model")
	}
}
