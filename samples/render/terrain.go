package main

import "math"

// terrain is a height field on a grid over x from -reach to reach and z from 0
// to 2*reach, in kilometres or so; 0 is the level of the water.
type terrain struct {
	n     int
	reach float64
	grid  []float32
}

func newTerrain(n int, reach float64, height func(x, z float64) float64) *terrain {
	t := &terrain{n, reach, make([]float32, n*n)}
	rows(n, func(j int) {
		for i := range n {
			x := (2*float64(i)/float64(n-1) - 1) * reach
			z := 2 * float64(j) / float64(n-1) * reach
			t.grid[j*n+i] = float32(height(x, z))
		}
	})
	return t
}

// height interpolates the grid.
func (t *terrain) height(x, z float64) float64 {
	k := float64(t.n-1) / (2 * t.reach)
	u, v := clamp((x+t.reach)*k, 0, float64(t.n)-1.001), clamp(z*k, 0, float64(t.n)-1.001)
	i, j := int(u), int(v)
	u, v = u-float64(i), v-float64(j)
	row := t.grid[j*t.n+i:]
	a, b, c, d := float64(row[0]), float64(row[1]), float64(row[t.n]), float64(row[t.n+1])
	return lerp(lerp(a, b, u), lerp(c, d, u), v)
}

// normal is the unit normal of the slope over a distance of e.
func (t *terrain) normal(x, z, e float64) vec {
	return vec{t.height(x-e, z) - t.height(x+e, z), 2 * e, t.height(x, z-e) - t.height(x, z+e)}.unit()
}

// hit marches along a ray and returns the distance at which it enters the
// ground, or false. fine is the smallest step for each unit of distance.
func (t *terrain) hit(from, dir vec, fine float64) (float64, bool) {
	const top = 2.3 // no mountain is higher
	last, d := 0.2, 0.2
	for d < 2.2*t.reach {
		p := from.add(dir.times(d))
		if p.Y > top && dir.Y >= 0 {
			return 0, false
		}
		gap := p.Y - t.height(p.X, p.Z)
		if gap < 0 {
			for range 8 { // halve the last step
				mid := (last + d) / 2
				p := from.add(dir.times(mid))
				if p.Y < t.height(p.X, p.Z) {
					d = mid
				} else {
					last = mid
				}
			}
			return d, true
		}
		last = d
		d += max(0.2*gap, fine*d)
	}
	return 0, false
}

// lit is how much of the sun a point sees, 0 to 1, with a soft edge.
func (t *terrain) lit(p, sun vec) float64 {
	least := 1.0
	for d := 0.02; d < 5 && least > 0; d *= 1.18 {
		q := p.add(sun.times(d))
		least = min(least, 24*(q.Y-t.height(q.X, q.Z))/d+0.3)
	}
	return math.Max(least, 0)
}
