package main

import "math"

// surface is what a point of a thing looks like.
type surface struct {
	colour vec     // share of the light that is scattered
	gloss  float64 // strength of the mirror image, before Fresnel's factor
	rough  float64 // how much the mirror image of the lamp is blurred
	bump   vec     // added to the normal
}

// thing is a body given by its distance function: at most the distance from a
// point to its surface, negative inside, in coordinates around its centre.
type thing struct {
	centre vec
	bound  float64 // radius of a sphere that holds it
	turn   float64 // about the vertical, in radians
	dist   func(p vec) float64
	look   func(p, n vec) surface
}

// local turns a direction, or a point relative to the centre, into the thing's own
// coordinates; world turns it back.
func (t *thing) local(p vec) vec { return spin(p, -t.turn) }
func (t *thing) world(p vec) vec { return spin(p, t.turn) }

func spin(p vec, angle float64) vec {
	if angle == 0 {
		return p
	}
	s, c := math.Sincos(angle)
	return vec{c*p.X + s*p.Z, p.Y, c*p.Z - s*p.X}
}

// hit marches along a ray through the bounding sphere.
func (t *thing) hit(from, dir vec, most float64) (float64, bool) {
	from = from.sub(t.centre)
	b := from.dot(dir)
	q := b*b - from.dot(from) + t.bound*t.bound
	if q < 0 {
		return 0, false
	}
	q = math.Sqrt(q)
	d, end := max(-b-q, 0), min(-b+q, most)
	from, dir = t.local(from), t.local(dir)
	for range 96 {
		if d >= end {
			break
		}
		gap := t.dist(from.add(dir.times(d)))
		if gap < 0.0008 {
			return d, true
		}
		d += gap
	}
	return 0, false
}

func (t *thing) normal(p vec) vec {
	const e = 0.0015
	return vec{
		t.dist(vec{p.X + e, p.Y, p.Z}) - t.dist(vec{p.X - e, p.Y, p.Z}),
		t.dist(vec{p.X, p.Y + e, p.Z}) - t.dist(vec{p.X, p.Y - e, p.Z}),
		t.dist(vec{p.X, p.Y, p.Z + e}) - t.dist(vec{p.X, p.Y, p.Z - e}),
	}.unit()
}

// room is a table (y = 0) before a wall (z = back) with things on it, lit by a
// rectangular window: corner, and its two edges.
type room struct {
	things               []*thing
	table, wall          func(p vec) surface
	back                 float64
	corner, edgeU, edgeV vec
	lamp, ambient        vec
	patch                func(p vec) vec // light of the sun on the wall
}

// first finds what a ray meets first: the distance, the place, the normal and the surface.
func (r *room) first(from, dir vec) (p, n vec, s surface, ok bool) {
	best := math.Inf(1)
	if dir.Y < 0 {
		best = -from.Y / dir.Y
		p, n = from.add(dir.times(best)), vec{0, 1, 0}
		ok = true
	}
	if dir.Z > 0 {
		if d := (r.back - from.Z) / dir.Z; d < best {
			best, ok = d, true
			p, n = from.add(dir.times(d)), vec{0, 0, -1}
		}
	}
	var met *thing
	for _, t := range r.things {
		if d, hit := t.hit(from, dir, best); hit {
			best, met, ok = d, t, true
		}
	}
	switch {
	case met != nil:
		p = from.add(dir.times(best))
		q := met.local(p.sub(met.centre))
		m := met.normal(q)
		s = met.look(q, m)
		n = met.world(m.add(s.bump).unit())
	case ok && n.Y == 1:
		s = r.table(p)
		n = n.add(s.bump).unit()
	case ok:
		s = r.wall(p)
		n = n.add(s.bump).unit()
	}
	return p, n, s, ok
}

