package denoise

import (
	_ "image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/cae-restore/restore/pix"
)

// draw returns three planes on the 0..255 scale of f(x, y), tinted a little.
func draw(w, h int, f func(x, y int) float64) [][]float32 {
	planes := [][]float32{make([]float32, w*h), make([]float32, w*h), make([]float32, w*h)}
	for y := range h {
		for x := range w {
			v := min(255, max(0, f(x, y)))
			for c, gain := range []float64{1, 0.9, 0.8} {
				planes[c][y*w+x] = float32(math.Round(v * gain))
			}
		}
	}
	return planes
}

// scenes are clean pictures, each with what makes it hard.
var scenes = map[string]func(x, y int) float64{
	"flat": func(x, y int) float64 { return 128 },
	"sky":  func(x, y int) float64 { return 90 + float64(y)/2 + float64(x)/8 },
	"half saturated": func(x, y int) float64 {
		if y < 100 {
			return 255
		}
		return 60 + float64(x)/3
	},
	"dark": func(x, y int) float64 { return 12 + float64(x)/10 },
	"waves everywhere": func(x, y int) float64 {
		fx, fy := float64(x), float64(y)
		return 128 + 40*math.Sin(fx*0.9+fy*0.3) + 35*math.Sin(fx*0.25-fy*1.1+3*math.Sin(fx/30))
	},
	"checks and a black border": func(x, y int) float64 {
		if x < 20 || y < 20 || x >= 180 || y >= 180 {
			return 0
		}
		return 80 + 100*float64((x/13+y/13)%2)
	},
}

func TestEstimateLevelWhiteNoise(t *testing.T) {
	t.Parallel()
	const w, h = 200, 200
	for name, f := range scenes {
		for _, kind := range []noiseKind{unclipped, rounded, greyRounded} {
			for _, sigma := range []float64{5, 25, 50} {
				got := measure(kind, draw(w, h, f), w, h, sigma, 3)
				tolerance := 0.4 + 0.07*sigma
				if kind == greyRounded { // where no colour tells noise from texture
					tolerance = 0.6 + 0.12*sigma
				}
				if math.Abs(got-sigma) > tolerance {
					t.Errorf("%s, %s: got %.2f for noise of level %v, more than %.2f off", name, kind, got, sigma, tolerance)
				}
			}
		}
	}
}

func TestEstimateLevelClean(t *testing.T) {
	t.Parallel()
	text := func(x, y int) float64 { // black strokes on white, as a drawing program makes them
		if y%16 < 11 && (x*7+y/16*3)%11 < 4 {
			return 0
		}
		return 255
	}
	for name, f := range map[string]func(x, y int) float64{
		"flat": scenes["flat"], "sky": scenes["sky"], "half saturated": scenes["half saturated"],
		"checks and a black border": scenes["checks and a black border"], "text": text,
		"black": func(x, y int) float64 { return 0 }, "white": func(x, y int) float64 { return 255 },
	} {
		for _, kind := range []noiseKind{unclipped, rounded, greyRounded} {
			if got := measure(kind, draw(200, 200, f), 200, 200, 0, 1); got > 0.5 {
				t.Errorf("%s, %s: got %.2f for a picture without noise", name, kind, got)
			}
		}
	}
}

// TestEstimateLevelJPEG: 4:2:0 takes most of the colour noise, so luma must decide.
func TestEstimateLevelJPEG(t *testing.T) {
	t.Parallel()
	for _, sigma := range []float64{10, 25} {
		got := measure(jpeg90, draw(200, 200, scenes["sky"]), 200, 200, sigma, 5)
		if math.Abs(got-sigma) > 0.2*sigma {
			t.Errorf("got %.2f for noise of level %v stored as JPEG", got, sigma)
		}
	}
}

// otherDamage is what is reported by its root mean square.
var otherDamage = []struct {
	kind    noiseKind
	amounts []float64
}{
	{cameraNoise, []float64{5, 12}},
	{cameraJPEG, []float64{8}},
	{coarseNoise, []float64{8}},
	{filmGrain, []float64{10}},
	{jpegAlone, []float64{30, 60}},
}

// TestEstimateLevelOther: damage that is not white noise.
func TestEstimateLevelOther(t *testing.T) {
	t.Parallel()
	for _, scene := range []string{"sky", "half saturated", "dark"} {
		clean := patchOf(draw(200, 200, scenes[scene]), 200, 200)
		for _, c := range otherDamage {
			for _, amount := range c.amounts {
				p, level := damage(c.kind, clean, amount, 7)
				got := estimateLevel(p.Planes, p.W, p.H)
				if math.Abs(got-level) > 2+0.35*level {
					t.Errorf("%s, %s %v: got %.2f, want about %.2f", scene, c.kind, amount, got, level)
				}
			}
		}
	}
}

