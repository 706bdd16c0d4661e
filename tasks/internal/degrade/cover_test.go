package degrade

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/cae-restore/restore/pix"
)

// coverOf is how each kind of cover is drawn, and between which shares of a patch
// of 128x128 samples it covers on average.
var coverOf = map[string]struct {
	draw        func(rng *rand.Rand) Cover
	least, most float64
	shades      bool // what is not covered
}{
	"scratches": {func(rng *rand.Rand) Cover { return DrawScratches(rng) }, 0.005, 0.05, false},
	"creases":   {func(rng *rand.Rand) Cover { return DrawCreases(rng) }, 0.005, 0.05, true},
	"hairs":     {func(rng *rand.Rand) Cover { return DrawHairs(rng) }, 0.005, 0.05, false},
	"dust":      {func(rng *rand.Rand) Cover { return DrawDust(rng) }, 0.002, 0.1, false},
	"blots":     {func(rng *rand.Rand) Cover { return DrawBlots(rng) }, 0.01, 0.2, false},
	"stains":    {func(rng *rand.Rand) Cover { return DrawStains(rng) }, 0.05, 0.5, false},
}

// TestCovers: what is covered is known, lies in 0..1, and nothing else changes;
// where most is covered the picture does change.
func TestCovers(t *testing.T) {
	t.Parallel()
	for name, c := range coverOf {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			share, same, covered := 0., 0, 0
			const seeds = 40
			for seed := range uint64(seeds) {
				rng := newRand(seed)
				d := c.draw(rng)
				p, before := flat(128, 128, 0.5, 0.45, 0.4), flat(128, 128, 0.5, 0.45, 0.4)
				cover := d.Cover(rng, p)
				if len(cover) != 128*128 {
					t.Fatalf("%d values", len(cover))
				}
				for i, v := range cover {
					changed := false
					for k := range p.Planes {
						d := math.Abs(float64(p.Planes[k][i] - before.Planes[k][i]))
						if math.IsNaN(d) {
							t.Fatal("no number")
						}
						changed = changed || d > 0.02
					}
					switch {
					case !(v >= 0 && v <= 1):
						t.Fatalf("a sample is covered by %g", v)
					case v == 0 && changed && !c.shades:
						t.Fatalf("%+v: sample %d is not covered and has changed", d, i)
					case v > 0.5:
						covered++
						if !changed {
							same++
						}
					}
					if v >= 0.25 {
						share++
					}
				}
			}
			if share /= seeds * 128 * 128; share < c.least || share > c.most {
				t.Errorf("covers %.4f on average, want %g to %g", share, c.least, c.most)
			}
			if same > covered/10 {
				t.Errorf("%d of the %d covered samples look as before", same, covered)
			}
		})
	}
}

// TestCoversOfAnySize: grey, tiny and thin patches, Apply as Cover, and the same
// from the same seed.
func TestCoversOfAnySize(t *testing.T) {
	t.Parallel()
	for name, c := range coverOf {
		for _, p := range []Patch{flat(1, 1, 0.5), flat(1, 60, 0.5), flat(50, 3, 0.2, 0.5, 0.8), flat(33, 41, 0.5)} {
			a, b := p.Clone(), p.Clone()
			rng, again := newRand(5), newRand(5)
			c.draw(rng).Cover(rng, a)
			c.draw(again).Apply(again, b)
			if !reflect.DeepEqual(a, b) {
				t.Errorf("%s: two patches of %dx%d differ", name, p.W, p.H)
			}
		}
	}
}

func TestStroke(t *testing.T) {
	t.Parallel()
	cover := make([]float32, 20*9)
	stroke(cover, 20, 9, 3, 4, 15, 4, 3, 0.5)
	for _, c := range []struct {
		x, y int
		want float32
	}{{9, 4, 0.5}, {9, 3, 0.5}, {9, 5, 0.5}, {9, 2, 0}, {9, 6, 0}, {1, 4, 0}, {2, 4, 0.5}, {16, 4, 0.5}, {18, 4, 0}} {
		if got := cover[c.y*20+c.x]; got != c.want {
			t.Errorf("(%d, %d) is covered by %g, want %g", c.x, c.y, got, c.want)
		}
	}
	thin := make([]float32, 20*9)
	stroke(thin, 20, 9, 3, 4, 15, 4, 0.5, 1) // half a sample wide: half covered
	if thin[4*20+9] != 0.5 || thin[3*20+9] != 0 {
		t.Errorf("a thin line covers %g, and %g beside it", thin[4*20+9], thin[3*20+9])
	}
}

