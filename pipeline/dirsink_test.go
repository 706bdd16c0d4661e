package pipeline

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newSink(t *testing.T) (*DirSink, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a", "out")
	s, err := NewDirSink(dir)
	must(t, err)
	must(t, s.Open())
	return s, dir
}

// put writes one file through a batch up to before its Commit.
func put(t *testing.T, b Batch, suffix, data string) {
	t.Helper()
	out, err := b.Create(suffix)
	must(t, err)
	_, err = io.WriteString(out, data)
	must(t, err)
}

func begin(t *testing.T, s Sink, item Item) Batch {
	t.Helper()
	b, err := s.Begin(context.Background(), item)
	must(t, err)
	return b
}

func TestDirSinkCommit(t *testing.T) {
	t.Parallel()
	s, dir := newSink(t)
	when := time.Date(1968, 5, 4, 3, 2, 1, 0, time.UTC)
	b := begin(t, s, Item{Rel: "1968/beach.jpg", ModTime: when, Mode: 0o440})
	put(t, b, "-clean.jpg", "picture")
	put(t, b, ".mask.png", "mask")
	if strings.Contains(listing(t, dir), "1968/beach") {
		t.Errorf("names before Commit: %s", listing(t, dir))
	}
	if _, err := b.Stat("-clean.jpg"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat before Commit: %v", err)
	}
	must(t, b.Seal())
	must(t, b.Commit(false))
	b.Abort() // does nothing any more
	if got, want := listing(t, dir), "1968/beach-clean.jpg 1968/beach.mask.png"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
	info, err := b.Stat("-clean.jpg")
	must(t, err)
	if !info.ModTime().Equal(when) || info.Mode() != 0o440 || info.Size() != 7 {
		t.Errorf("time %v, mode %v, size %d, want those of the input", info.ModTime(), info.Mode(), info.Size())
	}
}

func TestDirSinkAbort(t *testing.T) {
	t.Parallel()
	s, dir := newSink(t)
	b := begin(t, s, Item{Rel: "x.jpg"})
	put(t, b, ".jpg", "half")
	b.Abort()
	b.Abort()
	if got := listing(t, dir); got != "" {
		t.Errorf("left behind: %s", got)
	}
}

// A foreign file at the place of any file of the batch stays, and none appears.
func TestDirSinkNeverReplaces(t *testing.T) {
	t.Parallel()
	for _, replace := range []bool{false, true} {
		s, dir := newSink(t)
		b := begin(t, s, Item{Rel: "x.jpg"})
		put(t, b, ".mask.png", "new mask")
		put(t, b, ".jpg", "new")
		must(t, os.WriteFile(filepath.Join(dir, "x.jpg"), []byte("foreign"), 0o666))
		err := b.Commit(replace)
		data, readErr := os.ReadFile(filepath.Join(dir, "x.jpg"))
		must(t, readErr)
		if replace {
			if err != nil || string(data) != "new" {
				t.Errorf("replacing: %v, the file is %q", err, data)
			}
			continue
		}
		if !errors.Is(err, fs.ErrExist) || string(data) != "foreign" {
			t.Errorf("not replacing: %v, the file is %q", err, data)
		}
		if got := listing(t, dir); got != "x.jpg" {
			t.Errorf("files %s, want the foreign one alone", got)
		}
	}
}

// The ways that are taken where the kernel has no renameat2.
func TestLinkNew(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"temp": []byte("new"), "there": []byte("foreign")})
	temp, there, free := filepath.Join(dir, "temp"), filepath.Join(dir, "there"), filepath.Join(dir, "free")
	if err := linkNew(temp, there); !errors.Is(err, fs.ErrExist) {
		t.Errorf("onto a foreign file: %v", err)
	}
	if got := listing(t, dir); got != "temp there" {
		t.Errorf("files %s after the refusal", got)
	}
	must(t, linkNew(temp, free))
	if got := listing(t, dir); got != "free there" {
		t.Errorf("files %s, want free and there", got)
	}
	// Folders cannot be linked, as nothing can on FAT.
	sub, there2 := filepath.Join(dir, "sub"), filepath.Join(dir, "there2")
	must(t, os.Mkdir(sub, 0o777))
	must(t, os.Mkdir(there2, 0o777))
	if err := linkNew(sub, there2); !errors.Is(err, fs.ErrExist) {
		t.Errorf("onto a foreign file, without links: %v", err)
	}
	must(t, linkNew(sub, filepath.Join(dir, "free2")))
}

