package inpaint

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/taskstest"
)

// maskFor is a mask with a scratch and, where there is room, a spot.
func maskFor(m *pix.Image) map[string]*pix.Plane {
	h := newHoles(m.W, m.H)
	h.line([][2]float64{{0, float64(m.H) / 3}, {float64(m.W) / 2, float64(m.H) / 2}}, 2)
	if m.W > 20 && m.H > 20 {
		h.line([][2]float64{{float64(m.W) * 0.7, float64(m.H) * 0.7}}, 1)
		for y := m.H - 9; y < m.H-2; y++ {
			h.at[y*m.W+m.W-6] = 1
		}
	}
	if h.count() == m.W*m.H {
		clear(h.at)
	}
	return map[string]*pix.Plane{"mask": planeOf(h)}
}

func planeOf(h holes) *pix.Plane {
	p := &pix.Plane{W: h.w, H: h.h, Pix: make([]uint16, len(h.at))}
	for i, d := range h.at {
		if d != 0 {
			p.Pix[i] = 65535
		}
	}
	return p
}

func TestSuite(t *testing.T) {
	t.Parallel()
	taskstest.Run(t, taskstest.Suite{
		Spec:    Spec(),
		Options: []map[string]string{{"dilate": "2"}, {"feather": "3"}, {"holes": "ff00ff", "tolerance": "60"}},
		Wrong: []map[string]string{
			{"holes": "red"}, {"holes": "ff00f"}, {"holes": ""}, {"dilate": "-1"}, {"dilate": "101"}, {"feather": "x"}, {"tolerance": "256"},
		},
		Planes: maskFor,
	})
}

func TestHolesText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"mask": "mask", "alpha": "alpha", "ff00Fe": "ff00fe", "#102030": "102030"} {
		var h Holes
		if err := h.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if back, _ := h.MarshalText(); string(back) != want {
			t.Errorf("%s is written as %s", text, back)
		}
	}
}

// TestIdleOptions: what does nothing, or brings back what is to go, is refused.
func TestIdleOptions(t *testing.T) {
	t.Parallel()
	spec := Spec()
	for _, options := range []map[string]string{{"tolerance": "3"}, {"holes": "alpha", "tolerance": "3"}, {"holes": "alpha", "feather": "3"}, {"holes": "ff00ff", "feather": "3"}} {
		if _, err := taskstest.Open(t.Context(), spec, taskstest.Env(spec, 1), options); err == nil || errors.Is(err, tasks.ErrModel) {
			t.Errorf("%v: %v", options, err)
		}
	}
}

// scenery is a picture of waves of some colours, smooth enough to be continued.
func scenery(w, h, planes int) *pix.Image {
	m := pix.New(w, h, planes)
	for p, plane := range m.Planes {
		for i := range plane {
			x, y := float64(i%w), float64(i/w)
			plane[i] = uint16(32000 + 12000*math.Sin(x/19+float64(p))*math.Cos(y/23) + 8000*math.Sin((x+y)/31))
		}
	}
	return m
}

func apply(t *testing.T, workers int, options map[string]string, f *tasks.Frame, given ...string) (*tasks.Frame, error) {
	t.Helper()
	spec := Spec()
	env := taskstest.Env(spec, workers)
	env.Given = given
	task, err := taskstest.Open(t.Context(), spec, env, options)
	if err != nil {
		t.Fatal(err)
	}
	return task.Apply(t.Context(), f)
}

// TestFills: holes of all kinds come out near what was there, nearer than grey and
// about as near as the membrane at least, and everything else stays as it was.
func TestFills(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		planes int
		draw   func(h holes)
		least  float64 // dB in the holes
	}{
		"scratch": {3, func(h holes) { h.line([][2]float64{{5, 5}, {200, 120}}, 3) }, 40},
		"stroke":  {3, func(h holes) { h.line([][2]float64{{30, 30}, {90, 110}}, 14) }, 33},
		"grey":    {1, func(h holes) { h.line([][2]float64{{30, 30}, {90, 110}}, 14) }, 33},
		"box":     {3, func(h holes) { copy(h.at, boxed(h.w, h.h, 80, 60, 64, 64).at) }, 19},
		"border":  {3, func(h holes) { copy(h.at, boxed(h.w, h.h, 0, 0, 8, 160).at) }, 28},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			truth := scenery(230, 170, c.planes)
			h := newHoles(truth.W, truth.H)
			c.draw(h)
			spoilt := scenery(230, 170, c.planes)
			for i, d := range h.at {
				if d != 0 {
					for p := range spoilt.Planes {
						spoilt.Planes[p][i] = 65535
					}
				}
			}
			f, err := apply(t, 2, nil, &tasks.Frame{Image: spoilt, Planes: map[string]*pix.Plane{"mask": planeOf(h)}})
			if err != nil {
				t.Fatal(err)
			}
			var sum float64
			for p, plane := range f.Image.Planes {
				for i, v := range plane {
					d := (float64(v) - float64(truth.Planes[p][i])) / 257
					if sum += d * d; h.at[i] == 0 && d != 0 {
						t.Fatalf("plane %d, column %d, row %d, outside the hole: %d became %d", p, i%h.w, i/h.w, truth.Planes[p][i], v)
					}
				}
			}
			if got := psnr(sum / float64(h.count()*c.planes)); got < c.least {
				t.Errorf("%.1f dB in the holes, want %g", got, c.least)
			}
		})
	}
}

