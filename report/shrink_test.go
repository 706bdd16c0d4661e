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
