package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

type sortOptions struct {
	Overlay bool `opt:"overlay" help:"write the overlay too"`
	Labels  bool `opt:"labels" help:"write the labels"`
}

// sortSpec is a task that keeps pictures and makes files of them.
func sortSpec() *tasks.Spec {
	extras := func(options any) (list []string) {
		if o := options.(*sortOptions); o.Overlay {
			list = append(list, ".overlay.png")
		}
		if options.(*sortOptions).Labels {
			list = append(list, ".labels.png")
		}
		return list
	}
	return &tasks.Spec{
		Name: "sort", Summary: "finds things", Version: 1, Keeps: true, ExtrasOf: extras,
		Options: func() any { return &sortOptions{Overlay: true, Labels: true} },
		New: func(_ context.Context, env tasks.Env, options any) (tasks.Task, error) {
			return sorting{env.Alone, extras(options)}, nil
		},
	}
}

type sorting struct {
	alone  bool
	extras []string
}

func (s sorting) Apply(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	out := *f
	out.Notes = append(slices.Clip(f.Notes), tasks.Note{Step: "sort", Key: "found", Value: 2})
	if !s.alone {
		return &out, nil
	}
	labels, overlay := pix.New(f.Image.W, f.Image.H, 1), f.Image.Like()
	labels.Meta.Palette = [][3]uint8{{0, 0, 0}, {255, 0, 0}}
	out.Outputs = map[string]*pix.Image{}
	for _, extra := range s.extras {
		if out.Outputs[extra] = overlay; extra == ".labels.png" {
			out.Outputs[extra] = labels
		}
	}
	return &out, nil
}

func restoreSorting(t *testing.T, args ...string) result {
	t.Helper()
	return restoreWith(t, tasks.NewRegistry(fadeSpec(nil), sortSpec()), args...)
}

// filesIn lists the files of a folder and of those in it, but the ledger.
func filesIn(t *testing.T, dir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == ".restore" {
			return filepath.SkipDir
		}
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, name)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

const sorted = "a.labels.png a.overlay.png sub/b.labels.png sub/b.overlay.png"

// TestExamined: the extra files come and no copy, the next run finds them current
// or makes what is missing, and another run passes over them.
func TestExamined(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	restoreSorting(t, "sort", in, "-o", out, "--dry-run").want(t, exitDone, "2 to do", "there is no output yet")
	restoreSorting(t, "sort", in, "-o", out).want(t, exitDone, "2 examined; ", "MP/s")
	if got := filesIn(t, out); got != sorted {
		t.Errorf("files %s, want %s", got, sorted)
	}
	restoreSorting(t, "run", "-p", "sort", in, "-o", out).want(t, exitDone, "0 examined, 2 current")
	if err := os.Remove(filepath.Join(out, "a.overlay.png")); err != nil {
		t.Fatal(err)
	}
	restoreSorting(t, "sort", in, "-o", out, "--dry-run").want(t, exitDone, "1 to do, 1 current", "its output is missing")
	restoreSorting(t, "sort", in, "-o", out).want(t, exitDone, "1 examined, 1 current")
	foreign := writeFile(t, filepath.Join(out, "a.labels.png"), []byte("mine"))
	restoreSorting(t, "sort", in, "-o", out).want(t, exitDone, "0 examined, 1 current, 1 skipped", "its output "+foreign+" has been changed")
	restoreSorting(t, "sort", in, "-o", out, "--overwrite").want(t, exitDone, "2 examined")
	if got := filesIn(t, out); got != sorted || len(read(t, foreign).Planes) != 3 {
		t.Errorf("files %s, want %s", got, sorted)
	}
	// A run over all of it takes the originals alone.
	restoreSorting(t, "fade", filepath.Dir(in), "-o", t.TempDir()).want(t, exitDone, "2 restored", "passed over "+out)
	// With a step that changes pictures, no file of the other comes.
	restoreSorting(t, "run", "-p", "sort,fade", in, "-o", out+"3").want(t, exitDone, "2 restored")
	if got := filesIn(t, out+"3"); got != "a.png sub/b.png" {
		t.Errorf("files %s of a chain that changes pictures", got)
	}
	restoreSorting(t, "tasks", "sort").want(t, exitDone, "changes no picture; where no step of the pipeline does, it writes *.overlay.png and *.labels.png")
}