// TestWrongMasks: what cannot be done is an error of this picture.
func TestWrongMasks(t *testing.T) {
	t.Parallel()
	m := scenery(40, 30, 3)
	for name, c := range map[string]struct {
		planes  map[string]*pix.Plane
		options map[string]string
		says    string
	}{
		"none":       {nil, nil, "no mask"},
		"other size": {map[string]*pix.Plane{"mask": {W: 30, H: 40, Pix: make([]uint16, 1200)}}, nil, "30x40"},
		"all white":  {map[string]*pix.Plane{"mask": planeOf(boxed(40, 30, 0, 0, 40, 30))}, nil, "nothing to fill them from"},
		"grown over": {map[string]*pix.Plane{"mask": planeOf(boxed(40, 30, 10, 10, 20, 10))}, map[string]string{"dilate": "30"}, "nothing to fill them from"},
	} {
		_, err := apply(t, 1, c.options, &tasks.Frame{Image: m, Planes: c.planes})
		if !errors.Is(err, tasks.ErrInput) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want ErrInput that says %q", name, err, c.says)
		}
	}
}

// TestNoHoles: where there is nothing to fill, the picture stays, and whoever asked
// for it is told why.
func TestNoHoles(t *testing.T) {
	t.Parallel()
	m := scenery(40, 30, 3)
	clear := m.Like()
	copy(clear.Planes[0], m.Planes[0])
	clear.Alpha = slices.Repeat([]uint16{65535}, 1200)
	empty := map[string]*pix.Plane{"mask": planeOf(newHoles(40, 30))}
	for name, c := range map[string]struct {
		frame  tasks.Frame
		given  []string
		holes  string
		remark string
	}{
		"mask":     {tasks.Frame{Image: m, Planes: empty}, []string{"mask"}, "mask", "the mask selects nothing"},
		"found":    {tasks.Frame{Image: m, Planes: empty}, nil, "mask", ""},
		"opaque":   {tasks.Frame{Image: clear}, nil, "alpha", "nothing is transparent"},
		"no alpha": {tasks.Frame{Image: m}, nil, "alpha", "nothing is transparent"},
		"colour":   {tasks.Frame{Image: m}, nil, "00ff00", "a higher tolerance"},
	} {
		f, err := apply(t, 1, map[string]string{"holes": c.holes}, &c.frame, c.given...)
		if err != nil || f.Changed || f.Image != c.frame.Image {
			t.Errorf("%s: %v, changed %v", name, err, f.Changed)
			continue
		}
		remark := ""
		for _, n := range f.Notes {
			if n.Key == tasks.Remark {
				remark = n.Value.(string)
			}
		}
		if (remark == "") != (c.remark == "") || !strings.Contains(remark, c.remark) {
			t.Errorf("%s: it remarks %q, want %q", name, remark, c.remark)
		}
	}
}

// TestMostFilled: a mask that is the wrong way round is filled, and remarked on.
func TestMostFilled(t *testing.T) {
	t.Parallel()
	for side, want := range map[int]bool{24: false, 38: true} { // of 40: 36 % and 90 %
		f, err := apply(t, 1, nil, &tasks.Frame{Image: scenery(40, 40, 3), Planes: map[string]*pix.Plane{"mask": planeOf(boxed(40, 40, 1, 1, side, side))}})
		if err != nil {
			t.Fatal(err)
		}
		last := f.Notes[len(f.Notes)-1]
		if said := last.Key == tasks.Remark && strings.Contains(last.Value.(string), "white marks what is to go"); said != want {
			t.Errorf("a hole of %d: the last note is %v", side, last)
		}
	}
}

