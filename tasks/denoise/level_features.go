package denoise

import (
	"cmp"
	"math"
	"slices"
)

const (
	groups      = 4 // of patches, by brightness: sensor noise differs between them
	featureBand = 2 // the band whose extremes over the groups count
)

// quantiles of the patches' energies that count: noise is much the same in all
// patches, texture is not.
var quantiles = [...]float64{0.05, 0.25, 0.6}

// features is how many numbers describe a picture to levelNet.
const features = 2*bands*len(quantiles) + 2*len(spectrum{}) + 16

// level-like features are logarithms of variances; leastVariance keeps those of
// nothing finite.
const leastVariance = 0.2 * 0.2

func logLevel(variance float64) float64 { return 0.5 * math.Log(max(0, variance)+leastVariance) }

// describe makes the features of a picture: where its energy lies by band, plane
// and brightness, in quiet and in busy patches; how directed it is; what
// the eigenvalues are like; and what JPEG left.
func describe(m *patchLevels, jpeg jpegTrace) (x [features]float64) {
	s, usable := m.set, m.usable
	n := len(usable)
	channels := min(2, len(s.planes))
	energy := make([][bands][]float32, channels) // of luma, and the mean of both colour differences
	for c := range energy {
		for b := range energy[c] {
			energy[c][b] = make([]float32, n)
		}
	}
	directed := make([]float32, n)
	order := make([]int, n) // positions in usable, from dark to bright
	bright := make([]float32, n)
	var coefficients [patchLen]float32
	for k, i := range usable {
		order[k] = k
		for p := range s.planes {
			dct(&coefficients, s.planes[p].samples[i*patchLen:][:patchLen])
			c, share := 0, float32(1)
			if p > 0 {
				c, share = 1, 0.5
			}
			for b, e := range bandEnergies(&coefficients) {
				energy[c][b][k] += share * e
			}
			if p == 0 {
				directed[k] = anisotropy(&coefficients)
			}
		}
		for c := range s.mean {
			bright[k] += s.mean[c][i]
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(bright[a], bright[b]) })

	at := 0
	put := func(v float64) { x[at] = v; at++ }
	part := make([]float32, 0, n/groups+1)
	for c := range 2 {
		least, most := math.Inf(1), 0.0
		for b := range bands {
			var sum [len(quantiles)]float64
			if c < channels {
				for g := range groups {
					part = part[:0]
					for _, k := range order[g*n/groups : (g+1)*n/groups] {
						part = append(part, energy[c][b][k])
					}
					slices.Sort(part)
					for j, q := range quantiles {
						v := sortedQuantile(part, q)
						sum[j] += v / groups
						if b == featureBand && j == 1 {
							least, most = min(least, v), max(most, v)
						}
					}
				}
			}
			for j := range sum {
				put(logLevel(sum[j]))
			}
		}
		if c >= channels {
			least = 0
		}
		put(logLevel(least))
		put(logLevel(most))
	}
	put(math.Log(float64(m.used))) // the fewer, the wider the eigenvalues spread by chance
	put(quantile(directed, 0.25))
	put(quantile(directed, 0.6))
	put(logLevel(m.planes[0] * m.planes[0]))
	grey := 1.0
	for i := range spectrumRanks {
		put(logLevel(m.spread[0][i] * m.spread[0][i]))
	}
	if channels == 2 {
		grey = 0
		put(logLevel((m.planes[1]*m.planes[1] + m.planes[2]*m.planes[2]) / 2))
		for i := range spectrumRanks {
			put(logLevel((m.spread[1][i]*m.spread[1][i] + m.spread[2][i]*m.spread[2][i]) / 2))
		}
	} else {
		for range 1 + len(spectrumRanks) {
			put(logLevel(0))
		}
	}
	put(logLevel(jpeg.err))
	found := 0.0
	if jpeg.scale > 0 {
		found = 1
	}
	put(found)
	put(logLevel(jpeg.high[2]))
	put(logLevel(jpeg.high[3]))
	still, cut := 0.0, 0.0
	for i := range s.n {
		if s.still[i] {
			still++
		}
		if s.cut[i] {
			cut++
		}
	}
	put(still / float64(s.n))
	put(cut / float64(s.n))
	put(grey)
	return x
}

// quantile sorts v and returns its quantile q; 0 where it is empty.
func quantile(v []float32, q float64) float64 {
	slices.Sort(v)
	return sortedQuantile(v, q)
}

func sortedQuantile(v []float32, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	return float64(v[int(q*float64(len(v)-1))])
}
