package pix

import (
	"image"
	"image/color"
)

// to8 rounds a 16-bit sample to 8 bits: the inverse of times 257, and the
// nearest value for samples between two of those.
func to8(v uint16) uint8 { return uint8((uint32(v) + 128) / 257) }

// straight undoes the premultiplication of a sample v by the opacity a, both
// over 0..full, and scales it to 0..65535.
func straight(v, a, full uint32) uint16 {
	if a == 0 {
		return 0
	}
	return uint16((uint64(min(v, a))*65535 + uint64(a)/2) / uint64(a))
}

// FromImage copies an image.Image of any type. Grey types, and palettes in
// which every colour is grey, give one plane, all others three. Premultiplied
// types are divided by their opacity. Meta.Depth is 16 for colour models of 16
// bits and 8 for all others; an image that is opaque everywhere has no Alpha.
// The chroma of subsampled YCbCr images is interpolated (see Decode), and CMYK
// becomes RGB by the plain formula, without a profile.
func FromImage(src image.Image) *Image {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	var m *Image
	switch s := src.(type) {
	case *image.Gray:
		m = New(w, h, 1)
		for y := range h {
			row := s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):]
			for x := range w {
				m.Planes[0][y*w+x] = uint16(row[x]) * 257
			}
		}
	case *image.Gray16:
		m = New(w, h, 1)
		m.Meta.Depth = 16
		for y := range h {
			row := s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):]
			for x := range w {
				m.Planes[0][y*w+x] = uint16(row[2*x])<<8 | uint16(row[2*x+1])
			}
		}
	case *image.NRGBA:
		m = fromPixels8(s.Pix, s.Stride, w, h, false)
	case *image.RGBA:
		m = fromPixels8(s.Pix, s.Stride, w, h, true)
	case *image.NRGBA64:
		m = fromPixels16(s.Pix, s.Stride, w, h, false)
	case *image.RGBA64:
		m = fromPixels16(s.Pix, s.Stride, w, h, true)
	case *image.Paletted:
		m = fromPalette(s)
	case *image.YCbCr:
		m = fromYCbCr(s, false)
	case *image.NYCbCrA:
		m = fromYCbCr(&s.YCbCr, false)
		m.Alpha = alphaOf(s)
	case *image.CMYK:
		m = fromCMYK(s)
	default:
		m = fromAny(src)
	}
	m.dropOpaque()
	return m
}

// dropOpaque sets Alpha to nil where all of it is opaque.
func (m *Image) dropOpaque() {
	for _, a := range m.Alpha {
		if a != 65535 {
			return
		}
	}
	m.Alpha = nil
}

// fromPixels8 reads interleaved RGBA of 8 bits.
func fromPixels8(pix []byte, stride, w, h int, premultiplied bool) *Image {
	m := New(w, h, 3)
	m.Alpha = make([]uint16, w*h)
	r, g, b := m.Planes[0], m.Planes[1], m.Planes[2]
	for y := range h {
		row := pix[y*stride:][:4*w]
		for x := range w {
			p, i := row[4*x:4*x+4:4*x+4], y*w+x
			if premultiplied && p[3] != 255 {
				a := uint32(p[3])
				r[i], g[i], b[i] = straight(uint32(p[0]), a, 255), straight(uint32(p[1]), a, 255), straight(uint32(p[2]), a, 255)
			} else {
				r[i], g[i], b[i] = uint16(p[0])*257, uint16(p[1])*257, uint16(p[2])*257
			}
			m.Alpha[i] = uint16(p[3]) * 257
		}
	}
	return m
}

// fromPixels16 reads interleaved RGBA of 16 bits, the high byte first.
func fromPixels16(pix []byte, stride, w, h int, premultiplied bool) *Image {
	m := New(w, h, 3)
	m.Meta.Depth = 16
	m.Alpha = make([]uint16, w*h)
	for y := range h {
		row := pix[y*stride:][:8*w]
		for x := range w {
			p, i := row[8*x:8*x+8:8*x+8], y*w+x
			a := uint16(p[6])<<8 | uint16(p[7])
			m.Alpha[i] = a
			for c, plane := range m.Planes {
				v := uint16(p[2*c])<<8 | uint16(p[2*c+1])
				if premultiplied && a != 65535 {
					v = straight(uint32(v), uint32(a), 65535)
				}
				plane[i] = v
			}
		}
	}
	return m
}

