package pix

import (
	"fmt"
	"testing"
)

// TestOrient spells the eight orientations out on a picture of 3x2 samples:
//
//	1 2 3
//	4 5 6
func TestOrient(t *testing.T) {
	t.Parallel()
	for o, want := range map[int]struct {
		w, h int
		rows []uint16
	}{
		0: {3, 2, []uint16{1, 2, 3, 4, 5, 6}},
		1: {3, 2, []uint16{1, 2, 3, 4, 5, 6}},
		2: {3, 2, []uint16{3, 2, 1, 6, 5, 4}},
		3: {3, 2, []uint16{6, 5, 4, 3, 2, 1}},
		4: {3, 2, []uint16{4, 5, 6, 1, 2, 3}},
		5: {2, 3, []uint16{1, 4, 2, 5, 3, 6}},
		6: {2, 3, []uint16{4, 1, 5, 2, 6, 3}},
		7: {2, 3, []uint16{6, 3, 5, 2, 4, 1}},
		8: {2, 3, []uint16{3, 6, 2, 5, 1, 4}},
		9: {3, 2, []uint16{1, 2, 3, 4, 5, 6}},
	} {
		m := &Image{W: 3, H: 2, Planes: [][]uint16{{1, 2, 3, 4, 5, 6}}, Alpha: []uint16{1, 2, 3, 4, 5, 6}}
		got := m.Orient(o)
		t.Run(fmt.Sprint(o), func(t *testing.T) {
			same(t, got, &Image{W: want.w, H: want.h, Planes: [][]uint16{want.rows}, Alpha: want.rows})
		})
	}
}

// TestOrientBack undoes each orientation by its inverse, on a picture larger than
// the squares that are turned at a time.
func TestOrientBack(t *testing.T) {
	t.Parallel()
	m := scene(75, 41, 3, 16, true)
	for o, back := range []int{1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6} {
		same(t, m.Orient(o).Orient(back), m)
	}
}

func TestCrop(t *testing.T) {
	t.Parallel()
	m := &Image{W: 3, H: 3, Planes: [][]uint16{{1, 2, 3, 4, 5, 6, 7, 8, 9}}, Meta: Meta{Depth: 16}}
	got := m.Crop(1, 1, 2, 2)
	same(t, got, &Image{W: 2, H: 2, Planes: [][]uint16{{5, 6, 8, 9}}})
	got.Planes[0][0] = 99
	if m.Planes[0][4] != 5 || got.Meta.Depth != 16 {
		t.Error("the part is no copy, or has lost its depth")
	}
	for _, r := range [][4]int{{-1, 0, 1, 1}, {0, 0, 4, 1}, {2, 2, 1, 2}, {0, 0, -1, 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a crop of %v did not panic", r)
				}
			}()
			m.Crop(r[0], r[1], r[2], r[3])
		}()
	}
}
