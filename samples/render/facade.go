package main

import "math"

// The parts that house fronts are made of. Sizes are in units of the street's
// drawing, 1440 of which are its width; heights are those of the relief.

// front draws one house front after the other into a relief.
type front struct {
	*relief
	unit float64
}

// part scales a rectangle given in units, and its shade.
func (f *front) part(x0, y0, x1, y1, height float64, shade func(x, y float64) vec) {
	u := f.unit
	f.box(x0*u, y0*u, x1*u, y1*u, height*u, func(x, y float64) vec { return shade(x/u, y/u) })
}

// fillPart is fill in units.
func (f *front) fillPart(x0, y0, x1, y1 float64, paint func(x, y float64, height *float32, colour, glow *vec)) {
	u := f.unit
	f.fill(x0*u, y0*u, x1*u, y1*u, func(x, y float64, h *float32, c, glow *vec) { paint(x/u, y/u, h, c, glow) })
}

// bricks lays a wall in running bond; every brick has its own shade out of three.
func (f *front) bricks(x0, y0, x1, y1 float64, shades [3]vec, mortar vec, seed uint32) {
	const course, long, joint = 15.0, 42.0, 2.2
	f.fillPart(x0, y0, x1, y1, func(x, y float64, h *float32, c, glow *vec) {
		wobble := 0.7 * gradientNoise(x/26, y/26, seed)
		row := math.Floor((y + wobble) / course)
		shift := math.Mod(math.Abs(row), 2) * long / 2
		col := math.Floor((x + shift + wobble) / long)
		inX := x + shift + wobble - col*long
		inY := y + wobble - row*course
		edge := min(min(inX, long-inX), min(inY, course-inY)) + 0.6*gradientNoise(x/4, y/4, seed+1)
		face := step(joint/2-0.6, joint/2+0.8, edge)
		pick := random(int(col), int(row), 0, seed+2)
		shade := shades[0].mix(shades[1], step(0.2, 0.6, pick)).mix(shades[2], step(0.80, 0.84, pick))
		grain := fbm(x/5, y/5, 4, seed+3)
		shade = shade.times(0.86 + 0.28*random(int(col), int(row), 1, seed+4) + 0.5*grain)
		soot := 1 - 0.30*step(-0.1, 0.5, fbm(x/150, y/190, 5, seed+5))
		*c = mortar.times(0.9+0.5*grain).mix(shade, face).times(soot)
		*h = float32(f.unit * (1.9*face + 0.9*grain*face + 0.5*random(int(col), int(row), 2, seed+6)))
		*glow = vec{}
	})
}

// plaster is painted, with patches where it has been mended or stained.
func (f *front) plaster(x0, y0, x1, y1 float64, paint vec, seed uint32) {
	f.fillPart(x0, y0, x1, y1, func(x, y float64, h *float32, c, glow *vec) {
		rough := fbm(x/3, y/3, 3, seed)
		stain := fbm(x/120, y/160, 6, seed+1)
		streak := step(0.1, 0.6, fbm(x/7, y/130, 4, seed+2)) * step(y1, y0, y)
		*c = paint.times(1 + 0.25*stain + 0.12*rough - 0.22*streak)
		crack := math.Abs(fbm(x/60, y/60, 5, seed+3))
		line := step(0.006, 0.002, crack) * step(0.15, 0.3, stain)
		*c = c.times(1 - 0.5*line)
		*h = float32(f.unit * (1.5 + 1.1*rough - line))
		*glow = vec{}
	})
}

// stone is a dressed block: sills, lintels, plinths.
func (f *front) stone(x0, y0, x1, y1, height float64, colour vec, seed uint32) {
	f.fillPart(x0, y0, x1, y1, func(x, y float64, h *float32, c, glow *vec) {
		edge := min(min(x-x0, x1-x), min(y-y0, y1-y))
		rough := fbm(x/4, y/4, 4, seed)
		*c = colour.times(1 + 0.45*rough + 0.3*fbm(x/50, y/30, 4, seed+1))
		*h = float32(f.unit * (height - 2.5*step(2.5, 0, edge) + 0.6*rough))
		*glow = vec{}
	})
}

// glass mirrors the sky and the roofs across the street; behind it hang curtains, or
// where warm is set a lamp burns.
func (f *front) glass(x0, y0, x1, y1, depth, warm float64, seed uint32) {
	f.fillPart(x0, y0, x1, y1, func(x, y float64, h *float32, c, glow *vec) {
		*h = float32(-depth * f.unit)
		u, v := (x-x0)/(x1-x0), (y-y0)/(y1-y0)
		tilt := 12 * gradientNoise(x/90, y/90, seed) // old panes are not flat
		skyline := 0.55 + 0.16*math.Floor(3*random(int(math.Floor((x+tilt)/74)), 0, 0, seed))/3 + 0.02*gradientNoise((x+tilt)/9, 0, seed+1)
		cloud := step(-0.2, 0.4, fbm((x+tilt)/110, (y+tilt)/60, 5, seed+2))
		mirror := vec{0.20, 0.30, 0.46}.mix(vec{0.62, 0.66, 0.72}, cloud).times(0.75 - 0.25*v)
		if v > skyline {
			mirror = vec{0.030, 0.026, 0.026}.times(1 + fbm(x/6, y/6, 3, seed+3))
		}
		inside := vec{0.016, 0.015, 0.016}
		folds := 0.5 + 0.5*math.Sin(u*46+3*gradientNoise(u*5, v*2, seed+4))
		if gap := math.Abs(u-0.5) - 0.16 - 0.12*v*v; gap > 0 && warm == 0 {
			inside = vec{0.36, 0.34, 0.30}.times(0.25 + 0.55*folds)
		}
		if warm > 0 {
			lamp := math.Exp(-3 * (square(u-0.5) + square(v-0.25)))
			inside = vec{0.95, 0.58, 0.26}.times(warm * lamp)
		}
		*c = vec{0.01, 0.01, 0.01}
		*glow = inside.times(0.8).add(mirror.times(0.62))
	})
}

