package pipeline

import (
	"bytes"
	"context"
	"image"
	stdpng "image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// about is a reason to leave an item alone that has several files, with the one
// that is meant.
func about(why, path string) string {
	return strings.Replace(why, "its output", "its output "+path, 1)
}

// sorting returns an open chain of the pipeline, written on one line.
func sorting(t testing.TB, pool *Pool, text string) (*Chain, error) {
	t.Helper()
	c, err := Parse(testRegistry, text)
	must(t, err)
	return c, c.Open(context.Background(), tasks.Env{Run: pool.Run, Workers: pool.Workers()})
}

// A chain that would write nothing, or two files of one name, is refused when it
// is opened, and one that does not do what it promises fails its picture.
func TestKeepsOpen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pipeline, refused string // empty: not
		fails             string
	}{
		{"sorter", "", ""},
		{"sorter,sorter:files=none", "", ""},
		{"sorter,lighten,sorter", "", ""},
		{"sorter:files=none,lighten", "", ""},
		{"sorter:files=none", "the pipeline sorter:files=none would write nothing: no step changes the picture", ""},
		{"sorter,sorter:files=labels", "sorter#2: its files *.labels.png would take the names of those of step sorter, *.labels.png", ""},
		{"sorter:break=changes", "", "sorter: internal error: the step changed the picture"},
		{"sorter:break=forgets", "", "sorter: internal error: the step did not make the extra file *.overlay.png"},
		{"sorter:break=forgets,lighten", "", ""},
		{"lighten,sorter:break=changes", "", ""},
	} {
		c, err := sorting(t, NewPool(1), test.pipeline)
		if test.refused != "" {
			if err == nil || KindOf(err) != KindUsage || !strings.HasPrefix(err.Error(), test.refused) {
				t.Errorf("%s: got %v, want %q", test.pipeline, err, test.refused)
			}
			continue
		}
		must(t, err)
		_, err = c.Process(context.Background(), &tasks.Frame{Image: picture(3, 2, 1, 0)})
		if test.fails == "" && err != nil || test.fails != "" && (err == nil || !strings.HasPrefix(err.Error(), test.fails)) {
			t.Errorf("%s: got %v, want %q", test.pipeline, err, test.fails)
		}
	}
	odd := &tasks.Spec{Name: "odd", Keeps: true, New: specOf("", leave).New}
	for _, suffix := range []string{".labels", "/x.png", ".x.webp", ""} {
		odd.ExtrasOf = func(any) []string { return []string{suffix} }
		c, err := NewChain(Step{Spec: odd})
		must(t, err)
		if err := c.Open(context.Background(), tasks.Env{}); err == nil || !strings.HasPrefix(err.Error(), "odd: internal error") {
			t.Errorf("suffix %q: %v", suffix, err)
		}
	}
}

// The extra files are written and nothing else; a chain with another step writes
// its output and none of them.
func TestKeepsRun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		specs   []*tasks.Spec
		options Options
		files   string
		output  string
		extras  []string
	}{
		{"alone", []*tasks.Spec{sorter}, Options{}, "sub/a.labels.png sub/a.overlay.png", "", []string{"a.labels.png", "a.overlay.png"}},
		{"suffix", []*tasks.Spec{sorter}, Options{Suffix: "-x"}, "sub/a-x.labels.png sub/a-x.overlay.png", "", []string{"a-x.labels.png", "a-x.overlay.png"}},
		{"in memory", []*tasks.Spec{sorter}, Options{Memory: 1 << 30}, "sub/a.labels.png sub/a.overlay.png", "", []string{"a.labels.png", "a.overlay.png"}},
		{"before another", []*tasks.Spec{sorter, lighten}, Options{}, "sub/a.jpg", "a.jpg", nil},
		{"behind one that leaves all as it is", []*tasks.Spec{specOf("leave", leave), sorter}, Options{}, "sub/a.jpg", "a.jpg", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := tree(t, map[string][]byte{"sub/a.jpg": encoded(t, picture(30, 20, 3, 1), "jpeg")})
			seen := "nothing"
			test.options.Inspect = func(_ *Result, before, after *pix.Image) {
				seen = "another"
				if after != nil && after.Planes[0][1] == 65535-before.Planes[0][1] {
					seen = "overlay"
				}
			}
			j := job{inputs: []string{in}, specs: test.specs, options: test.options}
			report := j.must(t)
			if got := listing(t, j.out); got != test.files {
				t.Errorf("files %s, want %s", got, test.files)
			}
			res := report.Results[0]
			if base := filepath.Base(res.Output); test.output != "" && base != test.output || test.output == "" && res.Output != "" {
				t.Errorf("output %q", res.Output)
			}
			var extras []string
			for _, name := range res.Extras {
				extras = append(extras, filepath.Base(name))
			}
			if !slices.Equal(extras, test.extras) {
				t.Errorf("extras %v, want %v", extras, test.extras)
			}
			if test.extras == nil {
				return
			}
			if res.Outcome != Examined || report.Examined != 1 || report.Megapixels == 0 || len(res.Notes) != 1 || seen != "overlay" {
				t.Errorf("result %+v of %+v, inspected: %s", res, report, seen)
			}
			f, err := os.Open(res.Extras[0])
			must(t, err)
			defer f.Close()
			m, err := stdpng.Decode(f)
			must(t, err)
			p, ok := m.(*image.Paletted)
			if !ok || len(p.Palette) != 4 || !bytes.Equal(p.Pix[:6], []byte{0, 1, 2, 3, 0, 1}) {
				t.Errorf("the labels are %T %v", m, m.At(0, 0))
			}
		})
	}
}

