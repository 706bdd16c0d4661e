package degrade

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Dust is small specks: dust on the film or the glass, grit, mould.
type Dust struct {
	Density float64 // specks on 10,000 samples of where they lie
	Size    float64 // mean radius in samples
	Cluster float64 // radius in samples of the one place that they lie around; 0: everywhere
	Tone    Tone
	Opacity float64
}

// DrawDust draws 1 to 30 specks on 100x100 samples, of 0.6 to 2.5 samples in
// radius, in half of the cases around one place. A quarter are dark.
func DrawDust(rng *rand.Rand) Dust {
	d := Dust{Density: logBetween(rng, 1, 30), Size: logBetween(rng, 0.6, 2.5), Tone: drawTone(rng, 0.25), Opacity: between(rng, 0.6, 1)}
	if rng.IntN(2) == 0 {
		d.Cluster = logBetween(rng, 15, 60)
		d.Density *= 3
	}
	return d
}

// Apply implements Degradation.
func (d Dust) Apply(rng *rand.Rand, p Patch) { d.Cover(rng, p) }

// Cover implements Cover.
func (d Dust) Cover(rng *rand.Rand, p Patch) []float32 {
	cover := make([]float32, p.W*p.H)
	area := float64(p.W * p.H)
	cx, cy := float64(p.W)*rng.Float64(), float64(p.H)*rng.Float64()
	if d.Cluster > 0 {
		area = math.Pi * d.Cluster * d.Cluster
	}
	count := int(d.Density*area/1e4 + rng.Float64())
	for range count {
		x, y := float64(p.W)*rng.Float64(), float64(p.H)*rng.Float64()
		if d.Cluster > 0 {
			x, y = cx+d.Cluster*rng.NormFloat64(), cy+d.Cluster*rng.NormFloat64()
		}
		// A speck is some short strokes, each where the one before it ended.
		radius := d.Size * math.Exp(0.5*rng.NormFloat64())
		strength := float32(between(rng, 0.6, 1))
		for range 1 + rng.IntN(3) {
			angle, far := between(rng, 0, 2*math.Pi), radius*rng.Float64()
			nx, ny := x+far*math.Cos(angle), y+far*math.Sin(angle)
			stroke(cover, p.W, p.H, x, y, nx, ny, 2*radius*between(rng, 0.4, 1), strength)
			x, y = nx, ny
		}
	}
	lay(p, cover, d.Tone, d.Opacity)
	return seen(cover, d.Opacity)
}

// Blots are places of some size where nothing of the picture is left: the emulsion
// is gone, or something sticks on it.
type Blots struct {
	Count   int
	Radius  float64 // mean, in samples
	Rough   float64 // relative depth of the indentations, 0 (round) to 0.5
	Tone    Tone
	Uneven  float64 // standard deviation of the tone within a blot, 1.0 is from black to white
	Opacity float64
}

// DrawBlots draws 1 to 3 blots of 3 to 25 samples in radius; a quarter are dark.
func DrawBlots(rng *rand.Rand) Blots {
	return Blots{
		Count: 1 + rng.IntN(3), Radius: logBetween(rng, 3, 25), Rough: between(rng, 0.05, 0.35),
		Tone: drawTone(rng, 0.25), Uneven: between(rng, 0, 0.05), Opacity: between(rng, 0.85, 1),
	}
}

// Apply implements Degradation.
func (b Blots) Apply(rng *rand.Rand, p Patch) { b.Cover(rng, p) }

// Cover implements Cover.
func (b Blots) Cover(rng *rand.Rand, p Patch) []float32 {
	cover := make([]float32, p.W*p.H)
	ragged := field(rng, p.W, p.H, max(1.2, b.Radius/6))
	for range b.Count {
		s := drawShape(rng, float64(p.W)*rng.Float64(), float64(p.H)*rng.Float64(), b.Radius*between(rng, 0.6, 1.5), b.Rough)
		s.each(p.W, p.H, b.Radius*0.2, func(i int, inside float64) {
			inside += b.Radius * 0.4 * b.Rough * float64(ragged[i])
			cover[i] = max(cover[i], float32(min(1, inside+0.5)))
		})
	}
	if b.Uneven > 0 {
		texture := field(rng, p.W, p.H, 3)
		for i, c := range cover {
			if c == 0 {
				continue
			}
			t := b.Tone
			for k := range t {
				t[k] += b.Uneven * float64(texture[i])
			}
			colours := t.in(p)
			for k, plane := range p.Planes {
				plane[i] += (colours[k] - plane[i]) * c * float32(b.Opacity)
			}
		}
		return seen(cover, b.Opacity)
	}
	lay(p, cover, b.Tone, b.Opacity)
	return seen(cover, b.Opacity)
}

// shape is a region round a place, whose radius depends on the angle.
type shape struct {
	x, y, radius float64
	stretch      float64 // of one axis against the other
	turn         float64
	edge         [shapeAngles]float64 // relative radius by angle
}

const shapeAngles = 256

// drawShape draws a shape of that mean radius: a sum of waves round the place,
// weaker the shorter they are. rough is the root of their summed squares.
func drawShape(rng *rand.Rand, x, y, radius, rough float64) *shape {
	s := &shape{x: x, y: y, radius: radius, stretch: logBetween(rng, 0.6, 1.7), turn: between(rng, 0, math.Pi)}
	sum := 0.
	for k := range 16 {
		depth, phase := rng.NormFloat64()/float64(k+1), between(rng, 0, 2*math.Pi)
		sum += depth * depth / 2
		for i := range s.edge {
			s.edge[i] += depth * math.Cos(float64(k+1)*2*math.Pi*float64(i)/shapeAngles+phase)
		}
	}
	for i, e := range s.edge {
		s.edge[i] = max(0.1, 1+e*rough/math.Sqrt(sum))
	}
	return s
}

// each tells f of the samples that lie in the shape, or up to margin samples
// outside, and about how many samples they lie inside (below 0: outside).
func (s *shape) each(w, h int, margin float64, f func(i int, inside float64)) {
	sin, cos := math.Sincos(s.turn)
	most := s.radius*slices.Max(s.edge[:]) + margin
	reach := most * max(s.stretch, 1/s.stretch)
	for y := max(0, int(s.y-reach)); y <= min(h-1, int(s.y+reach)+1); y++ {
		for x := max(0, int(s.x-reach)); x <= min(w-1, int(s.x+reach)+1); x++ {
			dx, dy := float64(x)-s.x, float64(y)-s.y
			u, v := (dx*cos+dy*sin)*s.stretch, (dy*cos-dx*sin)/s.stretch
			r := u*u + v*v
			if r > most*most {
				continue
			}
			angle := int((math.Atan2(v, u)/(2*math.Pi)+1)*shapeAngles) % shapeAngles
			if inside := s.radius*s.edge[angle] - math.Sqrt(r); inside > -margin {
				f(y*w+x, inside)
			}
		}
	}
}