// fromPalette looks every sample up. Indices beyond the palette, which the
// decoders refuse, read as opaque black.
func fromPalette(s *image.Paletted) *Image {
	var table [256][4]uint16
	for i := range table {
		table[i][3] = 65535
	}
	planes := 1
	for i, c := range s.Palette {
		n := asNRGBA64(c)
		table[i] = [4]uint16{n.R, n.G, n.B, n.A}
		if n.R != n.G || n.G != n.B {
			planes = 3
		}
	}
	b := s.Bounds()
	w, h := b.Dx(), b.Dy()
	m := New(w, h, planes)
	m.Alpha = make([]uint16, w*h)
	for y := range h {
		row := s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):]
		for x := range w {
			e, i := &table[row[x]], y*w+x
			for c, plane := range m.Planes {
				plane[i] = e[c]
			}
			m.Alpha[i] = e[3]
		}
	}
	return m
}

// asNRGBA64 keeps straight colours exact, which the library's model does not:
// it multiplies by the opacity and divides again.
func asNRGBA64(c color.Color) color.NRGBA64 {
	if n, ok := c.(color.NRGBA); ok {
		return color.NRGBA64{R: uint16(n.R) * 257, G: uint16(n.G) * 257, B: uint16(n.B) * 257, A: uint16(n.A) * 257}
	}
	return color.NRGBA64Model.Convert(c).(color.NRGBA64)
}

// fromCMYK converts by R = (1-C)(1-K) and so on.
func fromCMYK(s *image.CMYK) *Image {
	b := s.Bounds()
	w, h := b.Dx(), b.Dy()
	m := New(w, h, 3)
	for y := range h {
		row := s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):]
		for x := range w {
			p := row[4*x : 4*x+4]
			r, g, b := color.CMYKToRGB(p[0], p[1], p[2], p[3])
			i := y*w + x
			m.Planes[0][i], m.Planes[1][i], m.Planes[2][i] = uint16(r)*257, uint16(g)*257, uint16(b)*257
		}
	}
	return m
}

func fromAny(src image.Image) *Image {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	m := New(w, h, 3)
	switch src.ColorModel() {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model, color.Alpha16Model:
		m.Meta.Depth = 16
	}
	m.Alpha = make([]uint16, w*h)
	for y := range h {
		for x := range w {
			n, i := asNRGBA64(src.At(b.Min.X+x, b.Min.Y+y)), y*w+x
			m.Planes[0][i], m.Planes[1][i], m.Planes[2][i], m.Alpha[i] = n.R, n.G, n.B, n.A
		}
	}
	if model := src.ColorModel(); model == color.GrayModel || model == color.Gray16Model {
		m.Planes = m.Planes[:1]
	}
	return m
}

// ToImage copies the picture into an *image.Gray, *image.Gray16 (grey and
// opaque), *image.NRGBA or *image.NRGBA64, of 16 bits where Meta.Depth is 16
// and of 8 otherwise. Samples are rounded to the nearest 8-bit value. Of a picture
// with a palette it gives the colours.
func (m *Image) ToImage() image.Image {
	m = m.Colours()
	rect := image.Rect(0, 0, m.W, m.H)
	grey, deep := m.Grey() && m.Alpha == nil, m.Meta.Depth == 16
	switch {
	case grey && deep:
		dst := image.NewGray16(rect)
		for i, v := range m.Planes[0] {
			dst.Pix[2*i], dst.Pix[2*i+1] = uint8(v>>8), uint8(v)
		}
		return dst
	case grey:
		dst := image.NewGray(rect)
		for i, v := range m.Planes[0] {
			dst.Pix[i] = to8(v)
		}
		return dst
	case deep:
		dst := image.NewNRGBA64(rect)
		for c := range 4 {
			for i, v := range m.channel(c) {
				dst.Pix[8*i+2*c], dst.Pix[8*i+2*c+1] = uint8(v>>8), uint8(v)
			}
		}
		if m.Alpha == nil {
			for i := range m.W * m.H {
				dst.Pix[8*i+6], dst.Pix[8*i+7] = 255, 255
			}
		}
		return dst
	}
	return m.toNRGBA()
}

// toNRGBA copies the picture into interleaved RGBA of 8 bits, grey or not.
func (m *Image) toNRGBA() *image.NRGBA {
	dst := image.NewNRGBA(image.Rect(0, 0, m.W, m.H))
	r, g, b := m.channel(0), m.channel(1), m.channel(2)
	for i := range r {
		p := dst.Pix[4*i : 4*i+4 : 4*i+4]
		p[0], p[1], p[2], p[3] = to8(r[i]), to8(g[i]), to8(b[i]), 255
		if m.Alpha != nil {
			p[3] = to8(m.Alpha[i])
		}
	}
	return dst
}

// channel is the plane of red (0), green (1) or blue (2), which in a grey
// picture is always the same one, or Alpha (3).
func (m *Image) channel(c int) []uint16 {
	switch {
	case c == 3:
		return m.Alpha
	case m.Grey():
		return m.Planes[0]
	}
	return m.Planes[c]
}

// shallow returns m with another depth, sharing its planes.
func (m *Image) shallow(depth int) *Image {
	out := *m
	out.Meta.Depth = depth
	return &out
}
