package denoise

import (
	"math"
	"slices"
)

// smallLevel estimates the noise of pictures too small for a covariance of
// patches, by the mask of Immerkaer, "Fast Noise Variance Estimation" (Computer
// Vision and Image Understanding 64(2), 1996), which cancels planes of
// brightness; the median of its answers ignores edges. Fewer than 3x3 samples
// give 0.
func smallLevel[T uint16 | float32](planes [][]T, w, h int, scale float32) float64 {
	if w < 3 || h < 3 {
		return 0
	}
	measured := make([]float64, len(planes))
	for p := range planes {
		at := func(i int) float64 {
			if len(planes) == 1 {
				return float64(planes[0][i]) * float64(scale)
			}
			a := opponent[p]
			return float64(a[0]*float32(planes[0][i])+a[1]*float32(planes[1][i])+a[2]*float32(planes[2][i])) * float64(scale)
		}
		var answers []float64
		for y := 1; y < h-1; y++ {
			for x := 1; x < w-1; x++ {
				i := y*w + x
				answers = append(answers, math.Abs(at(i-w-1)+at(i-w+1)+at(i+w-1)+at(i+w+1)+
					4*at(i)-2*(at(i-w)+at(i+w)+at(i-1)+at(i+1))))
			}
		}
		slices.Sort(answers)
		measured[p] = answers[len(answers)/2] / (0.6745 * 6) // the mask's gain is 6; 0.6745: median of |N(0,1)|
	}
	return combine(measured, 1)
}
