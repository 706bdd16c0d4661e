//go:build !purego && !noasm

package kernel

var avx512 = (&assembly{
	multiply:       multiplyAVX512,
	multiplyT:      multiplyTAVX512,
	inputTiles:     inputTilesAVX512,
	outputTiles:    outputTilesAVX512,
	outputTilesAdd: outputTilesAddAVX512,
	gradTiles:      gradTilesAVX512,
	filter:         filterAVX512,
	filterGrad:     filterGradAVX512,
	depthwise:      depthwiseAVX512,
	depthwiseAdd:   depthwiseAddAVX512,
	depthwiseGrad:  depthwiseGradAVX512,
	copyPixels:     copyAVX512,
	finish:         finishAVX512,
	finishAdd:      finishAddAVX512,
	add:            addAVX512,
	activate:       activateAVX512,
	activateGrad:   activateGradAVX512,
	affine:         affineAVX512,
	addAffine:      addAffineAVX512,
	moments:        momentsAVX512,
}).set("avx512", 16)
