package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shifted is the painting with amount added to every green sample.
func shifted(w, h int, amount uint8) *image.NRGBA {
	m := painting(w, h)
	for i := 1; i < len(m.Pix); i += 4 {
		m.Pix[i] += amount
	}
	return m
}

// trees writes two folders. x differs by 6 steps in one of three planes, y is
// equal, z has other sizes, broken is cut short, and single.png and lone.png
// have no partner.
func trees(t *testing.T) (a, b string) {
	t.Helper()
	dir := t.TempDir()
	a, b = filepath.Join(dir, "a"), filepath.Join(dir, "b")
	whole := pngOf(t, painting(20, 16))
	for name, data := range map[string][]byte{
		"a/sub/x.png": whole, "b/sub/x.png": pngOf(t, shifted(20, 16, 6)),
		"a/y.png": whole, "b/y.png": whole,
		"a/z.png": whole, "b/z.png": pngOf(t, painting(20, 15)),
		"a/broken.png": whole, "b/broken.png": whole[:len(whole)/2],
		"a/other.jpg": jpegOf(t, painting(20, 16)), "b/other.png": whole,
		"a/single.png": whole, "b/lone.png": whole,
		"a/notes.txt": []byte("no picture"), "b/list.txt": []byte("none either"),
	} {
		writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), data)
	}
	return a, b
}

// psnrOfX is that of 6 steps of 255 in a third of the samples.
var psnrOfX = 10 * math.Log10(255*255*3/36.0)

func TestCompareFolders(t *testing.T) {
	t.Parallel()
	a, b := trees(t)
	diff := filepath.Join(t.TempDir(), "diff")
	r := restore(t, "compare", a, b, "--diff", diff)
	r.want(t, exitSomeFailed, decibel(psnrOfX), "sub/x.png", "equal", "other.jpg, other.png", "mean of 3 pairs; PSNR of the 2 that are not equal",
		"no partner: "+filepath.Join(a, "single.png"), "no partner: "+filepath.Join(b, "lone.png"),
		"20x16", "20x15", "failed: "+filepath.Join(b, "broken.png"))
	for _, never := range []string{"notes.txt", "list.txt"} {
		if strings.Contains(r.stdout+r.stderr, never) {
			t.Errorf("it speaks of %s:\n%s", never, r.stderr)
		}
	}
	m := read(t, filepath.Join(diff, "sub", "x.png"))
	if m.Planes[0][5] != 0 || m.Planes[1][5] != 6*8*257 || m.Planes[2][5] != 0 {
		t.Errorf("the difference picture has %d %d %d, want 0, %d, 0", m.Planes[0][5], m.Planes[1][5], m.Planes[2][5], 6*8*257)
	}
	for name, want := range map[string]bool{"y.png": true, "other.png": true, "z.png": false, "broken.png": false, "single.png": false} {
		if exists(filepath.Join(diff, name)) != want {
			t.Errorf("there is a difference picture %s: %v", name, !want)
		}
	}
	restore(t, "compare", a, b, "--exclude", "z.png", "--exclude", "broken.png").want(t, exitDone, "mean of 3 pairs")
}

// TestCompareJobs: what is printed and written does not depend on the number of
// workers.
func TestCompareJobs(t *testing.T) {
	t.Parallel()
	a, b := trees(t)
	var first result
	for i, jobs := range []string{"1", "4"} {
		diff := filepath.Join(t.TempDir(), "diff")
		r := restore(t, "compare", a, b, "--jobs", jobs, "--json", "-q", "--diff", diff)
		if i == 0 {
			first = r
		}
		if r != first {
			t.Errorf("with %s workers it prints\n%s%s\ninstead of\n%s%s", jobs, r.stdout, r.stderr, first.stdout, first.stderr)
		}
	}
}

