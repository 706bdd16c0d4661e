package main

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"
)

func drawn(t *testing.T, d panel) image.Image {
	t.Helper()
	var buf bytes.Buffer
	if err := drawCurves(&buf, "denoise", d); err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(&buf)
	if err != nil {
		t.Fatalf("not a PNG: %v", err)
	}
	return m
}

// has counts the pixels of m that are exactly the colour of curve i.
func has(m image.Image, i int) int {
	r, g, b, _ := curveColours[i].RGBA()
	n := 0
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			if R, G, B, _ := m.At(x, y).RGBA(); R == r && G == g && B == b {
				n++
			}
		}
	}
	return n
}

func TestDrawCurves(t *testing.T) {
	t.Parallel()
	falling := plotter.XYs{{X: 0, Y: 1}, {X: 10, Y: 0.5}, {X: 20, Y: math.NaN()}, {X: 30, Y: 0.1}}
	for name, d := range map[string]panel{
		"linear":         {label: "loss", curves: []curve{{"loss", falling}}},
		"logarithmic":    {label: "loss", logScale: true, curves: []curve{{"loss", falling}}},
		"zero in a log":  {label: "loss", logScale: true, curves: []curve{{"loss", append(plotter.XYs{{X: -1, Y: 0}}, falling...)}}},
		"one point":      {label: "loss", curves: []curve{{"loss", falling[:1]}}},
		"one in a log":   {label: "loss", logScale: true, curves: []curve{{"loss", falling[:1]}}},
		"one point at 0": {label: "loss", curves: []curve{{"loss", plotter.XYs{{}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if n := has(drawn(t, d), 0); n < 20 {
				t.Errorf("%d pixels of the curve's colour, want its line", n)
			}
		})
	}
	t.Run("two curves", func(t *testing.T) {
		t.Parallel()
		m := drawn(t, panel{label: "loss", curves: []curve{{"a", falling}, {"b", plotter.XYs{{X: 0, Y: 2}, {X: 30, Y: 3}}}}})
		if has(m, 0) < 20 || has(m, 1) < 20 {
			t.Errorf("%d and %d pixels of the curves' colours", has(m, 0), has(m, 1))
		}
	})
	t.Run("nothing to draw", func(t *testing.T) {
		t.Parallel()
		d := panel{label: "loss", curves: []curve{{"a", plotter.XYs{{Y: math.NaN()}}}}}
		if err := drawCurves(&bytes.Buffer{}, "denoise", d); err == nil {
			t.Error("no error for a curve without a finite point")
		}
	})
}

func TestSmooth(t *testing.T) {
	t.Parallel()
	got := smooth(plotter.XYs{{X: 0, Y: 4}, {X: 1, Y: math.Inf(1)}, {X: 2, Y: 1}}, 0.5)
	want := plotter.XYs{{X: 0, Y: 4}, {X: 2, Y: 2}} // (4*0.5+1)/(0.5+1)
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestLogTicks: an axis has labels enough to be read, however short it is.
func TestLogTicks(t *testing.T) {
	t.Parallel()
	for _, r := range [][2]float64{{0.0178, 0.027}, {0.2, 0.21}, {0.003, 4}, {1e-5, 1e-4}} {
		labels := 0
		for _, tick := range logTicks(r[0], r[1]) {
			if tick.Label != "" && r[0] <= tick.Value && tick.Value <= r[1] {
				labels++
			}
		}
		if labels < 2 {
			t.Errorf("an axis from %g to %g has %d labels", r[0], r[1], labels)
		}
	}
}

// TestEvenTicks: labels are round, distinct, written in full and neither few nor
// crowded.
func TestEvenTicks(t *testing.T) {
	t.Parallel()
	for _, r := range [][2]float64{{0, 17000}, {27.06, 31.93}, {1, 2}, {0.0178, 0.027}, {-3, 4}, {59000, 60000}, {0, 1e7}, {30.001, 30.009}} {
		seen := map[string]bool{}
		for _, tick := range evenTicks(r[0], r[1]) {
			if slack := 1e-9 * r[1]; tick.Value < r[0]-slack || tick.Value > r[1]+slack {
				t.Errorf("from %g to %g: a tick at %g", r[0], r[1], tick.Value)
			}
			if tick.Label == "" {
				continue
			}
			if v, err := strconv.ParseFloat(tick.Label, 64); err != nil || math.Abs(v-tick.Value) > 1e-9*math.Abs(r[1]) || seen[tick.Label] || strings.Contains(tick.Label, "e") {
				t.Errorf("from %g to %g: the tick at %g is labelled %q", r[0], r[1], tick.Value, tick.Label)
			}
			seen[tick.Label] = true
		}
		if len(seen) < 3 || len(seen) > 10 {
			t.Errorf("from %g to %g: %d labels", r[0], r[1], len(seen))
		}
	}
}

// TestStepTicks: steps are whole numbers, and a training of few of them has ticks
// all the same.
func TestStepTicks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{{0, 1, "0 1"}, {0, 30, "0 5 10 15 20 25 30"}, {29, 31, "29 30 31"}, {0, 400000, "0 100000 200000 300000 400000"}} {
		var labels []string
		for _, tick := range stepTicks(c.lo, c.hi) {
			if tick.Value != math.Trunc(tick.Value) {
				t.Errorf("from %g to %g: a tick at %g", c.lo, c.hi, tick.Value)
			}
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("from %g to %g: the labels are %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
}

// TestOnePoint: the axis of a curve of one point begins at step 0, so the point
// is at its right end.
func TestOnePoint(t *testing.T) {
	t.Parallel()
	m := drawn(t, panel{label: "score", curves: []curve{{"a", plotter.XYs{{X: 30, Y: 31}}}}})
	r, g, b, _ := curveColours[0].RGBA()
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			if R, G, B, _ := m.At(x, y).RGBA(); R == r && G == g && B == b && x < m.Bounds().Dx()*9/10 {
				t.Fatalf("the point is at %d of %d", x, m.Bounds().Dx())
			}
		}
	}
}
