package report

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pipeline"
)

func TestReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := start(t, dir, 0, 6)
	restored(w, dir, "1968/beach.jpg", 1000, 500)
	restored(w, dir, "small.jpg", 40, 30)
	same := result(dir, "clean.jpg", pipeline.Copied)
	same.W, same.H, same.Truth = 600, 900, &pipeline.Score{Before: math.Inf(1), After: math.Inf(1)}
	m := painted(600, 900, 1)
	w.Inspect(&same, m, m)
	w.Done(same)
	w.Done(result(dir, "older.jpg", pipeline.Current))
	w.Done(result(dir, "old.jpg", pipeline.Skipped))
	w.Done(result(dir, "notes.txt", pipeline.Ignored))
	failed(w, dir, "zebra.jpg")
	if err := w.Close(&pipeline.Report{Seconds: 4, Unfinished: 0}, nil); err != nil {
		t.Fatal(err)
	}
	doc := parse(t, filepath.Join(dir, "report", "index.html"))
	want := []string{"zebra.jpg", "old.jpg", "1968/beach.jpg", "small.jpg", "clean.jpg", "older.jpg"}
	if got := doc.titles(); !slices.Equal(got, want) {
		t.Errorf("pictures %q, want %q: failures first, then by outcome and name", got, want)
	}
	wantParts(t, doc.raw, "1 picture failed, 2 restored", "denoise:strength=20", "v1.2.3", "the file is damaged", "try again", "decode:",
		"measured 12.5; model fast", "damaged 0.732 %", "equal before and after", "passed over as no pictures: 1", "1000 × 500", `href="../out/1968/beach.jpg"`)
	if raw := strings.ToLower(doc.raw); strings.Contains(raw, "http:") || strings.Contains(raw, "https:") || strings.Contains(raw, "//") {
		t.Error("the page refers to something outside")
	}
	if n := len(doc.all("input", "")); n != 4 { // beach three times, small once
		t.Errorf("%d sliders, want 4", n)
	}
	for _, e := range doc.all("input", "") {
		if e.attr["type"] != "range" || e.attr["aria-label"] == "" {
			t.Errorf("a slider that keyboards and screen readers cannot use: %v", e.attr)
		}
	}
	for _, e := range doc.all("img", "") {
		got := decoded(t, dir, e.attr["src"])
		if size := fmt.Sprint(got.W, " ", got.H); size != e.attr["width"]+" "+e.attr["height"] || max(got.W, got.H) > thumbSide {
			t.Errorf("%s has %s pixels, the page says %v", e.attr["src"], size, e.attr)
		}
		if e.attr["alt"] == "" || e.attr["loading"] != "lazy" {
			t.Errorf("an img lacks words or loads at once: %v", e.attr)
		}
	}

	r := readJSON(t, dir)
	if got := r.names(); !slices.Equal(got, want) {
		t.Errorf("report.json has %q, the page %q", got, want)
	}
	sum := r.Summary
	if sum.Restored != 2 || sum.Copied != 1 || sum.Current != 1 || sum.Skipped != 1 || sum.Failed != 1 || sum.Pictures != 6 || math.Abs(sum.Megapixels-1.0412) > 1e-9 {
		t.Errorf("summary %+v", sum)
	}
	if run := r.Runs[0]; len(r.Runs) != 1 || run.State != Finished || run.Ignored != 1 || run.Failed != 1 || run.Seconds != 4 {
		t.Errorf("runs %+v", r.Runs)
	}
	beach := r.Items[2].Pictures
	if beach.Width != 480 || beach.Height != 240 || beach.Detail == nil || beach.Detail.X < 500 || beach.Detail.Width != 256 || beach.Detail.Height != 256 {
		t.Errorf("pictures of the beach: %+v, detail %+v; only its right half has changed", beach, beach.Detail)
	}
	if small := r.Items[3].Pictures; small.Width != 40 || small.Detail != nil {
		t.Errorf("a picture as small as a thumbnail: %+v", small)
	}
	if same := r.Items[4].Pictures; same.After != "" || same.Width != 320 || same.Height != 480 {
		t.Errorf("a picture in which nothing was changed: %+v", same)
	}
	if e := r.Items[0]; e.Error != "the file is damaged" || e.Step != "decode" || e.Kind != pipeline.KindInput.String() || e.Advice != "try again" {
		t.Errorf("the failed one: %+v", e)
	}
}

