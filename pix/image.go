// Package pix holds photographs as planes of 16-bit samples, reads and writes
// them in the usual file formats with their metadata, and measures how far two
// of them are apart. It knows nothing of tasks or networks.
package pix

import "slices"

// Image is a photograph: one plane of samples (grey) or three (red, green and
// blue, in that order), each of W*H samples in rows from the top, over the full
// range 0..65535 in the file's own encoding (sRGB unless Meta.ICC says
// otherwise; nothing is linearised). A sample read from an 8-bit file is its
// value times 257, so it comes back exactly.
type Image struct {
	W, H   int
	Planes [][]uint16
	Alpha  []uint16 // straight (not premultiplied) opacity, or nil where all is opaque
	Meta   Meta
}

// Meta is what a file says of its picture beside the samples.
type Meta struct {
	Format string // name of the codec that read it: "jpeg", "png", "tiff", "bmp", "gif", "webp"
	Depth  int    // bits a sample in the file: 8 or 16 (1, 2 and 4-bit files count as 8)

	// Raw blocks as found in the file, without the container's own framing;
	// nil where there are none. The orientation in EXIF has already been
	// applied to the samples when Decode returns.
	EXIF, XMP, IPTC, ICC []byte

	// Orientation is the one that Decode has applied: EXIF's 1..8, or 0 where the
	// file says none. Files are written upright, whatever it is.
	Orientation int

	Density Density // of the picture on paper, upright

	// Palette, if it is not empty, makes the one plane of the picture a map of
	// indices: the sample v stands for the colour Palette[v/257], in sRGB, as red,
	// green and blue. Up to 256 colours. Encode writes such a picture; Decode never
	// makes one, as it gives the colours that indices stand for. See Colours.
	Palette [][3]uint8

	// What only one format has, in its own form, for a file of the same format:
	// whole chunks of a PNG (colour space, texts), whole segments of a JPEG
	// (comments).
	Chunks, Segments []byte
}

// Plane is one plane of samples beside the picture's own, such as a mask
// (0 keeps, 65535 selects) or a map of labels.
type Plane struct {
	W, H int
	Pix  []uint16
}

// New returns a black, opaque picture of the given size with the given number
// of planes (1 or 3).
func New(w, h, planes int) *Image {
	m := &Image{W: w, H: h, Planes: make([][]uint16, planes), Meta: Meta{Depth: 8}}
	for p := range m.Planes {
		m.Planes[p] = make([]uint16, w*h)
	}
	return m
}

// Grey reports whether the picture has one plane.
func (m *Image) Grey() bool { return len(m.Planes) == 1 }

// Neutral reports whether the picture has no colour: one plane, or three that are
// the same, as scanners make of black-and-white prints.
func (m *Image) Neutral() bool {
	return m.Grey() || slices.Equal(m.Planes[0], m.Planes[1]) && slices.Equal(m.Planes[0], m.Planes[2])
}

// Like returns a picture of m's size, depth and metadata with fresh planes of
// zeros. Alpha is shared with m: a step that changes opacity replaces it.
func (m *Image) Like() *Image {
	out := New(m.W, m.H, len(m.Planes))
	out.Alpha, out.Meta = m.Alpha, m.Meta
	return out
}
