package inpaint

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/taskstest"
)

// cloth is a picture of oblique threads with some noise, which any smooth fill
// loses.
func cloth(w, h, planes int) *pix.Image {
	m := pix.New(w, h, planes)
	for p, plane := range m.Planes {
		for i := range plane {
			x, y := float64(i%w), float64(i/w)
			v := 30000 + 14000*math.Sin((x+y/2)*2*math.Pi/11) + 3000*float64(p)
			plane[i] = uint16(v + float64(mix(uint64(i))%4000))
		}
	}
	return m
}

// filledSmoothly is the picture with grey in its holes, as a texturer is given it.
func filledSmoothly(m *pix.Image, h holes) *pix.Image {
	out := m.Like()
	for p, plane := range m.Planes {
		copy(out.Planes[p], plane)
		for i, d := range h.at {
			if d != 0 {
				out.Planes[p][i] = 31000
			}
		}
	}
	return out
}

func texture(t *testing.T, workers int, m *pix.Image, h holes) *pix.Image {
	t.Helper()
	out := filledSmoothly(m, h)
	x := &texturer{env: taskstest.Env(Spec(), workers), out: out, holes: h}
	if err := x.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTexture: threads go on through a thick hole with their contrast and their
// pitch, wherever it lies; what is known stays; and the number of workers changes
// nothing.
func TestTexture(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		planes int
		hole   holes
	}{
		"in the middle": {3, boxed(420, 330, 140, 100, 130, 120)},
		"grey":          {1, boxed(420, 330, 140, 100, 130, 120)},
		"at the border": {3, boxed(420, 330, 0, 100, 125, 130)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := cloth(420, 330, c.planes)
			got := texture(t, 1, m, c.hole)
			if !reflect.DeepEqual(got.Planes, texture(t, 3, m, c.hole).Planes) {
				t.Error("three workers give another result than one")
			}
			var in, was, along float64
			n := 0
			for i, d := range c.hole.at {
				if d == 0 {
					if got.Planes[0][i] != m.Planes[0][i] {
						t.Fatal("a known sample changed")
					}
					continue
				}
				a, b := float64(got.Planes[0][i])-32000, float64(m.Planes[0][i])-32000
				in, was = in+a*a, was+b*b
				if i%420 > 11 && c.hole.at[i-11] != 0 {
					along += a * (float64(got.Planes[0][i-11]) - 32000) // one pitch to the left
				}
				n++
			}
			if in < 0.6*was || in > 1.4*was {
				t.Errorf("the contrast in the hole is %.2f of what it was", in/was)
			}
			if along < 0.5*in {
				t.Errorf("the threads do not repeat at their pitch: %.2f", along/in)
			}
		})
	}
}

// TestTextureSources: nothing comes from other holes.
func TestTextureSources(t *testing.T) {
	t.Parallel()
	m := cloth(420, 330, 1)
	h := boxed(420, 330, 140, 100, 125, 120)
	for y := 20; y < 300; y++ {
		for x := 330; x < 360; x++ {
			h.at[y*420+x] = 1
		}
	}
	out := filledSmoothly(m, h)
	for y := 20; y < 300; y++ {
		for x := 330; x < 360; x++ {
			out.Planes[0][y*420+x] = 65535 // nothing known is so bright
		}
	}
	x := &texturer{env: taskstest.Env(Spec(), 2), out: out, holes: h}
	if err := x.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for y := 100; y < 220; y++ {
		if v := slices.Max(out.Planes[0][y*420+140:][:125]); v > 60000 {
			t.Fatalf("row %d has %d, which only another hole has", y, v)
		}
	}
	if out.Planes[0][100*420+340] != 65535 {
		t.Error("a thin hole was filled with texture")
	}
}

// TestTextureThick: what is no thicker than 80 samples comes out the same with and
// without, a thick hole does not; and where there is too little to copy from, the
// smooth fill stays.
func TestTextureThick(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hole    holes
		changes bool
	}{
		"80x80":            {boxed(400, 300, 100, 100, 80, 80), false},
		"a long stroke":    {boxed(400, 300, 10, 100, 380, 60), false},
		"130x130":          {boxed(400, 300, 100, 100, 130, 130), true},
		"nearly all of it": {boxed(400, 300, 2, 2, 396, 296), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := cloth(400, 300, 1)
			var got [2]*tasks.Frame
			for i, on := range []string{"false", "true"} {
				var err error
				if got[i], err = apply(t, 2, map[string]string{"texture": on}, &tasks.Frame{Image: m, Planes: map[string]*pix.Plane{"mask": planeOf(c.hole)}}); err != nil {
					t.Fatal(err)
				}
			}
			if changed := !reflect.DeepEqual(got[0].Image.Planes, got[1].Image.Planes); changed != c.changes {
				t.Errorf("texture changes the result: %v", changed)
			}
		})
	}
}

// TestTextureCancel: a search ends soon after its context.
func TestTextureCancel(t *testing.T) {
	t.Parallel()
	h := boxed(900, 700, 200, 200, 300, 300)
	x := &texturer{env: taskstest.Env(Spec(), 2), out: filledSmoothly(cloth(900, 700, 3), h), holes: h}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := x.run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the end of its time: %v", err)
	}
}

// TestPutHalved: a level with fewer samples than the picture is interpolated.
func TestPutHalved(t *testing.T) {
	t.Parallel()
	h := boxed(40, 40, 8, 8, 24, 24)
	x := &texturer{env: taskstest.Env(Spec(), 2), out: pix.New(40, 40, 1), holes: h}
	seen := newHoles(40, 40)
	copy(seen.at, h.at)
	l := x.crop(seen, box{0, 0, 40, 40}, 1)
	for i := range l.px {
		l.px[i] = uint16(1000 * (i % l.w))
	}
	if err := x.put(t.Context(), l, box{0, 0, 40, 40}, 1); err != nil {
		t.Fatal(err)
	}
	for i, d := range h.at {
		want := 0
		if d != 0 {
			want = 500*(i%40) - 250
		}
		if got := int(x.out.Planes[0][i]); got < want-1 || got > want+1 {
			t.Fatalf("column %d, row %d is %d, want %d", i%40, i/40, got, want)
		}
	}
}
