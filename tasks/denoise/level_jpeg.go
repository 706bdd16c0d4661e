package denoise

import (
	"math"

	"github.com/cae-restore/restore/tasks/internal/degrade"
)

const (
	maxBlocks = 3000 // of the JPEG grid that are looked at
	maxStep   = 120  // the largest quantisation step that is looked for
	// Coefficients are counted in bins of 1/binsPerUnit up to maxCoefficient.
	binsPerUnit    = 4
	maxCoefficient = 255
	// leastCount coefficients other than zero are needed to tell a step.
	leastCount = 40
)

// lumaSteps are the quantisation steps of luma at quality 50. Most encoders
// multiply them by a number that follows from the quality.
var lumaSteps = degrade.LumaSteps()

// jpegTrace is what quantisation by JPEG has left in a picture whose 8x8 blocks
// begin at its first sample.
type jpegTrace struct {
	scale float64        // steps as multiples of lumaSteps; 0 where none were found
	err   float64        // the mean squared error in luma that follows from them
	high  [bands]float64 // the median energies of the blocks in each band
}

// traceJPEG looks for quantisation steps in the luma of a picture: those of a
// JPEG that was decoded and neither scaled nor cropped since.
func traceJPEG[T uint16 | float32](planes [][]T, w, h int, scale float32) jpegTrace {
	blocks := alignedBlocks(planes, w, h, scale)
	var t jpegTrace
	if len(blocks) == 0 {
		return t
	}
	var energies [bands][]float32
	for i := range blocks {
		for b, e := range bandEnergies(&blocks[i]) {
			energies[b] = append(energies[b], e)
		}
	}
	for b := range energies {
		t.high[b] = quantile(energies[b], 0.5)
	}
	var scales []float32
	for i := range patchLen {
		if d := i/patchSide + i%patchSide; d >= 1 && d <= 5 {
			if q := step(blocks, i); q > 0 {
				scales = append(scales, float32(float64(q)/lumaSteps[i]))
			}
		}
	}
	if len(scales) < 3 {
		return t
	}
	median := quantile(scales, 0.5)
	alike := 0
	for _, s := range scales {
		if math.Abs(float64(s)/median-1) < 0.25 {
			alike++
		}
	}
	if 3*alike < 2*len(scales) {
		return t // a drawing of few colours has steps too, but not those of a table
	}
	t.scale = median
	t.err = quantisationError(blocks, t.scale)
	return t
}

// alignedBlocks are the DCT coefficients of luma in some of the 8x8 blocks of
// the grid that begins at the first sample. Blocks that touch black or white
// are left out: clipping after decoding has moved their coefficients.
func alignedBlocks[T uint16 | float32](planes [][]T, w, h int, scale float32) [][patchLen]float32 {
	nx, ny := w/patchSide, h/patchSide
	if nx == 0 || ny == 0 {
		return nil
	}
	stride := max(1, int(math.Ceil(math.Sqrt(float64(nx)*float64(ny)/maxBlocks))))
	if stride > min(nx, ny) { // a strip: all of its rows (or columns), fewer of the others
		stride = max(1, (nx*ny+maxBlocks-1)/maxBlocks)
	}
	sx, sy := min(stride, max(1, nx)), min(stride, max(1, ny))
	var blocks [][patchLen]float32
	var luma [patchLen]float32
	for by := 0; by < ny; by += sy {
		for bx := 0; bx < nx; bx += sx {
			whole := true
			for r := range patchSide {
				at := (by*patchSide+r)*w + bx*patchSide
				for k := range patchSide {
					var v float32
					if len(planes) == 1 {
						v = float32(planes[0][at+k]) * scale
						whole = whole && v > 0 && v < 255
					} else {
						red, green, blue := float32(planes[0][at+k])*scale, float32(planes[1][at+k])*scale, float32(planes[2][at+k])*scale
						v = 0.299*red + 0.587*green + 0.114*blue
						whole = whole && min(red, green, blue) > 0 && max(red, green, blue) < 255
					}
					luma[r*patchSide+k] = v
				}
			}
			if whole {
				blocks = append(blocks, [patchLen]float32{})
				dct(&blocks[len(blocks)-1], luma[:])
			}
		}
	}
	return blocks
}

// step is the largest quantisation step that explains coefficient i of the
// blocks, or 0: the mean of cos(2 pi c/q) over the coefficients c that are not
// near zero, 1 where all are multiples of q and about 0 where q has nothing to
// do with them. Rounding of the samples leaves coefficients off their multiples
// by about 0.35, so steps below 2 do not show.
func step(blocks [][patchLen]float32, i int) int {
	var counts [maxCoefficient*binsPerUnit + 1]int
	most := 0
	for b := range blocks {
		c := blocks[b][i]
		if c < 0 {
			c = -c
		}
		if k := int(c*binsPerUnit + 0.5); k < len(counts) {
			counts[k]++
			most = max(most, k)
		}
	}
	for q := maxStep; q >= 2; q-- {
		sum, n := 0.0, 0
		for k := q * binsPerUnit * 6 / 10; k <= most; k++ {
			if counts[k] > 0 {
				n += counts[k]
				sum += float64(counts[k]) * cosine[k*len(cosine)/(q*binsPerUnit)%len(cosine)]
			}
		}
		blur := math.Exp(-2 * math.Pi * math.Pi * 0.35 * 0.35 / float64(q*q))
		if n >= leastCount && sum > 0.65*blur*float64(n) {
			return q
		}
	}
	return 0
}

// cosine is one period of the cosine.
var cosine = func() (c [1024]float64) {
	for i := range c {
		c[i] = math.Cos(2 * math.Pi * (float64(i) + 0.5) / float64(len(c)))
	}
	return c
}()

// quantisationError is the mean squared error of luma that steps of scale times
// lumaSteps have made. Coefficients that survived are off by at most half a
// step, evenly; what was lost of those that became zero follows from how many
// did, if coefficients have a Laplacian distribution (Lam and Goodman, "A
// Mathematical Analysis of the DCT Coefficient Distributions for Images", IEEE
// TIP 9(10), 2000).
func quantisationError(blocks [][patchLen]float32, scale float64) float64 {
	total := 0.0
	for i := 1; i < patchLen; i++ {
		q := max(1, scale*lumaSteps[i])
		zeros := 0
		for b := range blocks {
			if c := float64(blocks[b][i]); c < q/2 && c > -q/2 {
				zeros++
			}
		}
		n := float64(len(blocks))
		p := (float64(zeros) + 0.5) / (n + 1)
		half := q / 2
		rate := -math.Log(1-p) / half // of the exponential distribution of |c|
		tail := 1 - p
		lost := (2/(rate*rate) - tail*(half*half+2*half/rate+2/(rate*rate))) / p
		total += (1-p)*q*q/12 + p*min(lost, q*q/12)
	}
	return total / patchLen
}
