package pipeline

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// desk is an input and an output folder with a ledger, for runs one after another.
type desk struct {
	t       testing.TB
	in, out string
	options Options
	specs   []*tasks.Spec
}

func newDesk(t testing.TB, files map[string][]byte) *desk {
	dir := t.TempDir()
	d := &desk{t: t, in: tree(t, files), out: filepath.Join(dir, "out")}
	d.options.Ledger = &Ledger{Out: d.out}
	return d
}

// run runs once and returns the outcomes with their reasons, on one line.
func (d *desk) run() string {
	d.t.Helper()
	j := job{inputs: []string{d.in}, out: d.out, options: d.options, specs: d.specs}
	report := j.must(d.t)
	var list []string
	for _, res := range report.Results {
		text := res.Item.Rel + " " + string(res.Outcome)
		if res.Why != "" {
			text += " (" + res.Why + ")"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

func (d *desk) want(want string) {
	d.t.Helper()
	if got := d.run(); got != want {
		d.t.Errorf("got  %s\nwant %s", got, want)
	}
}

// write writes a file with the time of the one that it replaces, if any, plus
// later.
func write(t testing.TB, name string, data []byte, later time.Duration) {
	t.Helper()
	when := time.Now()
	if info, err := os.Stat(name); err == nil {
		when = info.ModTime()
	}
	must(t, os.WriteFile(name, data, 0o666))
	must(t, os.Chtimes(name, when, when.Add(later)))
}

// What a second run makes of each change between it and the first.
func TestLedgerDecides(t *testing.T) {
	t.Parallel()
	const current = "a.png current (" + whyCurrent + ")"
	tests := []struct {
		name   string
		change func(d *desk)
		want   string
		then   string // of one more run; empty: current
	}{
		{"nothing", func(*desk) {}, current, ""},
		{"input touched", func(d *desk) { write(d.t, filepath.Join(d.in, "a.png"), png(d.t, 1), time.Hour) }, current, ""},
		{"input changed", func(d *desk) { write(d.t, filepath.Join(d.in, "a.png"), png(d.t, 2), time.Hour) }, "a.png restored (" + whyInput + ")", ""},
		{"input of another size", func(d *desk) {
			write(d.t, filepath.Join(d.in, "a.png"), encoded(d.t, picture(11, 7, 3, 1), "png"), 0)
		}, "a.png restored (" + whyInput + ")", ""},
		{"output missing", func(d *desk) { must(d.t, os.Remove(filepath.Join(d.out, "a.png"))) }, "a.png restored (" + whyMissing + ")", ""},
		{"output touched", func(d *desk) {
			must(d.t, os.Chtimes(filepath.Join(d.out, "a.png"), time.Now(), time.Now()))
		}, current, ""},
		{"output edited", func(d *desk) { write(d.t, filepath.Join(d.out, "a.png"), png(d.t, 9), time.Hour) },
			"a.png skipped (" + whyEdited + ")", "a.png skipped (" + whyEdited + ")"},
		{"output and input edited", func(d *desk) {
			write(d.t, filepath.Join(d.out, "a.png"), png(d.t, 9), time.Hour)
			write(d.t, filepath.Join(d.in, "a.png"), png(d.t, 2), time.Hour)
		}, "a.png skipped (" + whyEdited + ")", "a.png skipped (" + whyEdited + ")"},
		{"output edited, to be replaced", func(d *desk) {
			write(d.t, filepath.Join(d.out, "a.png"), png(d.t, 9), time.Hour)
			d.options.Overwrite = true
		}, "a.png restored (" + whyReplace + ")", "a.png restored (" + whyReplace + ")"},
		{"quality", func(d *desk) { d.options.Quality = 50 }, "a.png restored (" + whyOptions + ")", ""},
		{"the default quality, named", func(d *desk) { d.options.Quality = pix.DefaultQuality }, current, ""},
		{"format", func(d *desk) { d.options.Format = "tiff" }, "a.png restored (" + whyOptions + ")", ""},
		{"format, and back", func(d *desk) {
			d.options.Format = "tiff"
			d.run()
			d.options.Format = ""
		}, "a.png restored (" + whyOptions + ")", ""},
		{"suffix", func(d *desk) { d.options.Suffix = "-x" }, "a.png restored (" + whyOptions + ")", ""},
		{"pipeline", func(d *desk) { d.specs = []*tasks.Spec{lighten, lighten} }, "a.png restored (" + whyPipeline + ")", ""},
		{"output folder moved", func(d *desk) {
			moved := d.out + "-moved"
			must(d.t, os.Rename(d.out, moved))
			d.out, d.options.Ledger = moved, &Ledger{Out: moved}
		}, current, ""},
		{"input folder moved", func(d *desk) {
			moved := filepath.Join(d.t.TempDir(), "moved")
			must(d.t, os.Rename(d.in, moved))
			d.in = moved
		}, current, ""},
		{"input folder moved, another pipeline", func(d *desk) {
			moved := filepath.Join(d.t.TempDir(), "moved")
			must(d.t, os.Rename(d.in, moved))
			d.in, d.specs = moved, []*tasks.Spec{lighten, lighten}
		}, "a.png restored (" + whyPipeline + ")", ""},
		{"input gone, another of its name", func(d *desk) {
			must(d.t, os.Remove(filepath.Join(d.in, "a.png")))
			d.in = tree(d.t, map[string][]byte{"a.png": png(d.t, 5)})
		}, "gone", "gone"},
		{"another input of its name", func(d *desk) { d.in = tree(d.t, map[string][]byte{"a.png": png(d.t, 1)}) }, "other", "other"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
			first := filepath.Join(d.in, "a.png")
			d.want("a.png restored (" + whyNew + ")")
			test.change(d)
			reason := map[string]string{
				"other": fmt.Sprintf("a.png skipped (its output was made of %s)", first),
				"gone":  fmt.Sprintf("a.png skipped (its output was made of %s, which is gone)", first),
				"":      current,
			}
			pick := func(want string) string {
				if r, ok := reason[want]; ok {
					return r
				}
				return want
			}
			// A dry run foretells it, and changes nothing.
			before, at := listing(t, d.out), stamps(t, d.out)
			d.options.DryRun = true
			foretold := strings.Replace(pick(test.want), "restored", "planned", 1)
			d.want(foretold)
			d.options.DryRun = false
			if after := listing(t, d.out); after != before || stamps(t, d.out) != at {
				t.Errorf("the dry run left %s, before there was %s", after, before)
			}
			d.want(pick(test.want))
			d.want(pick(test.then))
		})
	}
}

// stamps are the times of all files, in order.
func stamps(t testing.TB, dir string) (text string) {
	t.Helper()
	for name := range strings.FieldsSeq(listing(t, dir)) {
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		must(t, err)
		text += fmt.Sprint(name, info.ModTime().UnixNano(), info.Size(), " ")
	}
	return text
}

// Size, time and inode stand for the content: it is not even read. With
// Checksum, a change that size and time hide is found.
func TestLedgerChecksum(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 2)})
	d.run()
	for _, name := range []string{filepath.Join(d.in, "a.png"), filepath.Join(d.out, "b.png")} {
		info, err := os.Stat(name)
		must(t, err)
		spoilt, err := os.ReadFile(name)
		must(t, err)
		spoilt[len(spoilt)-1] ^= 1
		must(t, os.WriteFile(name, spoilt, 0o666))
		must(t, os.Chtimes(name, info.ModTime(), info.ModTime()))
	}
	d.want("a.png current (" + whyCurrent + "), b.png current (" + whyCurrent + ")")
	d.options.Checksum, d.options.DryRun = true, true
	d.want("a.png planned (" + whyInput + "), b.png skipped (" + whyEdited + ")")
}

