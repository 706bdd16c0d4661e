package degrade

import (
	"math"
	"testing"
)

// TestField: variance 1 at every place of the grid's cells, and structure of the
// size asked for.
func TestField(t *testing.T) {
	t.Parallel()
	const w, h = 64, 48
	last := 0.
	for _, pitch := range []float64{1, 1.7, 4, 9} {
		var sum, squares, neighbour, far float64
		for seed := range uint64(60) {
			f := field(newRand(seed), w, h, pitch)
			for _, v := range f {
				sum += float64(v)
				squares += float64(v) * float64(v)
			}
			neighbour += correlation(w, f, make([]float32, w*h), f, make([]float32, w*h), 1, 0) / 60
			far += correlation(w, f, make([]float32, w*h), f, make([]float32, w*h), 0, int(3*pitch)+1) / 60
		}
		n := 60. * w * h
		if v := squares / n; math.Abs(v-1) > 0.08 || math.Abs(sum/n) > 0.1 {
			t.Errorf("pitch %g: variance %.3f about %.3f", pitch, v, sum/n)
		}
		if neighbour <= last {
			t.Errorf("pitch %g: neighbours are correlated by %.2f, not more than at a finer pitch", pitch, neighbour)
		}
		last = neighbour
		if math.Abs(far) > 0.12 {
			t.Errorf("pitch %g: samples more than three pitches apart are correlated by %.2f", pitch, far)
		}
	}
	for _, s := range splines(200, 3.3, 0.4) {
		if got := s.w[0]*s.w[0] + s.w[1]*s.w[1] + s.w[2]*s.w[2]; math.Abs(float64(got)-1) > 1e-5 {
			t.Fatalf("squared weights sum to %g", got)
		}
	}
}

// TestGrain: strongest in mid-tones, none in black and white, shared by the
// planes as far as Colour says.
func TestGrain(t *testing.T) {
	t.Parallel()
	const w = 150
	for v, want := range map[float32]float64{0: 0, 0.1: 0.6, 0.5: 1, 0.9: 0.6, 1: 0} {
		p := flat(w, w, v)
		Grain{Sigma: 12, Size: 1.5}.Apply(newRand(2), p)
		if _, got := moments(p.Planes[0], flat(w, w, v).Planes[0]); math.Abs(got-12*want) > 0.6 {
			t.Errorf("in %g the grain has %.2f, want %.2f", v, got, 12*want)
		}
	}
	for _, colour := range []float64{0, 0.3, 1} {
		clean, p := flat(w, w, 0.5, 0.5, 0.5), flat(w, w, 0.5, 0.5, 0.5)
		Grain{Sigma: 12, Size: 2, Colour: colour}.Apply(newRand(2), p)
		if got := correlation(w, p.Planes[0], clean.Planes[0], p.Planes[2], clean.Planes[2], 0, 0); math.Abs(got-(1-colour)) > 0.05 {
			t.Errorf("colour %g: planes are correlated by %.3f", colour, got)
		}
		if _, got := moments(p.Planes[1], clean.Planes[1]); math.Abs(got-12) > 0.6 {
			t.Errorf("colour %g: the grain has %.2f, want 12", colour, got)
		}
		if got := correlation(w, p.Planes[0], clean.Planes[0], p.Planes[0], clean.Planes[0], 1, 0); got < 0.6 {
			t.Errorf("colour %g: neighbours are correlated by %.2f at size 2", colour, got)
		}
	}
}

