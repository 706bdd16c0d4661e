package pix

import (
	"errors"
	"slices"
	"testing"
)

func row(depth int, samples ...uint16) *Image {
	m := New(len(samples), 1, 1)
	m.Meta.Depth = depth
	copy(m.Planes[0], samples)
	return m
}

func TestDifference(t *testing.T) {
	t.Parallel()
	a := row(8, 0, 1000, 40000, 65535, 300)
	b := row(16, 10, 1000, 39990, 0, 301)
	for _, c := range []struct {
		name   string
		gain   float64
		signed bool
		want   []uint16
	}{
		{"plain", 1, false, []uint16{10, 0, 10, 65535, 1}},
		{"amplified and clipped", 8, false, []uint16{80, 0, 80, 65535, 8}},
		{"rounded", 0.25, false, []uint16{3, 0, 3, 16384, 0}},
		{"signed", 1, true, []uint16{32906, 32896, 32886, 0, 32897}},
		{"signed and amplified", 8, true, []uint16{32976, 32896, 32816, 0, 32904}},
	} {
		d, err := Difference(a, b, c.gain, c.signed)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.Planes[0], c.want) || d.Meta.Depth != 16 || d.Alpha != nil {
			t.Errorf("%s: %v of depth %d, want %v of 16", c.name, d.Planes[0], d.Meta.Depth, c.want)
		}
	}
	// The reverse of a signed difference is its mirror about mid-grey.
	d, _ := Difference(b, a, 1, true)
	if d.Planes[0][0] != 32886 || d.Planes[0][3] != 65535 {
		t.Errorf("the other way round: %v", d.Planes[0])
	}
	if most, err := MaxDifference(a, b); err != nil || most != 65535 {
		t.Errorf("the largest difference is %d (%v)", most, err)
	}
	if most, err := MaxDifference(a, a); err != nil || most != 0 {
		t.Errorf("of a picture with itself: %d (%v)", most, err)
	}
}

func TestDifferenceInColour(t *testing.T) {
	t.Parallel()
	grey, colour := row(8, 257, 514), New(2, 1, 3)
	colour.Planes[0][0], colour.Planes[1][0], colour.Planes[2][1] = 257, 257, 514
	if colour.InColour() != colour {
		t.Error("a picture in colour was copied")
	}
	d, err := Difference(grey.InColour(), colour, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range [][]uint16{{0, 514}, {0, 514}, {257, 0}} {
		if !slices.Equal(d.Planes[p], want) {
			t.Errorf("plane %d: %v, want %v", p, d.Planes[p], want)
		}
	}
	if most, err := MaxDifference(grey.InColour(), colour); err != nil || most != 514 {
		t.Errorf("the largest difference is %d (%v)", most, err)
	}
	for _, other := range []*Image{colour, row(8, 1)} {
		_, err := Difference(grey, other, 1, false)
		_, err2 := MaxDifference(grey, other)
		if !errors.Is(err, ErrMismatch) || !errors.Is(err2, ErrMismatch) {
			t.Errorf("%dx%d against %d planes of %dx%d: %v, %v", grey.W, grey.H, len(other.Planes), other.W, other.H, err, err2)
		}
	}
}
