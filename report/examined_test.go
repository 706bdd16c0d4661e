package report

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pipeline"
)

// A picture that a chain examined is shown beside its overlay, if there is one,
// and all of its files are linked. A later run that finds it current keeps that.
func TestReportExamined(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	examined := func(w *Writer, name string, overlay bool) pipeline.Result {
		res := result(dir, name+".jpg", pipeline.Examined)
		res.Output, res.W, res.H = "", 600, 500
		res.Extras = []string{filepath.Join(dir, "out", name+".labels.png")}
		before := painted(600, 500, 3)
		before.Meta.Format = "jpeg"
		if !overlay {
			w.Inspect(&res, before, nil)
			return res
		}
		res.Extras = append(res.Extras, filepath.Join(dir, "out", name+".overlay.png"))
		after := before.Like()
		after.Meta.Format = "png"
		copy(after.Planes[0], before.Planes[0][:600*500/2])
		w.Inspect(&res, before, after)
		return res
	}
	w := start(t, dir, 0, 2)
	w.Done(examined(w, "a", true))
	w.Done(examined(w, "b", false))
	finish(t, w)
	check := func(runs int) {
		t.Helper()
		doc := parse(t, filepath.Join(dir, "report", "index.html"))
		wantParts(t, doc.raw, "<h1>2 pictures examined</h1>", "Examined, and left as they are", "where most was found",
			`href="../out/a.labels.png"`, `href="../out/a.overlay.png"`, `href="../out/b.labels.png"`)
		for _, part := range []string{"restored</li>", "where it changed most", "written as"} {
			if strings.Contains(doc.raw, part) {
				t.Errorf("it says %q", part)
			}
		}
		r := readJSON(t, dir)
		if s := r.Summary; s.Examined != 2 || s.Pictures != 2 || s.Restored != 0 || s.Megapixels == 0 || len(r.Runs) != runs || r.Runs[0].Examined != 2 {
			t.Errorf("summary %+v, runs %+v", s, r.Runs)
		}
		a, b := r.Items[0], r.Items[1]
		if a.Output != "" || len(a.Extras) != 2 || a.Extras[1].Link != "../out/a.overlay.png" || a.Pictures == nil || a.Pictures.After == "" || a.Pictures.Detail == nil {
			t.Errorf("with an overlay: %+v, pictures %+v", a, a.Pictures)
		}
		if len(b.Extras) != 1 || b.Pictures == nil || b.Pictures.Before == "" || b.Pictures.After != "" {
			t.Errorf("without: %+v, pictures %+v", b, b.Pictures)
		}
		if a.Pictures != nil && slices.Equal(decoded(t, dir, a.Pictures.Before).Planes[0], decoded(t, dir, a.Pictures.After).Planes[0]) {
			t.Error("after is not the overlay")
		}
	}
	check(1)
	w = start(t, dir, 0, 2)
	for _, name := range []string{"a", "b"} {
		res := result(dir, name+".jpg", pipeline.Current)
		res.Output = ""
		w.Done(res)
	}
	finish(t, w)
	check(2)
}

// What is said on top, for each mixture of outcomes.
func TestHeadline(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		s    Summary
		want string
	}{
		{Summary{}, "0 pictures restored"},
		{Summary{Restored: 1}, "1 picture restored"},
		{Summary{Restored: 3, Failed: 1}, "1 picture failed, 3 restored"},
		{Summary{Failed: 2}, "2 pictures failed, 0 restored"},
		{Summary{Examined: 1}, "1 picture examined"},
		{Summary{Examined: 4, Failed: 2}, "2 pictures failed, 4 examined"},
		{Summary{Examined: 4, Restored: 2}, "2 pictures restored, 4 examined"},
	} {
		if got := headline(&test.s); got != test.want {
			t.Errorf("%+v: %q, want %q", test.s, got, test.want)
		}
	}
}
