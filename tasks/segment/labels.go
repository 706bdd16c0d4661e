package segment

import (
	"math"

	"github.com/cae-restore/restore/pix"
)

// Suffixes of the extra files.
const (
	labelsSuffix  = ".labels.png"
	overlaySuffix = ".overlay.png"
)

// labels is the plane "labels".
func (c *classes) labels() *pix.Plane {
	p := &pix.Plane{W: c.w, H: c.h, Pix: make([]uint16, len(c.class))}
	for i, k := range c.class {
		p.Pix[i] = uint16(k) * 257
	}
	return p
}

// mask is the plane "mask": the samples of the chosen kinds, and those whose middle
// is less than half a sample farther from one than grow. What opacity hides
// altogether is left out.
func (c *classes) mask(chosen Classes, grow int, alpha []uint16) *pix.Plane {
	p := &pix.Plane{W: c.w, H: c.h, Pix: make([]uint16, len(c.class))}
	var has [1 + kindCount]bool
	for k := range kinds {
		has[k+1] = chosen.has(kind(k + 1))
	}
	reach := make([]int, grow+1) // to either side, by the distance in rows
	for dy := range reach {
		r := float64(grow) + 0.5
		reach[dy] = int(math.Sqrt(r*r - float64(dy*dy)))
	}
	// Each run of damage in a row marks runs in the rows about it.
	for y := range c.h {
		row := c.class[y*c.w : (y+1)*c.w]
		for x := 0; x < c.w; x++ {
			if !has[row[x]] {
				continue
			}
			end := x + 1
			for end < c.w && has[row[end]] {
				end++
			}
			for dy := -grow; dy <= grow; dy++ {
				if y+dy < 0 || y+dy >= c.h {
					continue
				}
				side := reach[max(dy, -dy)]
				to := p.Pix[(y+dy)*c.w : (y+dy+1)*c.w]
				for i := max(0, x-side); i < min(c.w, end+side); i++ {
					to[i] = 65535
				}
			}
			x = end
		}
	}
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
