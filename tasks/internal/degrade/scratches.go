package degrade

import (
	"math"
	"math/rand/v2"
)

// Scratches are thin, nearly straight lines, side by side: along the run of a film
// through its gate, or where a print was drawn over something.
type Scratches struct {
	Count   int     // lines
	Angle   float64 // of their common direction, in radians from the horizontal
	Spread  float64 // standard deviation of each about it
	Length  float64 // mean, in samples
	Width   float64 // mean, in samples; it wavers along a line
	Bend    float64 // curvature: change of direction in radians over 100 samples, a standard deviation
	Gaps    float64 // share of each line that is missing, 0 to below 1
	Tone    Tone
	Opacity float64 // 0 to 1
}

// DrawScratches draws 1 to 6 lines of 1 to 3 samples in width and 40 to 400 in
// length. In half of the cases they follow the run of a film, upright or lying,
// to within 0.02 radians; in the others any direction. A quarter are dark.
func DrawScratches(rng *rand.Rand) Scratches {
	s := Scratches{
		Count: 1 + rng.IntN(3) + rng.IntN(4), Length: logBetween(rng, 40, 400), Width: logBetween(rng, 0.9, 3),
		Tone: drawTone(rng, 0.25), Opacity: between(rng, 0.45, 1),
	}
	if rng.IntN(2) == 0 {
		s.Angle = math.Pi/2*float64(rng.IntN(2)) + between(rng, -0.02, 0.02)
		s.Spread, s.Bend = 0.003, 0.005
	} else {
		s.Angle, s.Spread, s.Bend = between(rng, 0, math.Pi), between(rng, 0, 0.3), between(rng, 0, 0.1)
	}
	if rng.IntN(2) == 0 {
		s.Gaps = between(rng, 0.1, 0.7)
	}
	return s
}

// Apply implements Degradation.
func (s Scratches) Apply(rng *rand.Rand, p Patch) { s.Cover(rng, p) }

// Cover implements Cover.
func (s Scratches) Cover(rng *rand.Rand, p Patch) []float32 {
	cover := make([]float32, p.W*p.H)
	for range s.Count {
		length := s.Length * between(rng, 0.5, 1.5)
		angle := s.Angle + s.Spread*rng.NormFloat64()
		// The middle of the line, or some other place of it, is in the patch.
		x, y := float64(p.W)*rng.Float64(), float64(p.H)*rng.Float64()
		before := length * rng.Float64()
		l := line{
			x: x - before*math.Cos(angle), y: y - before*math.Sin(angle), angle: angle, length: length,
			width: s.Width, waver: 0.25, gaps: s.Gaps, strength: float32(between(rng, 0.7, 1)),
		}
		turn := s.Bend / 100 * rng.NormFloat64()
		l.draw(rng, cover, p.W, p.H, func(float64) float64 { return turn })
	}
	lay(p, cover, s.Tone, s.Opacity)
	return seen(cover, s.Opacity)
}

// seen returns a cover as it shows through its opacity.
func seen(cover []float32, opacity float64) []float32 {
	for i, c := range cover {
		if c > 0 {
			cover[i] = c * float32(opacity)
		}
	}
	return cover
}

// line is one line as it is drawn: in short pieces whose direction turns.
type line struct {
	x, y, angle, length float64
	width               float64
	waver               float64 // relative standard deviation of the width
	gaps                float64 // share that is missing
	strength            float32
}

// piece is the length of the pieces of a line, in samples.
const piece = 3.

// draw draws a line whose direction changes by turn radians a sample. turn is
// told how far it has come.
func (l line) draw(rng *rand.Rand, cover []float32, w, h int, turn func(at float64) float64) {
	const run = 25. // mean length of what is there between two gaps, in samples
	there, left := true, math.Inf(1)
	if l.gaps > 0 {
		left = exponential(rng, run)
	}
	wide := 0. // an autoregressive process of standard deviation 1
	x, y, angle := l.x, l.y, l.angle
	for at := 0.; at < l.length; at += piece {
		step := min(piece, l.length-at)
		nx, ny := x+step*math.Cos(angle), y+step*math.Sin(angle)
		wide = 0.9*wide + math.Sqrt(1-0.81)*rng.NormFloat64()
		if there {
			stroke(cover, w, h, x, y, nx, ny, max(0.5, l.width*(1+l.waver*wide)), l.strength)
		}
		if left -= step; left <= 0 {
			there = !there
			left = exponential(rng, run)
			if !there {
				left = exponential(rng, run*l.gaps/(1-l.gaps))
			}
		}
		angle += step * turn(at)
		x, y = nx, ny
	}
}

