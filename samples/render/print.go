package main

import (
	"math"
	"math/rand/v2"
)

// oldPrint is an old photograph on paper: what its dyes have become, which belongs
// to the picture, and what has happened to it since, which does not.
type oldPrint struct {
	sepia     bool
	black     float64 // the darkest tone that is left, as an sRGB value
	grain     float64 // standard deviation in mid-grey, of 255
	scratches int
	specks    int
	hairs     int
	crease    [4]float64 // from (x, y) to (x, y), in shares of the picture
	stain     [3]float64 // middle and radius, in shares of the width
	seed      uint64
}

// prints are the scenes that there are as old prints too, by file.
var prints = map[string]oldPrint{
	"lake.jpg": {sepia: true, black: 0.10, grain: 9, scratches: 7, specks: 150, hairs: 4,
		crease: [4]float64{0.60, 0, 1, 0.47}, stain: [3]float64{0.20, 0.13, 0.07}, seed: 11},
	"still-life.jpg": {black: 0.07, grain: 7, scratches: 5, specks: 120, hairs: 5,
		crease: [4]float64{0, 0.62, 0.36, 1}, stain: [3]float64{0.87, 0.12, 0.055}, seed: 12},
}

// develop returns the print as it was when it was whole.
func (t oldPrint) develop(p *picture) *picture {
	out := newPicture(p.w, p.h)
	for i, c := range p.pix {
		c = vec{toSRGB(clamp(c.X, 0, 1)), toSRGB(clamp(c.Y, 0, 1)), toSRGB(clamp(c.Z, 0, 1))}
		if t.sepia {
			v := math.Pow(toSRGB(clamp(luminance(p.pix[i]), 0, 1)), 0.8)
			c = vec{math.Pow(v, 0.82), v, math.Pow(v, 1.22)}
		}
		c = c.times(0.95 - t.black).add(vec{t.black, t.black, t.black}).mul(vec{1, 0.98, 0.92})
		out.pix[i] = vec{toLinear(c.X), toLinear(c.Y), toLinear(c.Z)}
	}
	return out
}

// wear returns a scan of the print as it is now.
func (t oldPrint) wear(whole *picture) *picture {
	p := newPicture(whole.w, whole.h)
	copy(p.pix, whole.pix)
	rng := rand.New(rand.NewPCG(t.seed, 0x01d))
	w, h := float64(p.w), float64(p.h)
	unit := w / 720

	t.spill(p, t.stain[0]*w, t.stain[1]*w, t.stain[2]*w)
	t.fold(p, rng, t.crease[0]*w, t.crease[1]*h, t.crease[2]*w, t.crease[3]*h, unit)
	t.film(p, rng)

	paper, dirt := vec{0.80, 0.78, 0.70}, vec{0.025, 0.02, 0.018}
	for i := range t.scratches { // most of them upright, as a slot leaves them
		x, y := rng.Float64()*w, (rng.Float64()-0.2)*h
		angle, long := math.Pi/2+0.03*rng.NormFloat64(), (0.25+0.6*rng.Float64())*h
		if i%3 == 2 {
			angle, long = 2*math.Pi*rng.Float64(), (0.08+0.15*rng.Float64())*h
		}
		p.trail(rng, x, y, angle, 0.006, long, unit*(0.35+0.55*math.Pow(rng.Float64(), 1.5)), 0.3, paper)
	}
	for i := range t.hairs {
		tone := paper
		if i%2 == 0 {
			tone = dirt
		}
		p.trail(rng, rng.Float64()*w, rng.Float64()*h, 2*math.Pi*rng.Float64(), 0.08, unit*(40+90*rng.Float64()), unit*(0.6+0.3*rng.Float64()), 0, tone)
	}
	for i := range t.specks {
		tone := paper
		if i%5 == 0 {
			tone = dirt
		}
		x, y := rng.Float64()*w, rng.Float64()*h
		r := unit * (0.6 + 2*math.Pow(rng.Float64(), 3))
		angle := 2 * math.Pi * rng.Float64()
		p.stroke(x, y, r, x+2*r*math.Cos(angle)*rng.Float64(), y+2*r*math.Sin(angle)*rng.Float64(), 0.7*r, plain(tone))
	}
	return p
}