// TestExaminedRefused: what makes no sense is said before anything is written.
func TestExaminedRefused(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"--truth", in}, "leave --truth out"},
		{[]string{"--format", "png"}, "leave --format out"},
		{[]string{"--overlay=false", "--labels=false"}, "sort:overlay=false:labels=false would write nothing"},
	} {
		restoreSorting(t, append([]string{"sort", in, "-o", out}, test.args...)...).want(t, exitUsage, test.says)
	}
	writeFile(t, filepath.Join(in, "a.jpg"), jpegOf(t, painting(8, 8)))
	restoreSorting(t, "sort", in, "-o", out).want(t, exitUsage, "several inputs would have the same output", "a.jpg and ", "a.labels.png")
	if exists(out) {
		t.Error("something was written")
	}
}

// TestExaminedEvents: the events name the extra files and count what was examined.
func TestExaminedEvents(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	for _, outcome := range []string{"examined", "current"} {
		list := eventsOf(t, restoreSorting(t, "sort", "--json", filepath.Join(in, "a.png"), "-o", out).stdout)
		item, end := list[1], list[len(list)-1]
		extras, _ := item["extras"].([]any)
		if item["outcome"] != outcome || item["output"] != nil || len(extras) != 2 || extras[1].(map[string]any)["path"] != filepath.Join(out, "a.overlay.png") {
			t.Errorf("item: %v", item)
		}
		if end[outcome] != 1.0 || end["restored"] != 0.0 {
			t.Errorf("end: %v", end)
		}
	}
}

// TestExaminedReport: the report shows pictures beside their overlays.
func TestExaminedReport(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	for dir, overlay := range map[string]bool{out + "-report": true, out + "-labels-report": false} {
		args := []string{"sort", in, "-o", strings.TrimSuffix(dir, "-report"), "--report", dir}
		if !overlay {
			args = append(args, "--overlay=false")
		}
		restoreSorting(t, args...).want(t, exitDone, "2 examined")
		r := readReport(t, dir)
		if len(r.Items) != 2 || r.Items[0].Outcome != "examined" || r.Items[0].Pictures == nil || (r.Items[0].Pictures.After != "") != overlay {
			t.Errorf("overlay %v: %+v", overlay, r.Items)
		}
		page, err := os.ReadFile(filepath.Join(dir, "index.html"))
		if err != nil || !strings.Contains(string(page), "a.labels.png\"") {
			t.Errorf("the page links no labels; error %v", err)
		}
	}
}

// TestExaminedWatch: a watched inbox is emptied, and a picture that comes under an
// old name gets files of its own.
func TestExaminedWatch(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	args := []string{"watch", "-p", "sort", "-o", out, "--once", "--settle", "1ms", "--move-done", filepath.Join(in, "done"), in}
	restoreSorting(t, args...).want(t, exitDone, "what is made of pictures goes to ", "a.png: examined", "2 examined")
	if got := filesIn(t, out); got != sorted {
		t.Errorf("files %s, want %s", got, sorted)
	}
	if got, want := filesIn(t, in), "done/a.png done/sub/b.png notes.txt"; got != want {
		t.Errorf("inputs %s, want %s", got, want)
	}
	writeFile(t, filepath.Join(in, "a.png"), pngOf(t, painting(20, 20)))
	restoreSorting(t, args...).want(t, exitDone, "1 examined")
	if got := filesIn(t, out); got != strings.Replace(sorted, "sub/", "a~2.labels.png a~2.overlay.png sub/", 1) {
		t.Errorf("files %s after a second a.png", got)
	}
	restoreSorting(t, "watch", "-p", "sort", "-o", out+"2", "--once", "--settle", "1ms", "--format", "png", in).want(t, exitUsage, "leave --format out")
}