// Names of files are text and never marks, and links to outputs lead to them.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names := []string{
		"<script>alert(1)</script>.jpg", `"onmouseover="alert(1).jpg`, "javascript:alert(1).jpg", "'); background: url(x).jpg", "{{.Path}}.jpg",
		"a b%2e#?&amp;.jpg", "]]><img src=x onerror=alert(1)>.jpg", "line\nbreak.jpg", "left\u202egpj.exe.jpg", "</article></body>.jpg", "bytes\xff\xfe.jpg", "-->.jpg",
	}
	w := start(t, dir, 0, len(names))
	for _, name := range names {
		restored(w, dir, name, 20, 10)
	}
	res := result(dir, "z<b>.jpg", pipeline.Failed)
	res.Err = &pipeline.Error{Kind: pipeline.KindInput, Err: errors.New("<img src=x onerror=alert(1)>")}
	w.Done(res)
	finish(t, w)
	doc := parse(t, filepath.Join(dir, "report", "index.html"))
	if n := len(doc.all("script", "")); n != 1 {
		t.Errorf("%d scripts, want the page's own", n)
	}
	if n := len(doc.all("article", "")); n != len(names)+1 {
		t.Errorf("%d articles, want %d", n, len(names)+1)
	}
	for _, e := range doc.elements {
		for key, value := range e.attr {
			if strings.HasPrefix(key, "on") {
				t.Errorf("%s has %s=%q", e.name, key, value)
			}
			if key == "src" && path.Dir(path.Dir(value)) != thumbsDir {
				t.Errorf("%s has %s=%q", e.name, key, value)
			}
		}
	}
	links := map[string]bool{}
	for _, e := range doc.all("a", "") {
		rel, err := url.PathUnescape(e.attr["href"])
		if err != nil {
			t.Error(err)
		}
		links[rel] = true
	}
	for _, name := range names {
		if rel := filepath.ToSlash(filepath.Join("..", "out", name)); !links[rel] {
			t.Errorf("no link leads to %q", rel)
		}
		if title := pipeline.Printable(string([]rune(name))); !slices.Contains(doc.titles(), title) {
			t.Errorf("%q is not among the titles %q", title, doc.titles())
		}
	}
	if strings.Contains(doc.raw, "\u202e") {
		t.Error("a mark that turns the direction of writing stands in the page")
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := start(t, dir, 3, 8)
	for i := range 7 {
		restored(w, dir, fmt.Sprintf("%d.jpg", i), 20, 10)
	}
	failed(w, dir, "9.jpg")
	finish(t, w)
	var all []string
	for n, want := range [][]string{{"9.jpg", "0.jpg", "1.jpg"}, {"2.jpg", "3.jpg", "4.jpg"}, {"5.jpg", "6.jpg"}} {
		doc := parse(t, filepath.Join(dir, "report", pageName(n)))
		if got := doc.titles(); !slices.Equal(got, want) {
			t.Errorf("page %d has %q, want %q", n+1, got, want)
		}
		all = append(all, doc.titles()...)
		for _, e := range doc.all("a", "") {
			if href := e.attr["href"]; strings.HasSuffix(href, ".html") {
				if _, err := os.Stat(filepath.Join(dir, "report", href)); err != nil {
					t.Errorf("page %d: %v", n+1, err)
				}
			}
		}
		for _, rel := range []string{"prev", "next"} {
			if wanted := rel == "prev" && n > 0 || rel == "next" && n < 2; wanted != strings.Contains(doc.raw, `rel="`+rel+`"`) {
				t.Errorf("page %d: link %s", n+1, rel)
			}
		}
	}
	if got := readJSON(t, dir).names(); !slices.Equal(got, all) {
		t.Errorf("report.json has %q, the pages %q", got, all)
	}

	// With more on a page, fewer are needed.
	w = start(t, dir, 5, 1)
	restored(w, dir, "0.jpg", 20, 10)
	finish(t, w)
	if _, err := os.Stat(filepath.Join(dir, "report", pageName(2))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a page of the longer report is still there: %v", err)
	}
	if got := parse(t, filepath.Join(dir, "report", pageName(1))).titles(); !slices.Equal(got, []string{"4.jpg", "5.jpg", "6.jpg"}) {
		t.Errorf("the second page has %q", got)
	}
}

func TestLinksOfPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pages, at int
		want      string
	}{
		{1, 0, "[1]"},
		{5, 0, "[1] 2 3 4 5"},
		{200, 0, "[1] 2 3 ... 200"},
		{200, 100, "1 ... 99 100 [101] 102 103 ... 200"},
		{200, 199, "1 ... 198 199 [200]"},
		{200, 4, "1 2 3 4 [5] 6 7 ... 200"},
	} {
		b := &book{pages: c.pages}
		var got []string
		for _, l := range b.links(c.at) {
			switch {
			case l.Gap:
				got = append(got, "...")
			case l.Current:
				got = append(got, fmt.Sprintf("[%d]", l.Number))
			default:
				got = append(got, fmt.Sprint(l.Number))
			}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("page %d of %d: %s, want %s", c.at+1, c.pages, text, c.want)
		}
	}
}

// A second run into the same report adds to it and takes nothing away.
func TestSecondRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := start(t, dir, 0, 3)
	restored(w, dir, "a.jpg", 700, 500)
	failed(w, dir, "b.jpg")
	restored(w, dir, "c.jpg", 700, 500)
	finish(t, w)
	pictures := *readJSON(t, dir).Items[1].Pictures

	w = start(t, dir, 0, 3)
	w.Done(result(dir, "a.jpg", pipeline.Current))
	restored(w, dir, "b.jpg", 30, 20)
	failed(w, dir, "c.jpg")
	finish(t, w)
	r := readJSON(t, dir)
	if got, want := r.names(), []string{"c.jpg", "a.jpg", "b.jpg"}; !slices.Equal(got, want) {
		t.Fatalf("pictures %q, want %q", got, want)
	}
	if a := r.Items[1]; a.Outcome != pipeline.Restored || a.Run != 1 || a.Pictures == nil || a.Pictures.Before != pictures.Before {
		t.Errorf("what was skipped lost what the first run found: %+v", a)
	}
	decoded(t, dir, pictures.Before)
	if b := r.Items[2]; b.Outcome != pipeline.Restored || b.Run != 2 || b.Error != "" {
		t.Errorf("what was put right: %+v", b)
	}
	if c := r.Items[0]; c.Outcome != pipeline.Failed || c.Pictures != nil {
		t.Errorf("what failed now: %+v", c)
	}
	gone := filepath.Join(dir, "report", filepath.FromSlash(pictureName(r.Items[0].Key, "before")))
	if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a picture that no page shows is still there: %v", err)
	}
	if len(r.Runs) != 2 || r.Runs[1].Number != 2 || r.Runs[1].Current != 1 {
		t.Errorf("runs %+v", r.Runs)
	}
	wantParts(t, parse(t, filepath.Join(dir, "report", "index.html")).raw, "Earlier runs", "Latest run", "1 restored, 1 done before, 1 failed")
}

// A killed run leaves pages that open, and its pictures to the next run, but for
// the line that was being written.
func TestKilledRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := start(t, dir, 0, 3)
	restored(w, dir, "a.jpg", 30, 20)
	restored(w, dir, "b.jpg", 30, 20)
	// Nothing of the writer is called any more, as if the process had ended.
	close(w.stop)
	w.stopped.Wait()
	w.journal.Close()
	name := filepath.Join(dir, "report", journalName)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b[:len(b)-40], 0o666); err != nil {
		t.Fatal(err)
	}
	doc := parse(t, filepath.Join(dir, "report", "index.html"))
	wantParts(t, doc.raw, "under way", "0 of 3 done")

	w = start(t, dir, 0, 3)
	wantParts(t, parse(t, filepath.Join(dir, "report", "index.html")).raw, "a.jpg") // from the start on
	w.Done(result(dir, "a.jpg", pipeline.Current))
	restored(w, dir, "b.jpg", 30, 20)
	finish(t, w)
	r := readJSON(t, dir)
	if got := r.names(); !slices.Equal(got, []string{"a.jpg", "b.jpg"}) || r.Items[0].Run != 1 || r.Items[1].Run != 2 {
		t.Errorf("pictures %+v", r.Items)
	}
	if r.Runs[0].State != BrokenOff || r.Runs[1].State != Finished {
		t.Errorf("runs %+v", r.Runs)
	}
}

