package main

import (
	"math"
	"math/rand/v2"
)

// knit is a piece of knitwear from close by: cables between columns of plain
// stitches, loose fibres, soft folds. It is meant to be grey.
func knit(w, h int) *picture {
	const n = 2 // the relief is finer than the picture by this
	W, H := w*n, h*n
	r := newRelief(W, H)
	unit := float64(W) / 1280
	column, row := 50*unit, 38*unit
	rows(H, func(y int) {
		for x := range W {
			// The fabric is pulled out of true a little.
			u := float64(x) + 16*unit*fbm(float64(x)/(420*unit), float64(y)/(420*unit), 3, 601)
			v := float64(y) + 16*unit*fbm(float64(x)/(420*unit)+7, float64(y)/(420*unit), 3, 611)
			height, tone := stitch(u, v, column, row)
			fold := 80 * unit * fbm(float64(x)/(800*unit)+3, float64(y)/(900*unit), 3, 621)
			r.height[y*W+x] = float32(height*unit + fold)
			r.colour[y*W+x] = vec{tone, tone, tone}
		}
	})
	p := r.light(sunshine{from: vec{-0.75, -0.62, 0.75}, sun: vec{1.5, 1.5, 1.5}, sky: vec{0.42, 0.42, 0.42}, reach: int(40 * unit), soft: 0.5})
	fuzz(p, unit)
	return render(w, h, n, func(x, y float64) vec { return p.at(x*n, y*n) }).develop(1.0, 0.25)
}

// stitch returns height (0 to about 26) and brightness of the yarn at u, v.
// Every twelfth of the columns six are a cable; two beside it are purled.
func stitch(u, v, column, row float64) (height, tone float64) {
	const period = 12
	col := u / column
	in := col - period*math.Floor(col/period)
	if in < 6 { // the cable: two strands of three stitches that cross
		height, tone = purl(col, v/row)
		height -= 12
		turn := v / row / 9 * math.Pi
		for strand := range 2 {
			a := turn + float64(strand)*math.Pi
			mid := 3 + 1.45*math.Sin(a)
			lift := 11 * math.Cos(a)
			slant := 1.45 * math.Cos(a) * math.Pi / 9 * column / row
			s := (in - mid) + 1.5
			if s < 0 || s >= 3 {
				continue
			}
			arch := 1 - square((s-1.5)/1.6)
			hh, tt := loop(s, v/row, slant, strand*31+int(math.Floor(col/period))*3)
			hh += lift + 9*arch
			if hh > height {
				height, tone = hh, tt
			}
		}
		return height, tone
	}
	if in < 7.5 || in > 10.5 {
		return purl(col, v/row)
	}
	return loop(in-7.5, v/row, 0, 90)
}

// purl is the back of plain knitting: rows of short bumps across.
func purl(col, row float64) (height, tone float64) {
	s := row * 1.6
	k := math.Floor(s)
	across := (s - k - 0.5) * 2
	wave := 0.5 + 0.5*math.Cos(2*math.Pi*(col+0.5*math.Mod(math.Abs(k), 2)))
	height = 10*math.Sqrt(max(0, 1-across*across))*(0.35+0.65*wave) - 8
	return height, yarn(col*2.2, across, int(k), 7)
}

// loop is plain knitting: each stitch is a V of two leaning strands of yarn.
func loop(s, t, slant float64, seed int) (height, tone float64) {
	k := math.Floor(s)
	x := s - k - 0.5
	side := 1.0
	if x < 0 {
		side = -1
	}
	// Along the strand; the arms of neighbouring rows lie on each other.
	a := t - slant*x - 0.95*math.Abs(x)
	j := math.Floor(a)
	height = -4
	for d := -1; d <= 1; d++ {
		along := a - j - float64(d)
		mid := 0.25 + 0.07*math.Sin(math.Pi*along)
		across := (math.Abs(x) - mid) / 0.27
		lengthwise := (along - 0.5) / 0.86
		q := 1 - across*across - lengthwise*lengthwise
		if q <= 0 {
			continue
		}
		if hh := 15*math.Sqrt(q) - 4*lengthwise; hh > height {
			height = hh
			tone = yarn(along*2.4+side*across*0.9, across, int(j)+d+int(side)*1000, int(k)+seed)
		}
	}
	if tone == 0 {
		tone = 0.05
	}
	return height, tone
}

// yarn is wool twisted from plies, with flecks: along and across a strand.
func yarn(along, across float64, a, b int) float64 {
	shift := 10 * random(a, b, 0, 631)
	ply := 0.5 + 0.5*math.Sin(2*math.Pi*(along+0.35*across)*1.3+shift)
	hair := gradientNoise(5*along+shift, 9*across+3*along, 641)
	fleck := step(0.25, 0.5, fbm(2.1*along+shift, 2.3*across+shift, 3, 651))
	return clamp(0.23+0.09*ply+0.12*hair+0.24*fleck+0.10*(random(a, b, 1, 661)-0.5), 0.04, 0.9)
}

// fuzz is the fibres that stand off the yarn.
func fuzz(p *picture, unit float64) {
	rng := rand.New(rand.NewPCG(9, 90))
	for range 3000 {
		x, y := rng.Float64()*float64(p.w), rng.Float64()*float64(p.h)
		angle := rng.Float64() * 2 * math.Pi
		bend := rng.NormFloat64() * 0.35
		light := 0.25 + 0.4*rng.Float64()
		r := (0.45 + 0.4*rng.Float64()) * unit
		for k := range 9 {
			dx, dy := 5*unit*math.Cos(angle), 5*unit*math.Sin(angle)
			fade := 1 - math.Abs(float64(k)-4)/5
			under := p.at(x, y)
			p.stroke(x, y, r*fade, x+dx, y+dy, r*fade, plain(under.mix(vec{light, light, light}, 0.55)))
			x, y = x+dx, y+dy
			angle += bend * rng.Float64()
		}
	}
}