// TestBlotches: both colour differences get the level asked for, luma none, and
// light parts less than dark ones.
func TestBlotches(t *testing.T) {
	t.Parallel()
	const w = 300
	for v, want := range map[float32]float64{0: 6, 0.5: 4.5, 1: 3} {
		clean, p := flat(w, w, v, v, v), flat(w, w, v, v, v)
		Blotches{Sigma: 6, Size: 4, Shadow: 0.5}.Apply(newRand(3), p)
		red, _ := moments(p.Planes[0], clean.Planes[0])
		_, redDeviation := moments(p.Planes[0], clean.Planes[0])
		_, blueDeviation := moments(p.Planes[2], clean.Planes[2])
		for name, got := range map[string]float64{"Cr": redDeviation / redOfCr, "Cb": blueDeviation / blueOfCb} {
			if math.Abs(got-want) > 0.3 {
				t.Errorf("in %g the blotches of %s have %.2f, want %.2f (mean %.2f)", v, name, got, want, red)
			}
		}
		if _, got := moments(p.Luma().Planes[0], clean.Luma().Planes[0]); got > 1e-3 {
			t.Errorf("in %g luma changes by %.4f", v, got)
		}
		if got := correlation(w, p.Planes[0], clean.Planes[0], p.Planes[0], clean.Planes[0], 2, 0); got < 0.6 {
			t.Errorf("samples 2 apart are correlated by %.2f at size 4", got)
		}
	}
	p := flat(9, 9, 0.5)
	Blotches{Sigma: 9, Size: 3}.Apply(newRand(1), p)
	if Level(p, flat(9, 9, 0.5)) != 0 {
		t.Error("a grey patch got blotches of colour")
	}
}

func TestPrints(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		d        Degradation
		in, want [3]float32
	}{
		"fading leaves white":           {Fading{[3]float64{0.5, 0.6, 0.7}}, [3]float32{1, 1, 1}, [3]float32{1, 1, 1}},
		"half the density is the root":  {Fading{[3]float64{0.5, 1, 1}}, [3]float32{0.25, 0.25, 0.25}, [3]float32{0.5, 0.25, 0.25}},
		"below black counts as black":   {Fading{[3]float64{0.5, 0.5, 0.5}}, [3]float32{-1, 0, 0.01}, [3]float32{0, 0, 0.1}},
		"even yellowing of white":       {Yellowing{Strength: 1, Size: 10}, [3]float32{1, 1, 1}, [3]float32{0.98, 0.88, 0.5}},
		"black does not turn yellow":    {Yellowing{Strength: 1, Uneven: 0.4, Size: 10}, [3]float32{0, 0, 0}, [3]float32{0, 0, 0}},
		"low contrast":                  {LowContrast{0.2, 0.8}, [3]float32{0, 0.5, 1}, [3]float32{0.2, 0.5, 0.8}},
		"low contrast goes on outside":  {LowContrast{0.2, 0.7}, [3]float32{-1, 0, 2}, [3]float32{-0.3, 0.2, 1.2}},
		"no strength is no yellowing":   {Yellowing{Size: 10, Uneven: 0.3}, [3]float32{0.2, 0.9, 1}, [3]float32{0.2, 0.9, 1}},
		"full density is no fading":     {Fading{[3]float64{1, 1, 1}}, [3]float32{0.2, 0.9, 1}, [3]float32{0.2, 0.9, 1}},
		"full contrast changes nothing": {LowContrast{0, 1}, [3]float32{0.2, 0.9, 1}, [3]float32{0.2, 0.9, 1}},
	} {
		p := flat(5, 4, c.in[0], c.in[1], c.in[2])
		c.d.Apply(newRand(1), p)
		if got := Level(p, flat(5, 4, c.want[0], c.want[1], c.want[2])); got > 1e-6 {
			t.Errorf("%s: %v becomes %g, %g, %g, want %v", name, c.in, p.Planes[0][0], p.Planes[1][0], p.Planes[2][0], c.want)
		}
	}
	// Stains: uneven where they should be.
	p := flat(200, 200, 1, 1, 1)
	Yellowing{Strength: 0.5, Uneven: 0.3, Size: 20}.Apply(newRand(1), p)
	if mean, deviation := moments(p.Planes[2], flat(200, 200, 1).Planes[0]); math.Abs(mean+63.75) > 8 || math.Abs(deviation-0.3*63.75) > 5 {
		t.Errorf("stains take %.1f of blue, uneven by %.1f", mean, deviation)
	}
}
