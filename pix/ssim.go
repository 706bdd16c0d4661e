package pix

import (
	"fmt"
	"math"
)

// SSIM is the mean structural similarity of two pictures, 1 for equal ones: the
// mean over the planes of Wang, Bovik, Sheikh and Simoncelli, "Image quality
// assessment: from error visibility to structural similarity" (2004), with their
// Gaussian window of 11x11 samples and sigma 1.5, K1 = 0.01 and K2 = 0.03, at all
// places where the window lies wholly inside the picture. A side below 11
// samples has a window of that side, cut evenly from the Gaussian and scaled to
// the sum 1. The error wraps ErrMismatch.
func SSIM(a, b *Image) (float64, error) {
	if err := sameShape(a, b); err != nil {
		return 0, err
	}
	row := func(m *Image) func(p, y int, dst []float64) {
		return func(p, y int, dst []float64) {
			for x, v := range m.Planes[p][y*m.W : (y+1)*m.W] {
				dst[x] = float64(v)
			}
		}
	}
	return ssim(nil, row(a), row(b), len(a.Planes), a.W, a.H, 65535)
}

// Runner calls f once for every i from 0 to n-1, in any order and on as many
// goroutines as it likes, and returns when all calls have ended. An error says
// that some were not made, for instance since somebody cancelled the work.
type Runner func(n int, f func(i int)) error

// SSIMPlanes is SSIM over planes of w*h floats whose full scale is peak. The work
// is shared out by run, or done by the calling goroutine where run is nil; the
// result is the same to the last bit. The error wraps ErrMismatch, or is that
// of run.
func SSIMPlanes(run Runner, a, b [][]float32, w, h int, peak float64) (float64, error) {
	if len(a) != len(b) {
		return 0, fmt.Errorf("%w: %d planes against %d", ErrMismatch, len(a), len(b))
	}
	for p := range a {
		if len(a[p]) != w*h || len(b[p]) != w*h {
			return 0, fmt.Errorf("%w: plane %d has %d and %d samples, not %dx%d", ErrMismatch, p, len(a[p]), len(b[p]), w, h)
		}
	}
	row := func(planes [][]float32) func(p, y int, dst []float64) {
		return func(p, y int, dst []float64) {
			for x, v := range planes[p][y*w : (y+1)*w] {
				dst[x] = float64(v)
			}
		}
	}
	return ssim(run, row(a), row(b), len(a), w, h, peak)
}

// moments are the four quantities whose local means SSIM is made of. The two
// variances occur in their sum only.
const moments = 4 // a, b, a*a + b*b, a*b

// bandRows is how many rows of windows one piece of the work has. Rows that two
// bands look at are filtered twice: with this many, a twelfth of them.
const bandRows = 128

// ssim adds up the bands of all planes. How a picture falls into bands depends
// on its shape alone, and their sums are added in their own order, so that who
// computes which changes no bit.
func ssim(run Runner, rowA, rowB func(p, y int, dst []float64), planes, w, h int, peak float64) (float64, error) {
	if planes == 0 || w <= 0 || h <= 0 {
		return 0, fmt.Errorf("%w: there are no samples", ErrMismatch)
	}
	s := similarity{rowA: rowA, rowB: rowB, w: w, kx: gaussian(min(w, 11)), ky: gaussian(min(h, 11)),
		c1: 0.01 * peak * 0.01 * peak, c2: 0.03 * peak * 0.03 * peak}
	rows := h - len(s.ky) + 1
	bands := (rows + bandRows - 1) / bandRows
	sums := make([]float64, planes*bands)
	if run == nil {
		run = serially
	}
	if err := run(len(sums), func(i int) {
		y := i % bands * bandRows
		sums[i] = s.band(i/bands, y, min(y+bandRows, rows))
	}); err != nil {
		return 0, err
	}
	var sum float64
	for _, v := range sums {
		sum += v
	}
	return sum / float64(planes*rows*(w-len(s.kx)+1)), nil
}

func serially(n int, f func(i int)) error {
	for i := range n {
		f(i)
	}
	return nil
}

// similarity is two pictures that are compared.
type similarity struct {
	rowA, rowB func(p, y int, dst []float64) // read row y of plane p
	w          int
	kx, ky     []float64 // the window, as a product of two
	c1, c2     float64
}