// frameOf is an 8-bit picture of planes on the 0..255 scale, clipped and rounded.
func frameOf(planes [][]float32, w, h int) *pix.Image {
	m := pix.New(w, h, len(planes))
	for c, p := range planes {
		for i, v := range p {
			m.Planes[c][i] = uint16(math.Round(float64(min(255, max(0, v))))) * 257
		}
	}
	return m
}

func addTo(planes [][]float32, sigma float64, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	for _, p := range planes {
		for i := range p {
			p[i] += float32(sigma * rng.NormFloat64())
		}
	}
}

// TestEstimateLevelFramed: what was put on the picture after the noise does not
// count, unless it is most of the picture.
func TestEstimateLevelFramed(t *testing.T) {
	t.Parallel()
	const w, h = 200, 200
	for _, c := range []struct {
		name   string
		colour float32
		width  int
		want   float64
	}{
		{"black frame", 0, 25, 15},
		{"wide white frame", 255, 60, 15},
		{"narrow grey frame", 128, 6, 15},
		{"grain on a flat ground", 128, 70, 0},
	} {
		planes := draw(w, h, scenes["sky"])
		addTo(planes, 15, 4)
		for i := range w * h {
			if x, y := i%w, i/w; min(x, y, w-1-x, h-1-y) < c.width {
				planes[0][i], planes[1][i], planes[2][i] = c.colour, c.colour, c.colour
			}
		}
		for _, m := range []*pix.Image{frameOf(planes, w, h), frameOf(planes[:1], w, h)} {
			tolerance := 1.5
			if len(m.Planes) == 1 {
				tolerance = 2.5
			}
			if got := EstimateLevel(m); math.Abs(got-c.want) > tolerance {
				t.Errorf("%s, %d planes: got %.2f, want about %v", c.name, len(m.Planes), got, c.want)
			}
		}
	}
}

func TestEstimateLevelOfGreyStoredAsColour(t *testing.T) {
	t.Parallel()
	planes := draw(120, 90, scenes["sky"])[:1]
	addTo(planes, 20, 1)
	grey := frameOf(planes, 120, 90)
	colour := pix.New(120, 90, 3)
	for c := range colour.Planes {
		copy(colour.Planes[c], grey.Planes[0])
	}
	a, b := EstimateLevel(grey), EstimateLevel(colour)
	if a != b || math.Abs(a-20) > 2 {
		t.Errorf("got %v for grey and %v for the same as colour, want both about 20", a, b)
	}
}

func TestEstimateLevelSmall(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{0, 0}, {1, 1}, {1, 500}, {500, 1}, {2, 2}, {2, 500}} {
		for _, n := range []int{1, 3} {
			m := pix.New(size[0], size[1], n)
			for c := range m.Planes {
				for i := range m.Planes[c] {
					m.Planes[c][i] = uint16(i * 7919 * (c + 1))
				}
			}
			if got := EstimateLevel(m); got != 0 {
				t.Errorf("%v with %d planes: got %v, want 0", size, n, got)
			}
		}
	}
	for _, size := range [][2]int{{5, 300}, {300, 4}, {24, 24}, {8, 2000}, {2000, 9}} {
		w, h := size[0], size[1]
		planes := draw(w, h, func(x, y int) float64 { return 120 })
		addTo(planes, 20, 9)
		if got := EstimateLevel(frameOf(planes, w, h)); math.Abs(got-20) > 5 {
			t.Errorf("%v: got %.2f, want about 20", size, got)
		}
	}
}

func TestEstimateLevelBrokenFloats(t *testing.T) {
	t.Parallel()
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), math.MaxFloat32} {
		for _, side := range []int{5, 60} {
			planes := draw(side, side, scenes["sky"])
			planes[1][side+2] = v
			planes[2][2*side+1] = v
			if got := estimateLevel(planes, side, side); math.IsNaN(got) || math.IsInf(got, 0) || got < 0 {
				t.Errorf("side %d with a sample of %v: got %v", side, v, got)
			}
		}
	}
}

func TestEstimateLevelProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(0, 40).Draw(t, "w"), rapid.IntRange(0, 40).Draw(t, "h")
		m := pix.New(w, h, rapid.SampledFrom([]int{1, 3}).Draw(t, "planes"))
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		levels := rapid.IntRange(1, 65536).Draw(t, "levels")
		for _, p := range m.Planes {
			for i := range p {
				p[i] = uint16(rng.IntN(levels))
			}
		}
		got := EstimateLevel(m)
		if math.IsNaN(got) || got < 0 || got > 255 {
			t.Fatalf("got %v", got)
		}
		if again := EstimateLevel(m); again != got {
			t.Fatalf("got %v, then %v", got, again)
		}
	})
}

func TestGridIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		nx, ny := rapid.IntRange(1, 100_000).Draw(t, "nx"), rapid.IntRange(1, 100_000).Draw(t, "ny")
		xs, ys := grid(nx, ny)
		n := len(xs) * len(ys)
		if n > 2*maxPatches || n < min(nx*ny, maxPatches/2) {
			t.Fatalf("%d patches of %d", n, nx*ny)
		}
		if xs[len(xs)-1] >= nx || ys[len(ys)-1] >= ny {
			t.Fatalf("last position %d,%d is outside %dx%d", xs[len(xs)-1], ys[len(ys)-1], nx, ny)
		}
	})
}

func TestNoiseVarianceDropsTexture(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ascending []float64
		want      float64
	}{
		{[]float64{4, 4, 4, 4}, 4},
		{[]float64{3, 4, 5, 80, 9000}, 4},
		{[]float64{1, 1, 1, 1, 2, 3}, 1},
		{[]float64{7}, 7},
	} {
		if got := noiseVariance(c.ascending); got != c.want {
			t.Errorf("%v: got %v, want %v", c.ascending, got, c.want)
		}
	}
}

func TestCombine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		s       []float64
		texture float64
		want    float64
	}{
		{"grey", []float64{12}, 1, 12},
		{"white noise", []float64{10, 10, 10}, 1, 10},
		{"texture in luma", []float64{13, 10, 10}, 1, 10},
		{"half way", []float64{10, 5.5, 5.5}, 1, 7.75},
		{"colour noise gone", []float64{10, 1, 1}, 1, 10},
		{"colour noise gone, texture", []float64{10, 1, 1}, 2, 8},
		{"no more than halved", []float64{4, 0.1, 0.1}, 20, 2},
		{"noise in colour alone", []float64{2, 8, 8}, 1, 8},
		{"no luma", []float64{0, 3, 3}, 1, 3},
		{"nothing", []float64{0, 0, 0}, 1, 0},
	} {
		if got := combine(c.s, c.texture); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestEstimateLevelOnImagingPictures takes the two photographs that every
// checkout has: the test data of the imaging module.
func TestEstimateLevelOnImagingPictures(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/disintegration/imaging").Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Skip("the module imaging is not on this machine: go mod download github.com/disintegration/imaging")
	}
	for _, name := range []string{"branches.png", "flowers.png"} {
		path := filepath.Join(dir, "testdata", name)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("the module imaging comes without %s here", name)
		}
		photo := readPatch(t, path)
		for _, c := range otherDamage {
			for _, amount := range c.amounts {
				p, level := damage(c.kind, photo, amount, 7)
				got := estimateLevel(p.Planes, p.W, p.H)
				t.Logf("%s, %s %v: %.2f for %.2f", name, c.kind, amount, got, level)
				share := 0.35
				if name == "branches.png" { // twigs from edge to edge: hardly to be told from grain
					share = 0.5
				}
				if math.Abs(got-level) > 2+share*level {
					t.Errorf("%s, %s %v: got %.2f, want about %.2f", name, c.kind, amount, got, level)
				}
			}
		}
		for _, sigma := range []float64{0, 5, 25, 50} {
			for _, kind := range []noiseKind{unclipped, rounded} {
				noisy, _ := damage(kind, photo, sigma, 1)
				got := estimateLevel(noisy.Planes, noisy.W, noisy.H)
				t.Logf("%s, %s, %v: %.2f", name, kind, sigma, got)
				if limit := 2 + 0.03*sigma; math.Abs(got-sigma) > limit {
					t.Errorf("%s, %s: got %.2f for noise of level %v", name, kind, got, sigma)
				}
			}
		}
	}
}

func BenchmarkEstimateLevel(b *testing.B) {
	for _, mp := range []struct {
		name string
		w, h int
	}{{"size=0.09MP", 300, 300}, {"size=1MP", 1000, 1000}, {"size=24MP", 6000, 4000}} {
		b.Run(mp.name, func(b *testing.B) {
			m := pix.New(mp.w, mp.h, 3)
			rng := rand.New(rand.NewPCG(1, 1))
			for c := range m.Planes {
				for i := range m.Planes[c] {
					m.Planes[c][i] = 20000 + uint16(rng.IntN(9000))
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				EstimateLevel(m)
			}
		})
	}
}
