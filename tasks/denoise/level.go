package denoise

import (
	"math"

	"github.com/cae-restore/restore/pix"
)

// EstimateLevel returns how much is wrong with the samples of m, as one number
// on the 0..255 scale, judged from the picture alone: the root mean square of what
// noise, grain and JPEG have done to them. White Gaussian noise of level 0 to 50
// is reported by its standard deviation, also where it was clipped and rounded.
// Correlated and signal-dependent noise (cameras, film, enlarged pictures, noise
// after JPEG) and artefacts of JPEG itself are judged by a small network that was
// fitted on such pictures; docs/quality.md says how far it is off. A clean
// photograph gives 0 to 0.5; the finest texture can still pass for noise.
// A picture less than 3 samples wide or high, or of flat areas only, gives 0.
//
// Artefacts of JPEG are recognised where the picture has its 8x8 blocks still in
// place: neither scaled nor cut off their grid after decoding.
//
// The same samples give the same number. At most some 20,000 patches are looked
// at, so work and memory (about 30 MB) are bounded for pictures of any size.
func EstimateLevel(m *pix.Image) float64 {
	return level(m.Planes, m.W, m.H, 255.0/65535)
}

// estimateLevel is EstimateLevel for one or three planes of w*h floats where 1.0
// is full scale. Values outside [0,1] tell it that the noise was not clipped.
func estimateLevel(planes [][]float32, w, h int) float64 {
	return level(planes, w, h, 255)
}

// level estimates what is wrong with planes of w*h samples that scale brings to
// the 0..255 scale.
//
// It is measured twice. White noise is read off the covariance of 8x8 patches
// (planeLevel, combine), which is exact to a percent or two where the noise is
// white and far off where it is not. For everything else a network judges by
// what the picture looks like (describe, levelNet); it also says how likely the
// noise is to be white, and so which of the two answers counts.
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
	m := measurePatches(planes, w, h, scale)
	if m == nil {
		return 0
	}
	jpeg := traceJPEG(planes, w, h, scale)
	if m.white < nothing && jpeg.scale == 0 {
		return m.white // many patches have no noise at all, so the others have texture
	}
	other, white := levelTable.judge(describe(m, jpeg))
	return other + white*(m.white-other)
}

// nothing is a level that is none: samples of 8 bits show only more.
const nothing = 0.05

// patchLevels is what the patches of a picture say.
type patchLevels struct {
	set    *patchSet
	usable []int     // the patches that were listened to
	planes []float64 // the level of each plane, as found
	spread []spectrum
	used   int     // patches that the first of them was read off
	white  float64 // the level of white noise before it was clipped
}

// measurePatches measures planes as if their noise were white. It returns nil
// where there are too few patches.
//
// Colour differences of a photograph hold far less texture than its luma, so
// white noise is measured there first; luma decides where there is no colour or
// where its noise is gone. In each plane the noise is read off the covariance
// of 8x8 patches: see planeLevel.
func measurePatches[T uint16 | float32](planes [][]T, w, h int, scale float32) *patchLevels {
	set := gather(planes, w, h, scale)
	m := &patchLevels{set: set, usable: set.usable()}
	if len(m.usable) < minPatches {
		return nil
	}
	before := make([]float64, len(set.planes))
	texture := make([]float64, len(set.planes))
	for p := range set.planes {
		sigma, spread, used := planeLevel(&set.planes[p], m.usable)
		if p == 0 {
			m.used = len(used)
		}
		texture[p] = set.planes[p].texture(sigma, used)
		m.planes = append(m.planes, sigma)
		m.spread = append(m.spread, spread)
		if set.clipped {
			sigma = unclip(sigma, set.histogram(used))
		}
		before[p] = sigma
	}
	m.white = combine(before, texture[0])
	return m
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
