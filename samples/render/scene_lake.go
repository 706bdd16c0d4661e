package main

import (
	"math"
	"math/rand/v2"
)

// lake is a mountain lake at dusk: ridges in the last sun, haze, clouds, the
// water that mirrors them, and reeds at the shore.
func lake(w, h int) *picture {
	l := newLakeside(10 * w / 7)
	view := 0.62 // half the width of the picture at distance 1
	p := render(w, h, 2, func(x, y float64) vec {
		u := (2*x/float64(w) - 1) * view
		v := (0.52 - y/float64(h)) * 2 * view * float64(h) / float64(w)
		return l.look(vec{u, v, 1}.unit())
	})
	l.conifers(p, func(q vec) (float64, float64) {
		q = q.sub(l.eye)
		scale := float64(w) / (2 * view * q.Z)
		return float64(w)/2 + q.X*scale, 0.52*float64(h) - q.Y*scale
	})
	reeds(p)
	return p.develop(1.4, 0.3)
}

type lakeside struct {
	ground *terrain
	eye    vec
	sun    vec
}

// newLakeside lays out the ground on a grid of n by n points.
func newLakeside(n int) *lakeside {
	height := func(x, z float64) float64 {
		// The shore recedes in the middle; the ground rises behind it.
		shore := z - 4.1 + 0.42*x*x*step(0, 2, math.Abs(x)) + 0.9*fbm(x*0.9, z*0.9, 4, 11)
		rise := step(-0.1, 5.5, shore)
		peaks := ridged(0.30*x+3.3, 0.30*z+1.72, 9, 21)
		hills := 0.5 + fbm(1.7*x, 1.7*z, 6, 31)
		return -0.03 + 2.5*rise*math.Pow(peaks, 1.35) + 0.26*step(0, 1.4, shore)*hills + 0.034*step(-0.05, 0.05, shore)
	}
	return &lakeside{
		ground: newTerrain(n, 7, height),
		eye:    vec{0, 0.13, -0.4},
		sun:    vec{-0.78, 0.26, 0.12}.unit(),
	}
}

// look is the colour that comes from a direction.
func (l *lakeside) look(dir vec) vec {
	d, hit := l.ground.hit(l.eye, dir, 0.0022)
	if dir.Y < 0 {
		if water := -l.eye.Y / dir.Y; !hit || water < d {
			return l.water(dir, water)
		}
	}
	if !hit {
		return l.sky(dir)
	}
	return l.land(l.eye, dir, d)
}

func (l *lakeside) sky(dir vec) vec {
	up := clamp(dir.Y, 0, 1)
	toSun := max(0, dir.dot(vec{l.sun.X, 0.05, 1.1}.unit()))
	glow := toSun * toSun * toSun
	c := vec{0.93, 0.55, 0.36}.mix(vec{0.19, 0.30, 0.55}, step(-0.05, 0.33, up)).mix(vec{0.07, 0.13, 0.32}, step(0.2, 0.75, up))
	c = c.add(vec{0.75, 0.38, 0.14}.times(glow * glow * (1 - step(0, 0.3, up))))
	// Two sheets of clouds, lit from below.
	if up > 0.005 {
		u, v := dir.X/(up+0.08), dir.Z/(up+0.08)
		bend := 0.6 * fbm(0.7*u+9, 0.7*v, 3, 41)
		thick := fbm(0.62*u+bend, 1.15*v+bend, 7, 51) + 0.06
		cover := step(0.02, 0.42, thick) * step(0.01, 0.12, up)
		edge := step(0.0, 0.5, thick-0.55*fbm(0.62*(u-0.16)+bend, 1.15*v+bend, 5, 51))
		light := vec{1.25, 0.66, 0.42}.mix(vec{0.34, 0.33, 0.45}, clamp(0.25+edge, 0, 1))
		light = light.mix(vec{0.50, 0.48, 0.60}, step(0.15, 0.6, up)*0.6)
		c = c.mix(light, 0.82*cover)
		wisps := step(0.05, 0.55, fbm(0.35*u+2+0.5*bend, 2.6*v, 6, 61)+0.1)
		c = c.mix(vec{1.0, 0.66, 0.55}, 0.22*wisps*step(0.05, 0.3, up))
	}
	return c
}

