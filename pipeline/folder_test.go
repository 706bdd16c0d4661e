package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// relatives writes what a source yields on one line: "!" marks an error, "*" a
// file that was named.
func relatives(s *Folder) string {
	var list []string
	for item, err := range s.Items(context.Background()) {
		switch {
		case err != nil:
			list = append(list, "!"+item.Rel)
		case item.Named:
			list = append(list, "*"+item.Rel)
		default:
			list = append(list, item.Rel)
		}
	}
	return strings.Join(list, " ")
}

func TestNewFolder(t *testing.T) {
	t.Parallel()
	x := []byte("x")
	dir := tree(t, map[string][]byte{
		"in/b.jpg": x, "in/a.JPG": x, "in/sub/deep/c.png": x, "in/sub/notes.txt": x, "in/noending": x,
		"in/.hidden.jpg": x, "in/.hidden/d.jpg": x, "in/Thumbs.db": x, "in/@eaDir/e.jpg": x,
		"in/.a.JPG.restore-tmp-0123456789abcdef": x,
		"other/b.jpg":                            x, "odd[1].jpg": x, "odd1.jpg": x,
	})
	must(t, os.Mkdir(filepath.Join(dir, "in", "empty"), 0o777))
	const all = "a.JPG b.jpg noending sub/deep/c.png sub/notes.txt"
	tests := []struct {
		name    string
		inputs  string // joined by spaces, below dir
		exclude string // joined by spaces
		out     string
		want    string
		says    string // an error instead
	}{
		{"folder", "in", "", "out", all, ""},
		{"folder with a slash", "in/", "", "out", all, ""},
		{"file", "in/b.jpg", "", "out", "*b.jpg", ""},
		{"hidden file named", "in/.hidden.jpg", "", "out", "*.hidden.jpg", ""},
		{"folder and file", "in other/b.jpg", "", "", "a.JPG b.jpg *b.jpg noending sub/deep/c.png sub/notes.txt", ""},
		{"twice the same", "in in/../in in/b.jpg", "", "", "a.JPG *b.jpg noending sub/deep/c.png sub/notes.txt", ""},
		{"glob", "in/*.[jJ][pP][gG]", "", "", "a.JPG b.jpg", ""},
		{"glob of folders", "*r", "", "", "b.jpg", ""},
		{"name with brackets", "odd[1].jpg", "", "", "*odd[1].jpg", ""},
		{"exclude by name", "in", "*.txt deep", "", "a.JPG b.jpg noending", ""},
		{"exclude by path", "in", "sub/deep b.jpg/", "", "a.JPG noending sub/notes.txt", ""},
		{"exclude only whole names", "in", "eep ub/deep", "", all, ""},
		{"exclude and glob", "in/*", "sub", "", "a.JPG b.jpg noending", ""},
		{"nothing there", "in/empty", "", "", "", ""},
		{"out inside, excluded", "in", "sub", "in/sub/new", "a.JPG b.jpg noending", ""},
		{"out inside", "in", "", "in/sub/new", "", "output folder lies inside"},
		{"out is input", "in", "*", "in", "", "output folder lies inside"},
		{"out beside, same beginning", "in", "", "in2", all, ""},
		{"in inside out", "in", "", ".", all, ""},
		{"missing", "in missing", "", "", "", "no such file"},
		{"missing, glob", "in/*.gif", "", "", "", "nothing matches"},
		{"malformed glob", "in/[", "", "", "", "malformed"},
		{"malformed exclude", "in", "[", "", "", "malformed"},
		{"none", "", "", "", "", "no input given"},
		{"device", "../../../../../../../../../../../../dev/null", "", "", "", "neither a file nor a folder"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var inputs []string
			for _, input := range strings.Fields(test.inputs) {
				inputs = append(inputs, dir+"/"+input)
			}
			o := FolderOptions{Exclude: strings.Fields(test.exclude)}
			if test.out != "" {
				o.Out = filepath.Join(dir, test.out)
			}
			s, err := NewFolder(inputs, o)
			if test.says != "" {
				if KindOf(err) != KindUsage || !strings.Contains(err.Error(), test.says) {
					t.Errorf("error %v, want one of usage that says %q", err, test.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := relatives(s); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if got := len(s.List()); got != len(strings.Fields(test.want)) {
				t.Errorf("the list has %d items", got)
			}
		})
	}
}

func TestFolderLinks(t *testing.T) {
	t.Parallel()
	x := []byte("x")
	dir := tree(t, map[string][]byte{"in/z/a.jpg": x, "far/b.jpg": x, "in/real.jpg": x})
	in := filepath.Join(dir, "in")
	for name, target := range map[string]string{
		"in/again":      "z",            // reached by itself as well
		"in/z/loop":     "..",           // to the input itself
		"in/out":        "../far",       // to elsewhere, which leads back
		"far/back":      "../in",        //
		"in/file.jpg":   "../far/b.jpg", // a file
		"in/broken.jpg": "nowhere",      //
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("no links here:", err)
		}
	}
	s, err := NewFolder([]string{in}, FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := relatives(s), "!broken.jpg file.jpg out/b.jpg real.jpg z/a.jpg"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := NewFolder([]string{in}, FolderOptions{Out: filepath.Join(dir, "far")}); KindOf(err) != KindUsage {
		t.Errorf("an output folder that a link in the input leads to: %v", err)
	}
	link := filepath.Join(dir, "link")
	must(t, os.Symlink(in, link))
	if _, err := NewFolder([]string{link}, FolderOptions{Out: filepath.Join(in, "new", "out")}); KindOf(err) != KindUsage {
		t.Errorf("an output folder to be made in what the input links to: %v", err)
	}
}

// TestPatternDeadLink: what a pattern matches is treated like what a folder
// holds, so a link that leads nowhere is one failed item; named outright it is a
// mistake in the command.
func TestPatternDeadLink(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"a.jpg": []byte("x"), "z.jpg": []byte("x")})
	if err := os.Symlink("nowhere", filepath.Join(dir, "dead.jpg")); err != nil {
		t.Skip("no links here:", err)
	}
	for pattern, want := range map[string]string{"*.jpg": "a.jpg !dead.jpg z.jpg", "d*.jpg": "!dead.jpg"} {
		s, err := NewFolder([]string{filepath.Join(dir, pattern)}, FolderOptions{})
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		if got := relatives(s); got != want {
			t.Errorf("%s: got %s, want %s", pattern, got, want)
		}
	}
	_, err := NewFolder([]string{filepath.Join(dir, "dead.jpg")}, FolderOptions{})
	if KindOf(err) != KindUsage || !strings.Contains(err.Error(), "a link to nowhere") {
		t.Errorf("a dead link named outright: %v, want one of usage", err)
	}
}

