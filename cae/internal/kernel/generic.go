package kernel

import "math"

// generic is the set in plain Go: what other architectures run, and what the
// tests and readers compare the assembly with.
var generic = Set{
	Name:          "generic",
	Rows:          1,
	Multiply:      multiplyGeneric,
	MultiplyT:     multiplyTGeneric,
	InputTiles:    inputTilesGeneric,
	OutputTiles:   outputTilesGeneric,
	GradTiles:     gradTilesGeneric,
	Filter:        filterGeneric,
	FilterGrad:    filterGradGeneric,
	Copy:          copyGeneric,
	Finish:        finishGeneric,
	Depthwise:     depthwiseGeneric,
	DepthwiseGrad: depthwiseGradGeneric,
	Add:           addGeneric,
	Activate:      activateGeneric,
	ActivateGrad:  activateGradGeneric,
	Affine:        affineGeneric,
	AddAffine:     addAffineGeneric,
	Moments:       momentsGeneric,
}

// pixel is one pixel of a block. Kernels go through pointers to it, so that the
// compiler checks the bounds once a pixel instead of once an element.
type pixel = [Lanes]float32

// at returns the pixel that begins at element i.
func at(s []float32, i int) *pixel { return (*pixel)(s[i:]) }

// head returns the first n elements of s. Unlike s[:n] it never reaches into the
// capacity behind a slice that is too short.
func head(s []float32, n int) []float32 { return s[:n:len(s)] }

// leaky is max(v, slope*v) as every set computes it: slope*v where that is
// above v, and v elsewhere. So a NaN in v comes out as NaN, and an infinite v
// stays as it is under slope 0, where slope*v is NaN.
func leaky(v, slope float32) float32 {
	// On the bits the compiler selects instead of branching, which would
	// guess wrong at every other sample.
	s := slope * v
	bits := math.Float32bits(v)
	if s > v {
		bits = math.Float32bits(s)
	}
	return math.Float32frombits(bits)
}
