package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// The tree is kept, and a bad file does not stop the others.
func TestRunFolder(t *testing.T) {
	t.Parallel()
	jpeg := encoded(t, picture(40, 30, 3, 1), "jpeg")
	huge := slices.Clone(png(t, 1))
	copy(huge[16:], []byte{0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60}) // 60000x60000, with a wrong checksum: the limit must come first or the damage be told
	in := tree(t, map[string][]byte{
		"a.png": png(t, 1), "sub/b.png": png(t, 2), "sub/deep/c.jpg": jpeg, "sub/noending": png(t, 3),
		"bad/cut.jpg": jpeg[:len(jpeg)/2], "bad/empty.png": {}, "bad/text.jpg": []byte("hello"), "bad/huge.png": huge,
		"notes.txt": []byte("hello"), "empty": {}, "photo.heic": []byte("not readable here"),
	})
	j := job{inputs: []string{in}}
	report := j.must(t)
	want := "a.png restored, bad/cut.jpg failed, bad/empty.png failed, bad/huge.png failed, bad/text.jpg failed, empty ignored, " +
		"notes.txt ignored, photo.heic failed, sub/b.png restored, sub/deep/c.jpg restored, sub/noending restored"
	if got := outcomes(report); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := listing(t, j.out), "a.png sub/b.png sub/deep/c.jpg sub/noending"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
	if report.Restored != 4 || report.Failed != 5 || report.Ignored != 2 || report.Skipped+report.Copied+report.Unfinished != 0 {
		t.Errorf("counts: %+v", report)
	}
	wantMP := (3*9*7 + 40*30) / 1e6
	if diff := report.Megapixels - wantMP; diff > 1e-9 || diff < -1e-9 {
		t.Errorf("%v megapixels, want %v", report.Megapixels, wantMP)
	}
	for _, res := range report.Results {
		var e *Error
		if res.Outcome == Failed && (!errors.As(res.Err, &e) || e.Item != res.Item.Path || e.Kind != KindInput) {
			t.Errorf("%s: error %v", res.Item.Rel, res.Err)
		}
		if (res.Outcome == Restored) != (res.Output != "") || (res.Outcome == Restored) != (len(res.Notes) > 0) {
			t.Errorf("%s: output %q, notes %v", res.Item.Rel, res.Output, res.Notes)
		}
	}
	// What the step did is in the file.
	before, after := picture(9, 7, 3, 2), read(t, filepath.Join(j.out, "sub", "b.png"))
	if got, want := after.Planes[1][5], before.Planes[1][5]+16*257; got != want {
		t.Errorf("sample %d, want %d", got, want)
	}
	if j.record.total != 11 || len(j.record.done) != 11 || j.record.broken {
		t.Errorf("reporter: total %d, %d done, called concurrently: %v", j.record.total, len(j.record.done), j.record.broken)
	}
}

// A file that is named is no matter of chance: what is no picture is an error.
func TestRunNamedFile(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"notes.txt": []byte("hello"), "empty": {}})
	j := job{inputs: []string{filepath.Join(in, "notes.txt"), filepath.Join(in, "empty")}}
	if got := outcomes(j.must(t)); got != "empty failed, notes.txt failed" {
		t.Errorf("got %s", got)
	}
}

