package denoise

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cae-restore/restore/tasks/internal/degrade"
)

func TestDCT(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	var p, got [patchLen]float32
	for i := range p {
		p[i] = rng.Float32() * 255
	}
	dct(&got, p[:])
	basis := func(k, n int) float64 {
		if k == 0 {
			return math.Sqrt(1. / 8)
		}
		return math.Sqrt(2./8) * math.Cos(math.Pi*float64(2*n+1)*float64(k)/16)
	}
	for v := range 8 {
		for u := range 8 {
			want := 0.0
			for y := range 8 {
				for x := range 8 {
					want += float64(p[y*8+x]) * basis(v, y) * basis(u, x)
				}
			}
			if math.Abs(float64(got[v*8+u])-want) > 1e-3 {
				t.Errorf("coefficient %d,%d: got %v, want %v", u, v, got[v*8+u], want)
			}
		}
	}
}

func TestBandEnergiesOfWhiteNoise(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(2, 1))
	var sum [bands]float64
	var p, c [patchLen]float32
	for range 2000 {
		for i := range p {
			p[i] = 100 + 7*float32(rng.NormFloat64())
		}
		dct(&c, p[:])
		for b, e := range bandEnergies(&c) {
			sum[b] += float64(e) / 2000
		}
	}
	for b, v := range sum {
		if math.Abs(math.Sqrt(v)-7) > 0.3 {
			t.Errorf("band %d: got level %.2f of noise of level 7", b, math.Sqrt(v))
		}
	}
}

func TestAnisotropy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		f    func(x, y int) float64
		want float32
	}{
		{"stripes", func(x, y int) float64 { return 50 * float64(x%3) }, 1},
		{"flat", func(x, y int) float64 { return 50 }, 0},
		{"symmetric", func(x, y int) float64 { return float64(x*y + (x+y)%3) }, 0},
	} {
		var p, d [patchLen]float32
		for i := range p {
			p[i] = float32(c.f(i%8, i/8))
		}
		dct(&d, p[:])
		if got := anisotropy(&d); math.Abs(float64(got-c.want)) > 1e-3 {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// detailed is a picture with something in every frequency, the more the coarser.
func detailed(w, h int) degrade.Patch {
	p := patchOf(draw(w, h, scenes["waves everywhere"]), w, h)
	degrade.Grain{Sigma: 25, Size: 1.5}.Apply(rand.New(rand.NewPCG(4, 4)), p)
	degrade.EightBit{}.Apply(nil, p)
	return p
}

func TestTraceJPEG(t *testing.T) {
	t.Parallel()
	clean := detailed(403, 301)
	for _, planes := range []degrade.Patch{clean, clean.Luma()} {
		degrade.EightBit{}.Apply(nil, planes)
		for _, c := range []struct {
			quality int
			scale   float64 // as libjpeg has it
		}{{30, 5. / 3}, {50, 1}, {70, 0.6}, {85, 0.3}} {
			p := planes.Clone()
			degrade.JPEG{Quality: c.quality, Chroma: degrade.Chroma420}.Apply(nil, p)
			got := traceJPEG(p.Planes, p.W, p.H, 255)
			if math.Abs(got.scale/c.scale-1) > 0.1 {
				t.Errorf("%d planes, quality %d: steps are %.3f of the table's, want %.3f", len(p.Planes), c.quality, got.scale, c.scale)
			}
			want, level := 255*degrade.Level(p.Luma(), planes.Luma()), math.Sqrt(got.err)
			if level < 0.6*want || level > 1.5*want {
				t.Errorf("%d planes, quality %d: an error of %.2f in luma, want %.2f", len(p.Planes), c.quality, level, want)
			}
		}
		shifted := planes.Clone()
		degrade.JPEG{Quality: 50, X: 3, Y: 5}.Apply(nil, shifted)
		for name, p := range map[string]degrade.Patch{"never JPEG": planes, "cut off its grid": shifted} {
			if got := traceJPEG(p.Planes, p.W, p.H, 255); got.scale != 0 || got.err != 0 {
				t.Errorf("%d planes, %s: steps of %.3f of the table's", len(p.Planes), name, got.scale)
			}
		}
	}
}

func TestAlignedBlocksAreBounded(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{8, 8}, {7, 900}, {8, 80_000}, {80_000, 9}, {1200, 900}, {640, 16}} {
		w, h := size[0], size[1]
		plane := make([]uint16, w*h)
		for i := range plane {
			plane[i] = 30000
		}
		all := (w / 8) * (h / 8)
		n := len(alignedBlocks([][]uint16{plane}, w, h, 255./65535))
		if n > 2*maxBlocks || n < min(all, maxBlocks/4) {
			t.Errorf("%dx%d: %d of %d blocks", w, h, n, all)
		}
	}
}

// TestLevelNetGradient compares the gradient of the fit with finite differences.
func TestLevelNetGradient(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 1))
	n := &levelNet{}
	p := parameters(n)
	for _, v := range p {
		*v = 0.3 * rng.NormFloat64()
	}
	for _, e := range []levelExample{{Level: 0}, {Level: 7, White: 1}, {Level: 40, White: -1}} {
		for i := range e.X {
			e.X[i] = rng.NormFloat64()
		}
		g := &levelNet{}
		gradient(n, g, &e.X, &e)
		gp := parameters(g)
		loss := func() float64 {
			out, _ := n.forward(&e.X)
			l, _ := lossOf(out, &e)
			return l
		}
		for i := 0; i < len(p); i += 7 {
			const d = 1e-5
			old := *p[i]
			*p[i] = old + d
			up := loss()
			*p[i] = old - d
			down := loss()
			*p[i] = old
			if want := (up - down) / (2 * d); math.Abs(*gp[i]-want) > 1e-6*(1+math.Abs(want)) {
				t.Fatalf("level %v, parameter %d: got %v, want %v", e.Level, i, *gp[i], want)
			}
		}
	}
}

// TestFitLevelNet: the fit finds a relation that is there.
func TestFitLevelNet(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 2))
	var list []levelExample
	for range 3 * fitBatch {
		e := levelExample{Level: 30 * rng.Float64()}
		for i := range e.X {
			e.X[i] = rng.NormFloat64()
		}
		if e.X[2] > 0 {
			e.White = 1
		}
		e.X[5] = toTarget(e.Level)
		list = append(list, e)
	}
	n := fitLevelNet(list, 150, func(int, *levelNet) {})
	missed, wrong := 0.0, 0
	for _, e := range list {
		level, white := n.judge(e.X)
		missed += math.Abs(level-e.Level) / float64(len(list))
		if (white > 0.5) != (e.White == 1) {
			wrong++
		}
	}
	if missed > 1 || wrong > len(list)/50 {
		t.Errorf("levels are off by %.2f on average, %d of %d kinds are wrong", missed, wrong, len(list))
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for _, level := range []float64{0, 0.1, 1, 50} {
		if got := fromTarget(toTarget(level)); math.Abs(got-level) > 1e-6 {
			t.Errorf("got %v back for %v", got, level)
		}
	}
	if got := fromTarget(-10); got != 0 {
		t.Errorf("got %v below nothing, want 0", got)
	}
}
