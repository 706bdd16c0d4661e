package pipeline

import (
	"context"
	"errors"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]*Error{
		"in/a.png: step: bad":                         {Item: "in/a.png", Step: "step", Err: errors.New("bad")},
		"in/Köln 1.png: bad":                          {Item: "in/Köln 1.png", Err: errors.New("bad")},
		`"in/a\nb\x1b.png": bad`:                      {Item: "in/a\nb\x1b.png", Err: errors.New("bad")},
		`"in/\xff.png": bad`:                          {Item: "in/\xff.png", Err: errors.New("bad")},
		"in/a.png: cannot open it: permission denied": {Item: "in/a.png", Err: &fs.PathError{Op: "open", Path: "in/a.png", Err: errors.New("permission denied")}},
		"in/a.png: open other: file does not exist":   {Item: "in/a.png", Err: &fs.PathError{Op: "open", Path: "other", Err: fs.ErrNotExist}},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestDanglingLink: in a folder it fails alone, on the command line it is a
// mistake; both say what it is.
func TestDanglingLink(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"a.png": png(t, 1)})
	link := filepath.Join(dir, "b.png")
	if err := os.Symlink("gone.png", link); err != nil {
		t.Skip("no links here:", err)
	}
	j := job{inputs: []string{dir}}
	report := j.must(t)
	want := link + ": it is a link to gone.png, which is not there"
	if got := outcomes(report); got != "a.png restored, b.png failed" || report.Results[1].Err.Error() != want {
		t.Errorf("%s: %v, want %s", got, report.Results[1].Err, want)
	}
	_, err := NewFolder([]string{link}, FolderOptions{})
	if KindOf(err) != KindUsage || err.Error() != "input: "+want {
		t.Errorf("named: %v of kind %v", err, KindOf(err))
	}
}

func TestApplyWithoutPicture(t *testing.T) {
	t.Parallel()
	chain := opened(t, NewPool(1), lighten)
	for _, m := range []image.Image{nil, image.NewGray(image.Rectangle{})} {
		out, err := chain.Apply(context.Background(), m)
		if out != nil || KindOf(err) != KindInput || !strings.Contains(err.Error(), "no picture") {
			t.Errorf("%v: %v, %v", m, out, err)
		}
	}
}

// TestUsageErrorTouchesNothing: the output folder is made after all checks.
func TestUsageErrorTouchesNothing(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"a.png": png(t, 1), "a.jpg": encoded(t, picture(9, 7, 3, 2), "jpeg")})
	for name, o := range map[string]Options{
		"clash": {Format: "png"},
		"truth": {Truth: filepath.Join(dir, "nosuch")},
	} {
		j := job{inputs: []string{dir}, options: o}
		if _, err := j.run(t); KindOf(err) != KindUsage {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(j.out); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the output folder is there: %v", name, err)
		}
	}
}
