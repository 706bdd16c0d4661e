package report

import (
	"math"

	"github.com/cae-restore/restore/pix"
)

// shrink returns the picture with its longer side of at most side pixels, by area
// averaging: each sample is the mean of the area that it covers, parts of pixels
// counted by their share. It is opaque, over white, and keeps the colour profile.
// The samples are averaged as they are encoded, as most programs do.
func shrink(m *pix.Image, side int) *pix.Image {
	w, h := m.W, m.H
	if longest := max(w, h); longest > side {
		w = max(1, (w*side+longest/2)/longest)
		h = max(1, (h*side+longest/2)/longest)
	}
	out := plain(m, w, h)
	row, line, sum := make([]uint16, m.W), make([]float64, w), make([]float64, w)
	stepY := float64(m.H) / float64(h)
	for p := range m.Planes {
		for y := range h {
			clear(sum)
			top, bottom := float64(y)*stepY, float64(y+1)*stepY
			for sy := int(top); sy < m.H && float64(sy) < bottom; sy++ {
				share := min(bottom, float64(sy+1)) - max(top, float64(sy))
				if share < 1e-9 {
					continue
				}
				averageRow(line, opaque(m, p, sy, row))
				for x, v := range line {
					sum[x] += share * v
				}
			}
			for x, v := range sum {
				out.Planes[p][y*w+x] = uint16(min(math.Round(v/stepY), 65535))
			}
		}
	}
	return out
}

// averageRow is the same for one row.
func averageRow(dst []float64, src []uint16) {
	step := float64(len(src)) / float64(len(dst))
	for x := range dst {
		left, right := float64(x)*step, float64(x+1)*step
		first, last := int(left), min(int(right), len(src)-1)
		if first == last {
			dst[x] = float64(src[first])
			continue
		}
		var whole uint64
		for _, v := range src[first+1 : last] {
			whole += uint64(v)
		}
		dst[x] = (float64(whole) + float64(src[first])*(float64(first+1)-left) + float64(src[last])*(right-float64(last))) / step
	}
}

// plain returns an opaque picture of w by h pixels with the planes and, where it
// is small enough, the colour profile of m.
func plain(m *pix.Image, w, h int) *pix.Image {
	out := pix.New(w, h, len(m.Planes))
	if len(m.Meta.ICC) <= mostProfile {
		out.Meta.ICC = m.Meta.ICC
	}
	return out
}

// opaque returns row y of a plane over white. It uses buf where there is opacity.
func opaque(m *pix.Image, p, y int, buf []uint16) []uint16 {
	row := m.Planes[p][y*m.W : (y+1)*m.W]
	if m.Alpha == nil {
		return row
	}
	for x, a := range m.Alpha[y*m.W : (y+1)*m.W] {
		buf[x] = uint16((uint64(row[x])*uint64(a) + 65535*uint64(65535-a) + 32767) / 65535)
	}
	return buf
}