// Creases are lines along which a print was folded: the paper shows in a cracked,
// ragged line, and the surface beside it catches light on one side and is darker
// on the other. The shading is no part of what is covered.
type Creases struct {
	Count   int
	Angle   float64 // of the first, in radians; the others lie at any angle
	Width   float64 // of the crack, in samples
	Gaps    float64 // share of the crack that is whole
	Shade   float64 // greatest change beside the crack, 1.0 is from black to white
	Reach   float64 // of the shading, in samples
	Tone    Tone
	Opacity float64
}

// DrawCreases draws one or two folds, level or upright in half of the cases, of
// 1 to 4 samples in width.
func DrawCreases(rng *rand.Rand) Creases {
	c := Creases{
		Count: 1 + rng.IntN(2), Angle: between(rng, 0, math.Pi), Width: logBetween(rng, 1, 4), Gaps: between(rng, 0, 0.6),
		Shade: between(rng, 0, 0.15), Reach: logBetween(rng, 3, 15), Tone: drawTone(rng, 0.1), Opacity: between(rng, 0.6, 1),
	}
	if rng.IntN(2) == 0 {
		c.Angle = math.Pi/2*float64(rng.IntN(2)) + between(rng, -0.05, 0.05)
	}
	return c
}

// Apply implements Degradation.
func (c Creases) Apply(rng *rand.Rand, p Patch) { c.Cover(rng, p) }

// Cover implements Cover.
func (c Creases) Cover(rng *rand.Rand, p Patch) []float32 {
	cover := make([]float32, p.W*p.H)
	far := math.Hypot(float64(p.W), float64(p.H))
	angle := c.Angle
	for range c.Count {
		cx, cy := float64(p.W)*rng.Float64(), float64(p.H)*rng.Float64()
		sin, cos := math.Sincos(angle)
		for y := range p.H {
			for x := range p.W {
				off := ((float64(y)-cy)*cos - (float64(x)-cx)*sin) / c.Reach
				if off*off > 16 {
					continue
				}
				shade := float32(c.Shade * 1.65 * off * math.Exp(-off*off/2))
				for _, plane := range p.Planes {
					plane[y*p.W+x] += shade
				}
			}
		}
		l := line{x: cx - far*cos, y: cy - far*sin, angle: angle, length: 2 * far, width: c.Width, waver: 0.5, gaps: c.Gaps, strength: 1}
		sway := 0.
		l.draw(rng, cover, p.W, p.H, func(float64) float64 {
			// It jitters about its straight line and comes back to it.
			turn := 0.02*rng.NormFloat64() - 0.15*sway
			sway += turn * piece
			return turn
		})
		angle = between(rng, 0, math.Pi)
	}
	lay(p, cover, c.Tone, c.Opacity)
	return seen(cover, c.Opacity)
}

// Hairs are curved lines: hairs and threads that lay on the film or the glass.
type Hairs struct {
	Count   int
	Length  float64 // mean, in samples
	Width   float64 // in samples
	Curl    float64 // standard deviation of the curvature, in radians over 100 samples
	Tone    Tone
	Opacity float64
}

// DrawHairs draws 1 to 3 hairs of 30 to 300 samples in length and 1 to 2.5 in
// width; half of them are dark.
func DrawHairs(rng *rand.Rand) Hairs {
	return Hairs{
		Count: 1 + rng.IntN(3), Length: logBetween(rng, 30, 300), Width: logBetween(rng, 1, 2.5), Curl: logBetween(rng, 0.7, 5),
		Tone: drawTone(rng, 0.5), Opacity: between(rng, 0.5, 1),
	}
}

// Apply implements Degradation.
func (c Hairs) Apply(rng *rand.Rand, p Patch) { c.Cover(rng, p) }

// Cover implements Cover.
func (c Hairs) Cover(rng *rand.Rand, p Patch) []float32 {
	cover := make([]float32, p.W*p.H)
	for range c.Count {
		length := c.Length * between(rng, 0.5, 1.5)
		l := line{x: float64(p.W) * rng.Float64(), y: float64(p.H) * rng.Float64(), angle: between(rng, 0, 2*math.Pi),
			length: length, width: c.Width, waver: 0.1, strength: 1}
		bend := rng.NormFloat64()
		l.draw(rng, cover, p.W, p.H, func(float64) float64 {
			bend = 0.93*bend + math.Sqrt(1-0.93*0.93)*rng.NormFloat64()
			return c.Curl / 100 * bend
		})
	}
	lay(p, cover, c.Tone, c.Opacity)
	return seen(cover, c.Opacity)
}
