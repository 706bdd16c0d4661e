package pix

import "math"

// MaxDifference is the largest absolute difference between two samples at the
// same place, from 0 (equal) to 65535; opacity does not count. An 8-bit step is
// 257. The error wraps ErrMismatch.
func MaxDifference(a, b *Image) (uint16, error) {
	if err := sameShape(a, b); err != nil {
		return 0, err
	}
	var most uint16
	for p := range a.Planes {
		for i, v := range a.Planes[p] {
			w := b.Planes[p][i]
			most = max(most, max(v, w)-min(v, w))
		}
	}
	return most, nil
}

// middle is the grey of a signed difference of zero: 128 of 255, which both 8
// and 16 bits hold exactly.
const middle = 128 * 257

// Difference returns a picture of how b differs from a, sample by sample:
//
//	gain*|b-a|              unless signed: black where they are equal
//	128*257 + gain*(b-a)    if signed: mid-grey where they are equal,
//	                        lighter where b is the lighter one
//
// rounded, and clipped to the range. It has as many planes as a and b, no
// opacity, and the larger one of their depths, so a gain of 1 loses no
// difference between 16-bit pictures. The error wraps ErrMismatch.
func Difference(a, b *Image, gain float64, signed bool) (*Image, error) {
	if err := sameShape(a, b); err != nil {
		return nil, err
	}
	m := New(a.W, a.H, len(a.Planes))
	m.Meta.Depth = max(a.Meta.Depth, b.Meta.Depth)
	for p, to := range m.Planes {
		other := b.Planes[p]
		for i, v := range a.Planes[p] {
			d := gain * (float64(other[i]) - float64(v))
			if signed {
				d += middle
			} else {
				d = math.Abs(d)
			}
			to[i] = uint16(math.Round(min(max(d, 0), 65535)))
		}
	}
	return m, nil
}

// InColour returns m itself if it is in colour. Of a grey picture it returns one
// whose red, green and blue are all m's plane, shared and not copied: for
// comparing it with a picture in colour.
func (m *Image) InColour() *Image {
	if !m.Grey() {
		return m
	}
	out := *m
	out.Planes = [][]uint16{m.Planes[0], m.Planes[0], m.Planes[0]}
	return &out
}
