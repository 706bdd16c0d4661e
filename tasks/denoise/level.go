package denoise

import (
	"math"

	"github.com/cae-restore/restore/pix"
)

// EstimateLevel returns the standard deviation of the noise in m on the 0..255
// scale, judged from the picture alone. It is made for white Gaussian noise of
// level 0 to 50, also where that was clipped and rounded; noise that JPEG has
// stripped of its colour is reported by what is left in luma. A clean photograph
// gives 0 to 2, one full of fine texture more (15 in the worst of 88). Noise that is coarser than a
// sample (enlarged pictures, strong denoising in the camera) is underestimated.
// A picture less than 3 samples wide or high, or of flat areas only, gives 0.
//
// The same samples give the same number. At most some 20,000 patches are looked
// at, so work and memory (about 40 MB) are bounded for pictures of any size.
func EstimateLevel(m *pix.Image) float64 {
	return level(m.Planes, m.W, m.H, 255.0/65535)
}

// estimateLevel is EstimateLevel for one or three planes of w*h floats where 1.0
// is full scale. Values outside [0,1] tell it that the noise was not clipped.
func estimateLevel(planes [][]float32, w, h int) float64 {
	return level(planes, w, h, 255)
}

// level estimates the noise in planes of w*h samples that scale brings to the
// 0..255 scale.
//
// Colour differences of a photograph hold far less texture than its luma, so
// white noise is measured there first; luma decides where there is no colour or
// where its noise is gone. In each plane the noise is read off the covariance
// of 8x8 patches: see planeLevel.
//
// Samples that are no numbers, or too large to square, give 0.
func level[T uint16 | float32](planes [][]T, w, h int, scale float32) float64 {
	sigma := measureLevel(planes, w, h, scale)
	if math.IsNaN(sigma) || math.IsInf(sigma, 0) {
		return 0
	}
	return sigma
}

func measureLevel[T uint16 | float32](planes [][]T, w, h int, scale float32) float64 {
	if len(planes) == 3 && sameEverywhere(planes) {
		planes = planes[:1] // grey stored as colour: three copies of one noise
	}
	if w < patchSide || h < patchSide || (w-patchSide+1)*(h-patchSide+1) < minPatches {
		return smallLevel(planes, w, h, scale)
	}
	set := gather(planes, w, h, scale)
	usable := set.usable()
	if len(usable) < minPatches {
		return 0
	}
	measured := make([]float64, len(set.planes))
	texture := make([]float64, len(set.planes))
	for p := range set.planes {
		sigma, used := planeLevel(&set.planes[p], usable)
		texture[p] = set.planes[p].texture(sigma, used)
		if set.clipped {
			sigma = unclip(sigma, set.histogram(used))
		}
		measured[p] = sigma
	}
	return combine(measured, texture[0])
}

// combine makes one level of those of luma and the two colour differences (or
// returns the only one). Similar levels mean white noise, which the colour
// differences tell better: the excess of luma is texture. Where they have no
// more than 0.4 of luma's level they have been smoothed (JPEG halves their
// resolution, cameras denoise them) and luma counts; in between, the one fades
// into the other.
//
// Without colour noise, a texture (see patchPlane.texture) above
// weakFactor says that luma held no patch of noise alone, so that its level is
// only an upper limit: it is lowered, to a half at most.
func combine(s []float64, texture float64) float64 {
	if len(s) == 1 {
		return s[0]
	}
	luma, chroma := s[0], math.Sqrt((s[1]*s[1]+s[2]*s[2])/2)
	if luma == 0 {
		return chroma
	}
	trust := min(1, max(0, (chroma/luma-0.4)/0.3))
	luma = max(chroma, luma*min(1, max(0.5, weakFactor/texture)))
	return trust*chroma + (1-trust)*luma
}

// sameEverywhere reports whether the three planes are equal.
func sameEverywhere[T uint16 | float32](p [][]T) bool {
	for i, v := range p[0] {
		if p[1][i] != v || p[2][i] != v {
			return false
		}
	}
	return true
}
