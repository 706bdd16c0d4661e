package denoise

import (
	"math"
)

const (
	patchSide  = 8 // samples; the size that Chen, Zhu and Heng found best
	patchLen   = patchSide * patchSide
	minPatches = 400  // a covariance of 64 dimensions wants several times as many
	maxPatches = 9000 // about: work and memory stay the same from a third of a megapixel on
)

// patchSet is a regular sample of the patches of a picture, on the 0..255 scale.
type patchSet struct {
	n       int
	planes  []patchPlane // luma alone, or luma and two colour differences
	mean    [][]float32  // [channel][patch], of the picture's own channels
	still   []bool       // too many equal neighbours to hold noise of level 1 or more
	cut     []bool       // more than a quarter of the samples at black or white
	clipped bool         // no sample lies outside 0..255: noise may have been cut off there
}

// patchPlane holds the patches of one plane: n*patchLen samples, and for each
// patch its gradient energy, which for white noise is its variance.
type patchPlane struct {
	samples []float32
	energy  []float32
}

// Rows of weights that make luma and two colour differences of red, green and
// blue. Each has length 1, so that white noise keeps its level. Luma has the
// proportions of ITU-R BT.601, JPEG's: its noise survives JPEG unchanged.
var opponent = [3][3]float32{
	{0.4472331, 0.8780128, 0.1705170},
	{1 / math.Sqrt2, 0, -1 / math.Sqrt2},
	{0.40824829, -0.81649658, 0.40824829},
}

// gather samples the patches of a picture on a regular grid: all of them where
// it is small, otherwise about maxPatches.
func gather[T uint16 | float32](planes [][]T, w, h int, scale float32) *patchSet {
	nx, ny := w-patchSide+1, h-patchSide+1
	xs, ys := grid(nx, ny)
	n := len(xs) * len(ys)
	s := &patchSet{n: n, still: make([]bool, n), cut: make([]bool, n), clipped: true}
	for range planes {
		s.mean = append(s.mean, make([]float32, n))
		s.planes = append(s.planes, patchPlane{make([]float32, n*patchLen), make([]float32, n)})
	}
	var own [3][patchLen]float32
	i := 0
	for _, y := range ys {
		for _, x := range xs {
			for c, plane := range planes {
				var sum float32
				for r := range patchSide {
					for k, v := range plane[(y+r)*w+x:][:patchSide] {
						f := float32(v) * scale
						if f < 0 || f > 255.001 {
							s.clipped = false
						}
						own[c][r*patchSide+k] = f
						sum += f
					}
				}
				s.mean[c][i] = sum / patchLen
			}
			s.still[i], s.cut[i] = still(own[:len(planes)]), cut(own[:len(planes)])
			for p := range s.planes {
				dst := s.planes[p].samples[i*patchLen:][:patchLen]
				if len(planes) == 1 {
					copy(dst, own[0][:])
				} else {
					a := opponent[p]
					for k := range dst {
						dst[k] = a[0]*own[0][k] + a[1]*own[1][k] + a[2]*own[2][k]
					}
				}
				s.planes[p].energy[i] = gradientEnergy(dst)
			}
			i++
		}
	}
	return s
}

// grid picks evenly spaced coordinates out of nx columns and ny rows. Of a
// picture that is narrower than the spacing, one column (or row) is taken, the
// more densely.
func grid(nx, ny int) (xs, ys []int) {
	step := math.Sqrt(float64(nx) * float64(ny) / maxPatches)
	sx, sy := step, step
	switch {
	case float64(ny) < step:
		sx, sy = float64(nx)/maxPatches, float64(ny)
	case float64(nx) < step:
		sx, sy = float64(nx), float64(ny)/maxPatches
	}
	return spaced(nx, sx), spaced(ny, sy)
}

// spaced lists the whole numbers below n at the given spacing, each once.
func spaced(n int, spacing float64) (list []int) {
	spacing = max(1, spacing)
	for i := 0; int(float64(i)*spacing) < n; i++ {
		list = append(list, int(float64(i)*spacing))
	}
	return list
}

// gradientEnergy is the mean squared difference of neighbours in a patch, halved:
// the variance of white noise, more where there is texture.
func gradientEnergy(p []float32) float32 {
	var sum float32
	for i := range p {
		if i%patchSide != 0 {
			d := p[i] - p[i-1]
			sum += d * d
		}
		if i >= patchSide {
			d := p[i] - p[i-patchSide]
			sum += d * d
		}
	}
	return sum / (2 * 2 * patchSide * (patchSide - 1))
}

// still reports whether more than three in ten neighbours are equal in all
// channels. Noise of level 1 in 8 bits leaves 28 % of them equal in one
// channel and 2 % in three; drawings, text, clipped areas and borders far more.
func still(own [][patchLen]float32) bool {
	equal := 0
	for i := 1; i < patchLen; i++ {
		if i%patchSide != 0 && sameAt(own, i, i-1) {
			equal++
		}
		if i >= patchSide && sameAt(own, i, i-patchSide) {
			equal++
		}
	}
	return 10*equal > 3*2*patchSide*(patchSide-1)
}

// cut reports whether more than a quarter of the samples lie at black or white in
// some channel, so that noise may be missing there.
func cut(own [][patchLen]float32) bool {
	for c := range own {
		n := 0
		for _, v := range own[c] {
			if v <= 0 || v >= 255 {
				n++
			}
		}
		if 4*n > patchLen {
			return true
		}
	}
	return false
}

func sameAt(own [][patchLen]float32, i, j int) bool {
	for c := range own {
		if own[c][i] != own[c][j] {
			return false
		}
	}
	return true
}

// usable lists the patches that can tell of noise. Still ones at black or white
// say nothing. Still ones between say that there is none, and are believed
// where they are a fifth or more of what is left; fewer are taken for a frame or
// a caption put on a noisy picture. Cut ones, such as those across the edge of a
// black border, are left out where they are the lesser part; in a dark picture
// they are all there is, and unclip makes up for what is missing.
func (s *patchSet) usable() []int {
	var lively, flat, whole []int
	for i := range s.n {
		switch {
		case !s.still[i]:
			lively = append(lively, i)
			if !s.cut[i] {
				whole = append(whole, i)
			}
		case s.margin(i) > 2:
			flat = append(flat, i)
		}
	}
	if s.clipped && 2*len(whole) >= len(lively) && len(whole) >= minPatches {
		lively = whole
	}
	if 5*len(flat) < len(lively)+len(flat) {
		return lively
	}
	return append(lively, flat...)
}

// margin is how far the mean of patch i is from black and white, in the channel
// where it is nearest.
func (s *patchSet) margin(i int) float32 {
	m := float32(255)
	for c := range s.mean {
		m = min(m, s.mean[c][i], 255-s.mean[c][i])
	}
	return m
}