// sash is a window with its stone and its bars.
func (f *front) sash(x, y, w, h float64, across, down int, frame vec, warm float64, seed uint32) {
	grey := hex(0xb9ae9a)
	f.stone(x-16, y-30, x+w+16, y, 6, grey, seed)
	f.part(x, y, x+w, y+h, -14, func(float64, float64) vec { return grey.times(0.6) })
	paint := func(px, py float64) vec {
		return frame.times(0.92 + 0.35*fbm(px/9, py/30, 3, seed+10) - 0.25*step(0.15, 0.4, fbm(px/14, py/14, 4, seed+11)))
	}
	f.part(x+4, y+4, x+w-4, y+h-2, -8, paint)
	const bar = 5
	pw, ph := (w-8-bar*float64(across+1))/float64(across), (h-6-bar*float64(down+1))/float64(down)
	for i := range across {
		for j := range down {
			px, py := x+4+bar+float64(i)*(pw+bar), y+4+bar+float64(j)*(ph+bar)
			lift := 0.0
			if j >= down/2 {
				lift = 2.5
			}
			f.glass(px, py, px+pw, py+ph, 11-lift, warm, seed)
		}
	}
	f.stone(x-20, y+h-2, x+w+20, y+h+13, 13, grey, seed+1)
	f.fillPart(x-12, y+h+13, x+w+12, y+h+110, func(px, py float64, _ *float32, c, _ *vec) { // what runs off the sill
		run := step(0.05, 0.55, fbm(px/6, py/160, 4, seed+12)+0.15) * step(y+h+110, y+h+13, py)
		*c = c.times(1 - 0.42*run)
	})
}

// board is a painted sign with raised letters, centred.
func (f *front) board(x0, y0, x1, y1 float64, ground, paint vec, font *faceOf, size, spacing float64, text string, seed uint32) {
	f.part(x0, y0, x1, y1, 10, func(x, y float64) vec {
		return ground.times(0.95 + 0.5*fbm(x/60, y/5, 4, seed))
	})
	f.part(x0+5, y0+5, x1-5, y1-5, 7, func(x, y float64) vec {
		return ground.times(0.95 + 0.5*fbm(x/60, y/5, 4, seed))
	})
	f.letters((x0+x1)/2, (y0+y1)/2+0.36*size, 3, paint, font, size, spacing, text)
}

// letters are set around x on the base line y.
func (f *front) letters(x, y, height float64, paint vec, font *faceOf, size, spacing float64, text string) {
	u := f.unit
	face := typeface(font, size*u)
	long := width(face, spacing*u, text)
	m := newMask(int(long)+4, int(1.5*size*u)+2)
	m.write(face, 2, 1.1*size*u, spacing*u, text)
	f.stamp(m, x*u-long/2-2, (y-1.1*size)*u, height*u, paint)
}

// pipe is a round gutter pipe from top to bottom with its clamps.
func (f *front) pipe(x, y0, y1, r float64, paint vec) {
	f.fillPart(x-r, y0, x+r, y1, func(px, py float64, h *float32, c, glow *vec) {
		s := (px - x) / r
		round := math.Sqrt(max(0, 1-s*s))
		clampAt := step(6, 4, math.Abs(math.Mod(py, 190)-95))
		*h = float32(f.unit * ((8+1.5*clampAt)*round + 6))
		*c = paint.times(0.9 + 0.5*fbm(px/5, py/40, 4, 871) - 0.2*clampAt)
		*glow = vec{}
	})
}

// door has panels, a fanlight and a number.
func (f *front) door(x, y, w, h float64, paint vec, number string, seed uint32) {
	grey := hex(0xb9ae9a)
	f.stone(x-20, y-26, x+w+20, y, 7, grey, seed)
	f.stone(x-20, y, x, y+h, 5, grey, seed+1)
	f.stone(x+w, y, x+w+20, y+h, 5, grey, seed+2)
	wood := func(px, py float64) vec { return paint.times(0.95 + 0.6*fbm(px/4, py/70, 4, seed+3)) }
	f.part(x, y, x+w, y+h, -16, wood)
	f.glass(x+8, y+8, x+w-8, y+52, 20, 0.5, seed+4)
	f.part(x+5, y+58, x+w-5, y+h, -12, wood)
	for i := range 2 {
		for j := range 3 {
			px := x + 14 + float64(i)*(w-20)/2
			py := y + 72 + float64(j)*(h-80)/3
			pw, ph := (w-20)/2-8, (h-80)/3-14
			f.part(px, py, px+pw, py+ph, -16, wood)
			f.part(px+6, py+6, px+pw-6, py+ph-6, -12.5, wood)
		}
	}
	f.part(x+w/2-16, y+0.60*h, x+w/2+16, y+0.60*h+7, -8, func(float64, float64) vec { return hex(0xb08a3a) }) // letter box
	f.letters(x+w/2, y+0.40*h, 2, hex(0xd0aa52), bold, 24, 1, number)
	f.stone(x-30, y+h, x+w+30, y+h+16, 26, grey.times(0.85), seed+5)
}
