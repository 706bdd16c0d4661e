package degrade

import (
	"math"
	"math/rand/v2"
)

// Blotches are coarse patches of false colour, as cameras leave them that smooth
// the fine colour noise away, and as high sensitivities show them in shadows.
// The two colour differences of BT.601 get independent random fields; luma
// stays as it was, and so does a grey patch.
type Blotches struct {
	Sigma  float64 // standard deviation of Cb and of Cr in black, on the scale of 0 to 255
	Size   float64 // of the blotches, in samples: at least 1
	Shadow float64 // 0: the same everywhere; 1: fades to nothing in white
}

// DrawBlotches draws a level of 1 to 8, mostly low, in sizes of 3 to 14 samples.
func DrawBlotches(rng *rand.Rand) Blotches {
	return Blotches{
		Sigma:  logBetween(rng, 1, 8),
		Size:   logBetween(rng, 3, 14),
		Shadow: between(rng, 0, 0.8),
	}
}

// Apply implements Degradation.
func (b Blotches) Apply(rng *rand.Rand, p Patch) {
	if p.Grey() {
		return
	}
	cb, cr := field(rng, p.W, p.H, b.Size), field(rng, p.W, p.H, b.Size)
	red, green, blue := p.Planes[0], p.Planes[1], p.Planes[2]
	sigma, shadow := float32(b.Sigma/255), float32(b.Shadow)
	for i := range red {
		s := sigma * (1 - shadow*clip(luma(red[i], green[i], blue[i])))
		u, v := s*cb[i], s*cr[i]
		red[i] += redOfCr * v
		green[i] += greenOfCb*u + greenOfCr*v
		blue[i] += blueOfCb * u
	}
}

// Grain is the grain of film: clumps of silver or dye of a given size, strongest
// in mid-tones. Where grains cover a share u of the area at random, the variance
// of what covers a sample goes with u(1-u) (the Boolean model of Newson, Delon
// and Galerne, "A Stochastic Film Grain Model for Resolution-Independent
// Rendering", Computer Graphics Forum 2017); u is taken to be the sample's value.
type Grain struct {
	Sigma  float64 // standard deviation in mid-grey, on the scale of 0 to 255
	Size   float64 // of the grain, in samples: at least 1
	Colour float64 // share of the variance that each plane has for itself: 0 black-and-white film
}

// DrawGrain draws a level of 2 to 25 in sizes of 1 to 2.6 samples; a third of the
// films are black-and-white.
func DrawGrain(rng *rand.Rand) Grain {
	g := Grain{Sigma: logBetween(rng, 2, 25), Size: between(rng, 1, 2.6)}
	if rng.Float64() > 1./3 {
		g.Colour = between(rng, 0.1, 0.9)
	}
	return g
}

// Apply implements Degradation.
func (g Grain) Apply(rng *rand.Rand, p Patch) {
	common := field(rng, p.W, p.H, g.Size)
	sigma := float32(g.Sigma / 255)
	if p.Grey() || g.Colour <= 0 {
		for _, plane := range p.Planes {
			for i, v := range plane {
				plane[i] += sigma * midtones(v) * common[i]
			}
		}
		return
	}
	shared, own := float32(math.Sqrt(1-g.Colour)), float32(math.Sqrt(g.Colour))
	for _, plane := range p.Planes {
		layer := field(rng, p.W, p.H, g.Size)
		for i, v := range plane {
			plane[i] += sigma * midtones(v) * (shared*common[i] + own*layer[i])
		}
	}
}

// midtones is the relative strength of grain at a value: 0 in black and white, 1
// in the middle.
func midtones(v float32) float32 {
	u := clip(v)
	return 2 * float32(math.Sqrt(float64(u*(1-u))))
}