// TestAlphaAndKey: holes from the opacity become opaque, those of a colour are
// found within the tolerance, and grey pictures have keys too.
func TestAlphaAndKey(t *testing.T) {
	t.Parallel()
	hole := boxed(60, 50, 20, 20, 5, 9)
	m := scenery(60, 50, 3)
	m.Alpha = make([]uint16, 60*50)
	for i, d := range hole.at {
		if m.Alpha[i] = 65535; d != 0 {
			m.Alpha[i] = 100
		}
	}
	f, err := apply(t, 1, map[string]string{"holes": "alpha"}, &tasks.Frame{Image: m})
	if err != nil || slices.Min(f.Image.Alpha) != 65535 || slices.Min(m.Alpha) != 100 {
		t.Fatalf("alpha: %v; the least opacity is %d", err, slices.Min(f.Image.Alpha))
	}
	if slices.Equal(f.Image.Planes[0], m.Planes[0]) {
		t.Error("alpha: nothing was filled")
	}
	for _, planes := range []int{1, 3} {
		m := scenery(60, 50, planes)
		for i, d := range hole.at {
			for p := range m.Planes {
				if m.Planes[p][i] = 20000 + uint16(i%50); d != 0 {
					m.Planes[p][i] = 252 * 257
				}
			}
		}
		for tolerance, filled := range map[string]bool{"2": false, "3": true} {
			f, err := apply(t, 1, map[string]string{"holes": "ffffff", "tolerance": tolerance}, &tasks.Frame{Image: m})
			if err != nil || f.Changed != filled {
				t.Errorf("%d planes, tolerance %s: %v, changed %v", planes, tolerance, err, f.Changed)
			}
			if filled && f.Image.Planes[0][22*60+22] > 40000 {
				t.Errorf("%d planes: the colour is still there: %d", planes, f.Image.Planes[0][22*60+22])
			}
		}
	}
}

// TestFeather: the fill fades in inside the hole and changes nothing outside.
func TestFeather(t *testing.T) {
	t.Parallel()
	m := scenery(80, 80, 1)
	h := boxed(80, 80, 30, 30, 20, 20)
	for i, d := range h.at {
		if d != 0 {
			m.Planes[0][i] = 65535
		}
	}
	f, err := apply(t, 1, map[string]string{"feather": "4"}, &tasks.Frame{Image: m, Planes: map[string]*pix.Plane{"mask": planeOf(h)}})
	if err != nil {
		t.Fatal(err)
	}
	row := f.Image.Planes[0][40*80:]
	for x := 30; x < 34; x++ {
		if row[x] <= row[x+1] { // from white down to what is filled in
			t.Errorf("column %d is %d, the next %d", x, row[x], row[x+1])
		}
	}
	for i, d := range h.at {
		if d == 0 && f.Image.Planes[0][i] != m.Planes[0][i] {
			t.Fatalf("sample %d outside the hole changed", i)
		}
	}
}

// TestSparse: of a large picture with one scratch only its neighbourhood is
// computed, so that it takes a fraction of the memory and time.
func TestSparse(t *testing.T) {
	t.Parallel()
	m := pix.New(3000, 2000, 1)
	h := newHoles(m.W, m.H)
	h.line([][2]float64{{100, 100}, {160, 140}}, 2)
	list := pyramid(m, h)
	g := list[0].groups()
	if len(list) != 1 || len(g[0].places) > 8 || len(g[1].places)+len(g[2].places)+len(g[3].places) != 0 {
		t.Errorf("%d scales, %d cells and other squares for one short scratch", len(list), len(g[0].places))
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	spec := Spec()
	task, err := taskstest.Open(t.Context(), spec, taskstest.Env(spec, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := scenery(60, 60, 3)
	if _, err := task.Apply(ctx, &tasks.Frame{Image: m, Planes: maskFor(m)}); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
}

// TestPair: what is outside of the holes does not count, and what is inside shows
// nothing of the truth.
func TestPair(t *testing.T) {
	t.Parallel()
	m := scenery(96, 96, 3)
	for seed := range uint64(60) {
		e, err := pair(rand.New(rand.NewPCG(seed, 0)), tasks.Sample{Image: m})
		if err != nil {
			t.Fatal(err)
		}
		inside := 0
		for i, w := range e.Weight {
			if (w > 0) != (e.Input[3][i] == 1) || e.Input[3][i] != 0 && e.Input[3][i] != 1 {
				t.Fatalf("seed %d: weight %g where the mask is %g", seed, w, e.Input[3][i])
			}
			if w > 0 {
				inside++
			}
		}
		if inside == 0 || inside == len(e.Weight) {
			t.Fatalf("seed %d: %d of %d samples in holes", seed, inside, len(e.Weight))
		}
	}
}
