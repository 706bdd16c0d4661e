package degrade

import (
	"math"
	"testing"
)

var plainCamera = Camera{Red: 1, Blue: 1, Matrix: [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}

// TestCameraWithoutNoise: the picture goes through the camera unchanged, to the
// last bit.
func TestCameraWithoutNoise(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		c := DrawCamera(newRand(seed), 1e-3, 1e-2)
		c.Shot, c.Read = 0, 0
		p := waves(31, 22)
		c.Apply(newRand(seed), p)
		if got := Level(p, waves(31, 22)); got != 0 {
			t.Errorf("%+v changes the picture by %g", c, 255*got)
		}
	}
}

// TestExpose: at each site of the mosaic the variance is gain^2 times that of the
// unbalanced signal, Shot*signal/gain + Read^2.
func TestExpose(t *testing.T) {
	t.Parallel()
	const w, h = 120, 100
	for phase := range 4 {
		c := plainCamera
		c.Shot, c.Read, c.Red, c.Blue, c.Phase = 4e-3, 0.01, 2, 1.5, phase
		signal := [3]float64{0.6, 0.1, 0.3}
		noise := c.expose(newRand(1), w, h, flat(w, h, float32(signal[0]), float32(signal[1]), float32(signal[2])).Planes)
		var squares, count [3]float64
		for i, v := range noise {
			k := c.site(i%(w+2*border), i/(w+2*border))
			squares[k] += float64(v) * float64(v)
			count[k]++
		}
		for k, gain := range [3]float64{2, 1, 1.5} {
			want := gain * gain * (c.Shot*signal[k]/gain + c.Read*c.Read)
			if got := squares[k] / count[k]; math.Abs(got/want-1) > 0.1 {
				t.Errorf("phase %d, colour %d: the variance is %.3g, want %.3g", phase, k, got, want)
			}
		}
		if share := count[1] / float64(len(noise)); share != 0.5 {
			t.Errorf("phase %d: %g of the sites are green", phase, share)
		}
	}
}

// TestSites: the four phases put red in the four places of a 2x2 cell, and blue
// opposite.
func TestSites(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for phase := range 4 {
		c := Camera{Phase: phase}
		for place := range 4 {
			if x, y := place&1, place>>1; c.site(x, y) == 0 {
				seen[place] = true
				if c.site(x+1, y+1) != 2 || c.site(x+1, y) != 1 || c.site(x, y+1) != 1 {
					t.Errorf("phase %d: red at %d,%d has the wrong neighbours", phase, x, y)
				}
			}
		}
	}
	if len(seen) != 4 {
		t.Errorf("red gets to the places %v only", seen)
	}
}

// TestDemosaic: both ways give a picture of one colour and a slope back as they
// were, whatever the phase.
func TestDemosaic(t *testing.T) {
	t.Parallel()
	const w, h = 9, 7
	for name, value := range map[string]func(k, x, y int) float32{
		"one value": func(_, _, _ int) float32 { return 0.7 },
		"slope":     func(_, x, y int) float32 { return 0.01*float32(x) + 0.02*float32(y) },
	} {
		for phase := range 8 {
			c := Camera{Phase: phase & 3, Malvar: phase > 3}
			mosaic := make([]float32, (w+2*border)*(h+2*border))
			for i := range mosaic {
				x, y := i%(w+2*border), i/(w+2*border)
				mosaic[i] = value(c.site(x, y), x, y)
			}
			for k, plane := range c.demosaic(w, h, mosaic) {
				for i, got := range plane {
					if want := value(k, i%w+border, i/w+border); math.Abs(float64(got-want)) > 1e-6 {
						t.Fatalf("%s, %+v, colour %d: %g at %d,%d, want %g", name, c, k, got, i%w, i/w, want)
					}
				}
			}
		}
	}
	// Bilinear keeps colours apart: red sites give red alone.
	c := Camera{}
	mosaic := make([]float32, (w+2*border)*(h+2*border))
	for i := range mosaic {
		if c.site(i%(w+2*border), i/(w+2*border)) == 0 {
			mosaic[i] = 1
		}
	}
	for k, plane := range c.demosaic(w, h, mosaic) {
		for _, got := range plane {
			if want := [3]float32{1, 0, 0}[k]; got != want {
				t.Fatalf("red sites give %g in colour %d", got, k)
			}
		}
	}
}

