package segment

import (
	"iter"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/taskstest"
)

func samplesOf(given []tasks.Asset) iter.Seq2[tasks.Sample, error] {
	return func(yield func(tasks.Sample, error) bool) {
		for _, name := range []string{"odd", "grey", "colour16", "1x1"} {
			if !yield(tasks.Sample{Name: name, Image: taskstest.Pictures()[name], Assets: map[string][]tasks.Asset{"overlays": given}}, nil) {
				return
			}
		}
	}
}

// TestScore: the table has a row of all damage and one a kind, is the same each
// time, depends on the seed, and says what the damage was.
func TestScore(t *testing.T) {
	t.Parallel()
	s := randomSpec()
	m := &s.Models[0]
	run := func(workers int, given []tasks.Asset, o ScoreOptions) tasks.Table {
		table, err := m.Score(t.Context(), taskstest.Env(s, workers), "damage", samplesOf(given), &o)
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	o := *m.ScoreOptions().(*ScoreOptions)
	a, b := run(1, assets(), o), run(3, assets(), o)
	if !reflect.DeepEqual(a, b) {
		t.Error("three workers score otherwise than one")
	}
	if len(a.Rows) != 1+kindCount || a.Rows[0][0] != "any" || a.Rows[0][1] != a.Score || a.Score <= 0 || a.Score >= 1 {
		t.Errorf("score %g, rows %v", a.Score, a.Rows)
	}
	for _, row := range a.Rows {
		if len(row) != len(a.Columns) || row[len(row)-1] != 4 {
			t.Errorf("row %v for %v", row, a.Columns)
		}
		for _, v := range row[1 : len(row)-1] {
			if x := v.(float64); !(x >= 0 && x <= 100) {
				t.Errorf("row %v", row)
			}
		}
	}
	o.Seed = 1
	generated := run(1, nil, o)
	if reflect.DeepEqual(a.Rows, run(1, assets(), o).Rows) {
		t.Error("another seed gives the same damage")
	}
	if !strings.Contains(a.Protocol, "held out") || strings.Contains(a.Protocol, "generated") || !strings.Contains(generated.Protocol, "generated") {
		t.Errorf("protocols %q and %q", a.Protocol, generated.Protocol)
	}
	if _, err := m.Score(t.Context(), taskstest.Env(s, 1), "damage", func(func(tasks.Sample, error) bool) {}, &o); err == nil {
		t.Error("no picture has a score")
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	var a tally
	for _, c := range [][2]bool{{true, true}, {true, true}, {true, false}, {false, true}, {false, false}} {
		a.add(c[0], c[1])
	}
	if a.iou() != 0.5 || math.Abs(ratio(a.both, a.found)-0.6667) > 1e-9 || percent(1, 8) != 12.5 || (tally{}).iou() != 0 {
		t.Errorf("IoU %g, precision %g", a.iou(), ratio(a.both, a.found))
	}
}