// What would go wrong with names or options is found before the first picture.
func TestKeepsRefused(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{"a.png": png(t, 1), "a.labels.png": png(t, 2)}
	two := map[string][]byte{"b.jpg": encoded(t, picture(9, 9, 3, 1), "jpeg"), "b.png": png(t, 2)}
	for _, test := range []struct {
		name    string
		files   map[string][]byte
		beside  bool // outputs go into the folder of the inputs
		options Options
		says    string
	}{
		{"two of one stem", two, false, Options{}, "b.labels.png\nrename one of them, leave one out with --exclude, or process"},
		{"two of one stem, dry", two, false, Options{DryRun: true}, "b.labels.png\n"},
		{"the place of an input", files, true, Options{Overwrite: true}, "would take the place of an input"},
		{"truth", files, false, Options{Truth: t.TempDir()}, "leave --truth out"},
		{"format", files, false, Options{Format: "tiff"}, "(*.labels.png, *.overlay.png), whose format is fixed; leave --format out"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := tree(t, test.files)
			j := job{inputs: []string{in}, specs: []*tasks.Spec{sorter}, options: test.options}
			if test.beside {
				j.out, j.inputs = in, []string{filepath.Join(in, "a.png"), filepath.Join(in, "a.labels.png")}
			}
			before := listing(t, in)
			_, err := j.run(t)
			if KindOf(err) != KindUsage || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
			if got := listing(t, in); got != before || !test.beside && listing(t, j.out) != "" {
				t.Errorf("files %s beside the inputs, %s in OUT", got, listing(t, j.out))
			}
		})
	}
}

