package main

import "math"

// stillLife is a kitchen table by a window: books, a jug, fruit and a cloth.
func stillLife(w, h int) *picture {
	r := kitchen()
	eye, aim := vec{0.15, 2.35, -5.6}, vec{0.02, 0.72, 0}
	ahead := aim.sub(eye).unit()
	right := vec{0, 1, 0}.cross(ahead).unit()
	up := ahead.cross(right)
	const view = 0.36
	p := render(w, h, 3, func(x, y float64) vec {
		a := (2*x/float64(w) - 1) * view
		b := (1 - 2*y/float64(h)) * view * float64(h) / float64(w)
		dir := ahead.add(right.times(a)).add(up.times(b)).unit()
		// The nine places in a pixel together shine 12 by 12 rays through the window.
		u, v := x-math.Floor(x), y-math.Floor(y)
		return r.look(eye, dir, u, v, 1)
	})
	return p.develop(1.75, 0.35)
}

func kitchen() *room {
	r := &room{
		table: tabletop, wall: limewash, back: 2.6,
		corner: vec{-5.2, 1.2, -2.6}, edgeU: vec{1.3, 0, 2.6}, edgeV: vec{0, 3.0, 0},
		lamp: vec{5.6, 5.2, 4.6}, ambient: vec{0.22, 0.23, 0.26}, patch: sunlight,
	}
	r.things = []*thing{
		book(vec{-1.15, 0.17, 0.55}, 1.02, 0.17, 0.72, 0.30, hex(0x6b1d1a), "A HISTORY OF RIVERS"),
		book(vec{-1.10, 0.47, 0.60}, 0.90, 0.13, 0.64, 0.16, hex(0x1f3a4d), "Letters from the Coast"),
		jug(vec{0.62, 0, 1.10}),
		apple(vec{-1.02, 0.595, 0.50}, 0.40, 2.2, 7),
		apple(vec{0.02, 0, -0.42}, 0.43, 0.6, 8),
		pear(vec{1.28, 0, 0.12}, 0.5, 5),
		orange(vec{-0.46, 0.37, -1.02}, 0.37, 3),
		orange(vec{0.86, 0.35, -0.52}, 0.35, 4),
	}
	return r
}

// sunlight falls through another window onto the wall, beside its cross.
func sunlight(p vec) vec {
	x, y := p.X-0.28*p.Y+0.4, p.Y
	pane := func(t, size, bar float64) float64 {
		t = math.Abs(math.Mod(t+100*size, size) - size/2)
		return 1 - step(size/2-bar-0.03, size/2-bar+0.03, t)
	}
	in := step(-0.95, -0.87, x) * (1 - step(0.93, 1.01, x)) * step(0.85, 0.93, y) * (1 - step(3.5, 3.58, y))
	leaves := step(0.02, 0.16, fbm(1.9*x+0.7*y, 1.9*y, 4, 201)-0.05)
	return vec{1.5, 1.12, 0.66}.times(0.6 * in * pane(x-0.03, 0.96, 0.05) * pane(y-0.1, 0.9, 0.05) * (1 - 0.65*leaves))
}

func limewash(p vec) surface {
	stain := fbm(0.7*p.X, 0.7*p.Y, 5, 211)
	rough := 0.10
	return surface{
		colour: vec{0.52, 0.47, 0.40}.times(1 + 0.22*stain + 0.10*fbm(9*p.X, 9*p.Y, 4, 221)),
		bump:   vec{rough * fbm(22*p.X, 22*p.Y, 4, 231), rough * fbm(22*p.X+5, 22*p.Y, 4, 241), 0},
	}
}

// tabletop is oak planks, with a linen cloth lying across one corner.
func tabletop(p vec) surface {
	s, c := math.Sincos(0.42)
	a, b := c*(p.X-0.95)+s*(p.Z+0.75), c*(p.Z+0.75)-s*(p.X-0.95)
	hem := 0.012 * math.Sin(9*a) * math.Cos(5*b)
	if in := min(1.25-math.Abs(a), 0.85-math.Abs(b)) + hem; in > 0 {
		return linen(a, b, in)
	}
	wood := oak(p.X, p.Z)
	if in := min(1.25-math.Abs(a), 0.85-math.Abs(b)) + hem; in > -0.05 {
		wood.colour = wood.colour.times(0.55 + 0.45*step(0, 0.05, -in)) // the cloth's own shade
	}
	return wood
}

func oak(x, z float64) surface {
	const plank = 0.62
	z += 50.2*plank + 0.004*math.Sin(3*x)
	row := math.Floor(z / plank)
	seed := uint32(row)*7 + 251
	in := z/plank - row
	bend := 0.25 * fbm(0.5*x+10*row, 2*z, 3, seed)
	rings := fbm(0.35*x+7*row, 7*(z+bend), 4, seed+1)
	lines := math.Sin(46*(z+0.6*bend) + 9*rings)
	pores := step(0.18, 0.5, fbm(3.2*x, 95*z, 3, seed+2))
	t := clamp(0.5+0.9*rings+0.12*lines, 0, 1)
	c := hex(0x7a4a24).mix(hex(0xb98a55), t).times(0.85 + 0.3*random(int(row), 0, 0, 261))
	c = c.times(1 - 0.45*pores)
	gap := step(0.020, 0.006, min(in, 1-in))
	c = c.times(1 - 0.85*gap)
	worn := 0.6 + 0.4*step(-0.2, 0.3, fbm(1.4*x, 1.4*z, 4, 271))
	return surface{colour: c, gloss: 0.55 * worn * (1 - gap), rough: 0.22,
		bump: vec{0.02 * fbm(6*x, 90*z, 3, seed+3), 0, 0.05*pores + 0.05*fbm(4*x, 60*z, 3, seed+4)}}
}

// linen is a plain weave with blue stripes; in is the distance from its edge.
func linen(a, b, in float64) surface {
	const thread = 0.021
	ia, ib := math.Floor(a/thread), math.Floor(b/thread)
	fa, fb := a/thread-ia-0.5, b/thread-ib-0.5
	over := int(ia+ib)&1 == 0
	uneven := 0.8 + 0.4*random(int(ia), 0, 0, 281)*random(0, int(ib), 0, 291)
	var hill, along float64
	if over {
		hill, along = 1-3.2*fb*fb, fa
	} else {
		hill, along = 1-3.2*fa*fa, fb
	}
	c := hex(0xe4dcc8).times(uneven * (0.62 + 0.38*hill))
	for _, stripe := range []float64{0.16, 0.23, 0.27, 0.31, 0.38} {
		w := 0.018
		if stripe == 0.27 {
			w = 0.012
		}
		if math.Abs(math.Abs(b)-0.85+stripe) < w || math.Abs(math.Abs(a)-1.25+stripe) < w {
			c = hex(0x34507e).times(uneven * (0.6 + 0.4*hill))
		}
	}
	if in < 0.03 {
		c = c.times(0.85)
	}
	fold := 0.5
	s := surface{colour: c}
	s.bump = vec{fold * fbm(1.5*a+0.4*b, 0.8*b, 3, 301), 0, fold * fbm(1.5*a+9, 0.8*b, 3, 311)}
	tilt := 0.5 * along
	if over {
		s.bump.X += tilt
	} else {
		s.bump.Z += tilt
	}
	return s
}