// trail draws a line that turns a little at each step of 4 pixels, such as a
// scratch or a hair; a share of it is missing.
func (p *picture) trail(rng *rand.Rand, x, y, angle, turn, long, r, missing float64, tone vec) {
	bend := 0.0
	along := 1000 * rng.Float64()
	for ; long > 0; long -= 4 {
		bend = 0.8*bend + turn*rng.NormFloat64()
		angle += bend
		nx, ny := x+4*math.Cos(angle), y+4*math.Sin(angle)
		along += 0.08
		if gradientNoise(along, 0, 77) > 1.6*missing-0.8 || missing == 0 {
			p.stroke(x, y, r, nx, ny, r, plain(tone))
		}
		x, y = nx, ny
	}
}

// spill draws the stain of something that has dried: a ring that is darker than
// what it holds.
func (t oldPrint) spill(p *picture, cx, cy, radius float64) {
	brown := vec{0.62, 0.42, 0.20}
	rows(p.h, func(y int) {
		for x := range p.w {
			dx, dy := float64(x)+0.5-cx, float64(y)+0.5-cy
			angle := math.Atan2(dy, dx)
			edge := radius * (1 + 0.25*fbm(1.5*math.Cos(angle)+5, 1.5*math.Sin(angle)+5, 4, uint32(t.seed)))
			d := edge - math.Hypot(dx, dy)
			if d < -2 {
				continue
			}
			c := &p.pix[y*p.w+x]
			*c = c.mix(c.mul(brown), step(-2, 1, d)*(0.55+0.45*step(0.16*radius, 0, d)))
		}
	})
}

// fold draws a crease: a ragged line where the paper shows, lighter on one side
// and darker on the other.
func (t oldPrint) fold(p *picture, rng *rand.Rand, x0, y0, x1, y1, unit float64) {
	long := math.Hypot(x1-x0, y1-y0)
	ux, uy := (x1-x0)/long, (y1-y0)/long
	rows(p.h, func(y int) {
		for x := range p.w {
			px, py := float64(x)+0.5-x0, float64(y)+0.5-y0
			d := (px*uy - py*ux) / (4 * unit)
			c := &p.pix[y*p.w+x]
			*c = c.times(1 + 0.35*d*math.Exp(-d*d))
		}
	})
	x, y := x0, y0
	for s := 0.0; s < long; s += 3 {
		nx, ny := x0+ux*s+0.5*unit*rng.NormFloat64(), y0+uy*s+0.5*unit*rng.NormFloat64()
		if gradientNoise(s/(26*unit), 0.5, uint32(t.seed)) > -0.35 {
			p.stroke(x, y, unit*(0.3+0.8*rng.Float64()), nx, ny, 0.6*unit, plain(vec{0.80, 0.78, 0.70}))
		}
		x, y = nx, ny
	}
}

// film adds grain, strongest in the tones between black and white. Clumps of it
// are larger than a pixel.
func (t oldPrint) film(p *picture, rng *rand.Rand) {
	fine := make([]float64, p.w*p.h)
	for i := range fine {
		fine[i] = rng.NormFloat64()
	}
	rows(p.h, func(y int) {
		for x := range p.w {
			sum := 0.0
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					weight := 1 / float64((1+dx*dx)*(1+dy*dy))
					sum += weight * fine[min(max(y+dy, 0), p.h-1)*p.w+min(max(x+dx, 0), p.w-1)]
				}
			}
			sum /= 1.5 // the root of the sum of the squared weights
			c := &p.pix[y*p.w+x]
			add := func(l float64) float64 {
				v := toSRGB(clamp(l, 0, 1))
				return toLinear(clamp(v+sum*t.grain/255*4*v*(1-v), 0, 1))
			}
			*c = vec{add(c.X), add(c.Y), add(c.Z)}
		}
	})
}