// A failed item is tried again; a foreign file is left alone, and with Overwrite
// becomes the program's own.
func TestLedgerFailedAndForeign(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 2)[:50]})
	must(t, os.MkdirAll(d.out, 0o777))
	foreign := filepath.Join(d.out, "a.png")
	must(t, os.WriteFile(foreign, []byte("mine"), 0o666))
	d.want("a.png skipped (" + whyForeign + "), b.png failed")
	must(t, os.WriteFile(filepath.Join(d.in, "b.png"), png(t, 2), 0o666))
	d.want("a.png skipped (" + whyForeign + "), b.png restored (" + whyFailed + ")")
	if data, _ := os.ReadFile(foreign); string(data) != "mine" {
		t.Errorf("the foreign file holds %q", data)
	}
	d.options.Overwrite = true
	d.want("a.png restored (" + whyReplace + "), b.png restored (" + whyReplace + ")")
	d.options.Overwrite = false
	d.want("a.png current (" + whyCurrent + "), b.png current (" + whyCurrent + ")")
}

// Of several files of one item, a foreign one stops all; the old names of an item
// stay its own.
func TestLedgerExtraOutputs(t *testing.T) {
	t.Parallel()
	seed := 1
	spec := specOf("masks", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
		out := f.With(picture(9, 7, 3, seed))
		out.Outputs = map[string]*pix.Image{".mask.png": picture(9, 7, 1, seed)}
		return out, nil
	})
	d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
	d.specs = []*tasks.Spec{spec}
	mask := filepath.Join(d.out, "a.mask.png")
	must(t, os.MkdirAll(d.out, 0o777))
	must(t, os.WriteFile(mask, []byte("mine"), 0o666))
	d.want("a.png skipped (" + about(whyForeign, mask) + ")")
	if got, want := listing(t, d.out), ".restore/ledger.db .restore/lock a.mask.png"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
	must(t, os.Remove(mask))
	d.want("a.png restored (" + whyNew + ")")
	must(t, os.Remove(mask))
	d.want("a.png restored (" + whyMissing + ")")
	seed = 2
	write(t, filepath.Join(d.in, "a.png"), png(t, 2), time.Hour)
	d.want("a.png restored (" + whyInput + ")")
	if m := read(t, mask); m.Planes[0][1] != picture(9, 7, 1, 2).Planes[0][1] {
		t.Error("the mask is that of the first run")
	}
	d.want("a.png current (" + whyCurrent + ")")
}

