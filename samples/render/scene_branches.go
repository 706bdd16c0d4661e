package main

import (
	"math"
	"math/rand/v2"
)

// branches is a bare tree against an autumn sky, with a few leaves left, and
// the crowns of others far behind it.
func branches(w, h int) *picture {
	p := render(w, h, 2, func(x, y float64) vec {
		u, v := x/float64(w), y/float64(w)
		c := vec{0.13, 0.31, 0.66}.mix(vec{0.62, 0.75, 0.88}, step(0, 0.85, v))
		bend := 0.5 * fbm(2*u, 3*v, 3, 701)
		thick := fbm(2.3*u+bend+3, 4.2*v+bend, 7, 711) + 0.03
		cover := step(-0.05, 0.42, thick)
		shade := clamp(0.5+1.6*(thick-fbm(2.3*(u-0.05)+bend+3, 4.2*(v-0.05)+bend, 6, 711)), 0, 1)
		return c.mix(vec{0.62, 0.66, 0.74}.mix(vec{1.05, 1.0, 0.94}, shade), 0.85*cover)
	})
	b := &brush{p: p, unit: float64(w) / 640}
	b.farWood()
	b.rng = rand.New(rand.NewPCG(11, 110))
	b.grow(0.86*float64(w), 1.06*float64(h), -math.Pi/2-0.30, 21*b.unit, 0)
	b.rng = rand.New(rand.NewPCG(18, 110))
	b.grow(-0.04*float64(w), 0.93*float64(h), -0.62, 10*b.unit, 1)
	return p.develop(1.05, 0.2)
}

// brush draws trees.
type brush struct {
	p    *picture
	rng  *rand.Rand
	unit float64
}

// farWood is what grows at the horizon: thin, pale, close together.
func (b *brush) farWood() {
	b.rng = rand.New(rand.NewPCG(5, 110))
	w, h := float64(b.p.w), float64(b.p.h)
	for i := range 46 {
		x := w * (float64(i) + b.rng.Float64()) / 46
		tall := (60 + 65*b.rng.Float64()) * b.unit * (0.8 + 0.5*math.Abs(2*x/w-0.9))
		haze := 0.35 + 0.3*b.rng.Float64()
		colour := vec{0.085, 0.065, 0.06}.mix(vec{0.45, 0.50, 0.58}, haze)
		b.twig(x, h, -math.Pi/2+0.08*b.rng.NormFloat64(), 0.34*tall, 1.7*b.unit, 6, colour)
	}
}

// twig is a far tree: each piece forks, without bark or leaves.
func (b *brush) twig(x, y, angle, long, r float64, depth int, colour vec) {
	x1, y1 := x+long*math.Cos(angle), y+long*math.Sin(angle)
	b.p.stroke(x, y, r, x1, y1, 0.7*r, plain(colour))
	if depth == 0 {
		return
	}
	for range 2 + b.rng.IntN(2) {
		b.twig(x1, y1, angle+0.42*b.rng.NormFloat64(), long*(0.58+0.25*b.rng.Float64()), 0.66*r, depth-1, colour)
	}
}

// grow draws a limb of the near tree as a chain of short pieces that wander,
// throws off side branches and ends in a fork.
func (b *brush) grow(x, y, angle, r float64, depth int) {
	long := r * (11 + 6*b.rng.Float64())
	if depth == 0 {
		long = 10 * r
	}
	long = max(long, 22*b.unit)
	pieces := max(4, int(long/(3.0*b.unit)))
	wander := 0.0
	seed := uint32(800 + b.rng.IntN(1000))
	end := r * 0.62
	for k := range pieces {
		t0, t1 := float64(k)/float64(pieces), float64(k+1)/float64(pieces)
		wander = 0.6*wander + 0.045*b.rng.NormFloat64()
		angle += wander
		step := long / float64(pieces)
		x1, y1 := x+step*math.Cos(angle), y+step*math.Sin(angle)
		r0, r1 := lerp(r, end, t0), lerp(r, end, t1)
		b.bark(x, y, r0, x1, y1, r1, angle, float64(k)*step, seed)
		x, y = x1, y1
		if r0 < 0.42*b.unit {
			b.maybeLeaf(x, y, angle, 0.006)
			continue
		}
		if depth > 0 || t0 > 0.35 {
			if chance := 0.075; b.rng.Float64() < chance && depth < 7 {
				side := math.Copysign(1, b.rng.Float64()-0.5)
				b.grow(x, y, angle+side*(0.55+0.5*b.rng.Float64()), r0*(0.34+0.26*b.rng.Float64()), depth+1)
			}
		}
	}
	if r < 0.42*b.unit || depth >= 8 {
		b.maybeLeaf(x, y, angle, 0.05)
		return
	}
	spread := 0.30 + 0.25*b.rng.Float64()
	b.grow(x, y, angle+spread, end*(0.78+0.2*b.rng.Float64()), depth+1)
	b.grow(x, y, angle-spread*(0.6+0.6*b.rng.Float64()), end*(0.70+0.25*b.rng.Float64()), depth+1)
}

// bark is one piece of a limb, lit from the upper left.
func (b *brush) bark(x0, y0, r0, x1, y1, r1, angle, at float64, seed uint32) {
	s, c := math.Sincos(angle)
	b.p.stroke(x0, y0, r0, x1, y1, r1, func(across, along float64) vec {
		// The normal on a round limb: across it, and towards us.
		nx, ny, nz := s*across, -c*across, math.Sqrt(max(0, 1-across*across))
		light := max(0, -0.62*nx-0.55*ny+0.45*nz)
		d := at + along*math.Hypot(x1-x0, y1-y0)
		groove := fbm(0.20*d/b.unit, 1.1*math.Asin(across)*r0/b.unit, 4, seed)
		moss := step(0.0, 0.3, fbm(0.03*d/b.unit+4, 2*across, 3, seed+1)) * step(2, 7, r0/b.unit)
		bark := vec{0.20, 0.155, 0.12}.times(clamp(1+1.7*groove, 0.25, 1.9)).mix(vec{0.16, 0.19, 0.075}, 0.6*moss)
		return bark.mul(vec{1.45, 1.30, 1.05}.times(light).add(vec{0.20, 0.23, 0.30}))
	})
}

// maybeLeaf hangs a yellow or brown leaf on a twig, now and then.
func (b *brush) maybeLeaf(x, y, angle, chance float64) {
	if b.rng.Float64() > chance {
		return
	}
	angle += b.rng.NormFloat64()*0.8 + 0.5
	long, wide := (6+5*b.rng.Float64())*b.unit, (1.6+1.6*b.rng.Float64())*b.unit
	colour := hex(0xc98a1e).mix(hex(0x8a3d17), b.rng.Float64()).times(0.7 + 0.7*b.rng.Float64())
	s, c := math.Sincos(angle)
	for k := range 10 {
		t0, t1 := float64(k)/10, float64(k+1)/10
		r := func(t float64) float64 { return wide * math.Sin(math.Pi*math.Pow(t, 0.8)) }
		b.p.stroke(x+c*long*t0, y+s*long*t0, r(t0)+0.2, x+c*long*t1, y+s*long*t1, r(t1)+0.2, func(across, _ float64) vec {
			vein := 1 - 0.35*math.Exp(-square(across/0.15))
			return colour.times(vein * (1 - 0.25*across))
		})
	}
}