// What a second run makes of each change to one of the extra files.
func TestKeepsLedger(t *testing.T) {
	t.Parallel()
	const current = "a.png current (" + whyCurrent + ")"
	overlay := func(d *desk) string { return filepath.Join(d.out, "a.overlay.png") }
	labels := func(d *desk) string { return filepath.Join(d.out, "a.labels.png") }
	edit := func(d *desk, name string) { write(d.t, name, png(d.t, 9), time.Hour) }
	move := func(d *desk) {
		moved := filepath.Join(d.t.TempDir(), "moved")
		must(d.t, os.Rename(d.in, moved))
		d.in = moved
	}
	for _, test := range []struct {
		name   string
		change func(d *desk)
		want   func(d *desk, first string) string // nil: examined, for the reason why
		why    string
		then   bool // once more the same; otherwise current
	}{
		{"nothing", func(*desk) {}, func(*desk, string) string { return current }, "", false},
		{"overlay missing", func(d *desk) { must(d.t, os.Remove(overlay(d))) }, nil, whyMissing, false},
		{"labels missing", func(d *desk) { must(d.t, os.Remove(labels(d))) }, nil, whyMissing, false},
		{"labels missing, dry", func(d *desk) { must(d.t, os.Remove(labels(d))); d.options.DryRun = true },
			func(*desk, string) string { return "a.png planned (" + whyMissing + ")" }, "", true},
		{"overlay edited", func(d *desk) { edit(d, overlay(d)) },
			func(d *desk, _ string) string { return "a.png skipped (" + about(whyEdited, overlay(d)) + ")" }, "", true},
		{"overlay edited, dry", func(d *desk) { edit(d, overlay(d)); d.options.DryRun = true },
			func(d *desk, _ string) string { return "a.png skipped (" + about(whyEdited, overlay(d)) + ")" }, "", true},
		{"labels missing, overlay edited", func(d *desk) { must(d.t, os.Remove(labels(d))); edit(d, overlay(d)) },
			func(d *desk, _ string) string { return "a.png skipped (" + about(whyEdited, overlay(d)) + ")" }, "", true},
		{"overlay edited, to be replaced", func(d *desk) { edit(d, overlay(d)); d.options.Overwrite = true }, nil, whyReplace, true},
		{"overlay touched", func(d *desk) { must(d.t, os.Chtimes(overlay(d), time.Now(), time.Now())) }, func(*desk, string) string { return current }, "", false},
		{"input changed", func(d *desk) { write(d.t, filepath.Join(d.in, "a.png"), png(d.t, 2), time.Hour) }, nil, whyInput, false},
		{"suffix", func(d *desk) { d.options.Suffix = "-x" }, nil, whyOptions, false},
		{"input moved", move, func(*desk, string) string { return current }, "", false},
		{"input moved, overlay missing", func(d *desk) { move(d); must(d.t, os.Remove(overlay(d))) }, nil, whyMissing, false},
		{"input moved, labels missing", func(d *desk) { move(d); must(d.t, os.Remove(labels(d))) }, nil, whyMissing, false},
		{"input moved, overlay edited", func(d *desk) { move(d); edit(d, overlay(d)) },
			func(d *desk, _ string) string { return "a.png skipped (" + about(whyEdited, labels(d)) + ")" }, "", true},
		{"another input of its name", func(d *desk) { d.in = tree(d.t, map[string][]byte{"a.png": png(d.t, 1)}) }, func(d *desk, first string) string {
			return "a.png skipped (its output " + labels(d) + " was made of " + first + ")"
		}, "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
			d.specs = []*tasks.Spec{sorter}
			first := filepath.Join(d.in, "a.png")
			d.want("a.png examined (" + whyNew + ")")
			test.change(d)
			before := listing(t, d.out)
			want := "a.png examined (" + test.why + ")"
			if test.want != nil {
				want = test.want(d, first)
			}
			d.want(want)
			if test.then && !d.options.Overwrite && listing(t, d.out) != before {
				t.Errorf("files %s, before %s", listing(t, d.out), before)
			}
			if !test.then {
				want = current
			}
			d.want(want)
		})
	}
}

// A foreign file that has the name of any extra file stays, and nothing is written
// beside it.
func TestKeepsForeign(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.labels.png", "a.overlay.png"} {
		for _, ledger := range []bool{true, false} {
			d := newDesk(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 1)})
			d.specs = []*tasks.Spec{sorter}
			why := whyForeign
			if !ledger {
				d.options.Ledger, why = nil, whyThere
			}
			must(t, os.MkdirAll(d.out, 0o777))
			foreign := filepath.Join(d.out, name)
			must(t, os.WriteFile(foreign, []byte("mine"), 0o666))
			d.want("a.png skipped (" + about(why, foreign) + "), b.png examined (" + whyNew + ")")
			if got := strings.TrimPrefix(listing(t, d.out), ".restore/ledger.db .restore/lock "); got != name+" b.labels.png b.overlay.png" {
				t.Errorf("files %s", got)
			}
			if data, _ := os.ReadFile(foreign); string(data) != "mine" {
				t.Errorf("the foreign file holds %q", data)
			}
			d.options.Overwrite = true
			d.want("a.png examined (" + whyReplace + "), b.png examined (" + whyReplace + ")")
			read(t, foreign)
		}
	}
}

// In a source without end, the second of two inputs with the same extra files is
// an error.
func TestKeepsEndless(t *testing.T) {
	t.Parallel()
	in, out := tree(t, map[string][]byte{"a.bmp": encoded(t, picture(5, 5, 3, 1), "bmp"), "a.png": png(t, 2)}), t.TempDir()
	pool := NewPool(1)
	o := Options{Pool: pool, Ledger: &Ledger{Out: out}, Forget: true}
	rec := &recorder{}
	report, err := Run(context.Background(), o, opened(t, pool, sorter), &endless{[]*Folder{folderOf(t, in)}}, sinkOf(t, out), rec)
	must(t, err)
	said := ""
	for _, res := range rec.done {
		if res.Err != nil {
			said += res.Err.Error()
		}
	}
	if report.Examined != 1 || report.Failed != 1 || !strings.Contains(said, "would take the name of that of") {
		t.Errorf("%+v: %s", report, said)
	}
}

