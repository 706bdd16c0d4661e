package denoise

import "math"

const meanBins = 32 // of patch means, over 0..255

// histogram counts the means of the listed patches, in all channels.
func (s *patchSet) histogram(list []int) (h [meanBins]float64) {
	for c := range s.mean {
		for _, i := range list {
			h[min(meanBins-1, max(0, int(s.mean[c][i]*meanBins/256)))]++
		}
	}
	return h
}

// unclip returns the level of the noise that, after clipping to 0..255, has the
// level measured in patches with these means. Clipping takes a part of the
// noise near black and white, and moves the mean away from there; both follow
// from the normal distribution.
func unclip(measured float64, means [meanBins]float64) float64 {
	if measured <= 0 {
		return 0
	}
	lo, hi := measured, min(3*measured, 128)
	if hi <= lo {
		return measured
	}
	for range 20 {
		mid := (lo + hi) / 2
		if clippedLevel(mid, means) < measured {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// clippedLevel is the level that is left of noise of level sigma after clipping,
// over patches with these means (measured after clipping).
func clippedLevel(sigma float64, means [meanBins]float64) float64 {
	var sum, n float64
	for b, count := range means {
		if count == 0 {
			continue
		}
		_, v := clippedNormal(meanBefore((float64(b)+0.5)*256/meanBins, sigma), sigma)
		sum += count * v
		n += count
	}
	if n == 0 {
		return sigma
	}
	return math.Sqrt(sum / n)
}

// meanBefore finds the mean before clipping that is mean after it.
func meanBefore(mean, sigma float64) float64 {
	lo, hi := -3*sigma, 255+3*sigma
	for range 24 {
		mid := (lo + hi) / 2
		if m, _ := clippedNormal(mid, sigma); m < mean {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// clippedNormal is the mean and the variance of a normal variable after clipping
// to 0..255.
func clippedNormal(mu, sigma float64) (mean, variance float64) {
	a, b := -mu/sigma, (255-mu)/sigma
	below, above := 0.5*math.Erfc(-a/math.Sqrt2), 0.5*math.Erfc(b/math.Sqrt2)
	inside := 1 - below - above
	pa, pb := density(a), density(b)
	mean = mu*inside + sigma*(pa-pb) + 255*above
	square := (mu*mu+sigma*sigma)*inside + 2*mu*sigma*(pa-pb) + sigma*sigma*(a*pa-b*pb) + 255*255*above
	return mean, max(0, square-mean*mean)
}

func density(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }
