package inpaint

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cae-restore/restore/pix"
)

// boxed are holes of one rectangle.
func boxed(w, h, x0, y0, bw, bh int) holes {
	m := newHoles(w, h)
	for y := y0; y < y0+bh; y++ {
		for x := x0; x < x0+bw; x++ {
			m.at[y*w+x] = 1
		}
	}
	return m
}

// TestDilate compares with the definition: a sample is in the grown hole where one
// of the hole is within reach.
func TestDilate(t *testing.T) {
	t.Parallel()
	m := newHoles(41, 37)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 6 {
		m.at[rng.IntN(len(m.at))] = 1
	}
	m.scratch(rng)
	for r := range 6 {
		got := m.dilate(r)
		for y := range m.h {
			for x := range m.w {
				want := uint8(0)
				for v := range m.h {
					for u := range m.w {
						if m.at[v*m.w+u] != 0 && (u-x)*(u-x)+(v-y)*(v-y) <= r*r+r {
							want = 1
						}
					}
				}
				if got.at[y*m.w+x] != want {
					t.Fatalf("radius %d: column %d, row %d is %d, want %d", r, x, y, got.at[y*m.w+x], want)
				}
			}
		}
	}
}

// TestDeepen: thin holes are filled at their own scale however long they are, thick
// ones at coarser scales first, and one does not make the other deep.
func TestDeepen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		m     holes
		least int // depth of the deepest hole
		most  int
	}{
		"a scratch":            {boxed(300, 200, 5, 100, 290, 3), 0, 0},
		"a stroke":             {boxed(300, 200, 5, 100, 290, 14), 0, 0},
		"a box of 40":          {boxed(300, 200, 50, 50, 40, 40), 0, 1},
		"a box of 80":          {boxed(300, 200, 50, 50, 80, 80), 1, 2},
		"a box of 300":         {boxed(900, 700, 100, 100, 300, 300), 3, 4},
		"a tiny picture":       {boxed(5, 5, 1, 1, 3, 3), 0, 0},
		"all but one row":      {boxed(400, 400, 0, 0, 400, 399), 3, 4},
		"large in a small one": {boxed(60, 60, 0, 0, 60, 59), 1, 1},
	} {
		scales := deepen(c.m)
		deepest := 0
		for _, d := range scales[0].at {
			deepest = max(deepest, int(d)-1)
		}
		if deepest < c.least || deepest > c.most || len(scales) != deepest+1 {
			t.Errorf("%s: depth %d in %d scales, want %d to %d", name, deepest, len(scales), c.least, c.most)
		}
		for k := 1; k < len(scales); k++ {
			if s, f := scales[k], scales[k-1]; s.w != (f.w+1)/2 || s.h != (f.h+1)/2 {
				t.Errorf("%s: scale %d has %dx%d samples after %dx%d", name, k, s.w, s.h, f.w, f.h)
			}
		}
	}
	both := boxed(600, 400, 50, 50, 200, 200)
	for x := 300; x < 590; x++ {
		both.at[300*600+x] = 1
	}
	scales := deepen(both)
	if scales[0].at[300*600+400] != 1 || scales[0].at[100*600+100] < 3 {
		t.Errorf("a scratch beside a large hole: depths %d and %d", scales[0].at[300*600+400]-1, scales[0].at[100*600+100]-1)
	}
}

// TestMembrane: it reproduces what is linear, which solves Laplace's equation.
func TestMembrane(t *testing.T) {
	t.Parallel()
	const w, h = 60, 50
	linear := func(x, y int) float32 { return 0.2 + 0.008*float32(x) + 0.005*float32(y) }
	for name, c := range map[string]struct {
		m     holes
		limit float64
	}{
		"scratch":       {boxed(w, h, 5, 20, 45, 3), 0.002},
		"box":           {boxed(w, h, 20, 15, 16, 16), 0.004},
		"at the corner": {boxed(w, h, 0, 0, 3, 3), 0.05}, // beyond the border nothing says that it goes on
	} {
		v := &window{w: w, h: h, planes: [][]float32{make([]float32, w*h)}, hole: c.m.at}
		truth := make([]float32, w*h)
		for y := range h {
			for x := range w {
				truth[y*w+x] = linear(x, y)
			}
		}
		for i, d := range c.m.at {
			if v.planes[0][i] = truth[i]; d != 0 {
				v.planes[0][i] = 777
			}
		}
		v.fill()
		for i, d := range c.m.at {
			off := math.Abs(float64(v.planes[0][i] - truth[i]))
			if d == 0 && off != 0 || off > c.limit {
				t.Errorf("%s: column %d, row %d is %g, want %g", name, i%w, i/w, v.planes[0][i], truth[i])
				break
			}
		}
	}
}