func TestRunSkipsAndOverwrites(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 2)})
	out := tree(t, map[string][]byte{"a.png": []byte("foreign")})
	j := job{inputs: []string{in}, out: out}
	report := j.must(t)
	if got, want := outcomes(report), "a.png skipped, b.png restored"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if first := report.Results[0]; first.W != 0 || first.Notes != nil {
		t.Error("a picture was decoded and restored, only to be skipped")
	}
	if data, _ := os.ReadFile(filepath.Join(out, "a.png")); string(data) != "foreign" {
		t.Errorf("the foreign file has become %q", data)
	}
	j.options.Overwrite = true
	if got, want := outcomes(j.must(t)), "a.png restored, b.png restored"; got != want {
		t.Errorf("overwriting: got %s, want %s", got, want)
	}
	if m := read(t, filepath.Join(out, "a.png")); m.W != 9 {
		t.Errorf("the output has %d columns", m.W)
	}
	must(t, os.Remove(filepath.Join(out, "a.png")))
	must(t, os.MkdirAll(filepath.Join(out, "a.png", "x"), 0o777))
	report = j.must(t)
	if got := outcomes(report); got != "a.png failed, b.png restored" || !strings.Contains(report.Results[0].Err.Error(), "a folder has the name") {
		t.Errorf("a folder in the place of an output: %s, %v", got, report.Results[0].Err)
	}
}

func TestRunNames(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		"a.PNG": png(t, 1), "b.jpeg": encoded(t, picture(20, 20, 3, 1), "jpeg"), "c.2024": png(t, 2), "png.jpg": png(t, 3),
		"d.tiff": encoded(t, picture(20, 20, 1, 1), "tiff"),
	}
	tests := []struct {
		suffix, format string
		want           string
	}{
		{"", "", "a.PNG b.jpeg c.2024 d.tiff png.jpg"},
		{"-clean", "", "a-clean.PNG b-clean.jpeg c.2024-clean d-clean.tiff png-clean.jpg"},
		{"", "png", "a.PNG b.png c.2024.png d.png png.png"},
		{"_1", "jpeg", "a_1.jpg b_1.jpeg c.2024_1.jpg d_1.jpg png_1.jpg"},
		{"", "tif", "a.tif b.tif c.2024.tif d.tiff png.tif"},
	}
	for _, test := range tests {
		t.Run(test.format+test.suffix, func(t *testing.T) {
			t.Parallel()
			j := job{inputs: []string{tree(t, files)}, options: Options{Suffix: test.suffix, Format: test.format}}
			report := j.must(t)
			if got := listing(t, j.out); got != test.want || report.Restored != len(files) {
				t.Errorf("files %s, want %s; %s", got, test.want, outcomes(report))
			}
			format, _, err := pix.OutputFormat(pix.Meta{}, test.format)
			must(t, err)
			for _, res := range report.Results {
				m := read(t, res.Output)
				if test.format != "" && m.Meta.Format != format {
					t.Errorf("%s is a %s", res.Output, m.Meta.Format)
				}
			}
			// A second run finds all of them.
			if again := j.must(t); again.Skipped != len(files) {
				t.Errorf("second run: %s", outcomes(again))
			}
		})
	}
}

func TestRunQuality(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.jpg": encoded(t, picture(64, 64, 3, 1), "jpeg")})
	size := func(quality int) int64 {
		j := job{inputs: []string{in}, options: Options{Quality: quality}}
		info, err := os.Stat(j.must(t).Results[0].Output)
		must(t, err)
		return info.Size()
	}
	if low, high := size(20), size(95); low >= high {
		t.Errorf("%d bytes at quality 20, %d at 95", low, high)
	}
}

// A picture that no step changed is the same file, byte for byte, unless
// another format is wanted.
func TestRunCopies(t *testing.T) {
	t.Parallel()
	data := append(encoded(t, picture(20, 20, 3, 1), "jpeg"), "what follows the picture"...)
	in := tree(t, map[string][]byte{"a.jpg": data})
	when := time.Date(1968, 5, 4, 3, 2, 1, 0, time.UTC)
	must(t, os.Chtimes(filepath.Join(in, "a.jpg"), when, when))
	j := job{inputs: []string{in}, specs: []*tasks.Spec{specOf("leave", leave)}, options: Options{Quality: 10, Suffix: "-x"}}
	report := j.must(t)
	got, err := os.ReadFile(filepath.Join(j.out, "a-x.jpg"))
	must(t, err)
	if report.Copied != 1 || report.Megapixels != 400/1e6 || !bytes.Equal(got, data) {
		t.Errorf("%s; %d bytes, want the %d of the input", outcomes(report), len(got), len(data))
	}
	if info, err := os.Stat(report.Results[0].Output); err != nil || !info.ModTime().Equal(when) {
		t.Errorf("time of the copy %v, %v", info.ModTime(), err)
	}
	j.options.Format = "png"
	if report := j.must(t); report.Restored != 1 || read(t, report.Results[0].Output).Meta.Format != "png" {
		t.Errorf("with another format: %s", outcomes(report))
	}
}

