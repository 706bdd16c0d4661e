package pix

import "fmt"

// maxPalette is what an index of 8 bits can tell apart.
const maxPalette = 256

// paletted reports whether the samples stand for colours of a palette.
func (m *Image) paletted() bool { return len(m.Meta.Palette) > 0 }

// checkPalette finds what cannot be written: a file whose indices lead nowhere is
// damaged to its readers.
func (m *Image) checkPalette() error {
	n := len(m.Meta.Palette)
	switch {
	case !m.Grey():
		return fmt.Errorf("%w: a palette with %d planes of samples: indices are one plane", ErrUnsupported, len(m.Planes))
	case n > maxPalette:
		return fmt.Errorf("%w: a palette of %d colours: it may have up to %d", ErrUnsupported, n, maxPalette)
	}
	for i, v := range m.Planes[0] {
		if index := int(to8(v)); index >= n {
			return fmt.Errorf("%w: the sample at %d, %d is the index %d, and the palette has %d colours", ErrUnsupported, i%m.W, i/m.W, index, n)
		}
	}
	return nil
}

// Colours returns a picture with a palette as one of three planes, with the
// colours that its indices stand for, of 8 bits and without the palette. Indices
// beyond the palette give black. A picture without a palette is returned as it is;
// otherwise only Alpha and the metadata are shared with m.
func (m *Image) Colours() *Image {
	if !m.paletted() {
		return m
	}
	var table [maxPalette][3]uint16
	for i, colour := range m.Meta.Palette[:min(len(m.Meta.Palette), maxPalette)] {
		for c, v := range colour {
			table[i][c] = uint16(v) * 257
		}
	}
	out := New(m.W, m.H, 3)
	out.Alpha, out.Meta = m.Alpha, m.Meta
	out.Meta.Palette, out.Meta.Depth = nil, 8
	for i, v := range m.Planes[0] {
		colour := &table[to8(v)]
		out.Planes[0][i], out.Planes[1][i], out.Planes[2][i] = colour[0], colour[1], colour[2]
	}
	return out
}

// chunkPLTE is the body of the chunk that holds a palette.
func (m *Image) chunkPLTE() []byte {
	body := make([]byte, 0, 3*len(m.Meta.Palette))
	for _, colour := range m.Meta.Palette {
		body = append(body, colour[:]...)
	}
	return body
}
