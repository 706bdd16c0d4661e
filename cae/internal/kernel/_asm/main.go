// Command _asm writes the assembly of the AVX2 and the AVX-512 set of package
// kernel. Each kernel is written once, for a vector of one width or the other,
// so that both sets do the same operations in the same order.
//
// Run it through "go generate ./cae/internal/kernel".
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	// The portable build: purego leaves out all assembly, noasm is gonum's tag
	// for the same.
	ConstraintExpr("!purego")
	ConstraintExpr("!noasm")
	declareConstants()
	for _, v := range []*vector{avx2, avx512} {
		multiply(v)
		multiplyT(v)
		inputTiles(v)
		outputTiles(v, false)
		outputTiles(v, true)
		gradTiles(v)
		filter(v)
		filterGrad(v)
		depthwise(v, false)
		depthwise(v, true)
		depthwiseGrad(v)
		copyPixels(v)
		finish(v, false)
		finish(v, true)
		add(v)
		activate(v)
		activateGrad(v)
		affine(v)
		addAffine(v)
		moments(v)
		peak(v)
	}
	Generate()
}
