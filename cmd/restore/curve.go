package main

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// curve is one line of a picture of a training: a quantity by step.
type curve struct {
	name   string
	points plotter.XYs
}

// panel is one diagram; its curves share the axis named label.
type panel struct {
	label    string
	logScale bool
	curves   []curve
}

// curveColours differ in lightness too, so that they survive a grey print.
var curveColours = []color.Color{
	color.RGBA{R: 0x6f, G: 0x9a, B: 0xd8, A: 0xff},
	color.RGBA{R: 0x9e, G: 0x3d, B: 0x0a, A: 0xff},
	color.RGBA{R: 0x2a, G: 0x8c, B: 0x5a, A: 0xff},
}

const curveWidth, curveHeight = 8 * vg.Inch, 4.5 * vg.Inch

// legendShare is the height of a legend of two lines as a share of the curves'.
const legendShare = 0.14

// drawCurves writes a diagram of a training as PNG. Points that are not finite,
// and on a logarithmic axis not positive, are left out.
func drawCurves(w io.Writer, title string, d panel) error {
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = vg.Points(8)
	p.X.Label.Text = "step"
	p.Y.Label.Text = d.label
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(stepTicks), plot.TickerFunc(evenTicks)
	p.Legend.Top = true
	p.Legend.XOffs = -vg.Points(6)
	p.Legend.Padding = vg.Points(3)
	p.Add(plotter.NewGrid())
	if d.logScale {
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = plot.TickerFunc(logTicks)
	}
	drawn := 0
	for i, c := range d.curves {
		points := drawable(c.points, d.logScale)
		if len(points) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return fmt.Errorf("drawing the curve %s: %w", c.name, err)
		}
		line.Color = curveColours[i%len(curveColours)]
		line.Width = vg.Points(1.5)
		if i < len(d.curves)-1 { // the last curve is the one to read
			line.Width = vg.Points(1)
		}
		p.Add(line)
		if len(points) < 50 { // a crowd of dots would hide the line
			dots.Color, dots.Shape, dots.Radius = line.Color, draw.CircleGlyph{}, vg.Points(2.5)
			p.Add(dots)
		}
		if len(d.curves) > 1 {
			p.Legend.Add(c.name, line)
		}
		drawn++
	}
	if drawn == 0 {
		return fmt.Errorf("nothing to draw: no finite value of %s yet", d.label)
	}
	if p.X.Min == p.X.Max { // a single point: all steps so far
		p.X.Min, p.X.Max = 0, max(p.X.Max, 1)
	}
	if p.Y.Min == p.Y.Max { // a flat curve: a range round it, positive where it was
		p.Y.Min, p.Y.Max = p.Y.Min-math.Abs(p.Y.Min)/2, p.Y.Max+max(math.Abs(p.Y.Max)/2, 1e-9)
	}
	if len(d.curves) > 1 { // the legend stands above the curves
		if d.logScale {
			p.Y.Max *= math.Pow(p.Y.Max/p.Y.Min, legendShare)
		} else {
			p.Y.Max += legendShare * (p.Y.Max - p.Y.Min)
		}
	}
	png, err := p.WriterTo(curveWidth, curveHeight, "png")
	if err != nil {
		return fmt.Errorf("drawing %s: %w", title, err)
	}
	_, err = png.WriteTo(w)
	return err
}

// logTicks puts ticks at 1 to 9 times the powers of ten and labels at 1, 2 and
// 5: a loss often stays within one decade, where plot.LogTicks labels too few.
// Where even these are fewer than three, the ticks are those of an even axis.
func logTicks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	labels := 0
	for decade := math.Pow(10, math.Floor(math.Log10(lo))); decade <= hi; decade *= 10 {
		for k := 1.0; k < 10; k++ {
			t := plot.Tick{Value: k * decade}
			if k == 1 || k == 2 || k == 5 {
				t.Label = fmt.Sprintf("%.3g", t.Value)
				if lo <= t.Value && t.Value <= hi {
					labels++
				}
			}
			ticks = append(ticks, t)
		}
	}
	if labels < 3 {
		return evenTicks(lo, hi)
	}
	return ticks
}

// evenTicks puts four to nine labels at multiples of 1, 2 or 5 times a power of
// ten, written in full, and four small ticks between any two.
func evenTicks(lo, hi float64) []plot.Tick {
	if !(hi > lo) || math.IsInf(hi-lo, 0) {
		return plot.DefaultTicks{}.Ticks(lo, hi)
	}
	digits := math.Floor(math.Log10((hi - lo) / 4))
	unit := math.Pow(10, digits)
	step := unit
	for _, k := range []float64{2, 5} {
		if k*unit <= (hi-lo)/4 {
			step = k * unit
		}
	}
	var ticks []plot.Tick
	const small = 5
	for i := math.Ceil(lo / step * small); i*step/small <= hi; i++ {
		t := plot.Tick{Value: i * step / small}
		if math.Mod(i, small) == 0 {
			t.Label = strconv.FormatFloat(t.Value, 'f', max(0, int(-digits)), 64)
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// stepTicks are even ticks at whole numbers: there is no half step.
func stepTicks(lo, hi float64) []plot.Tick {
	ticks := evenTicks(lo, hi)
	var whole []plot.Tick
	for _, t := range ticks {
		if v := math.Round(t.Value); math.Abs(t.Value-v) < 1e-6 {
			if t.Label != "" {
				t.Label = strconv.FormatFloat(v, 'f', 0, 64)
			}
			whole = append(whole, t)
		}
	}
	return whole
}

// smallest bounds a logarithmic axis below: the powers of ten must not run out.
const smallest = 1e-30

func drawable(points plotter.XYs, logScale bool) plotter.XYs {
	var out plotter.XYs
	for _, p := range points {
		if math.IsNaN(p.Y) || math.IsInf(p.Y, 0) || logScale && p.Y < smallest {
			continue
		}
		out = append(out, p)
	}
	return out
}

// smooth averages each point with those before it, with weights that fall by
// the factor keep from one to the next: the loss of single batches is too
// noisy to read.
func smooth(points plotter.XYs, keep float64) plotter.XYs {
	out := make(plotter.XYs, 0, len(points))
	var sum, weight float64
	for _, p := range points {
		if math.IsNaN(p.Y) || math.IsInf(p.Y, 0) {
			continue
		}
		sum, weight = sum*keep+p.Y, weight*keep+1
		out = append(out, plotter.XY{X: p.X, Y: sum / weight})
	}
	return out
}
