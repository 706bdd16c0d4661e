package pix

import "encoding/binary"

// bytesPerSample is 2 where the picture's files have 16 bits, else 1.
func (m *Image) bytesPerSample() int {
	if m.Meta.Depth == 16 {
		return 2
	}
	return 1
}

// channels counts the planes and the opacity.
func (m *Image) channels() int {
	if m.Alpha != nil {
		return len(m.Planes) + 1
	}
	return len(m.Planes)
}

// packRow writes row y into dst with its samples interleaved: grey or red, green
// and blue, then opacity; of one byte each (rounded) or two in the given order.
func (m *Image) packRow(dst []byte, y int, order binary.ByteOrder) {
	n, size := m.channels(), m.bytesPerSample()
	big := order == binary.ByteOrder(binary.BigEndian)
	for c := range n {
		plane := m.Alpha
		if c < len(m.Planes) {
			plane = m.Planes[c]
		}
		at := c * size
		for _, v := range plane[y*m.W : (y+1)*m.W] {
			switch {
			case size == 1:
				dst[at] = to8(v)
			case big:
				dst[at], dst[at+1] = byte(v>>8), byte(v)
			default:
				dst[at], dst[at+1] = byte(v), byte(v>>8)
			}
			at += n * size
		}
	}
}