// direct is the light of the window that reaches a point, by grid by grid rays
// through the window, each shifted by (u, v) of a cell.
func (r *room) direct(p, n vec, grid int, u, v float64) vec {
	facing := r.edgeU.cross(r.edgeV)
	area := facing.length()
	facing = facing.times(1 / area)
	ray := func(i int) (to vec, d, light float64) {
		a, b := (float64(i%grid)+u)/float64(grid), (float64(i/grid)+v)/float64(grid)
		to = r.corner.add(r.edgeU.times(a)).add(r.edgeV.times(b)).sub(p)
		d = to.length()
		to = to.times(1 / d)
		return to, d, max(0, n.dot(to)*math.Abs(facing.dot(to))/(d*d))
	}
	// Where the corners of the window agree, the rest is not asked.
	hidden := 0
	for _, i := range [4]int{0, grid - 1, grid*grid - grid, grid*grid - 1} {
		if to, d, _ := ray(i); r.blocked(p, to, d) {
			hidden++
		}
	}
	if hidden == 4 {
		return vec{}
	}
	sum := 0.0
	for i := range grid * grid {
		if to, d, light := ray(i); light > 0 && (hidden == 0 || !r.blocked(p, to, d)) {
			sum += light
		}
	}
	return r.lamp.times(sum * area / float64(grid*grid))
}

func (r *room) blocked(p, dir vec, most float64) bool {
	p = p.add(dir.times(0.012))
	for _, t := range r.things {
		if _, hit := t.hit(p, dir, most); hit {
			return true
		}
	}
	return false
}

// open is how much of the surroundings a point sees: each thing hides as much as
// a ball would (the closed form for a ball above the horizon, without the clipping).
func (r *room) open(p, n vec) float64 {
	open := 1.0
	for _, t := range r.things {
		to := t.centre.sub(p)
		d := to.length()
		ball := 0.72 * t.bound
		open *= 1 - clamp(0.5+0.5*n.dot(to)/d, 0, 1)*min(0.85, 0.8*ball*ball/(d*d))
	}
	return open
}

// look is the colour that comes along a ray; u and v shift the rays to the
// window. Mirror images are followed depth times.
func (r *room) look(from, dir vec, u, v float64, depth int) vec {
	p, n, s, ok := r.first(from, dir)
	if !ok {
		return r.ambient
	}
	grid := 4
	if depth == 0 {
		grid = 2
	}
	light := r.direct(p, n, grid, u, v)
	up := 0.5 + 0.5*n.Y
	open := r.open(p, n)
	light = light.add(r.ambient.mul(vec{0.55, 0.42, 0.30}.mix(vec{1, 1, 1}, up)).times(open))
	if p.Z > r.back-1e-6 {
		light = light.add(r.patch(p))
	}
	c := s.colour.mul(light)
	if s.gloss == 0 {
		return c
	}
	facing := max(0, -dir.dot(n))
	fresnel := s.gloss * (0.045 + 0.955*math.Pow(1-facing, 5))
	m := dir.mirror(n)
	c = c.add(r.lamp.times(0.55 * fresnel * r.shine(p, m, s.rough)))
	if depth > 0 && s.rough < 0.12 && m.dot(n) > 0 {
		c = c.add(r.look(p.add(n.times(0.01)), m, u, v, depth-1).times(fresnel))
	}
	return c
}

// shine is how much of the window stands in a mirror direction.
func (r *room) shine(p, dir vec, rough float64) float64 {
	facing := r.edgeU.cross(r.edgeV)
	d := r.corner.sub(p).dot(facing) / dir.dot(facing)
	if d <= 0 {
		return 0
	}
	at := p.add(dir.times(d)).sub(r.corner)
	a, b := at.dot(r.edgeU)/r.edgeU.dot(r.edgeU), at.dot(r.edgeV)/r.edgeV.dot(r.edgeV)
	soft := 0.02 + 1.5*rough
	inside := func(t float64) float64 { return step(-soft, soft, t) * (1 - step(1-soft, 1+soft, t)) }
	bars := 1 - 0.8*step(0.04+rough, 0.02, math.Abs(a-0.5)) - 0.8*step(0.04+rough, 0.02, math.Abs(b-0.5))
	if rough > 0.1 {
		bars = 1
	}
	return inside(a) * inside(b) * max(bars, 0.1)
}
