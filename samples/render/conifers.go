package main

import (
	"math"
	"math/rand/v2"
)

// conifers stand in groves along the far shore. project turns a point
// into pixels of the picture.
func (l *lakeside) conifers(p *picture, project func(q vec) (x, y float64)) {
	rng := rand.New(rand.NewPCG(3, 30))
	for range 2200 {
		x := (2*rng.Float64() - 1) * 4.6
		z := 0.8
		for z < 8 && l.ground.height(x, z) < 0.012 {
			z += 0.02
		}
		z += rng.Float64() * rng.Float64() * 0.5
		tall := 0.03 + 0.06*rng.Float64()
		if step(-0.25, 0.25, fbm(1.3*x+40, 0, 3, 161)) < rng.Float64() { // in groves
			continue
		}
		foot := vec{x, l.ground.height(x, z), z}
		d := foot.sub(l.eye).length()
		haze := 0.6 * (1 - math.Exp(-0.07*d))
		dark := vec{0.018, 0.026, 0.018}.mix(vec{0.62, 0.44, 0.38}, haze)
		sunny := vec{0.15, 0.14, 0.05}.times(0.3+0.7*rng.Float64()).mix(vec{0.62, 0.44, 0.38}, haze)
		if x < 0.3 { // in the shade of the ridge
			sunny = dark.mix(sunny, 0.15)
		}
		x0, y0 := project(foot)
		x1, y1 := project(foot.add(vec{0, tall, 0}))
		conifer(p, rng, x0, y0, x1, y1, func(across, _ float64) vec { return dark.mix(sunny, clamp(-across, 0, 1)) })
	}
}

// conifer is a spruce between its foot and its tip: drooping branches that get
// shorter upwards.
func conifer(p *picture, rng *rand.Rand, x0, y0, x1, y1 float64, shade func(float64, float64) vec) {
	tall := y0 - y1
	p.stroke(x0, y0, 0.05*tall, x1, y1, 0.2, shade)
	for t := 0.12; t < 0.98; t += 0.055 {
		reach := 0.23 * tall * math.Pow(1-t, 0.8)
		for _, side := range []float64{-1, 1} {
			wide := reach * (0.7 + 0.5*rng.Float64())
			y := lerp(y0, y1, t)
			p.stroke(x0, y, 0.045*tall, x0+side*wide, y+0.32*wide, 0.012*tall, func(_, along float64) vec {
				return shade(side*along, 0)
			})
		}
	}
}