func TestRunExtraOutputs(t *testing.T) {
	t.Parallel()
	spec := specOf("masks", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
		out := *f
		out.Outputs = map[string]*pix.Image{".mask.png": pix.New(f.Image.W, f.Image.H, 1)}
		return &out, nil
	})
	in := tree(t, map[string][]byte{"a.png": png(t, 1)})
	j := job{inputs: []string{in}, specs: []*tasks.Spec{spec}, options: Options{Suffix: "-x"}}
	j.must(t)
	if got, want := listing(t, j.out), "a-x.mask.png a-x.png"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
}

func TestRunUsageErrors(t *testing.T) {
	t.Parallel()
	one := map[string][]byte{"x.png": png(t, 1), "X.jpg": encoded(t, picture(20, 20, 3, 1), "jpeg")}
	tests := []struct {
		name    string
		options Options
		files   map[string][]byte
		inputs  string // below the folder, joined by spaces
		out     string // below the folder; default elsewhere
		says    string
	}{
		{"clash of formats", Options{Format: "png"}, one, ".", "", "same output"},
		{"clash of content", Options{}, map[string][]byte{"x.gif": gif(t), "x.png": png(t, 1)}, ".", "", "same output"},
		{"clash of roots", Options{}, map[string][]byte{"a/x.png": png(t, 1), "b/x.png": png(t, 1)}, "a b", "", "same output"},
		{"clash of case", Options{}, map[string][]byte{"a/x.png": png(t, 1), "b/X.png": png(t, 1)}, "a b", "", "same output"},
		{"clash of accents", Options{}, map[string][]byte{"a/\u00e9.png": png(t, 1), "b/e\u0301.png": png(t, 1)}, "a b", "", "same output"},
		{"clash of folders", Options{}, map[string][]byte{"a/d/x.png": png(t, 1), "b/D/x.png": png(t, 1)}, "a b", "", "same output"},
		{"input as output", Options{Overwrite: true}, one, "x.png", ".", "place of an input"},
		{"another input as output", Options{Overwrite: true, Suffix: "-y"}, map[string][]byte{"x.png": png(t, 1), "x-y.png": png(t, 2)}, "x.png x-y.png", ".", "place of an input"},
		{"suffix", Options{Suffix: "/x"}, one, "x.png", "", "slash"},
		{"quality", Options{Quality: 101}, one, "x.png", "", "quality 101"},
		{"format", Options{Format: "heic"}, one, "x.png", "", `"heic"`},
		{"truth", Options{Truth: "does/not/exist"}, one, "x.png", "", "clean originals"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, test.files)
			before := listing(t, dir)
			j := job{options: test.options}
			for _, input := range strings.Fields(test.inputs) {
				j.inputs = append(j.inputs, filepath.Join(dir, input))
			}
			if test.out != "" {
				j.out = filepath.Join(dir, test.out)
			}
			report, err := j.run(t)
			if KindOf(err) != KindUsage || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v of kind %v, want usage that says %q", err, KindOf(err), test.says)
			}
			if len(report.Results) != 0 || test.out == "" && listing(t, j.out) != "" || listing(t, dir) != before {
				t.Errorf("something was done: %s; files %s %s", outcomes(report), listing(t, j.out), listing(t, dir))
			}
		})
	}
}