// A step of a chain with an output that writes a file which nobody expects takes
// neither the place of an input nor that of a foreign file.
func TestExtrasUnexpected(t *testing.T) {
	t.Parallel()
	spec := specOf("masks", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
		out := f.With(f.Image.Like())
		out.Outputs = map[string]*pix.Image{".mask.png": pix.New(4, 4, 1)}
		return out, nil
	})
	in := tree(t, map[string][]byte{"a.png": png(t, 1), "a-x.mask.png": png(t, 2)})
	inputs := []string{filepath.Join(in, "a.png"), filepath.Join(in, "a-x.mask.png")}
	j := job{inputs: inputs, out: in, specs: []*tasks.Spec{spec}, options: Options{Suffix: "-x", Overwrite: true}}
	if got, want := outcomes(j.must(t)), "a-x.mask.png restored, a.png failed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if data, _ := os.ReadFile(inputs[1]); !bytes.Equal(data, png(t, 2)) {
		t.Error("the input is another file now")
	}
	// Two inputs of one stem have outputs of their own, and one mask.
	two := tree(t, map[string][]byte{"a.bmp": encoded(t, picture(5, 5, 3, 1), "bmp"), "a.png": png(t, 2)})
	j = job{inputs: []string{two}, specs: []*tasks.Spec{spec}, options: Options{Overwrite: true, Pool: NewPool(1)}, out: t.TempDir()}
	j.options.Ledger = &Ledger{Out: j.out}
	for range 2 {
		if report := j.must(t); report.Restored != 1 || report.Failed != 1 {
			t.Errorf("two inputs with one mask: %s", outcomes(report))
		}
	}
	out := tree(t, map[string][]byte{"a.mask.png": []byte("mine")})
	j = job{inputs: inputs[:1], out: out, specs: []*tasks.Spec{spec}}
	if got, want := outcomes(j.must(t))+": "+listing(t, out), "a.png skipped: a.mask.png"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A later run over a folder of extra files passes over what was made.
func TestKeepsEarlier(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": png(t, 1), "sub/b.png": png(t, 2)})
	for _, out := range []string{in, filepath.Join(in, "maps")} {
		j := job{inputs: []string{filepath.Join(in, "a.png"), filepath.Join(in, "sub", "b.png")}, out: out, specs: []*tasks.Spec{sorter}, options: Options{Ledger: &Ledger{Out: out}}}
		if report := j.must(t); report.Examined != 2 {
			t.Fatal(outcomes(report))
		}
		e := EarlierIn(out)
		for _, name := range []string{"a.labels.png", "a.overlay.png", "b.labels.png", "b.overlay.png"} {
			if !e.Made(name) {
				t.Errorf("%s is not known as made", name)
			}
		}
	}
	var names []string
	for _, item := range folderOf(t, filepath.Dir(in)).List() {
		names = append(names, strings.TrimPrefix(item.Rel, filepath.Base(in)+"/"))
	}
	if got := strings.Join(names, " "); got != "a.png sub/b.png" {
		t.Errorf("found %s", got)
	}
}

// Writing the extra files counts for the memory of a picture.
func TestKeepsNeed(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": encoded(t, picture(400, 300, 1, 1), "png")})
	need := func(extras []string, inspect bool) int64 {
		pool := NewPool(1)
		c := opened(t, pool, sorter)
		c.extras = extras
		r := &run{Options: Options{Pool: pool}, chain: c}
		if inspect {
			r.Inspect = func(*Result, *pix.Image, *pix.Image) {}
		}
		f, err := openInput(Item{Path: filepath.Join(in, "a.png")}, pix.DefaultLimits)
		must(t, err)
		defer f.Close()
		return (&photo{run: r, in: f}).need()
	}
	const n = 400 * 300
	none, labels, both, seen := need(nil, false), need([]string{".labels.png"}, false), need([]string{".labels.png", ".overlay.png"}, false), need([]string{".labels.png", ".overlay.png"}, true)
	if labels < none+5*n { // an output in colour of a grey picture: its samples, its file, its decoder
		t.Errorf("with labels %d bytes, without any file %d", labels, none)
	}
	if both != labels || seen < both+6*n {
		t.Errorf("labels %d, both %d, both seen %d bytes", labels, both, seen)
	}
}