// TestCameraNoise: what comes out depends on the signal as photon noise does, and
// is correlated between neighbours as demosaicing makes it.
func TestCameraNoise(t *testing.T) {
	t.Parallel()
	const w = 150
	c := plainCamera
	c.Shot = 1e-4
	variance := func(linear float64) float64 {
		curve := newCurve(0)
		v := curve.encode(float32(linear))
		clean, noisy := flat(w, w, v, v, v), flat(w, w, v, v, v)
		c.Apply(newRand(3), noisy)
		for _, malvar := range []bool{false, true} {
			d := c
			d.Malvar = malvar
			p := clean.Clone()
			d.Apply(newRand(4), p)
			if got := correlation(w, p.Planes[0], clean.Planes[0], p.Planes[0], clean.Planes[0], 1, 0); got < 0.2 {
				t.Errorf("malvar %v: neighbours in red are correlated by %.2f", malvar, got)
			}
		}
		_, deviation := moments(noisy.Planes[1], clean.Planes[1])
		// Back to linear light: divided by the slope of the curve.
		slope := float64(curve.encode(float32(linear*1.02))-curve.encode(float32(linear*0.98))) / (0.04 * linear)
		return deviation * deviation / (slope * slope)
	}
	dark, light := variance(0.1), variance(0.5)
	if got := light / dark; math.Abs(got-5) > 0.5 {
		t.Errorf("five times the light has %.2f times the variance", got)
	}
	// More read noise adds in the dark above all.
	c.Read = 0.005
	if more := variance(0.1) / dark; more < 1.8 {
		t.Errorf("read noise multiplies the variance in the dark by %.2f", more)
	}
}

// TestCameraGrey: a grey picture stays grey and gets less noise than a colour,
// being a mean of three.
func TestCameraGrey(t *testing.T) {
	t.Parallel()
	grey, colour := flat(80, 80, 0.4), flat(80, 80, 0.4, 0.4, 0.4)
	c := DrawCamera(newRand(5), 5e-3, 5e-3)
	c.Apply(newRand(1), grey)
	c.Apply(newRand(1), colour)
	a, b := 255*Level(grey, flat(80, 80, 0.4)), 255*Level(colour, flat(80, 80, 0.4, 0.4, 0.4))
	if !(a > 1 && a < b) {
		t.Errorf("noise of %.2f in grey, %.2f in colour", a, b)
	}
}

func TestCurve(t *testing.T) {
	t.Parallel()
	for _, tone := range []float64{0, 0.5, 1} {
		c := newCurve(tone)
		last := float32(-1)
		for i := -50; i <= 1100; i++ {
			v := float64(i) / 1000
			got := c.encode(float32(v))
			if got < last {
				t.Fatalf("tone %g: the curve falls at %g", tone, v)
			}
			last = got
			if v < 0 || v > 1 {
				continue
			}
			want := 12.92 * v
			if v > 0.0031308 {
				want = 1.055*math.Pow(v, 1/2.4) - 0.055
			}
			want += tone * (3*want*want - 2*want*want*want - want)
			if math.Abs(float64(got)-want) > 1e-4 {
				t.Errorf("tone %g: %g is encoded as %g, want %g", tone, v, got, want)
			}
			// There and back on the encoded scale: the tone curve is level in
			// white, so nothing tells apart the light there.
			if back := c.encode(c.decode(float32(v))); math.Abs(float64(back)-v) > 1e-3 {
				t.Errorf("tone %g: %g comes back as %g", tone, v, back)
			}
		}
	}
}

func TestInvert(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		m := DrawCamera(newRand(seed), 1, 1).Matrix
		inverse := invert(m)
		for i := range 3 {
			if sum := m[i][0] + m[i][1] + m[i][2]; math.Abs(sum-1) > 1e-9 {
				t.Errorf("a row sums to %g: grey would not stay grey", sum)
			}
			for j := range 3 {
				var got, want float64
				for k := range 3 {
					got += m[i][k] * inverse[k][j]
				}
				if i == j {
					want = 1
				}
				if math.Abs(got-want) > 1e-9 {
					t.Errorf("the product with the inverse has %g at %d,%d", got, i, j)
				}
			}
		}
	}
}
