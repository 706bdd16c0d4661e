package report

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// changedAt is a copy of m, in colour, with a patch of 20 by 20 samples changed.
func changedAt(m *pix.Image, x0, y0 int, by uint16) *pix.Image {
	out := pix.New(m.W, m.H, 3)
	for p := range out.Planes {
		copy(out.Planes[p], m.Planes[min(p, len(m.Planes)-1)])
	}
	for y := y0; y < y0+20; y++ {
		for x := x0; x < x0+20; x++ {
			out.Planes[0][y*m.W+x] += by
		}
	}
	return out
}

func TestWhereItChangedMost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		w, h, planes int
		x, y         int // what is changed: 20 by 20 samples from here
		wantX, wantY [2]int
	}{
		{"in the middle", 1000, 700, 3, 500, 300, [2]int{500 + 20 - 256, 500}, [2]int{300 + 20 - 256, 300}},
		{"lower right corner", 1000, 700, 3, 980, 680, [2]int{1000 - 256, 1000 - 256}, [2]int{700 - 256, 700 - 256}},
		{"upper left corner", 1000, 700, 1, 0, 0, [2]int{0, 0}, [2]int{0, 0}},
		{"lower than the window", 1000, 100, 3, 500, 50, [2]int{500 + 20 - 256, 500}, [2]int{0, 0}},
	} {
		a := painted(c.w, c.h, c.planes)
		b := changedAt(a, c.x, c.y, 1000) // a step may have added colour
		d, _ := places(a, b, 256)
		if d == nil || d.X < c.wantX[0] || d.X > c.wantX[1] || d.Y < c.wantY[0] || d.Y > c.wantY[1] {
			t.Errorf("%s: %+v, want within %v, %v", c.name, d, c.wantX, c.wantY)
		}
	}
	m := painted(300, 300, 3)
	if d, s := places(m, m, 256); d != nil || s != nil {
		t.Error("a detail where nothing was changed")
	}
	if d, s := places(m, painted(300, 301, 3), 256); d != nil || s != nil {
		t.Error("a detail in pictures of two sizes")
	}
	hidden := changedAt(m, 50, 50, 1000)
	m.Alpha, hidden.Alpha = make([]uint16, 300*300), make([]uint16, 300*300)
	if d, _ := places(m, hidden, 256); d != nil {
		t.Errorf("a change that cannot be seen: %+v", d)
	}
}

// flat is a grey picture of one value.
func flat(w, h, planes int) *pix.Image {
	m := pix.New(w, h, planes)
	for _, plane := range m.Planes {
		for i := range plane {
			plane[i] = 30000
		}
	}
	return m
}

// draw puts shape(x, y) on the samples of an area of every plane.
func draw(m *pix.Image, x0, y0, w, h int, shape func(x, y int) int) {
	for _, plane := range m.Planes {
		for y := y0; y < y0+h; y++ {
			for x := x0; x < x0+w; x++ {
				plane[y*m.W+x] = uint16(int(plane[y*m.W+x]) + shape(x, y))
			}
		}
	}
}

func noise(seed uint64, sigma float64) func(x, y int) int {
	rng := rand.New(rand.NewPCG(seed, 0))
	return func(int, int) int { return int(sigma * rng.NormFloat64()) }
}

// stripes of a period of 16 samples.
func stripes(height int) func(x, y int) int {
	return func(x, y int) int {
		if (x+y)%16 < 8 {
			return height
		}
		return -height
	}
}

// The denoised sky changed most; the second detail is the weave, and neither the
// noise, before or after, nor the mast with its two hard edges.
func TestWhereThereIsMostDetail(t *testing.T) {
	t.Parallel()
	for _, planes := range []int{1, 3} {
		before := flat(1200, 900, planes)
		draw(before, 700, 500, 300, 300, stripes(1500))
		draw(before, 900, 0, 12, 450, func(int, int) int { return 34000 }) // a mast
		after := before.Like()
		for p := range after.Planes {
			copy(after.Planes[p], before.Planes[p])
		}
		draw(before, 500, 0, 700, 900, noise(1, 300))
		draw(before, 0, 0, 500, 900, noise(2, 6000))
		draw(before, 0, 0, 400, 400, noise(4, 3000))
		draw(after, 0, 0, 500, 900, noise(3, 2800)) // what is left of it
		d, s := places(before, after, 256)
		if d == nil || d.X > 160 || d.Y > 160 {
			t.Errorf("%d planes: it changed most in %+v, want the upper left", planes, d)
		}
		if s == nil || s.X < 690 || s.X > 750 || s.Y < 490 || s.Y > 550 {
			t.Errorf("%d planes: most detail in %+v, want the weave from 700, 500", planes, s)
		}
	}
}

// The two details differ: at most half of the second lies in the first, and in
// the second something was changed.
func TestDetailsDiffer(t *testing.T) {
	t.Parallel()
	everywhere := func(m *pix.Image) {
		for _, plane := range m.Planes {
			for i := range plane {
				plane[i]++
			}
		}
	}
	for _, c := range []struct {
		name   string
		w, h   int
		change func(after *pix.Image)
		second bool
	}{
		{"all in one place", 1000, 800, everywhere, true},
		{"only one place was changed", 1000, 800, func(*pix.Image) {}, false},
		{"just large enough", 256 + 400, 256, everywhere, true},
		{"too small for two", 300, 300, everywhere, false},
		{"a line", 2000, 1, everywhere, false},
	} {
		before := flat(c.w, c.h, 3)
		wide, high := min(c.w, 200), min(c.h, 200)
		draw(before, 0, 0, wide, high, stripes(5000)) // most detail and most change
		draw(before, c.w-min(c.w, 100), 0, min(c.w, 100), min(c.h, 100), stripes(500))
		after := before.Like()
		for p := range after.Planes {
			copy(after.Planes[p], before.Planes[p])
		}
		draw(after, 0, 0, min(c.w, 60), min(c.h, 60), func(int, int) int { return 900 })
		c.change(after)
		d, s := places(before, after, 256)
		if d == nil || d.X != 0 || d.Y != 0 {
			t.Errorf("%s: it changed most in %+v", c.name, d)
			continue
		}
		if (s != nil) != c.second {
			t.Errorf("%s: most detail in %+v, first %+v", c.name, s, d)
		}
		if s != nil && 2*overlap(*s, *d) > s.Width*s.Height {
			t.Errorf("%s: %+v lies in %+v", c.name, s, d)
		}
	}
}

