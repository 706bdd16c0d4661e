package degrade

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// kinds are all degradations as they are drawn for training.
var kinds = map[string]func(rng *rand.Rand) Degradation{
	"gaussian":     func(rng *rand.Rand) Degradation { return DrawGaussian(rng, 55) },
	"eight bit":    func(*rand.Rand) Degradation { return EightBit{} },
	"camera":       func(rng *rand.Rand) Degradation { return DrawCamera(rng, 1e-3, 1e-2) },
	"blotches":     func(rng *rand.Rand) Degradation { return DrawBlotches(rng) },
	"grain":        func(rng *rand.Rand) Degradation { return DrawGrain(rng) },
	"jpeg":         func(rng *rand.Rand) Degradation { return DrawJPEG(rng, 30, 95) },
	"enlarge":      func(rng *rand.Rand) Degradation { return DrawEnlarge(rng) },
	"fading":       func(rng *rand.Rand) Degradation { return DrawFading(rng) },
	"yellowing":    func(rng *rand.Rand) Degradation { return DrawYellowing(rng) },
	"low contrast": func(rng *rand.Rand) Degradation { return DrawLowContrast(rng) },
	"sequence": func(rng *rand.Rand) Degradation {
		return Sequence{DrawEnlarge(rng), DrawGrain(rng), DrawCamera(rng, 1e-3, 1e-2), DrawJPEG(rng, 30, 95)}
	},
}

// flat is a patch of one colour.
func flat(w, h int, values ...float32) Patch {
	p := Patch{W: w, H: h}
	for _, v := range values {
		plane := make([]float32, w*h)
		for i := range plane {
			plane[i] = v
		}
		p.Planes = append(p.Planes, plane)
	}
	return p
}

// waves is a colourful patch.
func waves(w, h int) Patch {
	p := flat(w, h, 0, 0, 0)
	for k, plane := range p.Planes {
		for i := range plane {
			x, y := float64(i%w), float64(i/w)
			plane[i] = float32(math.Round(127+70*math.Sin(x/6+1.5*float64(k))+50*math.Cos(y/4-float64(k)))) / 255
			plane[i] = clip(plane[i])
		}
	}
	return p
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// moments returns the mean and the standard deviation of a-b, times 255.
func moments(a, b []float32) (mean, deviation float64) {
	var sum, squares float64
	for i := range a {
		d := 255 * float64(a[i]-b[i])
		sum += d
		squares += d * d
	}
	n := float64(len(a))
	mean = sum / n
	return mean, math.Sqrt(squares/n - mean*mean)
}

// correlation is that of a-b, at distance (dx, dy), with c-d.
func correlation(w int, a, b, c, d []float32, dx, dy int) float64 {
	var ab, aa, bb float64
	for i := range a {
		j := i + dy*w + dx
		if i%w+dx >= w || j >= len(a) {
			continue
		}
		u, v := float64(a[i]-b[i]), float64(c[j]-d[j])
		ab, aa, bb = ab+u*v, aa+u*u, bb+v*v
	}
	return ab / math.Sqrt(aa*bb)
}

// TestShapes: patches of every shape, also 1x1 and none at all, from black to
// white and beyond, in colour and grey, come out whole and finite.
func TestShapes(t *testing.T) {
	t.Parallel()
	for name, draw := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng := newRand(1)
			for _, size := range [][2]int{{0, 0}, {0, 3}, {1, 1}, {1, 9}, {9, 1}, {2, 3}, {17, 33}} {
				for _, v := range []float32{0, 0.5, 1, -0.3, 1.3} {
					for _, values := range [][]float32{{v}, {v, v, v}, {v, 0, 1}} {
						p := flat(size[0], size[1], values...)
						d := draw(rng)
						d.Apply(rng, p)
						for _, plane := range p.Planes {
							if len(plane) != size[0]*size[1] {
								t.Fatalf("a plane of %v has %d samples", size, len(plane))
							}
							for _, s := range plane {
								if !(s > -5 && s < 5) {
									t.Fatalf("%+v makes %g of %v in a patch of %v", d, s, values, size)
								}
							}
						}
					}
				}
			}
		})
	}
}

// TestDeterminism: a generator's state decides everything, and another one
// gives something else.
func TestDeterminism(t *testing.T) {
	t.Parallel()
	for name, draw := range kinds {
		make1 := func(seed uint64) Patch {
			p := waves(40, 30)
			rng := newRand(seed)
			draw(rng).Apply(rng, p)
			return p
		}
		a, b, c := make1(1), make1(1), make1(2)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: the same generator gives two results", name)
		}
		if name != "eight bit" && reflect.DeepEqual(a, c) {
			t.Errorf("%s: another generator changes nothing", name)
		}
	}
}

func TestPatch(t *testing.T) {
	t.Parallel()
	p := flat(3, 2, 1, 0.5, 0)
	c := p.Clone()
	c.Planes[1][0] = 9
	if p.Planes[1][0] != 0.5 {
		t.Error("a clone shares memory")
	}
	if got := p.Luma().Planes[0][0]; math.Abs(float64(got)-(0.299+0.2935)) > 1e-6 || !p.Luma().Grey() || p.Grey() {
		t.Errorf("luma is %g", got)
	}
	if got := Level(flat(4, 4, 0.3, 0.3, 0.3), flat(4, 4, 0.3, 0.7, 0.6)); math.Abs(got-math.Sqrt((0.16+0.09)/3)) > 1e-6 {
		t.Errorf("level is %g", got)
	}
	if got := Level(flat(0, 0, 0), flat(0, 0, 0)); got != 0 {
		t.Errorf("nothing has the level %g", got)
	}
}

func TestEightBit(t *testing.T) {
	t.Parallel()
	for v, want := range map[float32]float32{-0.2: 0, 0: 0, 0.4 / 255: 0, 0.6 / 255: 1. / 255, 100.4 / 255: 100. / 255, 1: 1, 7: 1} {
		p := flat(1, 1, v)
		EightBit{}.Apply(nil, p)
		if p.Planes[0][0] != want {
			t.Errorf("%g becomes %g, want %g", v, p.Planes[0][0], want)
		}
	}
}

func TestGaussian(t *testing.T) {
	t.Parallel()
	const w = 120
	for _, sigma := range []float64{0, 3, 50} {
		clean, noisy := flat(w, w, 0, 0.5, 1), flat(w, w, 0, 0.5, 1)
		Gaussian{Sigma: sigma}.Apply(newRand(1), noisy)
		for k := range clean.Planes {
			mean, deviation := moments(noisy.Planes[k], clean.Planes[k])
			if math.Abs(deviation-sigma) > 0.03*sigma || math.Abs(mean) > 0.03*sigma {
				t.Errorf("sigma %g gives %.2f about %.2f", sigma, deviation, mean)
			}
		}
		if sigma == 0 {
			continue
		}
		for name, c := range map[string]float64{
			"neighbours": correlation(w, noisy.Planes[0], clean.Planes[0], noisy.Planes[0], clean.Planes[0], 1, 0),
			"planes":     correlation(w, noisy.Planes[0], clean.Planes[0], noisy.Planes[1], clean.Planes[1], 0, 0),
		} {
			if math.Abs(c) > 0.03 {
				t.Errorf("sigma %g: %s are correlated by %.3f", sigma, name, c)
			}
		}
	}
}