func TestCompareJSON(t *testing.T) {
	t.Parallel()
	a, b := trees(t)
	r := restore(t, "compare", a, b, "--json")
	var rows []map[string]any
	for d := json.NewDecoder(strings.NewReader(r.stdout)); d.More(); {
		var row map[string]any
		if err := d.Decode(&row); err != nil {
			t.Fatalf("%v in\n%s", err, r.stdout)
		}
		rows = append(rows, row)
	}
	if len(rows) != 6 {
		t.Fatalf("%d objects, want 5 pairs and the totals:\n%s", len(rows), r.stdout)
	}
	x, y, broken, totals := rows[2], rows[3], rows[0], rows[5]
	if x["a"] != filepath.Join(a, "sub", "x.png") || x["b"] != filepath.Join(b, "sub", "x.png") || x["max_difference"] != 6.0 ||
		math.Abs(x["psnr"].(float64)-psnrOfX) > 1e-3 || x["width"] != 20.0 || x["height"] != 16.0 || x["opacity_differs"] != false {
		t.Errorf("x: %v", x)
	}
	if s := x["ssim"].(float64); !(s > 0.9 && s < 1) {
		t.Errorf("SSIM of x: %v", s)
	}
	if psnr, ok := y["psnr"]; !ok || psnr != nil || y["ssim"] != 1.0 || y["max_difference"] != 0.0 {
		t.Errorf("y: %v", y)
	}
	if text, _ := broken["error"].(string); text == "" || broken["psnr"] != nil {
		t.Errorf("broken: %v", broken)
	}
	want := map[string]float64{"pairs": 3, "equal": 1, "failed": 2, "unpaired": 2}
	for key, v := range want {
		if totals[key] != v {
			t.Errorf("totals: %s is %v, want %v", key, totals[key], v)
		}
	}
	other := rows[1]["psnr"].(float64)
	if mean := totals["psnr"].(float64); math.Abs(mean-(other+psnrOfX)/2) > 1e-3 {
		t.Errorf("the mean PSNR is %v, want that of %v and %v", mean, other, psnrOfX)
	}
}

func TestCompareFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	writeFile(t, path("a.png"), pngOf(t, painting(12, 9)))
	writeFile(t, path("b.png"), pngOf(t, shifted(12, 9, 6)))
	diff := path("sub/d.PNG")
	restore(t, "compare", path("a.png"), path("b.png"), "--diff", diff, "--signed", "--gain", "2").want(t, exitDone, decibel(psnrOfX))
	if m := read(t, diff); m.Planes[0][0] != 128*257 || m.Planes[1][0] != (128+12)*257 {
		t.Errorf("the difference picture has %d and %d", m.Planes[0][0], m.Planes[1][0])
	}
	before := bytesOf(t, diff)
	restore(t, "compare", path("a.png"), path("a.png"), "--diff", diff).want(t, exitUsage, "--overwrite")
	if !bytes.Equal(bytesOf(t, diff), before) {
		t.Error("a difference picture was replaced without --overwrite")
	}
	restore(t, "compare", path("a.png"), path("a.png"), "--diff", diff, "--overwrite").want(t, exitDone, "equal")
	if bytes.Equal(bytesOf(t, diff), before) {
		t.Error("--overwrite left the old difference picture")
	}

	// Grey against colour is compared in colour, 16 bits stay, opacity does not
	// count but is spoken of.
	grey, colour, deep := image.NewGray(image.Rect(0, 0, 12, 12)), image.NewNRGBA(image.Rect(0, 0, 12, 12)), image.NewGray16(image.Rect(0, 0, 12, 12))
	for y := range 12 {
		for x := range 12 {
			v := uint8(20*x + y)
			grey.SetGray(x, y, color.Gray{v})
			colour.SetNRGBA(x, y, color.NRGBA{v, v, v, 200})
			deep.SetGray16(x, y, color.Gray16{uint16(v)*257 + 1})
		}
	}
	writeFile(t, path("grey.png"), pngOf(t, grey))
	writeFile(t, path("colour.png"), pngOf(t, colour))
	writeFile(t, path("deep.png"), pngOf(t, deep))
	restore(t, "compare", path("grey.png"), path("colour.png")).want(t, exitDone, "equal", "opacity differs")
	restore(t, "compare", path("grey.png"), path("deep.png"), "--diff", path("deep-diff.png")).want(t, exitDone, "96.33 dB")
	if m := read(t, path("deep-diff.png")); m.Meta.Depth != 16 || m.Planes[0][7] != 8 {
		t.Errorf("the difference of 1 in 65535 is %d in %d bits, want 8 in 16", m.Planes[0][7], m.Meta.Depth)
	}
}

func TestCompareLeast(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := writeFile(t, filepath.Join(dir, "a.png"), pngOf(t, painting(12, 9))), writeFile(t, filepath.Join(dir, "b.png"), pngOf(t, shifted(12, 9, 6)))
	restore(t, "compare", a, b, "--min-psnr", "37").want(t, exitDone)
	restore(t, "compare", a, b, "--min-psnr", "38").want(t, exitSomeFailed, "below 38 dB", "a.png")
	restore(t, "compare", a, a, "--min-psnr", "100").want(t, exitDone, "equal")
}