// TestMembraneGuess: a guess that is too bright meets the border of the hole, and
// counts more the farther it is from it. So two windows that see different parts of
// the border agree in the middle.
func TestMembraneGuess(t *testing.T) {
	t.Parallel()
	const w, h, off = 100, 90, 0.3
	truth := func(x, y int) float32 { return float32(0.5 + 0.1*math.Sin(float64(x)/4)*math.Cos(float64(y)/5)) }
	fill := func(seen int) *window { // the first so many rows have known samples
		m := boxed(w, h, 15, 10, 70, 70)
		v := &window{w: w, h: h, planes: [][]float32{make([]float32, w*h)}, hole: m.at, guess: [][]float32{make([]float32, w*h)}}
		for i := range m.at {
			v.planes[0][i], v.guess[0][i] = truth(i%w, i/w), truth(i%w, i/w)+off
			if m.at[i] != 0 {
				m.at[i], v.planes[0][i] = 2, 777
			} else if i/w >= seen { // not known in this window
				m.at[i] = 2
			}
		}
		v.fill()
		return v
	}
	v, half := fill(h), fill(h/2)
	last := float32(-1)
	for y := 10; y < 45; y++ {
		by := v.planes[0][y*w+50] - truth(50, y)
		switch {
		case y == 10 && by > 0.06:
			t.Errorf("at the border it is off by %g", by)
		case y == 44 && by < 0.27:
			t.Errorf("in the middle the guess counts for %g of %g", by, off)
		case by < last:
			t.Errorf("row %d is off by %g, the one before by %g", y, by, last)
		}
		last = by
		if d := v.planes[0][y*w+50] - half.planes[0][y*w+50]; y > 20 && (d > 0.005 || d < -0.005) {
			t.Errorf("row %d: a window that sees half of the border is off by %g", y, d)
		}
	}
}

// TestMembraneAlone: a window without a known sample keeps its guess, and without a
// guess it gets numbers.
func TestMembraneAlone(t *testing.T) {
	t.Parallel()
	m := boxed(16, 16, 0, 0, 16, 16)
	for i := range m.at {
		m.at[i] = 2
	}
	v := &window{w: 16, h: 16, planes: [][]float32{make([]float32, 256)}, hole: m.at, guess: [][]float32{make([]float32, 256)}}
	for i := range v.guess[0] {
		v.guess[0][i] = float32(i) / 256
	}
	v.fill()
	for i, got := range v.planes[0] {
		if got != v.guess[0][i] {
			t.Fatalf("sample %d is %g, the guess is %g", i, got, v.guess[0][i])
		}
	}
}

// TestPyramid: at coarser scales a sample is the mean of those that are known.
func TestPyramid(t *testing.T) {
	t.Parallel()
	const side = 300
	m := pix.New(side, side, 1)
	for i := range m.Planes[0] {
		m.Planes[0][i] = uint16(20000 + 10000*(i%side%2))
	}
	h := boxed(side, side, 51, 51, 150, 150)
	for i, d := range h.at {
		if d != 0 {
			m.Planes[0][i] = 65535 // what is in a hole must not be seen
		}
	}
	list := pyramid(m, h)
	if len(list) < 3 {
		t.Fatalf("%d scales", len(list))
	}
	for k, s := range list[1:] {
		for i, d := range s.at {
			if got := float64(s.planes[0][i]) * 65535; d == 0 && (got < 19999 || got > 30001) {
				t.Fatalf("scale %d: sample %d is %g, which only a hole has", k+1, i, got)
			}
		}
		if s.at[(125>>s.depth)*s.w+125>>s.depth] == 0 {
			t.Errorf("scale %d: the middle of the hole is no hole", k+1)
		}
	}
}

// TestInside counts the steps to the nearest known sample.
func TestInside(t *testing.T) {
	t.Parallel()
	m := boxed(20, 20, 0, 5, 11, 11)
	got := m.inside(3)
	for y := range 20 {
		for x := range 20 {
			want := 0
			if m.at[y*20+x] != 0 {
				want = min(11-x, y-4, 16-y, 4) // the picture's border is none of the hole
			}
			if int(got[y*20+x]) != want {
				t.Fatalf("column %d, row %d: %d steps, want %d", x, y, got[y*20+x], want)
			}
		}
	}
}

// TestPlaces: each sample to be filled lies in exactly one of the squares, and only
// the neighbourhood of holes is computed.
func TestPlaces(t *testing.T) {
	t.Parallel()
	m := newHoles(3000, 2000)
	m.line([][2]float64{{10, 10}, {700, 300}}, 2)
	m.line([][2]float64{{2900, 1900}, {2999, 1999}}, 9)
	s := &scale{holes: m}
	times := make([]uint8, len(m.at))
	work := 0
	for _, g := range s.groups() {
		work += len(g.places) * g.window() * g.window()
		for _, at := range g.places {
			for y := at.y; y < min(at.y+g.side, m.h); y++ {
				for x := at.x; x < min(at.x+g.side, m.w); x++ {
					times[y*m.w+x]++
				}
			}
		}
	}
	for i, d := range m.at {
		if times[i] > 1 || d != 0 && times[i] != 1 {
			t.Fatalf("column %d, row %d is computed %d times", i%m.w, i/m.w, times[i])
		}
	}
	if work > len(m.at)/10 {
		t.Errorf("two scratches cost %d samples of %d", work, len(m.at))
	}
}
