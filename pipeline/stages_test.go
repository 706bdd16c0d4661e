package pipeline

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cae-restore/restore/pix"
)

// A dry run says of each item what would happen, and touches nothing.
func TestRunDry(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 2), "c.txt": []byte("x"), "d.png": []byte("x"), "e.png": png(t, 3)[:60]})
	out := tree(t, map[string][]byte{"b.png": []byte("foreign"), ".old.png.restore-tmp-0123456789abcdef": nil})
	before := listing(t, out)
	j := job{inputs: []string{in}, out: out, options: Options{DryRun: true}}
	report := j.must(t)
	if got, want := outcomes(report), "a.png planned, b.png skipped, c.txt ignored, d.png failed, e.png planned"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if report.Planned != 2 {
		t.Errorf("%d planned, want 2", report.Planned)
	}
	for _, res := range report.Results[:2] {
		if res.Why == "" || res.Output != filepath.Join(out, res.Item.Rel) {
			t.Errorf("%s: why %q, output %q", res.Item.Rel, res.Why, res.Output)
		}
	}
	if got := listing(t, out); got != before {
		t.Errorf("files %s, before %s", got, before)
	}
	j = job{inputs: []string{in}, out: filepath.Join(t.TempDir(), "none"), options: Options{DryRun: true}}
	if j.must(t); listing(t, j.out) != "" {
		t.Error("the output folder was made")
	}
}

// Inspect sees each picture as it was read and as its output reads.
func TestRunInspect(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": png(t, 1), "b.png": []byte("x"), "c.png": png(t, 2)})
	var mu sync.Mutex
	seen := map[string]int{}
	j := job{inputs: []string{in}}
	j.options.Inspect = func(res *Result, before, after *pix.Image) {
		mu.Lock()
		defer mu.Unlock()
		seen[res.Item.Rel] = int(after.Planes[0][3]) - int(before.Planes[0][3])
		if res.Outcome != Restored || res.Output == "" || res.W != 9 {
			t.Errorf("%+v", res)
		}
	}
	j.must(t)
	if len(seen) != 2 || seen["a.png"] != 16*257 || seen["c.png"] != 16*257 {
		t.Errorf("seen %v", seen)
	}
}

// A source may want a failed item again: the failure is then no result. Forget
// leaves the results out and keeps the counts.
func TestRunRetrier(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": png(t, 1), "b.png": []byte("x"), "c.png": []byte("y")})
	folder, err := NewFolder([]string{in}, FolderOptions{})
	must(t, err)
	for _, forget := range []bool{false, true} {
		source := &retrySource{Folder: folder, left: map[string]int{"b.png": 2}, again: make(chan Item, 8)}
		pool := NewPool(2)
		rec := &recorder{}
		o := Options{Pool: pool, Forget: forget}
		report, err := Run(context.Background(), o, opened(t, pool, lighten), source, sinkOf(t, t.TempDir()), rec)
		must(t, err)
		if report.Restored != 1 || report.Failed != 2 || report.Unfinished != 0 || len(rec.done) != 3 {
			t.Errorf("forget %v: %+v, %d reported", forget, report, len(rec.done))
		}
		if want := map[bool]int{false: 3, true: 0}[forget]; len(report.Results) != want {
			t.Errorf("forget %v: %d results, want %d", forget, len(report.Results), want)
		}
		if want := []string{"b.png", "b.png"}; !slices.Equal(source.asked, want) {
			t.Errorf("given again: %v, want %v", source.asked, want)
		}
	}
}

// retrySource wants some items of a folder again so many times, and ends when
// all have ended.
type retrySource struct {
	*Folder
	again chan Item

	mu    sync.Mutex
	left  map[string]int
	ended int
	asked []string
}

func (s *retrySource) List() {} // no Lister

func (s *retrySource) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for item, err := range s.Folder.Items(ctx) {
			if !yield(item, err) {
				return
			}
		}
		for item := range s.again {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func (s *retrySource) Retry(item Item, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !errors.Is(err, pix.ErrFormat) || s.left[item.Rel] == 0 {
		return false
	}
	s.left[item.Rel]--
	s.asked = append(s.asked, item.Rel)
	s.again <- item
	return true
}

func (s *retrySource) Done(Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended++; s.ended == 3 {
		close(s.again)
	}
}

// What an output cannot hold of the metadata is a note of its picture.
func TestRunNotesMetadata(t *testing.T) {
	t.Parallel()
	m := picture(9, 7, 3, 1)
	m.Meta.XMP = []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"/>`)
	in := tree(t, map[string][]byte{"a.png": encoded(t, m, "png"), "b.png": png(t, 2)})
	for format, want := range map[string]int{"bmp": 1, "png": 0} {
		j := job{inputs: []string{in}, options: Options{Format: format}}
		report := j.must(t)
		var got int
		for _, note := range report.Results[0].Notes {
			if text, _ := note.Value.(string); note.Step == "output" && note.Key == "left_out" && strings.Contains(text, "XMP") {
				got++
			}
		}
		if got != want || len(report.Results[0].Notes) != 1+want || len(report.Results[1].Notes) != 1 {
			t.Errorf("%s: notes %v and %v", format, report.Results[0].Notes, report.Results[1].Notes)
		}
	}
}
