package degrade

import "math/rand/v2"

// Gaussian is white Gaussian noise, the same in all planes and everywhere: the
// noise of the benchmarks (as in Zhang et al., "Beyond a Gaussian Denoiser", IEEE
// TIP 2017).
type Gaussian struct {
	Sigma float64 // standard deviation on the scale of 0 to 255
}

// DrawGaussian draws a level evenly from 0 to most.
func DrawGaussian(rng *rand.Rand, most float64) Gaussian {
	return Gaussian{Sigma: between(rng, 0, most)}
}

// Apply implements Degradation.
func (g Gaussian) Apply(rng *rand.Rand, p Patch) {
	for _, plane := range p.Planes {
		for i := range plane {
			plane[i] += float32(rng.NormFloat64() * g.Sigma / 255)
		}
	}
}

// EightBit clips to 0..1 and rounds to the 256 values that a file of 8 bits a
// sample can hold.
type EightBit struct{}

// Apply implements Degradation. It draws nothing.
func (EightBit) Apply(_ *rand.Rand, p Patch) {
	for _, plane := range p.Planes {
		for i, v := range plane {
			plane[i] = byteValues[toByte(v*255)]
		}
	}
}

// byteValues are the values of the 256 samples of 8 bits.
var byteValues = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(i) / 255
	}
	return t
}()

// toByte rounds and clips a sample on the scale of 0 to 255.
func toByte(v float32) uint8 { return uint8(min(max(v, 0), 255) + 0.5) }
