package main

import "math"

// The things on the table of the still life. The centre of each is given by
// the point on which it stands, but for the oranges and books.

// apple is a ball with a hollow at both ends, of the given radius.
func apple(foot vec, size, turn float64, seed uint32) *thing {
	radius := func(u float64) float64 { // by the cosine from the stem
		return size * (0.98 + 0.05*u - 0.34*math.Exp(-14*(1-u)) - 0.16*math.Exp(-16*(1+u)))
	}
	stem := func(p vec) float64 {
		bend := 0.10 * (p.Y - 0.5*size) * (p.Y - 0.5*size)
		return max(math.Hypot(p.X-bend-0.02, p.Z)-0.018, math.Abs(p.Y-0.85*size)-0.27*size)
	}
	return &thing{
		centre: foot.add(vec{0, 0.80 * size, 0}), bound: 1.16 * size, turn: turn,
		dist: func(p vec) float64 {
			d := p.length()
			lobes := 1 + 0.012*math.Sin(5*math.Atan2(p.X, p.Z))*(1-p.Y/(d+1e-9))
			return min(0.6*(d-lobes*radius(p.Y/(d+1e-9))), stem(p))
		},
		look: func(p, n vec) surface {
			if stem(p) < 0.004 {
				return surface{colour: vec{0.10, 0.06, 0.03}}
			}
			d := p.length()
			around, u := math.Atan2(p.X, p.Z), p.Y/d
			s, c := math.Sincos(around)
			streak := fbm(9*s+40, 9*c+1.2*u, 4, 321+seed) + 0.5*fbm(22*s, 22*c+1.5*u, 3, 331+seed)
			ripe := clamp(0.62+1.1*fbm3(vec{1.6 * p.X / size, 1.2 * p.Y / size, 1.6 * p.Z / size}, 3, 341+seed)+0.9*streak, 0, 1)
			colour := hex(0xd9b04a).mix(hex(0xa3161b), ripe)
			colour = colour.mix(hex(0x8a8a3a), 0.7*math.Exp(-9*(1-u)))
			cell := p.times(26 / size)
			dots := step(0.80, 0.95, valueNoise(cell, 351+seed))
			colour = colour.mix(hex(0xe0c088), 0.45*dots)
			return surface{colour: colour, gloss: 0.9, rough: 0.06,
				bump: vec{0.02 * fbm3(p.times(9), 2, 361), 0.02 * fbm3(p.times(9), 2, 362), 0}}
		},
	}
}

// pear is two balls that melt into each other.
func pear(foot vec, size, turn float64) *thing {
	smooth := func(a, b, k float64) float64 {
		h := clamp(0.5+0.5*(b-a)/k, 0, 1)
		return lerp(b, a, h) - k*h*(1-h)
	}
	low, high := vec{0, -0.36 * size, 0}, vec{0.07 * size, 0.62 * size, 0}
	stem := func(p vec) float64 {
		q := p.sub(vec{0.10*size + 0.25*(p.Y-1.0*size)*(p.Y-1.0*size), 1.05 * size, 0})
		return max(math.Hypot(q.X, q.Z)-0.018, math.Abs(q.Y)-0.32*size)
	}
	return &thing{
		centre: foot.add(vec{0, 1.10 * size, 0}), bound: 1.42 * size, turn: turn,
		dist: func(p vec) float64 {
			body := smooth(p.sub(low).length()-0.76*size, p.sub(high).length()-0.36*size, 0.62*size)
			return min(0.9*body, 0.8*stem(p))
		},
		look: func(p, n vec) surface {
			if stem(p) < 0.004 {
				return surface{colour: vec{0.09, 0.055, 0.03}}
			}
			blush := step(-0.3, 0.7, n.X*0.6-0.3*n.Z+0.8*fbm3(p.times(2.2/size), 4, 371))
			colour := hex(0x9aa33c).mix(hex(0xc9a33e), clamp(0.5+fbm3(p.times(1.5/size), 3, 381), 0, 1)).mix(hex(0xb0562e), 0.55*blush)
			freckle := step(0.42, 0.70, valueNoise(p.times(24/size), 391))
			russet := step(0.05, 0.4, fbm3(p.times(5/size), 4, 401)+0.5*step(0.6*size, 1.1*size, p.Y))
			colour = colour.mix(hex(0x6d5a2c), 0.5*freckle).mix(hex(0x8a6a35), 0.55*russet)
			return surface{colour: colour, gloss: 0.55, rough: 0.16,
				bump: vec{0.05 * fbm3(p.times(30), 2, 411), 0.05 * fbm3(p.times(30), 2, 412), 0.05 * fbm3(p.times(30), 2, 413)}}
		},
	}
}