func TestTwoDetailsOnThePage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := start(t, dir, 0, 1)
	before := flat(1000, 800, 3)
	draw(before, 600, 500, 300, 300, stripes(4000))
	before.Meta.Format, before.Meta.Depth = "webp", 16
	before.Meta.XMP = nil
	after := changedAt(before, 20, 20, 20000)
	draw(after, 0, 0, 1000, 800, func(int, int) int { return 1 })
	after.Meta.Format, after.Meta.Depth = "png", 8
	res := result(dir, "a.webp", pipeline.Restored)
	res.W, res.H = 1000, 800
	res.Notes = []tasks.Note{
		{Step: "denoise", Key: "model", Value: "fast"},
		{Step: "output", Key: "left_out", Value: "XMP not carried over: PNG <cannot> hold it"},
		{Step: "output", Key: "left_out", Value: "something else"},
	}
	w.Inspect(&res, before, after)
	w.Done(res)
	finish(t, w)

	e := readJSON(t, dir).Items[0]
	p := e.Pictures
	if p.Detail == nil || p.Structure == nil || p.Detail.X != 0 || p.Structure.X < 500 {
		t.Fatalf("details %+v, %+v", p.Detail, p.Structure)
	}
	// Stored in their own size, from their own places.
	for _, d := range []*Detail{p.Detail, p.Structure} {
		for name, m := range map[string]*pix.Image{d.Before: before, d.After: after} {
			got, want := decoded(t, dir, name), cut(m, d)
			if got.W != 256 || got.H != 256 {
				t.Errorf("%s has %dx%d pixels", name, got.W, got.H)
				continue
			}
			off := 0.0
			for i, v := range got.Planes[0] {
				off += math.Abs(float64(v)-float64(want.Planes[0][i])) / 65536
			}
			if off > 600 { // JPEG
				t.Errorf("%s differs from its place by %.0f in the mean", name, off)
			}
		}
	}
	if e.Input == nil || e.Written == nil || *e.Input != (Form{"webp", 16}) || *e.Written != (Form{"png", 8}) {
		t.Errorf("forms %+v, %+v", e.Input, e.Written)
	}
	doc := parse(t, filepath.Join(dir, "report", "index.html"))
	wantParts(t, doc.raw, "WebP, written as PNG; 16 bits, written as 8", "XMP: PNG &lt;cannot&gt; hold it; something else")
	if n := len(doc.all("input", "")); n != 3 {
		t.Errorf("%d sliders, want one on the whole and one on each detail", n)
	}
	var captions []string
	for _, c := range doc.all("figcaption", "") {
		captions = append(captions, c.text)
	}
	if want := []string{"1: where it changed most, pixel for pixel", "2: where there is most detail, pixel for pixel"}; !slices.Equal(captions, want) {
		t.Errorf("captions %q, want %q", captions, want)
	}
	spots := doc.all("span", "spot")
	if len(spots) != 2 || spots[0].text != "1" || spots[1].text != "2" || spots[0].attr["style"] == spots[1].attr["style"] {
		t.Errorf("frames %+v", spots)
	}
	for _, dt := range doc.all("dt", "") {
		if dt.text == "left_out" {
			t.Error("the page has the name of a note")
		}
	}

	// A later run that changes less takes the pictures away that it does not make.
	w = start(t, dir, 0, 1)
	w.Inspect(&res, before, changedAt(before, 20, 20, 20000))
	w.Done(res)
	finish(t, w)
	e = readJSON(t, dir).Items[0]
	if e.Pictures.Structure != nil || e.Pictures.Detail == nil {
		t.Errorf("details %+v, %+v where one place was changed", e.Pictures.Detail, e.Pictures.Structure)
	}
	left, err := filepath.Glob(filepath.Join(dir, "report", thumbsDir, "*", "*structure*"))
	if err != nil || len(left) != 0 {
		t.Errorf("pictures that no page shows are still there: %q", left)
	}
}

// What no step and no format changed is not told.
func TestWritten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, out Form
		want    string
	}{
		{Form{"png", 16}, Form{"png", 8}, "16 bits, written as 8"},
		{Form{"heic", 8}, Form{"jpeg", 8}, "HEIC, written as JPEG"},
		{Form{"<new>", 16}, Form{"tiff", 16}, "<new>, written as TIFF"},
		{Form{"png", 8}, Form{"png", 8}, ""},
	} {
		if got := written(&c.in, &c.out); got != c.want {
			t.Errorf("%v to %v: %q, want %q", c.in, c.out, got, c.want)
		}
	}
}

func BenchmarkPlaces(b *testing.B) {
	before := painted(6000, 4000, 3)
	after := painted(6000, 4000, 3)
	draw(after, 0, 0, 6000, 4000, noise(1, 500))
	b.ReportAllocs()
	for b.Loop() {
		places(before, after, detailSide)
	}
}