// While the run goes on, the pages follow.
func TestPagesFollowTheRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := start(t, dir, 0, -1)
		restored(w, dir, "a.jpg", 30, 20)
		index := filepath.Join(dir, "report", "index.html")
		if got := parse(t, index).titles(); len(got) != 0 {
			t.Errorf("pictures %q before it is time", got)
		}
		time.Sleep(leastPause + time.Millisecond)
		synctest.Wait()
		doc := parse(t, index)
		if got := doc.titles(); !slices.Equal(got, []string{"a.jpg"}) {
			t.Errorf("pictures %q while the run goes on", got)
		}
		wantParts(t, doc.raw, "under way", "1 done")
		if err := w.Close(&pipeline.Report{Unfinished: 2}, &pipeline.Error{Kind: pipeline.KindCancelled, Err: errors.New("ended")}); err != nil {
			t.Error(err)
		}
		wantParts(t, parse(t, index).raw, "Interrupted", "2 not done")
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := start(t, dir, 0, 0)
	finish(t, w)
	foreign := filepath.Join(dir, "foreign")
	for _, name := range []string{filepath.Join(foreign, "index.html"), filepath.Join(dir, "file")} {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("mine"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ dir, out, want string }{
		{filepath.Join(dir, "report"), filepath.Join(dir, "other"), "another output folder, ../out"},
		{foreign, filepath.Join(dir, "out"), "other things"},
		{filepath.Join(dir, "file"), filepath.Join(dir, "out"), "file"},
	} {
		_, err := New(c.dir, Options{Out: c.out})
		if pipeline.KindOf(err) != pipeline.KindUsage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.dir, err)
		}
	}
}

// A report that cannot be written is told of at the end, and what can be is.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := start(t, dir, 0, 2)
	if err := os.WriteFile(filepath.Join(dir, "report", thumbsDir), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	restored(w, dir, "a.jpg", 30, 20)
	err := w.Close(&pipeline.Report{}, nil)
	if pipeline.KindOf(err) != pipeline.KindEnvironment || !strings.Contains(err.Error(), "not whole") {
		t.Errorf("%v", err)
	}
	if e := readJSON(t, dir).Items; len(e) != 1 || e[0].Pictures != nil {
		t.Errorf("items %+v", e)
	}

	blocked := filepath.Join(dir, "blocked")
	w, err = New(filepath.Join(blocked, "report"), Options{Out: filepath.Join(dir, "out")})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blocked, nil, 0o666); err != nil { // meanwhile
		t.Fatal(err)
	}
	if err := w.Start(1); pipeline.KindOf(err) != pipeline.KindEnvironment {
		t.Errorf("%v", err)
	}
	w.Done(result(dir, "a.jpg", pipeline.Skipped))
	if err := w.Close(&pipeline.Report{}, nil); err != nil {
		t.Errorf("there was nothing to end: %v", err)
	}
}

// Many goroutines at once, as the workers of a run are.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := start(t, dir, 0, 40)
	done := make(chan struct{})
	for i := range 40 {
		go func() {
			restored(w, dir, fmt.Sprintf("%02d.jpg", i), 20, 10)
			done <- struct{}{}
		}()
	}
	for range 40 {
		<-done
	}
	finish(t, w)
	if r := readJSON(t, dir); r.Summary.Restored != 40 || len(r.Items) != 40 {
		t.Errorf("summary %+v", r.Summary)
	}
}

// The small pictures look as the large ones: with their colour profile.
func TestProfile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	profile := make([]byte, 200)
	copy(profile[16:], "RGB ")
	copy(profile[36:], "acsp")
	w := start(t, dir, 0, 1)
	m := painted(30, 20, 3)
	m.Meta.ICC = profile
	res := result(dir, "a.jpg", pipeline.Copied)
	w.Inspect(&res, m, m)
	w.Done(res)
	finish(t, w)
	if got := decoded(t, dir, readJSON(t, dir).Items[0].Pictures.Before).Meta.ICC; string(got) != string(profile) {
		t.Errorf("a profile of %d bytes came out with %d", len(profile), len(got))
	}
	m.Meta.ICC = make([]byte, mostProfile+1)
	if got := shrink(m, 10).Meta.ICC; got != nil {
		t.Errorf("a profile of %d bytes goes into each thumbnail", len(got))
	}
}
