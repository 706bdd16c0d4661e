package denoise

import "math"

// bands is the number of groups that the 63 coefficients of a patch other than
// its mean fall into, from coarse (periods of 8 to 16 samples) to fine (2).
const bands = 4

var (
	// dctHalf[k][n] is the value of basis function k of the orthonormal DCT-II of
	// length 8 at sample n; at 7-n it is the same for even k and the opposite for
	// odd k.
	dctHalf [patchSide][patchSide / 2]float32
	// bandOf is the band of each coefficient, v*8+u; -1 for the mean.
	bandOf    [patchLen]int
	bandCount [bands]float32
)

func init() {
	for k := range dctHalf {
		scale := math.Sqrt(2.0 / patchSide)
		if k == 0 {
			scale = math.Sqrt(1.0 / patchSide)
		}
		for n := range dctHalf[k] {
			dctHalf[k][n] = float32(scale * math.Cos(math.Pi*float64(2*n+1)*float64(k)/(2*patchSide)))
		}
	}
	for i := range bandOf {
		switch d := i/patchSide + i%patchSide; {
		case d == 0:
			bandOf[i] = -1
			continue
		case d <= 2:
			bandOf[i] = 0
		case d <= 5:
			bandOf[i] = 1
		case d <= 8:
			bandOf[i] = 2
		default:
			bandOf[i] = 3
		}
		bandCount[bandOf[i]]++
	}
}

// dct is the orthonormal two-dimensional DCT-II of a patch, the transform of
// JPEG: white noise keeps its level in each coefficient.
func dct(dst *[patchLen]float32, src []float32) {
	_ = src[patchLen-1]
	var half [patchLen]float32
	for r := 0; r < patchLen; r += patchSide {
		dctLine(&half, src, r, 1)
	}
	for c := range patchSide {
		dctLine(dst, half[:], c, patchSide)
	}
}

// dctLine transforms the 8 samples of src that begin at start, stride apart.
func dctLine(dst *[patchLen]float32, src []float32, start, stride int) {
	var sum, diff [patchSide / 2]float32
	for n := range sum {
		a, b := src[start+n*stride], src[start+(patchSide-1-n)*stride]
		sum[n], diff[n] = a+b, a-b
	}
	for k := 0; k < patchSide; k += 2 {
		e, o := &dctHalf[k], &dctHalf[k+1]
		dst[start+k*stride] = e[0]*sum[0] + e[1]*sum[1] + e[2]*sum[2] + e[3]*sum[3]
		dst[start+(k+1)*stride] = o[0]*diff[0] + o[1]*diff[1] + o[2]*diff[2] + o[3]*diff[3]
	}
}

// bandEnergies is the mean squared coefficient in each band.
func bandEnergies(coefficients *[patchLen]float32) (e [bands]float32) {
	for i, c := range coefficients {
		if b := bandOf[i]; b >= 0 {
			e[b] += c * c
		}
	}
	for b := range e {
		e[b] /= bandCount[b]
	}
	return e
}

// anisotropy is how unevenly the energy is spread between coefficients that vary
// more from left to right and those that vary more from top to bottom: 0 for
// even, 1 for one direction only.
func anisotropy(coefficients *[patchLen]float32) float32 {
	var across, down float32
	for v := range patchSide {
		for u := v + 1; u < patchSide; u++ {
			a, d := coefficients[v*patchSide+u], coefficients[u*patchSide+v]
			across += a * a
			down += d * d
		}
	}
	if across+down < 1e-6 {
		return 0
	}
	return float32(math.Abs(float64(across-down))) / (across + down)
}
