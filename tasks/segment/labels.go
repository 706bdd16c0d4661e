package segment

import "github.com/cae-restore/restore/pix"

// labels is the plane "labels".
func (c *classes) labels() *pix.Plane {
	p := &pix.Plane{W: c.w, H: c.h, Pix: make([]uint16, len(c.class))}
	for i, k := range c.class {
		p.Pix[i] = uint16(k) * 257
	}
	return p
}

// mask is the plane "mask": the samples of the chosen kinds, and those within grow
// of one. What opacity hides altogether is left out.
func (c *classes) mask(chosen Classes, grow int, alpha []uint16) *pix.Plane {
	var has [1 + kindCount]uint8
	for k := range kinds {
		if chosen.has(kind(k + 1)) {
			has[k+1] = 1
		}
	}
	from := make([]uint8, len(c.class))
	for i, k := range c.class {
		from[i] = has[k]
	}
	p := &pix.Plane{W: c.w, H: c.h, Pix: make([]uint16, len(c.class))}
	pix.Dilate(p.Pix, 65535, from, c.w, c.h, grow)
	for i, a := range alpha {
		if a == 0 {
			p.Pix[i] = 0
		}
	}
	return p
}

// labelsPicture is labels as a picture of 8 bits, one index a sample.
func labelsPicture(labels *pix.Plane) *pix.Image {
	return &pix.Image{W: labels.W, H: labels.H, Planes: [][]uint16{labels.Pix}, Meta: pix.Meta{Format: "png", Depth: 8, Palette: palette()}}
}

// maskPicture is a mask as a picture of 8 bits. That of a picture whose file has
// another orientation says that it is upright: without a word, a mask is taken to
// lie on the samples as that file has them.
func maskPicture(mask *pix.Plane, orientation int) *pix.Image {
	m := &pix.Image{W: mask.W, H: mask.H, Planes: [][]uint16{mask.Pix}, Meta: pix.Meta{Format: "png", Depth: 8}}
	if orientation > 1 {
		m.Meta.EXIF = pix.UprightEXIF()
	}
	return m
}

// tint is how much of a damaged sample's colour is that of its kind.
const tint = 0.65

// tinted is a picture with the kinds of damage in their colours, and the rest a
// little paler, so that they stand out.
func tinted(m *pix.Image, class []uint8) *pix.Image {
	out := pix.New(m.W, m.H, 3)
	out.Alpha = m.Alpha
	out.Meta = pix.Meta{Format: "png", Depth: m.Meta.Depth, Density: m.Meta.Density}
	if !m.Grey() { // a profile of grey pictures says nothing of colours
		out.Meta.ICC = m.Meta.ICC
	}
	colours := palette()
	for p, to := range out.Planes {
		from := m.Planes[p%len(m.Planes)]
		for i, k := range class {
			v := float64(from[i])
			if k == 0 {
				v = v*0.8 + 65535*0.1
			} else {
				v = v*(1-tint) + float64(colours[k][p])*257*tint
			}
			to[i] = uint16(v + 0.5)
		}
	}
	return out
}