// overlay is one of 6x4 samples, whose opacity and colours say where they are.
func overlay() *pix.Image {
	m := pix.New(6, 4, 3)
	m.Alpha = make([]uint16, 24)
	for i := range m.Alpha {
		m.Alpha[i] = uint16(i * 2600)
		for p := range m.Planes {
			m.Planes[p][i] = uint16(40000 + 3000*p + 100*i)
		}
	}
	return m
}

// TestOverlay: the composite is that of the formula, and all is where the turn and
// the mirror bring it.
func TestOverlay(t *testing.T) {
	t.Parallel()
	m := overlay()
	for _, c := range []struct {
		turn   int
		place  func(x, y int) (int, int) // of sample (x, y) of the overlay, from the corner of what it covers
		invert bool
	}{
		{0, func(x, y int) (int, int) { return x, y }, false},
		{1, func(x, y int) (int, int) { return 3 - y, x }, false},
		{2, func(x, y int) (int, int) { return 5 - x, 3 - y }, true},
		{3, func(x, y int) (int, int) { return y, 5 - x }, false},
		{4, func(x, y int) (int, int) { return 5 - x, y }, false},
		{5, func(x, y int) (int, int) { return 3 - y, 5 - x }, false},
	} {
		p := flat(12, 12, 0.2, 0.3, 0.4)
		w, h := 6, 4
		if c.turn&1 == 1 {
			w, h = h, w
		}
		o := Overlay{Image: m, X: 2 + float64(w-1)/2, Y: 3 + float64(h-1)/2, Scale: 1, Turn: c.turn, Strength: 0.5, Invert: c.invert}
		cover := o.Cover(nil, p)
		sum := 0.
		for _, v := range cover {
			sum += float64(v)
		}
		want := 0.
		for i, alpha := range m.Alpha {
			x, y := c.place(i%6, i/6)
			at := (3+y)*12 + 2 + x
			a := float64(alpha) / 65535 * 0.5
			want += a
			if math.Abs(float64(cover[at])-a) > 1e-5 {
				t.Errorf("turn %d: sample %d is covered by %g, want %g", c.turn, i, cover[at], a)
			}
			for k, before := range []float64{0.2, 0.3, 0.4} {
				colour := float64(m.Planes[k][i]) / 65535
				if c.invert {
					colour = 1 - colour
				}
				if got := float64(p.Planes[k][at]); math.Abs(got-(before*(1-a)+colour*a)) > 1e-5 {
					t.Errorf("turn %d: plane %d of sample %d is %g", c.turn, k, i, got)
				}
			}
		}
		if math.Abs(sum-want) > 1e-4 {
			t.Errorf("turn %d: all is covered by %g, want %g", c.turn, sum, want)
		}
	}
}

// TestOverlayScales: a uniform overlay covers its area, scaled; and any part of it
// may lie outside.
func TestOverlayScales(t *testing.T) {
	t.Parallel()
	m := pix.New(20, 10, 1)
	m.Alpha = make([]uint16, 200)
	for i := range m.Alpha {
		m.Alpha[i] = 65535
	}
	for _, scale := range []float64{0.2, 0.5, 1, 1.7} {
		p := flat(60, 60, 0.5)
		sum := 0.
		for _, v := range (Overlay{Image: m, X: 30.3, Y: 29.8, Scale: scale, Turn: 1, Strength: 1}).Cover(nil, p) {
			sum += float64(v)
		}
		if want := 200 * scale * scale; math.Abs(sum-want) > 0.12*want {
			t.Errorf("scale %g: covers %.1f samples, want %.1f", scale, sum, want)
		}
		(Overlay{Image: m, X: -3, Y: 62, Scale: scale, Strength: 1}).Apply(nil, p)
		(Overlay{Image: m, X: -300, Y: 62, Scale: scale, Strength: 1}).Apply(nil, p)
	}
}

// TestDrawOverlay: something of the overlay's damage lies in the patch.
func TestDrawOverlay(t *testing.T) {
	t.Parallel()
	m := pix.New(400, 400, 1)
	m.Alpha = make([]uint16, 400*400)
	for i := range 30 { // a speck near a corner
		m.Alpha[(380+i/6)*400+385+i%6] = 65535
	}
	const tries = 100
	hits := 0
	for seed := range uint64(tries) {
		rng := newRand(seed)
		for _, v := range DrawOverlay(rng, m, 64, 48, 0.5, 1.5, 0.5).Cover(rng, flat(64, 48, 0.5)) {
			if v > 0.25 {
				hits++
				break
			}
		}
	}
	if hits < tries/3 { // where no try finds the speck, the middle is taken
		t.Errorf("%d of %d overlays show their damage", hits, tries)
	}
}
