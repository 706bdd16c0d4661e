package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runInto restores inputs into out with a ledger, in its own place or in state.
func runInto(t *testing.T, out, state, suffix string, inputs ...string) {
	t.Helper()
	j := job{inputs: inputs, out: out, options: Options{Suffix: suffix, Ledger: &Ledger{Out: out, State: state}}}
	if report := j.must(t); report.Restored == 0 || report.Failed > 0 {
		t.Fatalf("the earlier run: %s", outcomes(report))
	}
}

// TestFolderEarlier: what earlier runs made is passed over where it lies in an
// input folder, and taken where it is the input. Originals beside it are taken.
func TestFolderEarlier(t *testing.T) {
	t.Parallel()
	const clean = "passed over DIR/in/clean: the output folder of an earlier run; name it as INPUT to take its pictures"
	tests := []struct {
		name  string
		make  func(t *testing.T, dir string) // dir/in/a.png and dir/in/sub/b.png are there
		input string
		want  string
		says  string // with DIR for dir
	}{
		{"outputs", func(t *testing.T, dir string) { runInto(t, dir+"/in/clean", "", "", dir+"/in/sub") }, "in", "a.png sub/b.png", clean},
		{"outputs named", func(t *testing.T, dir string) { runInto(t, dir+"/in/clean", "", "", dir+"/in/sub") }, "in/clean", "b.png", ""},
		{"outputs matched", func(t *testing.T, dir string) { runInto(t, dir+"/in/clean", "", "", dir+"/in/sub") }, "in/*", "a.png b.png", clean},
		{"outputs, deep", func(t *testing.T, dir string) { runInto(t, dir+"/in/clean", "", "", dir+"/in/sub") }, ".", "in/a.png in/sub/b.png", clean},
		{"tree of outputs", func(t *testing.T, dir string) {
			runInto(t, dir+"/out", "", "", dir+"/in")
			must(t, os.Rename(dir+"/out", dir+"/in/clean"))
		}, "in", "a.png sub/b.png", clean},
		{"original among outputs", func(t *testing.T, dir string) {
			runInto(t, dir+"/in/clean", "", "", dir+"/in/sub")
			must(t, os.WriteFile(dir+"/in/clean/new.png", png(t, 3), 0o666))
		}, "in", "a.png clean/new.png sub/b.png", "passed over what an earlier run made in DIR/in/clean, beside other pictures (pictures: 1)"},
		{"output edited since", func(t *testing.T, dir string) {
			runInto(t, dir+"/in/clean", "", "", dir+"/in/sub")
			must(t, os.WriteFile(dir+"/in/clean/b.png", png(t, 3), 0o666))
		}, "in", "a.png sub/b.png", clean},
		{"outputs gone", func(t *testing.T, dir string) {
			runInto(t, dir+"/in/clean", "", "", dir+"/in/sub")
			must(t, os.Remove(dir+"/in/clean/b.png"))
		}, "in", "a.png sub/b.png", ""},
		{"beside their inputs", func(t *testing.T, dir string) { runInto(t, dir+"/in/sub", "", "-x", dir+"/in/sub/b.png") }, "in", "a.png sub/b.png", "in DIR/in/sub, beside other"},
		{"above their inputs", func(t *testing.T, dir string) { runInto(t, dir+"/in", "", "", dir+"/in/sub") }, ".", "in/a.png in/sub/b.png", "in DIR/in, beside other"},
		{"above their inputs, named", func(t *testing.T, dir string) { runInto(t, dir+"/in", "", "", dir+"/in/sub") }, "in", "a.png b.png sub/b.png", ""},
		{"ledger elsewhere", func(t *testing.T, dir string) { runInto(t, dir+"/in/clean", t.TempDir(), "", dir+"/in/sub") }, "in", "a.png sub/b.png", clean},
		{"ledger gone", func(t *testing.T, dir string) {
			runInto(t, dir+"/in/clean", "", "", dir+"/in/sub")
			must(t, os.Remove(dir+"/in/clean/.restore/ledger.db"))
		}, "in", "a.png sub/b.png", "in/clean: an output folder whose ledger is gone"},
		{"ledger damaged", func(t *testing.T, dir string) {
			runInto(t, dir+"/in/clean", "", "", dir+"/in/sub")
			must(t, os.WriteFile(dir+"/in/clean/.restore/ledger.db", []byte("x"), 0o666))
		}, "in", "a.png sub/b.png", "in/clean: an output folder whose ledger cannot be read"},
		{"report", func(t *testing.T, dir string) {
			must(t, os.MkdirAll(dir+"/in/rep/thumbs", 0o777))
			must(t, os.WriteFile(dir+"/in/rep/items.jsonl", []byte(reportMark+`{"format":1,"out":"x"}}`+"\n"), 0o666))
			must(t, os.WriteFile(dir+"/in/rep/thumbs/b.png", png(t, 3), 0o666))
		}, "in", "a.png sub/b.png", "in/rep: the report of an earlier run; name it"},
		{"another journal", func(t *testing.T, dir string) {
			must(t, os.WriteFile(dir+"/in/sub/items.jsonl", []byte(`{"reporter":1}`), 0o666))
		}, "in", "a.png sub/b.png sub/items.jsonl", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.ToSlash(tree(t, map[string][]byte{"in/a.png": png(t, 1), "in/sub/b.png": png(t, 2)}))
			test.make(t, dir)
			s, err := NewFolder([]string{dir + "/" + test.input}, FolderOptions{Out: filepath.Join(t.TempDir(), "new")})
			if err != nil {
				t.Fatal(err)
			}
			if got := relatives(s); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			notes := filepath.ToSlash(strings.Join(s.Notes(), "\n"))
			says := strings.ReplaceAll(test.says, "DIR", dir)
			if !strings.Contains(notes, says) || (says == "") != (notes == "") || strings.Count(notes, "\n") > 0 {
				t.Errorf("it says  %q\nand should %q", notes, says)
			}
		})
	}
}