// orange has a peel full of pores.
func orange(centre vec, size float64, seed uint32) *thing {
	return &thing{
		centre: centre, bound: 1.03 * size, turn: float64(seed),
		dist: func(p vec) float64 {
			return vec{p.X, 1.04 * p.Y, p.Z}.length() - size
		},
		look: func(p, n vec) surface {
			k := 38 / size * 0.4
			e := 0.25 / k
			pore := func(q vec) float64 { return fbm3(q.times(k), 2, 421+seed) }
			base := pore(p)
			bump := vec{base - pore(p.add(vec{e, 0, 0})), base - pore(p.add(vec{0, e, 0})), base - pore(p.add(vec{0, 0, e}))}.times(0.35)
			colour := hex(0xe88a18).mix(hex(0xd2640c), clamp(0.5+fbm3(p.times(3), 4, 431+seed), 0, 1)).times(0.95 + 0.2*base)
			if navel := math.Hypot(p.X, p.Z); p.Y > 0 && navel < 0.10*size {
				colour = colour.mix(hex(0x5d6a2a), 0.9*step(0.10*size, 0.06*size, navel))
			}
			return surface{colour: colour, gloss: 0.7, rough: 0.14, bump: bump}
		},
	}
}

// jug is glazed stoneware turned on a wheel, with a painted band and a handle.
func jug(foot vec) *thing {
	const tall = 1.75
	profile := func(y float64) float64 {
		t := y / tall
		return 0.30 + 0.30*math.Exp(-square((t-0.33)/0.26)) - 0.06*math.Exp(-square((t-0.80)/0.12)) + 0.06*step(0.84, 1.0, t)
	}
	handle := func(p vec) float64 {
		q := vec{p.X - 0.44, (p.Y - 1.10), p.Z}
		ring := math.Hypot(q.X*0.92, q.Y*0.62) - 0.25
		return 0.8 * (math.Hypot(ring, 0.8*q.Z) - 0.05)
	}
	return &thing{
		centre: foot.add(vec{0, tall / 2, 0}), bound: 1.15, turn: 0.35,
		dist: func(p vec) float64 {
			p.Y += tall / 2
			rho := math.Hypot(p.X, p.Z)
			outer := 0.72 * (rho - profile(p.Y))
			body := max(outer, max(-p.Y, p.Y-tall))
			hollow := max(0.72*(rho-profile(p.Y)+0.05), 0.12-p.Y)
			return min(max(body, -hollow), max(handle(p), -hollow))
		},
		look: func(p, n vec) surface {
			p.Y += tall / 2
			around := math.Atan2(p.X, p.Z)
			wobble := 0.02 * fbm(3*math.Sin(around)+4, 3*math.Cos(around), 3, 441)
			speck := step(0.55, 0.8, valueNoise(p.times(34), 451))
			colour := hex(0xd8cdb4).times(0.92+0.25*fbm3(p.times(2.5), 4, 461)).mix(hex(0x5a4632), 0.6*speck)
			y := p.Y + wobble
			blue := hex(0x23406f).times(0.8 + 0.7*fbm3(vec{3 * p.X, 20 * p.Y, 3 * p.Z}, 3, 471))
			band := step(0.90, 0.915, y) * (1 - step(0.955, 0.97, y))
			band = max(band, step(0.28, 0.295, y)*(1-step(0.315, 0.33, y)))
			wave := y - 0.60 - 0.13*math.Sin(9*around) // vine round the belly
			band = max(band, 1-step(0.014, 0.028, math.Abs(wave)))
			leaf := square(math.Mod(around*9/(2*math.Pi)+40.25, 0.5)-0.25)*9 + square((math.Abs(y-0.60)-0.035)/0.05)
			band = max(band, 1-step(0.5, 0.75, leaf))
			bare := step(0.12, 0.08, y)
			colour = colour.mix(blue, 0.9*band).mix(hex(0x8a5d3b), bare)
			return surface{colour: colour, gloss: 1 - bare, rough: 0.03,
				bump: vec{0, 0.05 * math.Sin(95*p.Y+6*fbm(around, 5*p.Y, 2, 481)), 0}}
		},
	}
}