func TestDirSinkNotWritable(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"file": nil})
	for _, out := range []string{"file", "file/below/it"} { // fails for root as well
		s, err := NewDirSink(filepath.Join(dir, filepath.FromSlash(out)))
		must(t, err)
		err = s.Open()
		if KindOf(err) != KindEnvironment || !strings.Contains(err.Error(), "cannot be written") {
			t.Errorf("%s: %v of kind %v", out, err, KindOf(err))
		}
	}
	if _, err := NewDirSink(""); KindOf(err) != KindUsage {
		t.Errorf("no folder: %v", err)
	}
	if os.Getuid() > 0 {
		must(t, os.Chmod(dir, 0o500))
		s, err := NewDirSink(dir)
		must(t, err)
		if err := s.Open(); KindOf(err) != KindEnvironment {
			t.Errorf("read-only folder: %v", err)
		}
	}
}

func TestDirSinkStaysInside(t *testing.T) {
	t.Parallel()
	s, dir := newSink(t)
	for _, rel := range []string{"../x.jpg", "/x.jpg", "a/../../x.jpg", ""} {
		if _, err := s.Begin(context.Background(), Item{Rel: rel}); err == nil {
			t.Errorf("%q: no error", rel)
		}
	}
	b := begin(t, s, Item{Rel: "a/x.jpg"})
	for _, suffix := range []string{"/../../../x.jpg", "/x", "x/"} {
		if _, err := b.Create(suffix); err == nil {
			t.Errorf("suffix %q: no error", suffix)
		}
	}
	b.Abort()
	if got := listing(t, filepath.Dir(filepath.Dir(dir))); got != "" {
		t.Errorf("written: %s", got)
	}
}

// The temporary name of a file with the longest name that there can be fits.
func TestDirSinkLongName(t *testing.T) {
	t.Parallel()
	s, dir := newSink(t)
	stem := strings.Repeat("ä", 125)
	b := begin(t, s, Item{Rel: stem + ".jpg"})
	put(t, b, ".jpg", "x")
	must(t, b.Commit(false))
	if got := listing(t, dir); got != stem+".jpg" {
		t.Errorf("files %s", got)
	}
}

// Of the files in an output folder, exactly the temporary ones of dead runs go.
func TestDirSinkSweeps(t *testing.T) {
	t.Parallel()
	s, dir := newSink(t)
	const mark = ".restore-tmp-0123456789abcdef"
	old := time.Now().Add(-time.Hour)
	plant := func(name string, when time.Time) {
		name = filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(name), 0o777))
		must(t, os.WriteFile(name, []byte("x"), 0o666))
		must(t, os.Chtimes(name, when, when))
	}
	plant(".dead.jpg"+mark, old)
	plant("sub/.dead.jpg"+mark, old)
	plant(".young.jpg"+mark, time.Now())
	plant(".users.jpg.restore-tmp-mine", old)
	plant("visible.jpg"+mark, old)
	must(t, os.Mkdir(filepath.Join(dir, ".folder"+mark), 0o777))
	live, err := createTemp(filepath.Join(dir, "live.jpg"))
	must(t, err)
	defer discard(live)
	must(t, os.Chtimes(live.Name(), old, old))

	for _, rel := range []string{"x.jpg", "sub/x.jpg"} {
		b := begin(t, s, Item{Rel: rel})
		put(t, b, ".jpg", "picture")
		b.Abort()
	}
	got := listing(t, dir)
	for _, gone := range []string{".dead.jpg" + mark, "sub/.dead.jpg" + mark} {
		if strings.Contains(" "+got+" ", " "+gone+" ") {
			t.Errorf("%s is still there", gone)
		}
	}
	for _, kept := range []string{".young.jpg" + mark, ".users.jpg.restore-tmp-mine", "visible.jpg" + mark, filepath.Base(live.Name())} {
		if !strings.Contains(" "+got+" ", " "+kept+" ") {
			t.Errorf("%s is gone", kept)
		}
	}
}
