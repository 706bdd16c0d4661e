package degrade

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"testing"

	"github.com/cae-restore/restore/pix"
)

// compressed is what Go's encoder and our decoder make of a patch. The encoder
// writes 4:2:0, or grey.
func compressed(t *testing.T, p Patch, quality int) Patch {
	t.Helper()
	var m image.Image
	if p.Grey() {
		grey := image.NewGray(image.Rect(0, 0, p.W, p.H))
		for i, v := range p.Planes[0] {
			grey.Pix[i] = toByte(v * 255)
		}
		m = grey
	} else {
		colour := image.NewRGBA(image.Rect(0, 0, p.W, p.H))
		for i := range p.W * p.H {
			for k := range 3 {
				colour.Pix[4*i+k] = toByte(p.Planes[k][i] * 255)
			}
			colour.Pix[4*i+3] = 255
		}
		m = colour
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	got, err := pix.Decode(&file, pix.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	out := p.Clone()
	for k, plane := range out.Planes {
		for i := range plane {
			plane[i] = float32(got.Planes[k][i]) / 65535
		}
	}
	return out
}

// TestJPEG compares with a real encoder and decoder: the two results are much
// nearer to each other than to the original. They round at other places: that
// makes about half a step of 8 bits, and now and then a coefficient falls to
// the other side, which counts for more where there are few blocks.
func TestJPEG(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{64, 48}, {83, 61}, {16, 16}, {7, 5}} {
		for _, quality := range []int{30, 50, 75, 90, 95} {
			for name, p := range map[string]Patch{"colour": waves(size[0], size[1]), "grey": waves(size[0], size[1]).Luma()} {
				Gaussian{Sigma: 8}.Apply(newRand(1), p)
				EightBit{}.Apply(nil, p)
				t.Run(fmt.Sprintf("%s/%dx%d/%d", name, size[0], size[1], quality), func(t *testing.T) {
					t.Parallel()
					want := compressed(t, p, quality)
					got := p.Clone()
					JPEG{Quality: quality, Chroma: Chroma420}.Apply(nil, got)
					apart, damage := 255*Level(got, want), 255*Level(want, p)
					share := 0.3
					if p.W < 20 {
						share = 0.5
					}
					if limit := max(0.9, share*damage); apart > limit {
						t.Errorf("%.2f from the real encoder, whose damage is %.2f; want at most %.2f", apart, damage, limit)
					}
				})
			}
		}
	}
}

// TestJPEGQuality: less quality and less resolution of chroma damage more; all
// samples have 8 bits.
func TestJPEGQuality(t *testing.T) {
	t.Parallel()
	damage := func(clean Patch, j JPEG) float64 {
		p := clean.Clone()
		j.Apply(nil, p)
		whole := p.Clone()
		EightBit{}.Apply(nil, whole)
		if Level(p, whole) != 0 {
			t.Errorf("%+v leaves samples between those of 8 bits", j)
		}
		return 255 * Level(p, clean)
	}
	soft := waves(64, 64)
	for _, c := range []Chroma{Chroma444, Chroma422, Chroma420} {
		last := 0.
		for _, q := range []int{100, 90, 60, 30} {
			d := damage(soft, JPEG{Quality: q, Chroma: c})
			if d <= last {
				t.Errorf("%v: quality %d damages by %.2f, a higher one by %.2f", c, q, d, last)
			}
			last = d
		}
	}
	// Stripes of colour as wide as a sample: standing ones are lost where chroma
	// is halved in a row, lying ones where it is halved in both directions.
	for name, c := range map[string]struct {
		stripe func(x, y int) int
		kept   map[Chroma]bool
	}{
		"standing": {func(x, _ int) int { return x }, map[Chroma]bool{Chroma444: true}},
		"lying":    {func(_, y int) int { return y }, map[Chroma]bool{Chroma444: true, Chroma422: true}},
	} {
		striped := flat(64, 64, 0, 0.5, 0.5)
		for i := range striped.Planes[0] {
			striped.Planes[0][i] = float32(c.stripe(i%64, i/64) % 2)
		}
		for _, chroma := range []Chroma{Chroma444, Chroma422, Chroma420} {
			if got := damage(striped, JPEG{Quality: 100, Chroma: chroma}); got < 5 != c.kept[chroma] {
				t.Errorf("%s stripes in %v at quality 100: damage of %.2f", name, chroma, got)
			}
		}
	}
}

// TestJPEGPhase: blocks begin where X and Y say. At quality 1 next to nothing but
// the mean of a block is left, so steps lie between blocks alone.
func TestJPEGPhase(t *testing.T) {
	t.Parallel()
	for _, grey := range []bool{true, false} {
		for _, j := range []JPEG{{X: 0, Y: 0}, {X: 3, Y: 5}, {X: 7, Y: 1}, {X: 12, Y: 9}} {
			j.Quality, j.Chroma = 1, Chroma444
			p := flat(48, 48, 0, 0, 0)
			for _, plane := range p.Planes {
				for i := range plane {
					plane[i] = float32(i%48+i/48) / 96
				}
			}
			if grey {
				p = p.Luma()
			}
			j.Apply(nil, p)
			for i, v := range p.Planes[0] {
				if x := i % 48; x > 0 && (x+j.X)%8 != 0 && v != p.Planes[0][i-1] {
					t.Fatalf("%+v: a step before column %d", j, x)
				}
				if y := i / 48; y > 0 && (y+j.Y)%8 != 0 && v != p.Planes[0][i-48] {
					t.Fatalf("%+v: a step before row %d", j, y)
				}
			}
			if p.Planes[0][0] == p.Planes[0][47] {
				t.Errorf("%+v: no steps at all", j)
			}
		}
	}
}

// TestCosines compares the transform with its definition and its inverse.
func TestCosines(t *testing.T) {
	t.Parallel()
	rng := newRand(1)
	var block, swap, got [64]float32
	for i := range block {
		block[i] = float32(rng.IntN(256) - 128)
	}
	cosines(&swap, &block)
	cosines(&got, &swap)
	scale := func(k int) float64 {
		if k == 0 {
			return math.Sqrt(1. / 8)
		}
		return 0.5
	}
	for v := range 8 {
		for u := range 8 {
			var want float64
			for i, s := range block {
				want += float64(s) * math.Cos(float64(2*(i%8)+1)*float64(u)*math.Pi/16) * math.Cos(float64(2*(i/8)+1)*float64(v)*math.Pi/16)
			}
			want *= scale(u) * scale(v)
			if math.Abs(float64(got[8*v+u])-want) > 1e-3 {
				t.Errorf("coefficient %d,%d is %g, want %g", u, v, got[8*v+u], want)
			}
		}
	}
	samples(&swap, &got)
	samples(&got, &swap)
	for i := range got {
		if math.Abs(float64(got[i]-block[i])) > 1e-3 {
			t.Errorf("sample %d comes back as %g, want %g", i, got[i], block[i])
		}
	}
}

func TestRound(t *testing.T) {
	t.Parallel()
	for v, want := range map[float32]float32{0: 0, 0.4: 0, 0.6: 1, 1.5: 2, 2.5: 2, -0.6: -1, -2.5: -2, 1023.7: 1024, -4000.2: -4000} {
		if got := round(v); got != want {
			t.Errorf("%g is rounded to %g, want %g", v, got, want)
		}
	}
}

func TestQuantiser(t *testing.T) {
	t.Parallel()
	for quality, want := range map[int][2]float32{50: {16, 99}, 100: {1, 1}, 25: {32, 198}, 75: {8, 50}, 1: {255, 255}} {
		steps, inverse := quantiser(&lumaTable, quality)
		if steps[0] != want[0] || steps[63] != want[1] || inverse[0]*steps[0] != 1 {
			t.Errorf("quality %d has the steps %g and %g, want %v", quality, steps[0], steps[63], want)
		}
	}
}

// TestDrawJPEG: every quality and resolution of chroma comes up, and every place,
// most often the beginning of the blocks.
func TestDrawJPEG(t *testing.T) {
	t.Parallel()
	rng := newRand(1)
	quality, chroma, x := map[int]int{}, map[Chroma]int{}, map[int]int{}
	for range 4000 {
		j := DrawJPEG(rng, 30, 95)
		quality[j.Quality]++
		chroma[j.Chroma]++
		x[j.X]++
	}
	if len(quality) != 66 || quality[30] == 0 || quality[95] == 0 || len(x) != 16 {
		t.Errorf("%d qualities, %d places", len(quality), len(x))
	}
	for c, share := range map[Chroma]float64{Chroma420: 0.5, Chroma422: 0.2, Chroma444: 0.3} {
		if got := float64(chroma[c]) / 4000; math.Abs(got-share) > 0.04 {
			t.Errorf("a share of %.3f has %v, want %g", got, c, share)
		}
	}
	if got, want := float64(x[0])/4000, 0.7+0.3/16; math.Abs(got-want) > 0.03 {
		t.Errorf("a share of %.3f begins with a block, want %.3f", got, want)
	}
	if got := fmt.Sprint(Chroma444, Chroma422, Chroma420, Chroma(9)); got != "4:4:4 4:2:2 4:2:0 Chroma(9)" {
		t.Errorf("names: %s", got)
	}
}

// TestEnlarge: one colour stays, a slope becomes that much flatter, and the part
// lies where it should.
func TestEnlarge(t *testing.T) {
	t.Parallel()
	slope := func() Patch {
		p := flat(40, 30, 0, 0)
		for i := range p.Planes[0] {
			p.Planes[0][i], p.Planes[1][i] = 0.02*float32(i%40)+0.05, 0.03*float32(i/40)+0.05
		}
		return p
	}
	for _, e := range []Enlarge{{1, 0.3, 0.8}, {1.3, 0, 0}, {2, 0.5, 0.5}, {1.7, 1, 1}} {
		p, before := slope(), slope()
		e.Apply(nil, p)
		for y := 4; y < 26; y++ {
			for x := 4; x < 36; x++ {
				atX := e.X*(40-40/e.Factor) + (float64(x)+0.5)/e.Factor - 0.5
				atY := e.Y*(30-30/e.Factor) + (float64(y)+0.5)/e.Factor - 0.5
				i := y*40 + x
				if math.Abs(float64(p.Planes[0][i])-(0.02*atX+0.05)) > 1e-5 || math.Abs(float64(p.Planes[1][i])-(0.03*atY+0.05)) > 1e-5 {
					t.Fatalf("%+v: %g, %g at %d,%d", e, p.Planes[0][i], p.Planes[1][i], x, y)
				}
			}
		}
		if e.Factor == 1 && Level(p, before) > 1e-6 {
			t.Error("a factor of 1 changes something")
		}
	}
	p := flat(20, 20, 0)
	p.Planes[0][10*20+10] = 1
	Enlarge{2, 0.5, 0.5}.Apply(nil, p)
	for _, v := range p.Planes[0] {
		if v < 0 || v > 1 {
			t.Fatalf("the splines overshoot to %g", v)
		}
	}
}
