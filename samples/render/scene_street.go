package main

import "math"

// street is three house fronts in the afternoon sun: brick, plaster, windows,
// shop signs in several sizes, posters, pipes and wires.
func street(w, h int) *picture {
	const n = 2 // the relief is finer than the picture by this
	f := &front{newRelief(w*n, h*n), float64(w*n) / 1440}
	f.part(0, 0, 1440, 1080, -60, func(x, y float64) vec { return vec{} })
	f.fillPart(0, 0, 1440, 300, func(x, y float64, _ *float32, _, glow *vec) {
		cover := step(-0.05, 0.4, fbm(x/420, y/190, 6, 901))
		*glow = vec{0.30, 0.50, 0.86}.mix(vec{1.0, 1.0, 1.0}, 0.85*cover).times(1.35)
	})
	f.sky = float32(-60 * f.unit)
	f.bookshop()
	f.bakery()
	f.corner()
	f.pavement()
	p := f.light(sunshine{from: vec{-0.62, -0.80, 0.78}, sun: vec{2.9, 2.55, 2.0}, sky: vec{0.42, 0.50, 0.64}, reach: int(90 * f.unit), soft: 0.05})
	f.wires(p)
	// Seen a little from the side: the fronts' plane is turned about its middle.
	const turn, zoom, shift = 0.20, 0.95, 0.452
	W, H := float64(w), float64(h)
	out := render(w, h, 3, func(x, y float64) vec {
		a, b := x/W-0.5, y/H-0.56
		k := zoom / (1 - turn*a)
		return p.at((a*k+shift)*W*n, (b*k+0.55)*H*n)
	})
	return out.develop(0.72, 0.3)
}

var (
	redBricks  = [3]vec{hex(0x8c5546), hex(0x9f6a58), hex(0x65443d)}
	paleBricks = [3]vec{hex(0xa9987c), hex(0xbcab8e), hex(0x877662)}
)

// bookshop is the house on the left, of red brick.
func (f *front) bookshop() {
	f.bricks(0, 96, 500, 980, redBricks, hex(0xb5aa98), 1001)
	f.cornice(0, 84, 500)
	for i := range 3 {
		x := 46 + 150*float64(i)
		f.sash(x, 180, 96, 168, 2, 4, hex(0xe8e4d8), 0, uint32(1100+40*i))
		f.sash(x, 432, 96, 168, 2, 4, hex(0xe8e4d8), 0, uint32(1300+40*i))
	}
	dark := hex(0x2c4238)
	f.board(14, 668, 486, 730, dark, hex(0xe2c173), smallCaps, 40, 4, "Hartwell & Daughters", 1401)
	f.part(14, 730, 486, 975, 4, func(x, y float64) vec { return dark.times(0.9 + 0.4*fbm(x/5, y/60, 4, 1402)) })
	f.glass(30, 746, 330, 920, 6, 0.9, 1403)
	f.shelves(30, 746, 330, 920)
	f.letters(180, 790, 1, hex(0xe8dcc0), italic, 26, 1, "Books · Maps · Prints")
	f.letters(180, 814, 0.5, hex(0xe8dcc0), regular, 13, 1, "bought and sold since 1911")
	f.part(176, 746, 182, 920, 5, func(float64, float64) vec { return dark })
	f.door(376, 744, 84, 230, hex(0x35504a), "14", 1404)
	f.pipe(508, 60, 980, 8, hex(0x4a4f50))
}

// shelves show rows of spines behind the shop window.
func (f *front) shelves(x0, y0, x1, y1 float64) {
	f.fillPart(x0, y0+80, x1, y1, func(x, y float64, _ *float32, _, glow *vec) {
		shelf := math.Floor((y - y0 - 80) / 47)
		in := y - y0 - 80 - 47*shelf
		book := math.Floor((x + 31*shelf + 3*gradientNoise(x/40, shelf, 1410)) / 9.5)
		tall := 10 + 14*random(int(book), int(shelf), 0, 1411)
		c := hex([]uint32{0x7a2a22, 0x27486b, 0x8f7a3a, 0x2f5a3c, 0xc9bda0, 0x4a3552}[hash(int(book), int(shelf), 1, 1412)%6])
		switch {
		case in > 42:
			c = hex(0x5a3d22)
		case in < tall:
			c = vec{0.02, 0.015, 0.01}
		case in > tall+5 && in < tall+8:
			c = c.mix(hex(0xd8c080), 0.6)
		}
		gap := math.Abs(math.Mod(x+31*shelf+100, 9.5)-4.75) / 4.75
		*glow = glow.times(0.45).add(c.times(0.75 - 0.3*gap*gap))
	})
}

