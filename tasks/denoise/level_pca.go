package denoise

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Of the patches sorted by gradient energy, planeLevel takes the weakest
// chunks; a patch counts as weakly textured up to weakFactor times the energy
// that noise alone would have.
const (
	chunks     = 24
	weakFactor = 1.6
)

// planeLevel estimates the level of the noise in the listed patches of one
// plane, and says from which of them, and what the covariance of these is like.
//
// After Chen, Zhu and Heng, "An Efficient Statistical Method for Image Noise
// Level Estimation" (ICCV 2015): texture fills few of the directions that a
// patch can vary in, noise all of them alike, so the smaller eigenvalues of the
// covariance are the noise's variance. Where texture fills all directions
// (leaves, grass), that overestimates; so it is repeated on the patches whose
// gradients are no stronger than the noise found so far explains, as in Liu,
// Tanaka and Okutomi, "Single-Image Noise Level Estimation for Blind Denoising"
// (IEEE TIP 22(12), 2013), until that changes nothing.
func planeLevel(p *patchPlane, list []int) (sigma float64, spread spectrum, used []int) {
	order := slices.Clone(list)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.energy[a], p.energy[b]) })
	sums := newPrefixSums(p, order)
	k := chunks
	sigma, spread = sums.level(k)
	for range 8 {
		limit := float32(weakFactor * sigma * sigma)
		n, _ := slices.BinarySearchFunc(order, limit, func(i int, t float32) int { return cmp.Compare(p.energy[i], t) })
		next := max(sums.chunkOf(n), sums.chunkOf(minPatches))
		if next >= k {
			break
		}
		k = next
		sigma, spread = sums.level(k)
	}
	return sigma, spread, order[:sums.end(k)]
}

// texture is the median gradient energy of the used patches relative to what
// noise of level sigma has: about 1 where they hold noise alone.
func (p *patchPlane) texture(sigma float64, used []int) float64 {
	if sigma == 0 {
		return 1
	}
	return float64(p.energy[used[len(used)/2]]) / (sigma * sigma) // used is in ascending order of energy
}

// prefixSums holds, for each k, the sums over the first k chunks of patches from
// which their covariance follows.
type prefixSums struct {
	n     int
	outer []*mat.SymDense
	first [][]float64
}

func newPrefixSums(p *patchPlane, order []int) *prefixSums {
	s := &prefixSums{n: len(order)}
	outer, first := mat.NewSymDense(patchLen, nil), make([]float64, patchLen)
	for k := range chunks {
		part := order[s.end(k):s.end(k+1)]
		if len(part) > 0 {
			rows := mat.NewDense(len(part), patchLen, nil)
			for r, i := range part {
				row := rows.RawRowView(r)
				for j, v := range p.samples[i*patchLen:][:patchLen] {
					row[j] = float64(v)
					first[j] += float64(v)
				}
			}
			var o mat.SymDense
			o.SymOuterK(1, rows.T())
			outer.AddSym(outer, &o)
		}
		keep := mat.NewSymDense(patchLen, nil)
		keep.CopySym(outer)
		s.outer = append(s.outer, keep)
		s.first = append(s.first, slices.Clone(first))
	}
	return s
}

// end is the number of patches in the first k chunks.
func (s *prefixSums) end(k int) int { return k * s.n / chunks }

// chunkOf is the least number of chunks that hold n patches.
func (s *prefixSums) chunkOf(n int) int {
	return min(chunks, max(1, (n*chunks+s.n-1)/s.n))
}

// spectrum is what the eigenvalues of a covariance of patches are like: those at
// the ranks spectrumRanks, as levels. All are alike where there is white noise and
// nothing else; whatever texture there is, the lower ones stay alike. Those of
// correlated noise differ from the least on.
type spectrum [4]float64

var spectrumRanks = [4]int{3, 16, 32, 48} // of 64, in ascending order

// level is the noise level by the eigenvalues of the covariance of the first k
// chunks.
func (s *prefixSums) level(k int) (float64, spectrum) {
	n := float64(s.end(k))
	cov, first := s.outer[k-1], s.first[k-1]
	centred := mat.NewSymDense(patchLen, nil)
	for i := range patchLen {
		for j := i; j < patchLen; j++ {
			centred.SetSym(i, j, (cov.At(i, j)-first[i]*first[j]/n)/n)
		}
	}
	var e mat.EigenSym
	if !e.Factorize(centred, false) {
		return 0, spectrum{}
	}
	values := e.Values(nil)
	var spread spectrum
	for i, rank := range spectrumRanks {
		spread[i] = math.Sqrt(max(0, values[rank]))
	}
	return math.Sqrt(max(0, noiseVariance(values))), spread
}

// noiseVariance is the mean of the largest set of smallest eigenvalues (given in
// ascending order) whose mean is not above its median: the eigenvalues of noise
// spread evenly about its variance, those of texture lie on one side (Chen, Zhu
// and Heng, algorithm 1).
func noiseVariance(ascending []float64) float64 {
	sum := 0.0
	for _, v := range ascending {
		sum += v
	}
	for n := len(ascending); n > 1; n-- {
		mean := sum / float64(n)
		if median := (ascending[n/2] + ascending[(n-1)/2]) / 2; mean <= median {
			return mean
		}
		sum -= ascending[n-1]
	}
	return ascending[0]
}
