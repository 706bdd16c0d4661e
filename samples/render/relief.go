package main

import "math"

// relief is a surface seen from the front: heights above its ground, in pixels, with colours.
// It is painted in layers and then lit as a whole, so that everything that
// stands out casts a shadow.
type relief struct {
	w, h   int
	height []float32
	colour []vec
	glow   []vec   // light of its own, or a mirror image in glass
	sky    float32 // what is at this height or below lies far behind: no shadow falls on it
}

func newRelief(w, h int) *relief {
	return &relief{w, h, make([]float32, w*h), make([]vec, w*h), make([]vec, w*h), float32(math.Inf(-1))}
}

// fill calls f for each pixel of a rectangle (the part of it that is within), to
// change height and colour.
func (r *relief) fill(x0, y0, x1, y1 float64, f func(x, y float64, height *float32, colour, glow *vec)) {
	left, right := max(int(x0+0.5), 0), min(int(x1+0.5), r.w)
	top := max(int(y0+0.5), 0)
	rows(min(int(y1+0.5), r.h)-top, func(y int) {
		y += top
		for x := left; x < right; x++ {
			i := y*r.w + x
			f(float64(x)+0.5, float64(y)+0.5, &r.height[i], &r.colour[i], &r.glow[i])
		}
	})
}

// box sets a rectangle to a height and lets shade colour it.
func (r *relief) box(x0, y0, x1, y1, height float64, shade func(x, y float64) vec) {
	r.fill(x0, y0, x1, y1, func(x, y float64, h *float32, c, glow *vec) {
		*h, *c, *glow = float32(height), shade(x, y), vec{}
	})
}

// stamp raises a mask by a height and paints it.
func (r *relief) stamp(m *mask, x0, y0, height float64, paint vec) {
	r.fill(x0, y0, x0+float64(m.w), y0+float64(m.h), func(x, y float64, h *float32, c, glow *vec) {
		a := m.at(x-math.Floor(x0+0.5), y-math.Floor(y0+0.5))
		*h += float32(a * height)
		*c = c.mix(paint, a)
		*glow = glow.times(1 - a)
	})
}

// sunshine is the light on a relief. The sun comes from sun.X, sun.Y (to the
// right and down in the picture) at a height of sun.Z.
type sunshine struct {
	from     vec
	sun, sky vec
	reach    int     // pixels over which shadows are followed
	soft     float64 // how quickly the edge of a shadow blurs with its length
}

// light returns the picture of the relief.
func (r *relief) light(l sunshine) *picture {
	p := newPicture(r.w, r.h)
	wide := r.blurred(r.w/90 + 1)
	narrow := r.blurred(r.w/400 + 1)
	to := l.from.unit()
	flat := math.Hypot(to.X, to.Y)
	dx, dy, climb := to.X/flat, to.Y/flat, to.Z/flat
	at := func(x, y int) float64 {
		return float64(r.height[clampInt(y, r.h)*r.w+clampInt(x, r.w)])
	}
	rows(r.h, func(y int) {
		for x := range r.w {
			i := y*r.w + x
			if r.height[i] <= r.sky {
				p.pix[i] = r.glow[i]
				continue
			}
			h := at(x, y)
			n := vec{at(x-1, y) - at(x+1, y), at(x, y-1) - at(x, y+1), 2}.unit()
			sun := max(0, n.dot(to))
			lit := 1.0
			for s := 1; sun > 0 && s <= l.reach; s++ {
				over := at(x+int(math.Round(dx*float64(s))), y+int(math.Round(dy*float64(s)))) - h - climb*float64(s)
				if over > -1.5 {
					lit = min(lit, clamp(0.5-over/(0.6+l.soft*float64(s)), 0, 1))
				}
				if lit == 0 {
					break
				}
			}
			open := 1 / (1 + 0.10*max(0, float64(wide[i])-h) + 0.18*max(0, float64(narrow[i])-h))
			sky := (0.6 + 0.4*n.Z - 0.35*n.Y) * open // more of it comes from above
			p.pix[i] = r.colour[i].mul(l.sun.times(sun * lit).add(l.sky.times(sky))).add(r.glow[i].times(0.55 + 0.45*lit))
		}
	})
	return p
}

func clampInt(i, n int) int { return min(max(i, 0), n-1) }

// blurred is the mean height over a square of 2*radius+1 pixels.
func (r *relief) blurred(radius int) []float32 {
	tmp, out := make([]float32, len(r.height)), make([]float32, len(r.height))
	slide := func(dst, src []float32, n, stride int) {
		sum, k := float32(0), float32(2*radius+1)
		for i := -radius; i <= radius; i++ {
			sum += src[clampInt(i, n)*stride]
		}
		for i := range n {
			dst[i*stride] = sum / k
			sum += src[clampInt(i+radius+1, n)*stride] - src[clampInt(i-radius, n)*stride]
		}
	}
	rows(r.h, func(y int) { slide(tmp[y*r.w:], r.height[y*r.w:], r.w, 1) })
	rows(r.w, func(x int) { slide(out[x:], tmp[x:], r.h, r.w) })
	return out
}
