package report

import (
	"math"
	"testing"

	"github.com/cae-restore/restore/pix"
)

func TestShrink(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ w, h, side, wantW, wantH int }{
		{960, 640, 480, 480, 320}, {640, 960, 480, 320, 480}, {1000, 700, 480, 480, 336}, {481, 3, 480, 480, 3},
		{20000, 1, 480, 480, 1}, {1, 20000, 480, 1, 480}, {480, 480, 480, 480, 480}, {7, 5, 480, 7, 5},
	} {
		m := painted(c.w, c.h, 3)
		got := shrink(m, c.side)
		if got.W != c.wantW || got.H != c.wantH {
			t.Errorf("%dx%d became %dx%d, want %dx%d", c.w, c.h, got.W, got.H, c.wantW, c.wantH)
			continue
		}
		// Area averaging keeps the mean, whatever the sizes.
		for p := range m.Planes {
			if a, b := mean(m.Planes[p]), mean(got.Planes[p]); math.Abs(a-b) > 1 {
				t.Errorf("%dx%d, plane %d: mean %.2f became %.2f", c.w, c.h, p, a, b)
			}
		}
	}

	m := pix.New(6, 2, 1)
	m.Planes[0] = []uint16{0, 100, 200, 300, 1000, 1000, 300, 400, 500, 600, 1000, 2000}
	if got := shrink(m, 3).Planes[0]; got[0] != 200 || got[1] != 400 || got[2] != 1250 {
		t.Errorf("means of two by two: %v, want [200 400 1250]", got)
	}
	m = pix.New(3, 1, 1)
	m.Planes[0] = []uint16{3000, 6000, 9000}
	if got := shrink(m, 2).Planes[0]; got[0] != 4000 || got[1] != 8000 {
		t.Errorf("one and a half samples each: %v, want [4000 8000]", got)
	}
	m.Alpha = []uint16{0, 65535, 65535}
	if got := shrink(m, 3).Planes[0]; got[0] != 65535 || got[1] != 6000 {
		t.Errorf("over white: %v", got)
	}
}

func mean(plane []uint16) float64 {
	sum := 0.0
	for _, v := range plane {
		sum += float64(v)
	}
	return sum / float64(len(plane))
}

func TestBusiest(t *testing.T) {
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
		b := painted(c.w, c.h, 3) // a step may have added colour
		if c.planes == 1 {
			copy(b.Planes[1], a.Planes[0])
			copy(b.Planes[2], a.Planes[0])
		}
		for y := c.y; y < c.y+20; y++ {
			for x := c.x; x < c.x+20; x++ {
				b.Planes[0][y*c.w+x] += 1000
			}
		}
		x, y, ok := busiest(a, b, 256)
		if !ok || x < c.wantX[0] || x > c.wantX[1] || y < c.wantY[0] || y > c.wantY[1] {
			t.Errorf("%s: %d, %d (%v), want within %v, %v", c.name, x, y, ok, c.wantX, c.wantY)
		}
	}
	m := painted(300, 300, 3)
	if _, _, ok := busiest(m, m, 256); ok {
		t.Error("a place of most change where nothing was changed")
	}
	if _, _, ok := busiest(m, painted(300, 301, 3), 256); ok {
		t.Error("a place of most change in pictures of two sizes")
	}
}
