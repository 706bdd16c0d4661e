package degrade

import "github.com/cae-restore/restore/pix"

// FromImage is a picture as a patch of as many planes; its opacity has no part in
// it.
func FromImage(m *pix.Image) Patch {
	p := Patch{W: m.W, H: m.H, Planes: make([][]float32, len(m.Planes))}
	for k, plane := range m.Planes {
		to := make([]float32, len(plane))
		for i, v := range plane {
			to[i] = float32(v) / 65535
		}
		p.Planes[k] = to
	}
	return p
}

// ToImage is the patch as a picture of 8 bits, clipped and rounded.
func (p Patch) ToImage() *pix.Image {
	m := pix.New(p.W, p.H, len(p.Planes))
	for k, plane := range p.Planes {
		for i, v := range plane {
			m.Planes[k][i] = uint16(toByte(v*255)) * 257
		}
	}
	return m
}

// InColour is the three planes of the patch; those of a grey one are one and the
// same.
func (p Patch) InColour() [][]float32 {
	if p.Grey() {
		return [][]float32{p.Planes[0], p.Planes[0], p.Planes[0]}
	}
	return p.Planes
}