// Files with the same stem that do not clash go through.
func TestRunNoClash(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{
		"x.png": png(t, 1), "x.jpg": encoded(t, picture(20, 20, 3, 1), "jpeg"), "x.jpeg": []byte("no picture"), "x.txt": []byte("notes"), "a/x.png": png(t, 2),
	})
	j := job{inputs: []string{in}}
	if report := j.must(t); report.Restored != 3 || report.Failed != 1 {
		t.Errorf("got %s", outcomes(report))
	}
	// A file that will have no output takes no name.
	in = tree(t, map[string][]byte{"x.png": png(t, 1), "x.jpg": []byte("no picture")})
	j = job{inputs: []string{in}, options: Options{Format: "png"}}
	if report := j.must(t); report.Restored != 1 || report.Failed != 1 {
		t.Errorf("got %s", outcomes(report))
	}
}

// A source that has no list is not planned for: each item is looked at by itself.
func TestRunNeverReplacesInput(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": png(t, 1)})
	folder, err := NewFolder([]string{filepath.Join(in, "a.png")}, FolderOptions{})
	must(t, err)
	pool := NewPool(2)
	report, err := Run(context.Background(), Options{Pool: pool, Overwrite: true}, opened(t, pool, lighten), struct{ Source }{folder}, sinkOf(t, in), nil)
	must(t, err)
	data, err := os.ReadFile(filepath.Join(in, "a.png"))
	must(t, err)
	if report.Failed != 1 || !strings.Contains(report.Results[0].Err.Error(), "place of an input") || !bytes.Equal(data, png(t, 1)) {
		t.Errorf("%s, %v; the input is as it was: %v", outcomes(report), report.Results[0].Err, bytes.Equal(data, png(t, 1)))
	}
}

// The order of the files, the number of workers and what else runs change no
// byte, and the report keeps the order of the source.
func TestRunDeterministic(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{}
	for i := range 12 {
		files[fmt.Sprintf("%02d.png", i)] = png(t, i)
	}
	in := tree(t, files)
	var first Report
	for i, workers := range []int{1, 4} {
		j := job{inputs: []string{in}, options: Options{Pool: NewPool(workers)}}
		report := j.must(t)
		if i == 0 {
			first = report
			continue
		}
		if diff := cmp.Diff(outcomes(first), outcomes(report)); diff != "" {
			t.Error(diff)
		}
		for k, res := range report.Results {
			a, errA := os.ReadFile(first.Results[k].Output)
			b, errB := os.ReadFile(res.Output)
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Errorf("%s differs: %v, %v", res.Item.Rel, errA, errB)
			}
		}
	}
}

// As many pictures are in flight as the pool has places, never more, and never
// more goroutines compute.
func TestRunInFlight(t *testing.T) {
	t.Parallel()
	const workers = 3
	files := map[string][]byte{}
	for i := range 10 {
		files[fmt.Sprintf("%02d.png", i)] = png(t, i)
	}
	pool := NewPool(workers)
	var inside, computing, most, mostComputing atomic.Int64
	full := make(chan struct{})
	raise := func(now int64, most *atomic.Int64) {
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
	}
	spec := specOf("count", func(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error) {
		now := inside.Add(1)
		defer inside.Add(-1)
		raise(now, &most)
		if now == workers {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		select { // until all places are taken once; else the test would not show that they are
		case <-full:
		case <-time.After(10 * time.Second):
			return nil, errors.New("the places are not all taken")
		}
		return f, pool.Run(ctx, 8, func(int, int) error {
			raise(computing.Add(1), &mostComputing)
			computing.Add(-1)
			return nil
		})
	})
	j := job{inputs: []string{tree(t, files)}, specs: []*tasks.Spec{spec}, options: Options{Pool: pool}}
	if report := j.must(t); report.Copied != 10 {
		t.Error(outcomes(report))
	}
	if most.Load() != workers || mostComputing.Load() > workers {
		t.Errorf("%d in flight, %d computing, want %d and at most as many", most.Load(), mostComputing.Load(), workers)
	}
}
