package degrade

import "math"

// sampled is one component of a JPEG file: w*h samples, both multiples of 8,
// about 0. The patch's own begin at (left, top).
type sampled struct {
	w, h, left, top int
	data            []float32
}

// newSampled returns room for w*h samples that begin at (left, top), with whole
// blocks of 8, or 16 in a direction that will be halved.
func newSampled(w, h, left, top, halvedX, halvedY int) *sampled {
	up := func(n, to int) int { return (n + to - 1) / to * to }
	s := &sampled{w: up(left+w, 8<<halvedX), h: up(top+h, 8<<halvedY), left: left, top: top}
	s.data = make([]float32, s.w*s.h)
	return s
}

func (s *sampled) row(y int) []float32 { return s.data[y*s.w : (y+1)*s.w] }

// inner is where w samples of the patch's row y belong.
func (s *sampled) inner(y, w int) []float32 { return s.row(s.top + y)[s.left : s.left+w] }

// spread repeats the outermost of the patch's w*h samples all round it.
func (s *sampled) spread(left, top, w, h int) {
	for y := top; y < top+h; y++ {
		row := s.row(y)
		for x := range left {
			row[x] = row[left]
		}
		for x := left + w; x < s.w; x++ {
			row[x] = row[left+w-1]
		}
	}
	for y := range top {
		copy(s.row(y), s.row(top))
	}
	for y := top + h; y < s.h; y++ {
		copy(s.row(y), s.row(top+h-1))
	}
}

// halve takes the mean of pairs of samples, in the directions given by a 1.
func (s *sampled) halve(x, y int) {
	if x == 0 && y == 0 {
		return
	}
	w, h := s.w>>x, s.h>>y
	for i := range h {
		a, b := s.row(i<<y), s.row(i<<y+y)
		to := s.data[i*w : (i+1)*w] // never ahead of what is read
		for k := range to {
			to[k] = round((a[k<<x] + a[k<<x+x] + b[k<<x] + b[k<<x+x]) / 4)
		}
	}
	s.w, s.h, s.data = w, h, s.data[:w*h]
}

// compress rounds the cosine coefficients of all blocks to multiples of the
// table's at that quality, and transforms back to whole samples of 8 bits.
func (s *sampled) compress(table *[64]uint8, quality int) {
	steps, inverse := quantiser(table, quality)
	var block, swap [64]float32
	for y := 0; y < s.h; y += 8 {
		for x := 0; x < s.w; x += 8 {
			at := s.data[y*s.w+x:]
			for i := range 8 {
				copy(block[8*i:8*i+8], at[i*s.w:i*s.w+8])
			}
			cosines(&swap, &block)
			cosines(&block, &swap)
			for i, v := range block {
				block[i] = round(v*inverse[i]) * steps[i]
			}
			samples(&swap, &block)
			samples(&block, &swap)
			for i := range 8 {
				to := at[i*s.w : i*s.w+8 : i*s.w+8]
				for k, v := range block[8*i : 8*i+8] {
					to[k] = min(max(round(v), -128), 127)
				}
			}
		}
	}
}

// round rounds to the nearest whole number, to the even one where two are as near.
// It holds for magnitudes below 2^22: adding this leaves no bits for a fraction.
func round(v float32) float32 {
	const shift = 3 << 22
	return float32(v+shift) - shift
}

// quantiser returns the steps of a table at a quality, as libjpeg scales them, and
// their inverses.
func quantiser(table *[64]uint8, quality int) (steps, inverse [64]float32) {
	quality = min(max(quality, 1), 100)
	scale := 200 - 2*quality
	if quality < 50 {
		scale = 5000 / quality
	}
	for i, v := range table {
		step := float32(min(max((int(v)*scale+50)/100, 1), 255))
		steps[i], inverse[i] = step, 1/step
	}
	return steps, inverse
}

