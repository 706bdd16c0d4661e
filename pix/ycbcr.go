package pix

import (
	"image"
	"image/color"
)

// fromYCbCr converts to RGB of 8 bits (times 257). Subsampled chroma is
// interpolated linearly between its samples, which lie at the centres of the
// luma samples that they stand for (JFIF 1.02; libjpeg calls it fancy
// upsampling): repeating them instead, as image.YCbCr.At does, draws steps along
// every coloured edge. video marks the range 16..235 of BT.601, which WebP
// uses; otherwise the full range of JFIF holds.
func fromYCbCr(s *image.YCbCr, video bool) *Image {
	b := s.Bounds()
	w, h := b.Dx(), b.Dy()
	m := New(w, h, 3)
	if w == 0 || h == 0 {
		return m
	}
	convert := color.YCbCrToRGB
	if video {
		convert = videoToRGB
	}
	if s.SubsampleRatio == image.YCbCrSubsampleRatio444 {
		for y := range h {
			yo, co := s.YOffset(b.Min.X, b.Min.Y+y), s.COffset(b.Min.X, b.Min.Y+y)
			m.setRow(y, convert, s.Y[yo:yo+w], s.Cb[co:co+w], s.Cr[co:co+w])
		}
		return m
	}

	fx, fy := factors(s.SubsampleRatio)
	cols := taps(w, fx, b.Min.X)
	rows := taps(h, fy, b.Min.Y)
	cw := cols[w-1].second + 1
	mixed := make([]int32, cw)
	cb, cr := make([]uint8, w), make([]uint8, w)
	first := s.COffset(b.Min.X, b.Min.Y)
	for y := range h {
		t := rows[y]
		for _, c := range []struct{ src, dst []uint8 }{{s.Cb, cb}, {s.Cr, cr}} {
			upper, lower := c.src[first+t.first*s.CStride:][:cw], c.src[first+t.second*s.CStride:][:cw]
			for x := range mixed {
				mixed[x] = int32(upper[x])*(int32(2*fy)-t.weight) + int32(lower[x])*t.weight
			}
			whole := int32(4 * fx * fy)
			for x, t := range cols {
				c.dst[x] = uint8((mixed[t.first]*(int32(2*fx)-t.weight) + mixed[t.second]*t.weight + whole/2) / whole)
			}
		}
		yo := s.YOffset(b.Min.X, b.Min.Y+y)
		m.setRow(y, convert, s.Y[yo:yo+w], cb, cr)
	}
	return m
}

func (m *Image) setRow(y int, convert func(y, cb, cr uint8) (r, g, b uint8), ys, cbs, crs []uint8) {
	o := y * m.W
	red, green, blue := m.Planes[0][o:o+m.W], m.Planes[1][o:o+m.W], m.Planes[2][o:o+m.W]
	for x, v := range ys {
		r, g, b := convert(v, cbs[x], crs[x])
		red[x], green[x], blue[x] = uint16(r)*257, uint16(g)*257, uint16(b)*257
	}
}

// tap says between which two chroma samples a luma sample lies: first counts
// 2*factor-weight parts and second weight parts of 2*factor.
type tap struct {
	first, second int
	weight        int32
}

// taps gives the taps of n luma samples that begin at the given coordinate, for
// chroma that is coarser by factor. Beyond the ends the outermost sample counts.
func taps(n, factor, start int) []tap {
	phase := start % factor
	last := (phase + n - 1) / factor
	out := make([]tap, n)
	for i := range out {
		// The centre of luma sample p lies at (p+1/2)/factor - 1/2 chroma samples.
		at := 2*(phase+i) + 1 - factor
		if at < 0 {
			continue
		}
		k := at / (2 * factor)
		out[i] = tap{first: min(k, last), second: min(k+1, last), weight: int32(at - k*2*factor)}
	}
	return out
}

func factors(r image.YCbCrSubsampleRatio) (x, y int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// videoToRGB converts BT.601 of the range 16..235 (luma) and 16..240 (chroma),
// as RFC 9649 prescribes for lossy WebP.
func videoToRGB(y, cb, cr uint8) (r, g, b uint8) {
	// 16.16 fixed point: 255/219, then 255/224 times 1.402, 0.344136, 0.714136
	// and 1.772.
	l := (int32(y)-16)*76309 + 1<<15
	u, v := int32(cb)-128, int32(cr)-128
	return clamp8((l + 104597*v) >> 16), clamp8((l - 25675*u - 53279*v) >> 16), clamp8((l + 132201*u) >> 16)
}

func clamp8(v int32) uint8 { return uint8(max(0, min(255, v))) }

func alphaOf(s *image.NYCbCrA) []uint16 {
	b := s.Bounds()
	w, h := b.Dx(), b.Dy()
	out := make([]uint16, w*h)
	for y := range h {
		row := s.A[s.AOffset(b.Min.X, b.Min.Y+y):]
		for x := range w {
			out[y*w+x] = uint16(row[x]) * 257
		}
	}
	return out
}
