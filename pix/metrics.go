package pix

import (
	"errors"
	"fmt"
	"math"
)

// ErrMismatch means that two pictures cannot be compared: they differ in size,
// or one is grey and the other is not.
var ErrMismatch = errors.New("pictures cannot be compared")

// PSNR is the peak signal-to-noise ratio in decibels between two pictures,
// 10 log10(65535^2 / MSE), with the mean squared error over all samples of all
// planes together (opacity does not count). Equal pictures give +Inf. The error
// wraps ErrMismatch.
func PSNR(a, b *Image) (float64, error) {
	if err := sameShape(a, b); err != nil {
		return 0, err
	}
	var sum float64
	for p := range a.Planes {
		for i, v := range a.Planes[p] {
			d := int64(v) - int64(b.Planes[p][i])
			sum += float64(d * d)
		}
	}
	return psnr(sum, len(a.Planes)*a.W*a.H, 65535)
}

// PSNRPlanes is PSNR over planes of floats whose full scale is peak; nothing is
// clipped or rounded first. The error wraps ErrMismatch.
func PSNRPlanes(a, b [][]float32, peak float64) (float64, error) {
	if len(a) != len(b) {
		return 0, fmt.Errorf("%w: %d planes against %d", ErrMismatch, len(a), len(b))
	}
	var sum float64
	n := 0
	for p := range a {
		if len(a[p]) != len(b[p]) {
			return 0, fmt.Errorf("%w: plane %d has %d samples against %d", ErrMismatch, p, len(a[p]), len(b[p]))
		}
		n += len(a[p])
		for i, v := range a[p] {
			d := float64(v) - float64(b[p][i])
			sum += d * d
		}
	}
	return psnr(sum, n, peak)
}

func psnr(sum float64, n int, peak float64) (float64, error) {
	if n == 0 {
		return 0, fmt.Errorf("%w: there are no samples", ErrMismatch)
	}
	return 10 * math.Log10(peak*peak*float64(n)/sum), nil
}

func sameShape(a, b *Image) error {
	switch {
	case a.W != b.W || a.H != b.H:
		return fmt.Errorf("%w: %dx%d against %dx%d samples", ErrMismatch, a.W, a.H, b.W, b.H)
	case len(a.Planes) != len(b.Planes):
		return fmt.Errorf("%w: one is grey, the other in colour", ErrMismatch)
	}
	return nil
}
