package degrade

import "math/rand/v2"

// Stains are large regions of another colour or brightness with a soft edge, which
// is darker where a liquid dried: water, tea, mould, glue.
type Stains struct {
	Count    int
	Radius   float64 // mean, in samples
	Rough    float64 // relative depth of the indentations
	Soft     float64 // width of the edge, in samples
	Tone     Tone    // towards which the picture goes
	Strength float64 // how far, 0 to 1
	Uneven   float64 // relative standard deviation of the strength
	Rim      float64 // how much stronger it is along the edge
}

// DrawStains draws one or two stains of 10 to 80 samples in radius. Half of them
// are brown or yellow, a quarter bleached, a quarter dark. They take 0.25 to 0.7
// of the picture away.
func DrawStains(rng *rand.Rand) Stains {
	s := Stains{
		Count: 1 + rng.IntN(2), Radius: logBetween(rng, 10, 80), Rough: between(rng, 0.1, 0.35), Soft: logBetween(rng, 1.5, 8),
		Strength: between(rng, 0.25, 0.7), Uneven: between(rng, 0, 0.3), Rim: between(rng, 0, 0.6),
	}
	switch rng.IntN(4) {
	case 0:
		s.Tone = drawTone(rng, 0)
	case 1:
		s.Tone = drawTone(rng, 1)
	default:
		v := between(rng, 0.25, 0.8)
		s.Tone = Tone{v, v * between(rng, 0.6, 0.9), v * between(rng, 0.25, 0.6)}
	}
	return s
}

// Apply implements Degradation.
func (s Stains) Apply(rng *rand.Rand, p Patch) { s.Cover(rng, p) }

// Cover implements Cover.
func (s Stains) Cover(rng *rand.Rand, p Patch) []float32 {
	cover := make([]float32, p.W*p.H)
	uneven := field(rng, p.W, p.H, max(2, s.Radius/3))
	ragged := field(rng, p.W, p.H, max(1.5, s.Radius/8))
	colours := s.Tone.in(p)
	for range s.Count {
		shape := drawShape(rng, float64(p.W)*rng.Float64(), float64(p.H)*rng.Float64(), s.Radius*between(rng, 0.6, 1.3), s.Rough)
		shape.each(p.W, p.H, s.Soft, func(i int, inside float64) {
			inside += s.Radius * 0.08 * float64(ragged[i])
			c := float32(min(1, max(0, 0.5+inside/s.Soft)))
			// Within the stain the edge fades out over some of its widths.
			rim := s.Rim * max(0, 1-max(0, inside)/(2.5*s.Soft))
			a := c * min(1, float32(s.Strength*max(0.4, 1+s.Uneven*float64(uneven[i]))*(1+rim)))
			for k, plane := range p.Planes {
				plane[i] += (colours[k] - plane[i]) * a
			}
			cover[i] = max(cover[i], c)
		})
	}
	return cover
}
