package fit

import "github.com/cae-restore/restore/pix"

// compact is a picture as it is kept in memory: 8-bit samples in 8 bits.
type compact struct {
	w, h   int
	narrow [][]uint8
	wide   [][]uint16
	meta   pix.Meta
}

func pack(m *pix.Image) *compact {
	c := &compact{w: m.W, h: m.H, meta: pix.Meta{Format: m.Meta.Format, Depth: m.Meta.Depth}}
	if m.Meta.Depth != 8 {
		c.wide = m.Planes
		return c
	}
	for _, plane := range m.Planes {
		to := make([]uint8, len(plane))
		for i, v := range plane {
			to[i] = uint8(v >> 8)
		}
		c.narrow = append(c.narrow, to)
	}
	return c
}

func (c *compact) size() int64 {
	return int64(c.w) * int64(c.h) * int64(len(c.narrow)+2*len(c.wide))
}

func (c *compact) crop(x, y, w, h int) *pix.Image {
	m := pix.New(w, h, len(c.narrow)+len(c.wide))
	m.Meta = c.meta
	for p, to := range m.Planes {
		for row := range h {
			at := (y+row)*c.w + x
			if c.wide != nil {
				copy(to[row*w:(row+1)*w], c.wide[p][at:at+w])
				continue
			}
			for i, v := range c.narrow[p][at : at+w] {
				to[row*w+i] = uint16(v) * 257
			}
		}
	}
	return m
}
