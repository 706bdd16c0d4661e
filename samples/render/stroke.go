package main

import "math"

// stroke paints a straight piece of a stem, a wire or a hair: from (x0, y0)
// with radius r0 to (x1, y1) with radius r1, in pixels, its edges antialiased. shade
// gives the colour at a place across it (-1 to 1 from left to right of the
// direction) and along it (0 to 1).
func (p *picture) stroke(x0, y0, r0, x1, y1, r1 float64, shade func(across, along float64) vec) {
	reach := max(r0, r1) + 1
	left, right := int(math.Floor(min(x0, x1)-reach)), int(math.Ceil(max(x0, x1)+reach))
	top, bottom := int(math.Floor(min(y0, y1)-reach)), int(math.Ceil(max(y0, y1)+reach))
	dx, dy := x1-x0, y1-y0
	square := max(dx*dx+dy*dy, 1e-9)
	length := math.Sqrt(square)
	for y := max(top, 0); y < min(bottom, p.h); y++ {
		for x := max(left, 0); x < min(right, p.w); x++ {
			px, py := float64(x)+0.5-x0, float64(y)+0.5-y0
			t := clamp((px*dx+py*dy)/square, 0, 1)
			d := math.Hypot(px-t*dx, py-t*dy)
			r := lerp(r0, r1, t)
			// Strokes thinner than a pixel are painted a pixel wide, but fainter.
			cover := clamp(max(r, 0.5)-d+0.5, 0, 1) * min(2*r, 1)
			if cover <= 0 {
				continue
			}
			across := (px*dy - py*dx) / (length * max(r, 0.5))
			c := &p.pix[y*p.w+x]
			*c = c.mix(shade(clamp(-across, -1, 1), t), cover)
		}
	}
}

// plain is the shade of strokes of one colour.
func plain(c vec) func(float64, float64) vec { return func(float64, float64) vec { return c } }
