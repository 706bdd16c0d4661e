package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeProgram makes this test's binary the program that is measured, in a
// process of its own: its value is how it behaves.
const fakeProgram = "RESTORE_THUMBNAILS_FAKE"

func TestMain(m *testing.M) {
	if how := os.Getenv(fakeProgram); how != "" {
		if err := fake(how, os.Args[1:]); err != nil {
			fmt.Println("it went wrong:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// fake copies the pictures, as a program would that has nothing to do.
func fake(how string, args []string) error {
	if !slices.Equal(args[:6], []string{"denoise", "--quiet", "--jobs", "2", "--strength", "12.5"}) || args[6] != "-o" {
		return fmt.Errorf("called with %q", args)
	}
	if how == "fails" {
		return errors.New("on purpose")
	}
	files, err := os.ReadDir(args[8])
	if err != nil {
		return err
	}
	if how == "loses one" {
		files = files[1:]
	}
	if err := os.Mkdir(args[7], 0o777); err != nil {
		return err // the outputs of the round before are still there
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(args[8], f.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(args[7], f.Name()), data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

var red, blue = color.RGBA{200, 0, 0, 255}, color.RGBA{0, 0, 200, 255}

// photographs makes a folder of a red and a blue picture, one that is too small
// and a file that is none.
func photographs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, c := range map[string]struct {
		w, h  int
		shade color.Color
	}{"a.png": {40, 33, red}, "b.png": {32, 50, blue}, "c.png": {80, 31, color.White}} {
		m := image.NewRGBA(image.Rect(0, 0, c.w, c.h))
		draw.Draw(m, m.Bounds(), image.NewUniform(c.shade), image.Point{}, draw.Src)
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "readme.txt"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// near reports whether a picture has the shade at a place, up to what JPEG
// changes.
func near(m image.Image, x, y int, shade color.RGBA) bool {
	r, g, b, _ := m.At(x, y).RGBA()
	off := func(v uint32, w uint8) bool { return v>>8 > uint32(w)+12 || v>>8+12 < uint32(w) }
	return !off(r, shade.R) && !off(g, shade.G) && !off(b, shade.B)
}

func TestMakePictures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	small, large := filepath.Join(dir, "small"), filepath.Join(dir, "large")
	// The mosaic has 4x2 squares, the last column and row of them cut off; five
	// thumbnails fill it with three of them twice.
	if err := makePictures(photographs(t), small, large, sizes{count: 5, side: 32, width: 120, height: 50}); err != nil {
		t.Fatal(err)
	}
	shades := []color.RGBA{red, blue, red, blue, red}
	files, err := os.ReadDir(small)
	if err != nil || len(files) != len(shades) {
		t.Fatalf("%d thumbnails (%v), want %d", len(files), err, len(shades))
	}
	for i, f := range files {
		m, err := decode(filepath.Join(small, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if m.Bounds().Size() != image.Pt(32, 32) || !near(m, 16, 16, shades[i]) {
			t.Errorf("thumbnail %d is %v and %v, want 32x32 and %v", i, m.Bounds().Size(), m.At(16, 16), shades[i])
		}
	}
	m, err := decode(filepath.Join(large, "mosaic.jpg"))
	if err != nil || m.Bounds().Size() != image.Pt(120, 50) {
		t.Fatalf("the mosaic is %v (%v)", m, err)
	}
	for at := range 8 {
		if x, y := at%4*32+10, at/4*32+10; !near(m, x, y, shades[at%5]) {
			t.Errorf("square %d of the mosaic is %v, want %v", at, m.At(x, y), shades[at%5])
		}
	}
}

func TestNoPhotographs(t *testing.T) {
	t.Parallel()
	err := (&bench{photos: photographs(t), dir: t.TempDir(), binary: "none", sizes: sizes{count: 1, side: 60, width: 60, height: 60}}).do(t.Context())
	if err == nil || !strings.Contains(err.Error(), "at least 60x60") {
		t.Errorf("pictures that are all too small: %v", err)
	}
}

func TestRun(t *testing.T) {
	// Not parallel: the environment belongs to the whole process.
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	photos := photographs(t)
	for _, c := range []struct{ how, out, err string }{
		{how: "copies", out: "| 5 of 32x32 | 0.0 |"},
		{how: "fails", err: "it went wrong: on purpose"},
		{how: "loses one", err: "5 pictures went in, 4 came out"},
	} {
		t.Run(c.how, func(t *testing.T) {
			t.Setenv(fakeProgram, c.how)
			var out bytes.Buffer
			dir := t.TempDir()
			b := &bench{out: &out, photos: photos, dir: dir, binary: exe, rounds: 3, jobs: 2, strength: 12.5,
				sizes: sizes{count: 5, side: 32, width: 64, height: 32}}
			err := b.do(t.Context())
			if c.err == "" && (err != nil || !strings.Contains(out.String(), c.out)) {
				t.Errorf("%v, printed %q", err, &out)
			}
			if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("%v, want %q", err, c.err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("it left %v behind (%v)", left, err)
			}
		})
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	small := &side{name: "small", pixels: 60e6, seconds: []float64{30, 20, 60}, peak: 5 << 20}
	large := &side{name: "large", pixels: 24e6, seconds: []float64{6, 8, 12}}
	got := report(small, large)
	// Rates are 2, 3, 1 and 4, 3, 2; ratios 0.5, 1, 0.5.
	for _, want := range []string{"| small | 60.0 | 30.00 | 2.000 | 5 |", "| large | 24.0 | 8.00 | 3.000 | unknown |", "at 0.50 times"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("the median of 1 to 4 is %g", m)
	}
}