// bakery is the house in the middle, lower, of ochre plaster.
func (f *front) bakery() {
	f.plaster(500, 176, 985, 980, hex(0xcbb283), 1501)
	f.cornice(500, 164, 985)
	for i := range 2 {
		x := 580 + 210*float64(i)
		f.sash(x, 262, 116, 176, 2, 2, hex(0xdcd8cc), 0, uint32(1510+40*i))
		for _, side := range []float64{-1, 1} { // shutters
			sx := x + 58 + side*96
			f.part(sx-30, 256, sx+30, 446, 5, func(px, py float64) vec { return hex(0x56706c).times(0.9 + 0.5*fbm(px/5, py/40, 4, 1520)) })
			f.fillPart(sx-24, 264, sx+24, 438, func(px, py float64, h *float32, c, _ *vec) {
				slat := math.Mod(py, 9) / 9
				*h = float32(f.unit * (1 + 5*slat))
				*c = c.times(0.8 + 0.2*slat)
			})
		}
	}
	f.board(526, 516, 962, 596, hex(0x6b302a), hex(0xf0dfb4), bold, 54, 8, "BAKERY", 1530)
	f.letters(744, 626, 1, hex(0x5d3a1c), italic, 23, 0, "bread, rolls & cakes every morning")
	// A striped awning, which leans out.
	f.fillPart(530, 648, 800, 722, func(x, y float64, h *float32, c, glow *vec) {
		t := (y - 648) / 74
		scallop := 60 + 12*math.Abs(math.Sin((x-530)/270*9*math.Pi))
		if y-648 > scallop {
			return
		}
		stripe := hex(0xd9cdb4)
		if int((x-530)/15)%2 == 0 {
			stripe = hex(0x9c2f28)
		}
		*c = stripe.times(0.95 + 0.3*fbm(x/20, y/30, 4, 1531))
		*h = float32(f.unit * (8 + 44*t + 1.5*math.Sin(x/7.5)))
		*glow = vec{}
	})
	f.part(534, 722, 796, 960, 4, func(x, y float64) vec { return hex(0x5b3b24).times(0.9 + 0.5*fbm(x/4, y/50, 4, 1532)) })
	f.glass(548, 730, 782, 894, 8, 1.25, 1533)
	f.fillPart(548, 800, 782, 894, func(x, y float64, _ *float32, _, glow *vec) { // loaves
		row := math.Floor((y - 800) / 32)
		u := (x+17*row)/34 - math.Floor((x+17*row)/34) - 0.5
		v := (y-800)/32 - row - 0.55
		if q := 1 - square(u/0.44) - square(v/0.36); q > 0 {
			crust := hex(0xb8752f).mix(hex(0x7a4418), clamp(0.5+fbm(x/5, y/5, 3, 1534), 0, 1))
			*glow = glow.times(0.3).add(crust.times(0.35 + 0.8*math.Sqrt(q)))
		} else {
			*glow = glow.times(0.55)
		}
	})
	f.door(856, 728, 88, 246, hex(0x6e3a22), "16", 1535)
	f.part(812, 768, 834, 868, 2, func(x, y float64) vec { // price list
		return hex(0xe9e2cf)
	})
	for i, line := range []string{"RYE 2.40", "SEED 2.90", "ROLL .45", "BUN 1.10", "TART 3.20", "PIE 2.75"} {
		f.letters(823, 784+14*float64(i), 0, hex(0x2b2623), medium, 4.6, 0, line)
	}
}

// corner is the house on the right, of pale brick, with posters.
func (f *front) corner() {
	f.pipe(992, 140, 980, 8, hex(0x565a58))
	f.bricks(1000, 40, 1440, 980, paleBricks, hex(0xa39a88), 1601)
	for i := range 2 {
		x := 1070 + 190*float64(i)
		f.sash(x, 130, 104, 176, 2, 3, hex(0x3d4a44), 0, uint32(1610+40*i))
		f.sash(x, 400, 104, 176, 2, 3, hex(0x3d4a44), 0.35*float64(i), uint32(1710+40*i))
	}
	f.stone(1000, 640, 1440, 662, 9, hex(0xb9ae9a), 1800)
	f.part(1022, 690, 1190, 730, 3, func(x, y float64) vec { return hex(0x1f3f8a).times(1 + 0.2*fbm(x/30, y/30, 3, 1801)) })
	f.letters(1106, 720, 1, hex(0xf2f2ee), bold, 27, 1, "MILL LANE")
	f.poster(1040, 765, 130, 176, hex(0xe4d9b8), hex(0x7c1d22), "JAZZ", []string{"Friday 8 p.m.", "The Harbour Five", "at the Old Mill", "entry free"}, 1810)
	f.poster(1188, 758, 118, 160, hex(0x2d5a66), hex(0xf0e6c8), "CIRCUS", []string{"12 - 24 June", "lions, clowns,", "acrobats & more", "book early!"}, 1820)
	f.poster(1318, 772, 112, 150, hex(0xdfe2dc), hex(0x25324a), "LOST", []string{"grey tabby cat", "answers to Plato", "ask at number 9"}, 1830)
}

