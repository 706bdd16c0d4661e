package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// reportFile is what a test reads of report.json.
type reportFile struct {
	Summary struct {
		Restored, Failed, Pictures int
		PSNRAfter                  *float64 `json:"psnr_after"`
	}
	Runs []struct {
		State, Pipeline string
		Current         int
	}
	Items []struct {
		Name, Outcome, Error, Advice string
		Notes                        []struct{ Step, Key string }
		Pictures                     *struct{ Before, After string }
	}
}

func readReport(t *testing.T, dir string) (r reportFile) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReportOfRun(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	truth, dir := t.TempDir(), filepath.Join(filepath.Dir(out), "report")
	writeFile(t, filepath.Join(truth, "a.png"), pngOf(t, painting(12, 9)))
	writeFile(t, filepath.Join(in, "z.jpg"), []byte("\xff\xd8\xff\xe0 broken"))
	restore(t, "fade", "-o", out, "--report", dir, "--truth", truth, "--quiet", in).want(t, exitSomeFailed)
	r := readReport(t, dir)
	if r.Summary.Restored != 2 || r.Summary.Failed != 1 || r.Summary.Pictures != 3 || len(r.Items) != 3 {
		t.Fatalf("summary %+v of %d items", r.Summary, len(r.Items))
	}
	if z := r.Items[0]; z.Name != "z.jpg" || z.Outcome != "failed" || z.Error == "" || z.Advice == "" {
		t.Errorf("the failed one comes first, with what to do: %+v", z)
	}
	a := r.Items[1]
	if a.Name != "a.png" || len(a.Notes) != 1 || a.Notes[0].Step != "fade" || a.Notes[0].Key != "amount" || a.Pictures == nil {
		t.Fatalf("%+v", a)
	}
	for _, name := range []string{"index.html", a.Pictures.Before, a.Pictures.After} {
		if !exists(filepath.Join(dir, filepath.FromSlash(name))) {
			t.Errorf("there is no %s", name)
		}
	}

	// The next run finds all current but the broken one, and the report stays.
	restore(t, "fade", "-o", out, "--report", dir, in).want(t, exitSomeFailed)
	r = readReport(t, dir)
	if len(r.Runs) != 2 || r.Runs[1].Current != 2 || r.Runs[1].State != "finished" || r.Summary.Restored != 2 || r.Items[1].Pictures == nil {
		t.Errorf("after the second run: %+v", r)
	}
	restore(t, "fade", "-o", out+"2", "--report", dir, in).want(t, exitUsage, "another output folder")
}

func TestReportIsRefused(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	writeFile(t, filepath.Join(filepath.Dir(out), "mine", "index.html"), []byte("mine"))
	for _, c := range []struct {
		dir, part string
		more      []string
	}{
		{filepath.Join(out, "report"), "among the outputs", nil},
		{filepath.Join(in, "report"), "inside the input folder", nil},
		{filepath.Join(filepath.Dir(out), "mine"), "holds other things", nil},
		{filepath.Join(filepath.Dir(out), "report"), "dry run", []string{"--dry-run"}},
		{"", "name a folder", nil},
	} {
		args := append([]string{"fade", "-o", out, "--report", c.dir}, c.more...)
		restore(t, append(args, in)...).want(t, exitUsage, c.part)
		if exists(out) || c.dir != "" && exists(filepath.Join(c.dir, "report.json")) {
			t.Errorf("%s: something was written", c.dir)
		}
	}
	restore(t, "fade", "-o", out, "--report", filepath.Join(out, ".report"), in).want(t, exitDone)
	restore(t, "fade", "-o", out+"2", "--report", filepath.Join(in, "report"), "--exclude", "report", in).want(t, exitDone)
}

// Without the report that was asked for, the run does not begin.
func TestReportThatCannotBegin(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	dir := filepath.Join(t.TempDir(), "report")
	// A folder has the name of a page.
	writeFile(t, filepath.Join(dir, "items.jsonl"), []byte("{\"report\":{\"format\":1,\"out\":"+jsonOf(t, dir, out)+"}}\n"))
	writeFile(t, filepath.Join(dir, "index.html", "in the way"), nil)
	restore(t, "fade", "-o", out, "--report", dir, in).want(t, exitEnvironment, "report", "cannot be written")
	if exists(filepath.Join(out, "a.png")) {
		t.Error("a picture was made")
	}
}

// jsonOf is the path of a folder seen from another, as JSON.
func jsonOf(t *testing.T, from, to string) string {
	t.Helper()
	rel, err := filepath.Rel(from, to)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(filepath.ToSlash(rel))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
