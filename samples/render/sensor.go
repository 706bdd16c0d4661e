package main

import (
	"math"
	"math/rand/v2"
)

// sensor is a camera's noise in linear light: a variance of shot times the
// signal (the counting of photons) plus read squared (the electronics). Shot
// noise looks almost even after sRGB's curve, read noise shows in the dark.
type sensor struct {
	shot, read float64
	seed       uint64
}

// expose returns the picture as the sensor sees it, clipped to 0..1. Red and
// blue are noisier than green, as white balance amplifies them; a grey picture
// has one value a pixel.
func (s sensor) expose(p *picture, grey bool) *picture {
	rng := rand.New(rand.NewPCG(s.seed, 0x5e4501))
	noisy := func(v, gain float64) float64 {
		sigma := math.Sqrt(s.shot*gain*max(v, 0) + s.read*s.read*gain*gain)
		return clamp(v+rng.NormFloat64()*sigma, 0, 1)
	}
	out := newPicture(p.w, p.h)
	for i, c := range p.pix {
		if grey {
			v := noisy(luminance(c), 1)
			out.pix[i] = vec{v, v, v}
			continue
		}
		out.pix[i] = vec{noisy(c.X, 1.3), noisy(c.Y, 1), noisy(c.Z, 1.5)}
	}
	return out
}
