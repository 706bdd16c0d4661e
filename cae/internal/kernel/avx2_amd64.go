//go:build !purego && !noasm

package kernel

var avx2 = (&assembly{
	multiply:       multiplyAVX2,
	multiplyT:      multiplyTAVX2,
	inputTiles:     inputTilesAVX2,
	outputTiles:    outputTilesAVX2,
	outputTilesAdd: outputTilesAddAVX2,
	gradTiles:      gradTilesAVX2,
	filter:         filterAVX2,
	filterGrad:     filterGradAVX2,
	depthwise:      depthwiseAVX2,
	depthwiseAdd:   depthwiseAddAVX2,
	depthwiseGrad:  depthwiseGradAVX2,
	copyPixels:     copyAVX2,
	finish:         finishAVX2,
	finishAdd:      finishAddAVX2,
	add:            addAVX2,
	activate:       activateAVX2,
	activateGrad:   activateGradAVX2,
	affine:         affineAVX2,
	addAffine:      addAffineAVX2,
	moments:        momentsAVX2,
}).set("avx2", 6)