// TestCompareErrors: each is found before anything is written, and the inputs
// stay as they are.
func TestCompareErrors(t *testing.T) {
	t.Parallel()
	a, b := trees(t)
	writeFile(t, filepath.Join(a, "y.tif"), bytesOf(t, filepath.Join(a, "y.png")))
	writeFile(t, filepath.Join(b, "y.tif"), bytesOf(t, filepath.Join(a, "y.png")))
	empty := t.TempDir()
	writeFile(t, filepath.Join(empty, ".file"), nil)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", exitUsage, "two files or two folders"},
		{"A", exitUsage, "two files or two folders"},
		{"A B A", exitUsage, "two files or two folders"},
		{"A B/y.png", exitUsage, "y.png a file: compare"},
		{"A A/gone", exitUsage, "gone"},
		{"A EMPTY", exitUsage, "nothing to compare"},
		{"A B --diff B/d", exitUsage, "inside the input folder"},
		{"A B --diff OUT/d", exitUsage, "the same difference picture"},
		{"A B --diff EMPTY/.file --exclude y.tif", exitUsage, "is a file"},
		{"A/y.png B/y.png --diff B/y.png --overwrite", exitUsage, "never changed"},
		{"A/y.png B/y.png --diff OUT/d.jpg", exitUsage, ".png"},
		{"A/y.png B/y.png --diff OUT/.png", exitUsage, ".png"},
		{"A B --overwrite", exitUsage, "--diff"},
		{"A B --gain 4", exitUsage, "--diff"},
		{"A B --diff OUT/d --gain 0", exitUsage, "--gain"},
		{"A B --diff OUT/d --gain NaN", exitUsage, "--gain"},
		{"A B --min-psnr -3", exitUsage, "--min-psnr"},
		{"A B --max-megapixels 0", exitUsage, "--max-megapixels"},
		{"A/y.png B/y.png --max-megapixels 0.0001", exitSomeFailed, "--max-megapixels sets the limit"},
		{"A/y.png B/y.png --diff A/notes.txt/d.png", exitEnvironment, "notes.txt"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out")
			args := strings.Fields(c.args)
			for i := range args {
				for word, dir := range map[string]string{"A": a, "B": b, "OUT": out, "EMPTY": empty} {
					if args[i] == word || strings.HasPrefix(args[i], word+"/") {
						args[i] = dir + filepath.FromSlash(args[i][len(word):])
						break
					}
				}
			}
			before := bytesOf(t, filepath.Join(b, "y.png"))
			restore(t, append([]string{"compare"}, args...)...).want(t, c.code, c.want)
			if exists(out) {
				t.Error("something was written")
			}
			if !bytes.Equal(before, bytesOf(t, filepath.Join(b, "y.png"))) {
				t.Error("an input was changed")
			}
		})
	}
}

// TestCompareInputLink: a link in A leads to the very file that a difference
// picture would replace.
func TestCompareInputLink(t *testing.T) {
	t.Parallel()
	a, b := trees(t)
	out := t.TempDir()
	precious := writeFile(t, filepath.Join(out, "other.png"), pngOf(t, painting(20, 16)))
	if err := os.Symlink(precious, filepath.Join(a, "linked.png")); err != nil {
		t.Skip(err)
	}
	restore(t, "compare", a, b, "--diff", out, "--overwrite").want(t, exitUsage, "never changed")
}

// TestCompareManySingles: a folder of which the other holds a part does not fill
// the screen, and files of the smaller one are still named.
func TestCompareManySingles(t *testing.T) {
	t.Parallel()
	a, b := trees(t)
	for i := range 9 {
		writeFile(t, filepath.Join(a, fmt.Sprintf("more-%d.png", i)), pngOf(t, painting(4, 3)))
	}
	r := restore(t, "compare", a, b, "--json")
	r.want(t, exitSomeFailed, "more-4.png", "and 5 more without a partner in the second folder", "lone.png", `"unpaired":11`)
	if strings.Contains(r.stderr, "more-5.png") || strings.Contains(r.stderr, "first folder") {
		t.Errorf("it names too much:\n%s", r.stderr)
	}
}
