package pipeline

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// show makes the mask that comes with a picture the picture.
var show = &tasks.Spec{Name: "show", Needs: []string{"mask"}, New: specOf("", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	m := f.Image.Like()
	for p := range m.Planes {
		copy(m.Planes[p], f.Planes["mask"].Pix)
	}
	return f.With(m), nil
}).New}

// oriented returns a picture as a PNG that says in which EXIF orientation it is
// stored; with 0 it says none.
func oriented(t testing.TB, m *pix.Image, o int) []byte {
	t.Helper()
	data := encoded(t, m, "png")
	if o == 0 {
		return data
	}
	body := append([]byte("eXIfMM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), byte(o), 0, 0, 0, 0, 0, 0)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = binary.BigEndian.AppendUint32(append(chunk, body...), crc32.ChecksumIEEE(body))
	return slices.Insert(data, 33, chunk...) // behind the header
}

// shown runs a picture with its mask and returns the plane that the task saw.
func shown(t testing.TB, picture, mask []byte) ([]uint16, error) {
	t.Helper()
	j := job{specs: []*tasks.Spec{show}, inputs: []string{tree(t, map[string][]byte{"a.png": picture})}}
	j.options.Mask = filepath.Join(tree(t, map[string][]byte{"m.png": mask}), "m.png")
	report := j.must(t)
	if err := report.Results[0].Err; err != nil {
		return nil, err
	}
	return read(t, filepath.Join(j.out, "a.png")).Planes[0], nil
}

// grey returns a 16-bit picture of one plane, no two of whose samples are alike.
func grey(w, h int) *pix.Image {
	m := pix.New(w, h, 1)
	m.Meta.Depth = 16
	for i := range m.Planes[0] {
		m.Planes[0][i] = uint16(1000 + i*37)
	}
	return m
}

// A mask lies on the picture as it is shown, whatever orientations the files have.
func TestMaskOrientation(t *testing.T) {
	t.Parallel()
	photo := picture(9, 7, 3, 1)
	photo.Meta.Depth = 16
	for o := range 9 {
		t.Run(fmt.Sprint(o), func(t *testing.T) {
			t.Parallel()
			stored := oriented(t, photo, o)
			w, h := 9, 7
			if o >= 5 {
				w, h = h, w
			}
			half := grey(w, h) // upright, and stored turned by half
			for _, c := range []struct {
				name string
				mask []byte
				want *pix.Image
			}{
				{"as the picture is stored", oriented(t, grey(9, 7), 0), grey(9, 7).Orient(o)},
				{"the same, and it says so", oriented(t, grey(9, 7), o), grey(9, 7).Orient(o)},
				{"upright, and it says so", oriented(t, grey(w, h), 1), grey(w, h)},
				{"turned by half, and it says so", oriented(t, half, 3), half.Orient(3)},
			} {
				got, err := shown(t, stored, c.mask)
				if err != nil || !slices.Equal(got, c.want.Planes[0]) {
					t.Errorf("%s: error %v, plane %v, want %v", c.name, err, got, c.want.Planes[0])
				}
			}
			got, err := shown(t, stored, oriented(t, grey(7, 9), 0))
			switch {
			case o >= 5 && (err != nil || !slices.Equal(got, grey(7, 9).Planes[0])):
				t.Errorf("upright by its size: error %v, plane %v", err, got)
			case o < 5 && (KindOf(err) != KindInput || !strings.Contains(err.Error(), "m.png has 7x9 pixels, and the picture has 9x7")):
				t.Errorf("turned by a quarter: error %v", err)
			}
			if o >= 5 { // it says that it is upright, and has the size of what is not
				if _, err := shown(t, stored, oriented(t, grey(9, 7), 1)); KindOf(err) != KindInput {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

// What the task sees of a mask: luma times opacity, at 16 bits, and no judgement.
func TestMaskSamples(t *testing.T) {
	t.Parallel()
	filled := func(alpha int, values ...int) *pix.Image {
		m := pix.New(9, 7, len(values))
		m.Meta.Depth = 16
		for p, v := range values {
			for i := range m.Planes[p] {
				m.Planes[p][i] = uint16(v)
			}
		}
		if alpha >= 0 {
			m.Alpha = slices.Repeat([]uint16{uint16(alpha)}, 9*7)
		}
		return m
	}
	photo := picture(9, 7, 1, 1)
	photo.Meta.Depth = 16
	for _, c := range []struct {
		name string
		mask *pix.Image
		want int
	}{
		{"black", filled(-1, 0), 0},
		{"white", filled(-1, 65535), 65535},
		{"white in colour", filled(-1, 65535, 65535, 65535), 65535},
		{"16 bits", filled(-1, 32769), 32769},
		{"red", filled(-1, 65535, 0, 0), 19595},
		{"green", filled(-1, 0, 65535, 0), 38469},
		{"blue", filled(-1, 0, 0, 65535), 7471},
		{"half opaque", filled(32768, 65535), 32768},
		{"transparent", filled(0, 65535, 65535, 65535), 0},
		{"grey, half opaque", filled(32768, 30000, 30000, 30000), 15000},
	} {
		got, err := shown(t, encoded(t, photo, "png"), encoded(t, c.mask, "png"))
		if err != nil || int(got[0]) != c.want || int(got[9*7-1]) != c.want {
			t.Errorf("%s: %v, error %v, want %d", c.name, got, err, c.want)
		}
	}
}

// Whatever is wrong with one mask is an error of its picture, which names the
// mask. The others go on.
func TestMaskErrors(t *testing.T) {
	t.Parallel()
	whole := encoded(t, picture(9, 7, 1, 3), "png")
	in := tree(t, map[string][]byte{
		"empty.png": png(t, 1), "text.png": png(t, 1), "cut.png": png(t, 1), "size.png": png(t, 1), "large.png": png(t, 1), "none.png": png(t, 1),
		"two.png": png(t, 1), "folder.png": png(t, 1), "dangling.png": png(t, 1), "good.png": png(t, 1), "sub/deep.png": png(t, 1), "notes.txt": []byte("x"),
	})
	dir := tree(t, map[string][]byte{
		"empty.png": nil, "text.png": []byte("x"), "cut.png": whole[:len(whole)-20], "size.png": png(t, 1), "large.png": encoded(t, picture(90, 70, 1, 1), "png"),
		"two.tif": nil, "two.bmp": nil, "folder.png/x": nil, "good.TIF": encoded(t, picture(9, 7, 1, 1), "tiff"), "sub/deep.bmp": encoded(t, picture(9, 7, 3, 1), "bmp"),
	})
	must(t, os.WriteFile(filepath.Join(dir, "size.png"), encoded(t, picture(9, 8, 1, 1), "png"), 0o666))
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.png")); err != nil {
		must(t, os.WriteFile(filepath.Join(dir, "dangling.png"), nil, 0o666)) // a system without links
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	says := map[string]string{
		"empty.png":  "its mask " + at("empty.png") + ": the file is empty",
		"text.png":   "its mask " + at("text.png") + ": not a picture",
		"cut.png":    "its mask " + at("cut.png") + ": the file is damaged",
		"size.png":   "its mask " + at("size.png") + " has 9x8 pixels, and the picture has 9x7",
		"large.png":  "its mask " + at("large.png") + ": the picture is too large",
		"none.png":   "neither " + at("none.png") + " nor another picture " + at("none.*"),
		"two.png":    "several masks in " + dir + " could be meant: two.bmp and two.tif",
		"folder.png": "there is no mask for it", "dangling.png": "its mask " + at("dangling.png"), "good.png": "", "sub/deep.png": "",
	}
	for _, dry := range []bool{false, true} {
		j := job{specs: []*tasks.Spec{show}, inputs: []string{in}, options: Options{Masks: dir, DryRun: dry, Limits: pix.Limits{MaxPixels: 500}}}
		report := j.must(t)
		if report.Failed != 9 && !(dry && report.Failed == 8) || report.Ignored != 1 { // a cut is found where it is decoded
			t.Errorf("dry run %v: %s", dry, outcomes(report))
		}
		for _, res := range report.Results {
			want, known := says[res.Item.Rel]
			switch {
			case want == "" || !known || dry && res.Item.Rel == "cut.png":
				if res.Err != nil {
					t.Errorf("dry run %v: %s: %v", dry, res.Item.Rel, res.Err)
				}
			case KindOf(res.Err) != KindInput || !strings.HasPrefix(res.Err.Error(), res.Item.Path+": ") || !strings.Contains(res.Err.Error(), want):
				t.Errorf("dry run %v: the error is %v, want one that says %q", dry, res.Err, want)
			}
		}
	}
}

// A link to a folder, or to a pipe that would be waited for, is no mask.
func TestMaskNoFile(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": png(t, 1)})
	dir := t.TempDir()
	if err := os.Symlink(in, filepath.Join(dir, "a.bmp")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	j := job{specs: []*tasks.Spec{show}, inputs: []string{in}, options: Options{Masks: dir}}
	if err := j.must(t).Results[0].Err; KindOf(err) != KindInput || !strings.Contains(err.Error(), "its mask "+filepath.Join(dir, "a.bmp")+": it is not a regular file") {
		t.Errorf("the error is %v", err)
	}
}

// The same relative path comes before the same stem, and the name of the file
// before the one that its output gets.
func TestMaskFound(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"a.jpg": nil, "a.png": nil, "b.png": nil, "b.txt": nil, "sub/a.tif": nil, "c.2024": nil, ".d.png": nil, "e~2.png": nil, "f.mask.png": nil, "g.mask.png": nil, "g.tif": nil})
	m := newMasks(&Options{Masks: dir})
	for _, c := range []struct{ rel, path, want string }{
		{"a.jpg", "a.jpg", "a.jpg"}, {"a.png", "a.png", "a.png"}, {"b.jpg", "b.jpg", "b.png"}, {"sub/a.jpg", "sub/a.jpg", "sub/a.tif"},
		{"sub/b.jpg", "sub/b.jpg", ""}, {"c.2024", "c.2024", "c.2024"}, {"d.jpg", "d.jpg", ""}, {"a~2.jpg", "a.jpg", "a.jpg"}, {"e.png", "e.png", ""},
		{"f.jpg", "f.jpg", "f.mask.png"}, {"g.jpg", "g.jpg", "g.tif"}, {"f.mask.jpg", "f.mask.jpg", "f.mask.png"},
	} {
		got, err := m.find(Item{Rel: c.rel, Path: filepath.Join("in", filepath.FromSlash(c.path))})
		want := ""
		if c.want != "" {
			want = filepath.Join(dir, filepath.FromSlash(c.want))
		}
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", c.rel, got, err, want)
		}
	}
}

// A mask that comes while the run goes on is found, even if the time of its folder
// does not show it; a folder that has not changed for long is not read again.
func TestMaskComes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		age   time.Duration // of the last change of the folder that shows
		shows bool
		want  bool
	}{{time.Hour, true, true}, {time.Hour, false, false}, {0, true, true}, {0, false, true}} {
		dir := tree(t, map[string][]byte{"b.png": nil})
		then := time.Now().Add(-test.age)
		must(t, os.Chtimes(dir, then, then))
		m := newMasks(&Options{Masks: dir})
		item := Item{Rel: "a.jpg", Path: "a.jpg"}
		if _, err := m.find(item); !errors.Is(err, ErrMaskNotReady) {
			t.Fatalf("the error is %v", err)
		}
		must(t, os.WriteFile(filepath.Join(dir, "a.png"), nil, 0o666))
		if !test.shows {
			must(t, os.Chtimes(dir, then, then))
		}
		if _, err := m.find(item); (err == nil) != test.want {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// What is wrong with the options is found before the first picture.
func TestMaskUsage(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": png(t, 1)})
	dir := tree(t, map[string][]byte{"a.png": encoded(t, picture(9, 7, 1, 1), "png")})
	file := filepath.Join(dir, "a.png")
	for _, c := range []struct {
		name string
		o    Options
		out  string
		with []*tasks.Spec
		says string
	}{
		{"both", Options{Mask: file, Masks: dir}, "", nil, "give one of them"},
		{"none", Options{}, "", nil, "takes a mask, and there is none"},
		{"not taken", Options{Mask: file}, "", []*tasks.Spec{lighten}, "--mask: no step of the pipeline takes a mask"},
		{"made", Options{Masks: dir}, "", []*tasks.Spec{masker, filler}, "--masks: the step masker makes the mask"},
		{"a folder as file", Options{Mask: dir}, "", nil, "is a folder; --masks"},
		{"a file as folder", Options{Masks: file}, "", nil, "is no folder; --mask"},
		{"no file", Options{Mask: file + "x"}, "", nil, "there is no such file"},
		{"no folder", Options{Masks: dir + "x"}, "", nil, "there is no such file or folder"},
		{"outputs among masks", Options{Masks: dir}, dir, nil, "stand among the masks"},
		{"outputs below masks", Options{Masks: dir}, filepath.Join(dir, "out"), nil, "stand among the masks"},
		{"an output over the mask", Options{Mask: file, Overwrite: true}, dir, nil, "take the place of one"},
		{"masks are the inputs", Options{Masks: in}, "", nil, "is that of the masks"},
	} {
		if c.with == nil {
			c.with = []*tasks.Spec{show}
		}
		j := job{specs: c.with, inputs: []string{in}, out: c.out, options: c.o}
		if report, err := j.run(t); KindOf(err) != KindUsage || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %s, error %v, want one that says %q", c.name, outcomes(report), err, c.says)
		}
	}
	if got := listing(t, dir); got != "a.png" {
		t.Errorf("the masks are now %s", got)
	}
}

// A source without end has no list in which to find it: the picture fails.
func TestMaskNotReplaced(t *testing.T) {
	t.Parallel()
	in := tree(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 2)})
	dir := tree(t, map[string][]byte{"a.png": encoded(t, picture(9, 7, 1, 1), "png")})
	mask := filepath.Join(dir, "a.png")
	for _, o := range []Options{{Masks: dir, Overwrite: true}, {Mask: mask, Overwrite: true}} {
		pool := NewPool(1)
		o.Pool = pool
		rec := &recorder{}
		report, err := Run(context.Background(), o, opened(t, pool, show), struct{ Source }{folderOf(t, in)}, sinkInto(t, dir), rec)
		must(t, err)
		if err := rec.done[0].Err; KindOf(err) != KindInput || !strings.Contains(err.Error(), "take the place of one, "+mask) {
			t.Errorf("%s, error %v", outcomes(report), err)
		}
		if got := read(t, mask); len(got.Planes) != 1 {
			t.Error("the mask was replaced")
		}
	}
}

// Masks that lie among the pictures are none of them. A file that is named is
// taken, and then its mask must be another.
func TestMaskAmongInputs(t *testing.T) {
	t.Parallel()
	mask := encoded(t, picture(9, 7, 1, 1), "png")
	in := tree(t, map[string][]byte{"a.png": png(t, 1), "sub/b.png": png(t, 2), "masks/a.png": mask, "masks/sub/b.png": mask, "one.png": mask})
	masks, one := filepath.Join(in, "masks"), filepath.Join(in, "one.png")
	for _, c := range []struct {
		name   string
		o      Options
		inputs []string
		want   string
	}{
		{"folder", Options{Masks: masks}, []string{in}, "a.png restored, one.png failed, sub/b.png restored"},
		{"file", Options{Mask: one}, []string{in}, "a.png restored, masks/a.png restored, masks/sub/b.png restored, sub/b.png restored"},
		{"pattern", Options{Mask: one}, []string{filepath.Join(in, "*.png")}, "a.png restored"},
		{"folder in a pattern", Options{Masks: masks}, []string{filepath.Join(in, "[am]*")}, "a.png restored"},
		{"the mask itself", Options{Mask: one}, []string{one}, "one.png failed"},
		{"a mask of the folder", Options{Masks: masks}, []string{filepath.Join(masks, "a.png")}, "a.png failed"},
	} {
		j := job{specs: []*tasks.Spec{show}, inputs: c.inputs, options: c.o}
		if got := outcomes(j.must(t)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	folder, err := NewFolder([]string{in}, FolderOptions{Masks: []string{masks, one}})
	must(t, err)
	if notes := strings.Join(folder.Notes(), "\n"); !strings.Contains(notes, masks+": the folder of the masks") || !strings.Contains(notes, one+": the mask") {
		t.Errorf("notes:\n%s", notes)
	}
}