// band is the sum of the similarity over the windows of plane p that begin in the
// rows [y0, y1). It reads both pictures row by row: of the horizontally
// filtered moments it keeps only as many rows as the window is high.
func (s *similarity) band(p, y0, y1 int) float64 {
	kx, ky := s.kx, s.ky
	ow := s.w - len(kx) + 1
	ring := make([][moments][]float64, len(ky))
	for i := range ring {
		for k := range ring[i] {
			ring[i][k] = make([]float64, ow)
		}
	}
	va, vb, squares, product := make([]float64, s.w), make([]float64, s.w), make([]float64, s.w), make([]float64, s.w)
	window := make([][]float64, len(ky))
	var mean [moments][]float64
	for k := range mean {
		mean[k] = make([]float64, ow)
	}

	var sum float64
	for y := range y1 - y0 + len(ky) - 1 {
		s.rowA(p, y0+y, va)
		s.rowB(p, y0+y, vb)
		slot := &ring[y%len(ky)]
		filter(slot[0], va, kx)
		filter(slot[1], vb, kx)
		for x, v := range va {
			u := vb[x]
			squares[x], product[x] = v*v+u*u, v*u
		}
		filter(slot[2], squares, kx)
		filter(slot[3], product, kx)
		if y < len(ky)-1 {
			continue
		}
		for k := range mean {
			for i := range window {
				window[i] = ring[(y+1+i)%len(ky)][k]
			}
			filterRows(mean[k], window, ky)
		}
		for x := range ow {
			ma, mb := mean[0][x], mean[1][x]
			both, cross := ma*ma+mb*mb, ma*mb
			sum += (2*cross + s.c1) * (2*(mean[3][x]-cross) + s.c2) / ((both + s.c1) * (mean[2][x] - both + s.c2))
		}
	}
	return sum
}

// filter writes the correlation of src with a symmetric kernel where it fits.
func filter(dst, src, kernel []float64) {
	n := len(kernel)
	if n == 11 { // the usual one, without the inner loop
		k := [6]float64(kernel)
		for x := range dst {
			s := (*[11]float64)(src[x:])
			dst[x] = k[0]*(s[0]+s[10]) + k[1]*(s[1]+s[9]) + k[2]*(s[2]+s[8]) + k[3]*(s[3]+s[7]) + k[4]*(s[4]+s[6]) + k[5]*s[5]
		}
		return
	}
	for x := range dst {
		s := src[x : x+n]
		var sum float64
		for i, weight := range kernel[:n/2] {
			sum += weight * (s[i] + s[n-1-i])
		}
		if n%2 == 1 {
			sum += kernel[n/2] * s[n/2]
		}
		dst[x] = sum
	}
}

// filterRows is filter down the columns of as many rows as the kernel is long.
func filterRows(dst []float64, rows [][]float64, kernel []float64) {
	n := len(kernel)
	if n == 11 {
		k := [6]float64(kernel)
		var r [11][]float64
		for i := range r {
			r[i] = rows[i][:len(dst)]
		}
		for x := range dst {
			dst[x] = k[0]*(r[0][x]+r[10][x]) + k[1]*(r[1][x]+r[9][x]) + k[2]*(r[2][x]+r[8][x]) +
				k[3]*(r[3][x]+r[7][x]) + k[4]*(r[4][x]+r[6][x]) + k[5]*r[5][x]
		}
		return
	}
	clear(dst)
	for i, weight := range kernel[:n/2] {
		upper, lower := rows[i][:len(dst)], rows[n-1-i][:len(dst)]
		for x := range dst {
			dst[x] += weight * (upper[x] + lower[x])
		}
	}
	if n%2 == 1 {
		for x, v := range rows[n/2][:len(dst)] {
			dst[x] += kernel[n/2] * v
		}
	}
}

// gaussian returns n weights of a Gaussian of sigma 1.5 that sum to 1.
func gaussian(n int) []float64 {
	k := make([]float64, n)
	var sum float64
	for i := range k {
		d := float64(i) - float64(n-1)/2
		k[i] = math.Exp(-d * d / (2 * 1.5 * 1.5))
		sum += k[i]
	}
	for i := range k {
		k[i] /= sum
	}
	return k
}
