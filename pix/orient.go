package pix

import "fmt"

// Crop returns a copy of the part of w by h samples whose first one is at x,y,
// with its opacity and m's metadata. It panics where the part is not inside m,
// as slicing does.
func (m *Image) Crop(x, y, w, h int) *Image {
	if x < 0 || y < 0 || w < 0 || h < 0 || x > m.W-w || y > m.H-h {
		panic(fmt.Sprintf("pix: crop of %dx%d at %d,%d from a picture of %dx%d", w, h, x, y, m.W, m.H))
	}
	part := func(plane []uint16) []uint16 {
		if plane == nil {
			return nil
		}
		out := make([]uint16, w*h)
		for r := range h {
			copy(out[r*w:(r+1)*w], plane[(y+r)*m.W+x:])
		}
		return out
	}
	return m.mapPlanes(w, h, part)
}

// Orient returns the upright form of a picture that was stored in the EXIF
// orientation o (tag 274): 1 as it is, 2 mirrored left to right, 3 turned by
// half, 4 mirrored top to bottom, 5 transposed, 6 to be turned a quarter
// clockwise, 7 transposed about the other diagonal, 8 to be turned a quarter
// anticlockwise. These are the eight symmetries of the square. Any other number
// counts as 1, for which the result shares its planes with m.
func (m *Image) Orient(o int) *Image {
	if o < 2 || o > 8 {
		out := *m
		return &out
	}
	w, h := m.W, m.H
	if o >= 5 {
		w, h = h, w
	}
	// The source index of the result's sample x,y is start + x*dx + y*dy.
	var start, dx, dy int
	right, below := m.W-1, (m.H-1)*m.W
	switch o {
	case 2:
		start, dx, dy = right, -1, m.W
	case 3:
		start, dx, dy = right+below, -1, -m.W
	case 4:
		start, dx, dy = below, 1, -m.W
	case 5:
		start, dx, dy = 0, m.W, 1
	case 6:
		start, dx, dy = below, -m.W, 1
	case 7:
		start, dx, dy = right+below, -m.W, -1
	case 8:
		start, dx, dy = right, m.W, -1
	}
	return m.mapPlanes(w, h, func(plane []uint16) []uint16 {
		if plane == nil {
			return nil
		}
		out := make([]uint16, w*h)
		// Squares of samples: a turned row walks down a column of the source,
		// and whole columns would miss the cache at every step.
		const side = 32
		for y0 := 0; y0 < h; y0 += side {
			for x0 := 0; x0 < w; x0 += side {
				for y := y0; y < min(y0+side, h); y++ {
					from := start + x0*dx + y*dy
					row := out[y*w+x0 : y*w+min(x0+side, w)]
					for x := range row {
						row[x] = plane[from]
						from += dx
					}
				}
			}
		}
		return out
	})
}

// mapPlanes returns a picture of w by h samples with m's metadata whose planes
// are f of m's.
func (m *Image) mapPlanes(w, h int, f func(plane []uint16) []uint16) *Image {
	out := &Image{W: w, H: h, Planes: make([][]uint16, len(m.Planes)), Meta: m.Meta}
	for p, plane := range m.Planes {
		out.Planes[p] = f(plane)
	}
	out.Alpha = f(m.Alpha)
	return out
}