func TestFolderItems(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"a.jpg": []byte("12345"), "b.jpg": nil})
	s, err := NewFolder([]string{dir}, FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for item := range s.Items(ctx) {
		info, err := os.Stat(filepath.Join(dir, "a.jpg"))
		must(t, err)
		if item.Rel != "a.jpg" || item.Size != 5 || !item.ModTime.Equal(info.ModTime()) || item.Mode != info.Mode() {
			t.Errorf("got %+v", item)
		}
		cancel() // no further item may come
	}
}

func TestSplitEnding(t *testing.T) {
	t.Parallel()
	for rel, want := range map[string][2]string{
		"a/x.jpg": {"a/x", ".jpg"}, "x.JPEG": {"x", ".JPEG"}, "scan.2024": {"scan.2024", ""}, "a.png/x": {"a.png/x", ""},
		".jpg": {".jpg", ""}, "a/.png": {"a/.png", ""}, "x.tar.png": {"x.tar", ".png"}, "x.": {"x.", ""}, "": {"", ""},
	} {
		if stem, ending := splitEnding(rel); stem != want[0] || ending != want[1] {
			t.Errorf("%q: %q and %q, want %q", rel, stem, ending, want)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"Caf\u00e9", "cafe\u0301"}, {"A/B.JPG", "a/b.jpg"}, {"\u00c4", "a\u0308"}} {
		if fold(pair[0]) != fold(pair[1]) {
			t.Errorf("%q and %q are not the same", pair[0], pair[1])
		}
	}
	if fold("cafe") == fold("caf\u00e9") {
		t.Error("an accent makes no difference")
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
