package degrade

import (
	"math"
	"math/rand/v2"
)

// Fading is what light does to a colour print: the dyes lose a share of their
// density, each at its own rate (densities scale, as Gschwind and Frey assume in
// "Electronic Imaging, a Tool for the Reconstruction of Faded Color Photographs",
// J. Imaging Science and Technology 38, 1994). A density scaled by d raises the
// light to the power d, and the encoded value too, as near as sRGB is a power.
type Fading struct {
	Density [3]float64 // what is left of the density of cyan, magenta and yellow (seen in red, green and blue): 1 all, 0 white paper
}

// DrawFading draws from 0.35 to 0.95 of the densities, the dyes up to 0.15 apart
// from their mean.
func DrawFading(rng *rand.Rand) Fading {
	var f Fading
	mean := between(rng, 0.5, 0.8)
	for k := range f.Density {
		f.Density[k] = mean + between(rng, -0.15, 0.15)
	}
	return f
}

// Apply implements Degradation. It draws nothing. Values below 0 count as 0. A
// grey patch fades as its green would.
func (f Fading) Apply(_ *rand.Rand, p Patch) {
	for k, plane := range p.Planes {
		if p.Grey() {
			k = 1
		}
		for i, v := range plane {
			plane[i] = float32(math.Pow(float64(max(v, 0)), f.Density[k]))
		}
	}
}

// Yellowing is the stain of old paper and varnish: it takes blue and some green
// away, here more and there less.
type Yellowing struct {
	Strength float64 // 0 none, 1: blue falls to 0.5 and green to 0.88 of what they were
	Uneven   float64 // relative standard deviation of the strength over the print
	Size     float64 // of the stains, in samples: at least 1
}

// DrawYellowing draws a strength of 0.2 to 1, uneven by up to 0.4, with stains of
// 30 to 150 samples.
func DrawYellowing(rng *rand.Rand) Yellowing {
	return Yellowing{Strength: between(rng, 0.2, 1), Uneven: between(rng, 0, 0.4), Size: logBetween(rng, 30, 150)}
}

// Apply implements Degradation. A grey patch, which has no yellow, stays as it is.
func (d Yellowing) Apply(rng *rand.Rand, p Patch) {
	if p.Grey() {
		return
	}
	stains := field(rng, p.W, p.H, d.Size)
	for i, s := range stains {
		strength := float32(d.Strength) * max(0, 1+float32(d.Uneven)*s)
		p.Planes[0][i] *= max(0, 1-0.02*strength)
		p.Planes[1][i] *= max(0, 1-0.12*strength)
		p.Planes[2][i] *= max(0, 1-0.5*strength)
	}
}

// LowContrast is a print, or a scan of it, without black and white: values from
// 0 to 1 are squeezed into Black to White.
type LowContrast struct{ Black, White float64 }

// DrawLowContrast draws a black of 0 to 0.25 and a white of 0.7 to 1.
func DrawLowContrast(rng *rand.Rand) LowContrast {
	return LowContrast{Black: between(rng, 0, 0.25), White: between(rng, 0.7, 1)}
}

// Apply implements Degradation. It draws nothing.
func (c LowContrast) Apply(_ *rand.Rand, p Patch) {
	black, span := float32(c.Black), float32(c.White-c.Black)
	for _, plane := range p.Planes {
		for i, v := range plane {
			plane[i] = black + span*v
		}
	}
}
