package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pipeline"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, dir := range []string{"in/sub", "in/.hidden", "shelf/a", "shelf/b"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.FromSlash(dir)), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(root, "in"), filepath.Join(root, "way-in")); err != nil {
		t.Skip("no links here:", err)
	}
	for _, c := range []struct {
		dir, out, in string
		exclude      []string
		want         string // part of the error, empty: none
	}{
		{dir: "report", out: "out", in: "in"},
		{dir: "out/report", out: "out", in: "in", want: "among the outputs"},
		{dir: "out", out: "out", in: "in", want: "among the outputs"},
		{dir: "out/.report", out: "out", in: "in"},
		{dir: "out/.state/report", out: "out", in: "in"},
		{dir: "report", out: "report/out", in: "in", want: "output folder lies inside"},
		{dir: "in/report", out: "out", in: "in", want: "inside the input folder"},
		{dir: "in", out: "out", in: "in", want: "inside the input folder"},
		{dir: "in/sub/deep/report", out: "out", in: "in", want: "inside the input folder"},
		{dir: "way-in/report", out: "out", in: "in", want: "inside the input folder"},
		{dir: "in/report", out: "out", in: "way-in", want: "inside the input folder"},
		{dir: "in/.hidden/report", out: "out", in: "in"},
		{dir: "in/report", out: "out", in: "in", exclude: []string{"report"}},
		{dir: "in/report/today", out: "out", in: "in", exclude: []string{"report"}},
		{dir: "in/report", out: "out", in: "in", exclude: []string{"other"}, want: "--exclude"},
		{dir: "shelf/a/report", out: "out", in: "shelf/*", want: "inside the input folder"},
		{dir: "shelf/report", out: "out", in: "shelf/*", want: "inside the input folder"}, // it matches once it is there
		{dir: "shelf/.report", out: "out", in: "shelf/*"},
		{dir: "shelf/report", out: "out", in: "shelf/?"},
		{dir: "shelf/report", out: "out", in: "shelf/*", exclude: []string{"report"}},
		{dir: "inside", out: "out", in: "in"}, // begins with the name, but is beside it
	} {
		at := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
		err := Place(at(c.dir), at(c.out), []string{at(c.in)}, pipeline.Rules{Exclude: c.exclude})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%+v: %v", c, err)
		case c.want != "" && (err == nil || pipeline.KindOf(err) != pipeline.KindUsage || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v: %v", c, err)
		}
	}
}