// Names that are no UTF-8 are told apart.
func TestLedgerNames(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string][]byte{"x.png": png(t, 1)})
	must(t, os.Mkdir(filepath.Join(d.in, "\xfd"), 0o777))
	for i, name := range []string{"\xff.png", "\xfd/\xfe.png", `"q".png`, "new\nline.png"} {
		if err := os.WriteFile(filepath.Join(d.in, name), png(t, i), 0o666); err != nil {
			t.Skip("this file system has no such names:", err)
		}
	}
	if got := d.run(); strings.Count(got, "restored") != 5 {
		t.Errorf("first run: %s", got)
	}
	if got := d.run(); strings.Count(got, "current (") != 5 {
		t.Errorf("second run: %s", got)
	}
}

// endless gives the items of two folders, and knows no end.
type endless struct{ folders []*Folder }

func (s *endless) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, f := range s.folders {
			for item, err := range f.Items(ctx) {
				if !yield(item, err) {
					return
				}
			}
		}
	}
}

func (s *endless) Done(Result) {}

// In a source without end, two inputs with one output are an error of the second,
// whether the first is in flight or was done by an earlier run.
func TestLedgerEndlessClash(t *testing.T) {
	t.Parallel()
	one, two, out := tree(t, map[string][]byte{"a.png": png(t, 1)}), tree(t, map[string][]byte{"a.png": png(t, 2)}), t.TempDir()
	var source endless
	for _, dir := range []string{one, two} {
		f, err := NewFolder([]string{dir}, FolderOptions{})
		must(t, err)
		source.folders = append(source.folders, f)
	}
	told := make(chan struct{})
	hold := specOf("hold", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
		<-told // the first is in flight until the second has ended
		return f, nil
	})
	rec := &firstReporter{recorder: recorder{}, first: told}
	pool := NewPool(2)
	o := Options{Pool: pool, Ledger: &Ledger{Out: out}}
	report, err := Run(context.Background(), o, opened(t, pool, hold), &source, sinkOf(t, out), rec)
	must(t, err)
	if report.Copied != 1 || report.Failed != 1 || !strings.Contains(rec.done[0].Err.Error(), "which is being made") {
		t.Errorf("in flight: %+v", rec.done)
	}
	rec = &firstReporter{}
	report, err = Run(context.Background(), o, opened(t, pool, hold), &source, sinkOf(t, out), rec)
	must(t, err)
	if report.Current != 1 || report.Failed != 1 || !strings.Contains(rec.done[1].Err.Error(), filepath.Join(one, "a.png")) {
		t.Errorf("done before: %+v", rec.done)
	}
}

// firstReporter closes a channel at the first item that ends.
type firstReporter struct {
	recorder
	first chan struct{}
}

func (r *firstReporter) Done(res Result) {
	r.recorder.Done(res)
	if r.first != nil && len(r.done) == 1 {
		close(r.first)
	}
}