// land is the colour of the ground at distance d along a ray, seen through haze.
func (l *lakeside) land(from, dir vec, d float64) vec {
	p := from.add(dir.times(d))
	n := l.ground.normal(p.X, p.Z, max(0.004, 0.0012*d))
	// Detail finer than the grid.
	bump := 0.22
	n = n.add(vec{
		bump * fbm(60*p.X, 60*p.Z+20*p.Y, 4, 71), 0,
		bump * fbm(60*p.X+7, 60*p.Z+20*p.Y, 4, 81)}).unit()
	patch := fbm(5*p.X, 5*p.Z, 5, 91)
	strata := fbm(3*p.X+4*p.Z, 26*p.Y+2*patch, 4, 96)
	c := vec{0.20, 0.17, 0.15}.mix(vec{0.33, 0.28, 0.24}, clamp(0.5+1.2*strata, 0, 1))
	grass := step(0.55, 0.8, n.Y+0.3*patch) * (1 - step(0.35, 0.75, p.Y+0.3*patch))
	c = c.mix(vec{0.13, 0.14, 0.055}, grass)
	trees := (1 - step(0.22, 0.42, p.Y+0.28*patch)) * step(0.35, 0.6, n.Y)
	crowns := 0.5 + 0.9*fbm(34*p.X, 34*p.Z+60*p.Y, 4, 101)
	c = c.mix(vec{0.030, 0.048, 0.026}.times(0.55+0.9*crowns), 0.93*trees)
	snow := step(0.50, 0.68, n.Y-0.10*patch) * step(0.80, 1.05, p.Y+0.28*patch)
	c = c.mix(vec{0.80, 0.82, 0.88}, snow)
	if p.Y < 0.02 { // wet stones at the water's edge
		c = c.times(0.6 + 0.4*step(0, 0.02, p.Y))
	}
	sun := max(0, n.dot(l.sun))
	if sun > 0 {
		sun *= l.ground.lit(p.add(n.times(0.004)), l.sun)
	}
	light := vec{4.0, 2.3, 1.3}.times(sun).add(vec{0.30, 0.40, 0.62}.times(0.55 + 0.45*n.Y))
	c = c.mul(light)
	haze := 1 - math.Exp(-0.030*d*(0.45+2.0*math.Exp(-5.0*max(p.Y, 0))))
	far := vec{0.50, 0.42, 0.47}.mix(vec{0.95, 0.60, 0.42}, 0.7*math.Pow(max(0, dir.dot(vec{-0.58, 0.03, 0.8})), 4))
	return c.mix(far, haze)
}

// water mirrors the far shore with ripples that grow towards the viewer.
func (l *lakeside) water(dir vec, d float64) vec {
	p := l.eye.add(dir.times(d))
	calm := 0.25 + 0.75*step(-0.15, 0.35, fbm(0.8*p.X, 2.2*p.Z, 4, 111))
	near := clamp(1.6/(d+0.3), 0.05, 1.3)
	rip := 0.030 * calm * near
	k := 22.0
	nx := rip * (fbm(k*p.X, 2.3*k*p.Z, 4, 121) + 0.5*gradientNoise(3.3*k*p.X, 6*k*p.Z, 131))
	nz := rip * 1.8 * (fbm(k*p.X+5, 2.3*k*p.Z+9, 4, 141) + 0.5*gradientNoise(3.3*k*p.X+4, 6*k*p.Z, 151))
	n := vec{nx, 1, nz}.unit()
	r := dir.mirror(n)
	r.Y = max(r.Y, 0.004)
	r = r.unit()
	var seen vec
	if e, hit := l.ground.hit(p, r, 0.006); hit {
		seen = l.land(p, r, e)
	} else {
		seen = l.sky(r)
	}
	facing := max(0, -dir.dot(n))
	fresnel := 0.06 + 0.94*math.Pow(1-facing, 4)
	deep := vec{0.012, 0.030, 0.038}
	c := deep.mix(seen.times(0.92), clamp(fresnel*1.15, 0, 1))
	return c.mix(vec{0.55, 0.45, 0.47}, 0.5*(1-math.Exp(-0.05*d)))
}

// reeds stand in the shallow water of the foreground.
func reeds(p *picture) {
	rng := rand.New(rand.NewPCG(7, 70))
	unit := float64(p.w) / 768
	for i := range 420 {
		// Two clumps, in the corners, thinning out towards the middle.
		side := float64(i % 2)
		spread := math.Abs(rng.NormFloat64()) * 0.13
		x := lerp(spread-0.02, 1.02-0.8*spread, side) * float64(p.w)
		y := float64(p.h) * (1.02 + 0.03*rng.Float64())
		tall := (60 + 110*rng.Float64()*math.Exp(-4*spread)) * unit
		lean := (rng.NormFloat64()*0.16 + 0.10) * tall
		bend := rng.NormFloat64() * 0.20 * tall
		r := (0.8 + 0.9*rng.Float64()) * unit
		dark := vec{0.030, 0.032, 0.016}.times(0.6 + rng.Float64())
		tip := vec{0.26, 0.19, 0.085}.times(0.5 + rng.Float64())
		const pieces = 14
		at := func(t float64) (float64, float64) {
			return x + lean*t + bend*t*t*t, y - tall*(t-0.12*t*t*t)
		}
		for k := range pieces {
			t0, t1 := float64(k)/pieces, float64(k+1)/pieces
			x0, y0 := at(t0)
			x1, y1 := at(t1)
			p.stroke(x0, y0, r*(1-0.9*t0), x1, y1, r*(1-0.9*t1), func(across, along float64) vec {
				t := lerp(t0, t1, along)
				return dark.mix(tip, t*t*(0.55-0.45*across))
			})
		}
		if rng.Float64() < 0.10 && tall > 90*unit { // a cattail
			x0, y0 := at(0.80)
			x1, y1 := at(0.93)
			p.stroke(x0, y0, 2.6*unit, x1, y1, 2.4*unit, func(across, _ float64) vec {
				return vec{0.075, 0.040, 0.020}.times(1.0 - 0.6*across)
			})
		}
	}
}