// TestEarlierBusy: while another run works on a folder, nothing in it is taken.
func TestEarlierBusy(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"in/a.png": png(t, 1), "in/out/b.png": png(t, 2)})
	l, err := (&Ledger{Out: filepath.Join(dir, "in", "out")}).open(false)
	must(t, err)
	defer l.close()
	s, err := NewFolder([]string{filepath.Join(dir, "in")}, FolderOptions{})
	must(t, err)
	if got := relatives(s); got != "a.png" || len(s.Notes()) != 1 || !strings.Contains(s.Notes()[0], "in use by another run") {
		t.Errorf("got %s, and it says %q", got, s.Notes())
	}
}

// TestFolderLinkUp: a link to a folder that the input folder lies in would bring
// in what nobody named.
func TestFolderLinkUp(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"far/arch/in/sub/a.png": png(t, 1), "far/arch/other.png": png(t, 1), "far/b.png": png(t, 1), "else/c.png": png(t, 1)})
	in := filepath.Join(dir, "far", "arch", "in")
	for name, target := range map[string]string{"loop": "..", "sub/up": "../../..", "self": ".", "out": "../../../else"} {
		if err := os.Symlink(filepath.FromSlash(target), filepath.Join(in, filepath.FromSlash(name))); err != nil {
			t.Skip("no links here:", err)
		}
	}
	s, err := NewFolder([]string{in}, FolderOptions{})
	must(t, err)
	if got, want := relatives(s), "out/c.png sub/a.png"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for i, name := range []string{"loop", filepath.Join("sub", "up")} {
		want := "passed over " + filepath.Join(in, name) + ": a link to a folder that the input folder lies in"
		if len(s.Notes()) != 2 || s.Notes()[i] != want {
			t.Errorf("it says %q, and should %q", s.Notes(), want)
		}
	}
}

func TestUnmatched(t *testing.T) {
	t.Parallel()
	x := []byte("x")
	dir := tree(t, map[string][]byte{"in/a.png": x, "in/sub/b.png": x, "in/sub/b.bak": x, "in/.cache/c.png": x})
	in := filepath.ToSlash(filepath.Join(dir, "in"))
	for pattern, want := range map[string]string{ // "": it left something out
		"*.bak": "", "sub": "", "sub/": "", "sub/b.*": "", ".cache": "", "*.bka": "no", "b.png/": "", "/sub/b.png": "",
		"in/sub": "sub", "in/sub/*.bak": "sub/*.bak", "./in/sub": "sub", "in/": "no", "out/sub": "no", in + "/sub": "sub", "sub/c.png": "no",
	} {
		s, err := NewFolder([]string{in}, FolderOptions{Exclude: []string{"a.png", pattern}})
		must(t, err)
		got := ""
		for _, u := range s.Unmatched() {
			got = u.Instead
			if got == "" {
				got = "no"
			}
			if u.Pattern != pattern {
				t.Errorf("%s: %q left nothing out", pattern, u.Pattern)
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}

func TestApart(t *testing.T) {
	t.Parallel()
	for _, test := range [][4]string{
		{"in/\u00e9.png", "in/e\u0301.png", `"in/\u00e9.png"`, `"in/e\u0301.png"`},
		{"in/\u00e9.png", "in/e\u0301.jpg", `"in/\u00e9.png"`, `"in/e\u0301.jpg"`},
		{"in/\u00e9.png", "in/\u00e9.jpg", "in/\u00e9.png", "in/\u00e9.jpg"},
		{"in/x.png", "in/X.png", "in/x.png", "in/X.png"},
		{"in/x.png", "in/x\u200b.png", "in/x.png", `"in/x\u200b.png"`},
	} {
		if a, b := apart(test[0], test[1]); a != test[2] || b != test[3] {
			t.Errorf("%q and %q: %s and %s", test[0], test[1], a, b)
		}
	}
}