// poster is pasted on the wall; its edges are torn and its paper has aged.
func (f *front) poster(x, y, w, h float64, paper, ink vec, head string, lines []string, seed uint32) {
	f.fillPart(x, y, x+w, y+h, func(px, py float64, hh *float32, c, glow *vec) {
		edge := min(min(px-x, x+w-px), min(py-y, y+h-py))
		if edge < 1.5+2.5*fbm(px/9, py/9, 4, seed) {
			return
		}
		age := fbm(px/30, py/30, 5, seed+1)
		*c = paper.times(0.95 + 0.3*age)
		*hh = float32(f.unit * (3 + 0.5*age))
		*glow = vec{}
	})
	f.letters(x+w/2, y+0.30*h, 0, ink, bold, min(0.30*w, 1.25*w/float64(len(head))), 1, head)
	for i, line := range lines {
		f.letters(x+w/2, y+0.46*h+float64(i)*0.125*h, 0, ink, medium, 0.115*w, 0, line)
	}
}

// cornice closes a front below its roof, with a gutter above it.
func (f *front) cornice(x0, y, x1 float64) {
	f.stone(x0, y, x1, y+26, 16, hex(0xb7ab95), 1901)
	for x := x0 + 8; x < x1-12; x += 28 {
		f.stone(x, y+26, x+13, y+42, 12, hex(0xb0a48e), 1902)
	}
	f.fillPart(x0, y-12, x1, y, func(px, py float64, h *float32, c, glow *vec) {
		*h = float32(f.unit * (24 - 0.1*square(py-y+6)))
		*c = hex(0x4d5354).times(0.9 + 0.5*fbm(px/40, py/4, 3, 1903))
		*glow = vec{}
	})
}

// pavement is slabs before the houses, a kerb and the road.
func (f *front) pavement() {
	f.stone(0, 958, 1440, 984, 12, hex(0x8b8478), 1910)
	f.fillPart(0, 984, 1440, 1080, func(x, y float64, h *float32, c, glow *vec) {
		// The ground runs towards us: its depth in units of the slabs.
		deep := 1 - 1/(1+(y-984)/70)
		across := (x - 720) * (1 - 0.55*deep)
		row := math.Floor(deep * 9)
		col := math.Floor(across/58 + 0.5*math.Mod(row, 2))
		inX := across/58 + 0.5*math.Mod(row, 2) - col
		inY := deep*9 - row
		joint := step(0.0, 0.035, min(min(inX, 1-inX), 0.7*min(inY, 1-inY)))
		rough := fbm(across/5, deep*120, 4, 1911)
		slab := hex(0x8d8880).times(0.85 + 0.3*random(int(col), int(row), 0, 1912) + 0.4*rough)
		stain := step(0.1, 0.5, fbm(across/90, deep*5, 5, 1913))
		*c = hex(0x4c4a40).mix(slab, joint).times(1 - 0.25*stain)
		*h = float32(f.unit * (0.8*joint + 0.5*rough + 0.25*(y-984)))
		*glow = vec{}
	})
}

// wires hang across the street, with their shadows on the fronts.
func (f *front) wires(p *picture) {
	u := f.unit
	// Height at both ends, and how much they sag.
	for _, wire := range [][3]float64{{86, 250, 70}, {112, 262, 60}, {372, 118, 34}} {
		y0, y1, sag := wire[0], wire[1], wire[2]
		at := func(t float64) (float64, float64) {
			return 1440 * t * u, (lerp(y0, y1, t) + 4*sag*t*(1-t)) * u
		}
		const pieces = 120
		for pass := range 2 {
			for k := range pieces {
				xa, ya := at(float64(k) / pieces)
				xb, yb := at(float64(k+1) / pieces)
				if pass == 0 { // the shadow, where there is a wall behind
					xa, ya, xb, yb = xa+46*u, ya+62*u, xb+46*u, yb+62*u
					ix, iy := clampInt(int(xa), p.w), clampInt(int(ya), p.h)
					if f.height[iy*p.w+ix] < float32(-20*u) {
						continue
					}
					p.stroke(xa, ya, 1.1*u, xb, yb, 1.1*u, plain(p.at(xa, ya).times(0.62)))
					continue
				}
				p.stroke(xa, ya, 1.25*u, xb, yb, 1.25*u, func(across, _ float64) vec {
					return vec{0.03, 0.03, 0.035}.times(1.5 - across)
				})
			}
		}
	}
}