func square(x float64) float64 { return x * x }

// book lies with its spine towards us; half its length, height and depth.
func book(centre vec, long, high, deep, turn float64, cloth vec, title string) *thing {
	const scale = 900 // pixels of the lettering to a unit
	letters := newMask(int(2*long*scale), int(2*high*scale))
	face := typeface(medium, 0.78*high*scale)
	letters.centre(face, float64(letters.w)/2, 1.28*high*scale, 0.05*high*scale, title)
	return &thing{
		centre: centre, bound: math.Sqrt(long*long+high*high+deep*deep) + 0.03, turn: turn,
		dist: func(p vec) float64 {
			const round = 0.02
			bulge := 0.05 * (1 - square(clamp(p.Y/high, -1, 1))) * step(0.2*deep, -deep, p.Z)
			q := vec{math.Abs(p.X) - long + round, math.Abs(p.Y) - high + round, math.Abs(p.Z+0.5*bulge) - deep - 0.5*bulge + round}
			box := vec{max(q.X, 0), max(q.Y, 0), max(q.Z, 0)}.length() + min(max(q.X, max(q.Y, q.Z)), 0) - round
			if p.Z < -deep+0.08 {
				return 0.85 * box
			}
			// Between the boards, the pages stand back on three sides.
			margin := min(long-math.Abs(p.X), deep-p.Z)
			gap := max(math.Abs(p.Y)-high+0.035, margin-0.035)
			return 0.85 * max(box, -gap)
		},
		look: func(p, n vec) surface {
			if math.Abs(p.Y) < high-0.035 && p.Z > -deep+0.07 && math.Abs(n.Y) < 0.7 {
				leaves := 0.75 + 0.35*gradientNoise(3*(p.X+p.Z), 130*p.Y, 491)
				return surface{colour: hex(0xd9cba8).times(leaves), bump: vec{0, 0.2 * gradientNoise(2*(p.X+p.Z), 130*p.Y, 501), 0}}
			}
			u, v := p.X, p.Y
			if math.Abs(n.Y) > 0.7 {
				v = p.Z
			}
			weave := 0.5 * (math.Sin(260*u) * math.Sin(260*v))
			worn := step(0.05, 0.5, fbm(5*p.X+p.Y, 5*p.Z+3*p.Y, 5, 511)) * 0.35
			colour := cloth.times(0.9+0.18*weave).mix(cloth.times(1.6).add(vec{0.02, 0.02, 0.02}), worn)
			if n.Z < -0.6 {
				ink := letters.at((p.X+long)*scale, (high-p.Y)*scale)
				if e := math.Abs(math.Abs(p.X) - long + 0.14); e < 0.012 || math.Abs(e-0.035) < 0.006 {
					ink = 1
				}
				colour = colour.mix(hex(0xd8b46a), 0.85*ink*(0.8+0.4*weave))
			}
			return surface{colour: colour, gloss: 0.35, rough: 0.3, bump: vec{0.04 * weave, 0.04 * weave, 0}}
		},
	}
}
