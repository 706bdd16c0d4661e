package pipeline

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cae-restore/restore/tasks"
)

// wantTaken runs once, with a chain that may not be reached, and checks that the
// one item ends with ErrTaken and the output stays as it is.
func (d *desk) wantTaken(what, output string) {
	d.t.Helper()
	before, err := os.ReadFile(filepath.Join(d.out, output))
	must(d.t, err)
	j := job{inputs: []string{d.in}, out: d.out, options: d.options, specs: []*tasks.Spec{specOf("never", func(context.Context, *tasks.Frame) (*tasks.Frame, error) {
		d.t.Errorf("%s: it was decoded", what)
		return nil, errors.New("not to be reached")
	})}}
	report := j.must(d.t)
	if len(report.Results) != 1 || report.Results[0].Outcome != Failed || !errors.Is(report.Results[0].Err, ErrTaken) {
		d.t.Fatalf("%s: %s (%v), want ErrTaken", what, outcomes(report), report.Results)
	}
	if after, err := os.ReadFile(filepath.Join(d.out, output)); err != nil || !bytes.Equal(before, after) {
		d.t.Errorf("%s: the output is another now; error %v", what, err)
	}
}

// TestKeep: with Options.Keep, a new picture under an old name leaves the output
// of the old one alone; the same picture is current or done again as ever.
func TestKeep(t *testing.T) {
	t.Parallel()
	const current, taken = "a.png current (" + whyCurrent + ")", ""
	fail := specOf("fail", func(context.Context, *tasks.Frame) (*tasks.Frame, error) { return nil, errors.New("no") })
	other := func(d *desk) { write(d.t, filepath.Join(d.in, "a.png"), png(d.t, 2), time.Hour) }
	twice := func(d *desk) { d.specs = []*tasks.Spec{lighten, lighten} }
	failed := func(d *desk) {
		d.specs = []*tasks.Spec{fail}
		d.run()
		d.specs = nil
	}
	tests := []struct {
		name    string
		changes []func(d *desk)
		want    string // taken: ErrTaken
	}{
		{"nothing", nil, current},
		{"touched", []func(*desk){func(d *desk) { write(d.t, filepath.Join(d.in, "a.png"), png(d.t, 1), time.Hour) }}, current},
		{"another picture", []func(*desk){other}, taken},
		{"another picture of another size", []func(*desk){func(d *desk) {
			write(d.t, filepath.Join(d.in, "a.png"), encoded(d.t, picture(11, 7, 3, 1), "png"), 0)
		}}, taken},
		{"another picture, to overwrite", []func(*desk){other, func(d *desk) { d.options.Overwrite = true }}, taken},
		{"another picture and pipeline", []func(*desk){other, twice}, taken},
		{"another picture, output edited", []func(*desk){other, func(d *desk) { write(d.t, filepath.Join(d.out, "a.png"), png(d.t, 9), time.Hour) }}, taken},
		{"another picture, output gone", []func(*desk){other, func(d *desk) { must(d.t, os.Remove(filepath.Join(d.out, "a.png"))) }},
			"a.png restored (" + whyInput + ")"},
		{"another pipeline", []func(*desk){twice}, "a.png restored (" + whyPipeline + ")"},
		{"to overwrite", []func(*desk){func(d *desk) { d.options.Overwrite = true }}, "a.png restored (" + whyReplace + ")"},
		{"failed, then the same picture", []func(*desk){failed}, "a.png restored (" + whyFailed + ")"},
		{"failed, then another picture", []func(*desk){failed, other}, taken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
			d.options.Keep = true
			d.want("a.png restored (" + whyNew + ")")
			for _, change := range tt.changes {
				change(d)
			}
			if tt.want != taken {
				d.want(tt.want)
				return
			}
			d.wantTaken("once", "a.png")
			d.wantTaken("again", "a.png") // the first has recorded nothing
		})
	}
}

// TestKeepOthers: the output of another input, which has gone, is kept from
// another picture, and goes to the same one.
func TestKeepOthers(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
	d.options.Keep = true
	d.run()
	first := d.in
	must(t, os.Remove(filepath.Join(first, "a.png")))
	d.in = tree(t, map[string][]byte{"a.png": png(t, 2)})
	d.wantTaken("another picture from elsewhere", "a.png")
	d.in = tree(t, map[string][]byte{"a.png": png(t, 1)})
	must(t, os.WriteFile(filepath.Join(first, "a.png"), png(t, 3), 0o666)) // the old name has another picture meanwhile
	d.want("a.png current (" + whyCurrent + ")")
}

// TestKeepHalf: after a kill between two outputs of a picture, the next run knows
// of which content the first was made.
func TestKeepHalf(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
	d.options.Keep = true
	name, out := filepath.Join(d.in, "a.png"), filepath.Join(d.out, "a.png")
	must(t, os.MkdirAll(d.out, 0o777))
	must(t, os.WriteFile(out, png(t, 5), 0o666))
	id := func(name string) identity {
		f, err := os.Open(name)
		must(t, err)
		defer f.Close()
		info, err := f.Stat()
		must(t, err)
		hash, err := hashOf(f)
		must(t, err)
		return identityOf(info, hash)
	}
	l, err := d.options.Ledger.open(false)
	must(t, err)
	key := l.key(Item{Path: name, Rel: "a.png"})
	must(t, l.intend(key, &intent{Record: record{Input: id(name), Outcome: Restored, Time: time.Now(), Outputs: []fileName{"a.png", "a-mask.png"}},
		Files: []intentFile{{"a.png", "gone", id(out)}, {"a-mask.png", "gone", id(out)}}}))
	must(t, l.close())

	same, err := os.ReadFile(name)
	must(t, err)
	must(t, os.WriteFile(name, png(t, 2), 0o666))
	d.wantTaken("another picture", "a.png")
	must(t, os.WriteFile(name, same, 0o666))
	d.want("a.png restored (" + whyHalf + ")")
}