// Cosines of multiples of pi/16, halved: the orthonormal transform of 8 samples is
// X[k] = c[k]/2 sum x[n] cos((2n+1)k pi/16) with c[0] = 1/sqrt(2) and 1 else.
var (
	half1 = float32(math.Cos(1*math.Pi/16) / 2)
	half2 = float32(math.Cos(2*math.Pi/16) / 2)
	half3 = float32(math.Cos(3*math.Pi/16) / 2)
	half4 = float32(math.Cos(4*math.Pi/16) / 2)
	half5 = float32(math.Cos(5*math.Pi/16) / 2)
	half6 = float32(math.Cos(6*math.Pi/16) / 2)
	half7 = float32(math.Cos(7*math.Pi/16) / 2)
)

// cosines transforms each row of a block of 8x8 (discrete cosine transform, type
// II, orthonormal) into a column of another: two calls make the transform in two
// dimensions. The symmetry of the cosines about the middle of the row halves the
// work: sums of mirrored samples have the even coefficients, differences the odd.
func cosines(to, from *[64]float32) {
	c1, c2, c3, c4, c5, c6, c7 := half1, half2, half3, half4, half5, half6, half7
	for i := range 8 {
		r := (*[8]float32)(from[8*i : 8*i+8])
		s0, s1, s2, s3 := r[0]+r[7], r[1]+r[6], r[2]+r[5], r[3]+r[4]
		d0, d1, d2, d3 := r[0]-r[7], r[1]-r[6], r[2]-r[5], r[3]-r[4]
		e0, e1, f0, f1 := s0+s3, s1+s2, s0-s3, s1-s2
		to[i] = c4 * (e0 + e1)
		to[i+8] = c1*d0 + c3*d1 + c5*d2 + c7*d3
		to[i+16] = c2*f0 + c6*f1
		to[i+24] = c3*d0 - c7*d1 - c1*d2 - c5*d3
		to[i+32] = c4 * (e0 - e1)
		to[i+40] = c5*d0 - c1*d1 + c7*d2 + c3*d3
		to[i+48] = c6*f0 - c2*f1
		to[i+56] = c7*d0 - c5*d1 + c3*d2 - c1*d3
	}
}

// samples is the inverse of cosines (type III), again of rows to columns.
func samples(to, from *[64]float32) {
	c1, c2, c3, c4, c5, c6, c7 := half1, half2, half3, half4, half5, half6, half7
	for i := range 8 {
		r := (*[8]float32)(from[8*i : 8*i+8])
		e0, e1 := c4*(r[0]+r[4]), c4*(r[0]-r[4])
		f0, f1 := c2*r[2]+c6*r[6], c6*r[2]-c2*r[6]
		s0, s3, s1, s2 := e0+f0, e0-f0, e1+f1, e1-f1
		d0 := c1*r[1] + c3*r[3] + c5*r[5] + c7*r[7]
		d1 := c3*r[1] - c7*r[3] - c1*r[5] - c5*r[7]
		d2 := c5*r[1] - c1*r[3] + c7*r[5] + c3*r[7]
		d3 := c7*r[1] - c5*r[3] + c3*r[5] - c1*r[7]
		to[i], to[i+56] = s0+d0, s0-d0
		to[i+8], to[i+48] = s1+d1, s1-d1
		to[i+16], to[i+40] = s2+d2, s2-d2
		to[i+24], to[i+32] = s3+d3, s3-d3
	}
}

// LumaSteps returns the quantisation steps of luma at quality 50, in rows of
// ascending horizontal frequency (ITU-T T.81, table K.1).
func LumaSteps() (steps [64]float64) {
	for i, v := range lumaTable {
		steps[i] = float64(v)
	}
	return steps
}

// The tables of steps that ITU-T T.81 gives as examples in annex K, for luma and
// chroma at quality 50, in rows of ascending horizontal frequency.
var (
	lumaTable = [64]uint8{
		16, 11, 10, 16, 24, 40, 51, 61,
		12, 12, 14, 19, 26, 58, 60, 55,
		14, 13, 16, 24, 40, 57, 69, 56,
		14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77,
		24, 35, 55, 64, 81, 104, 113, 92,
		49, 64, 78, 87, 103, 121, 120, 101,
		72, 92, 95, 98, 112, 100, 103, 99,
	}
	chromaTable = [64]uint8{
		17, 18, 24, 47, 99, 99, 99, 99,
		18, 21, 26, 66, 99, 99, 99, 99,
		24, 26, 56, 99, 99, 99, 99, 99,
		47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
	}
)
