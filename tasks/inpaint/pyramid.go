package inpaint

import "github.com/cae-restore/restore/pix"

// scale is a picture at one of the scales at which it is filled. At the finest one
// the planes are nil, and picture is where the samples are.
type scale struct {
	holes
	depth   int // 0: the finest
	planes  [][]float32
	picture *pix.Image
}

// pyramid is the picture at all scales that its holes need, finest first. At the
// coarser ones a sample is the mean of those known among the four that it stands
// for.
func pyramid(m *pix.Image, h holes) []*scale {
	var list []*scale
	for k, h := range deepen(h) {
		s := &scale{holes: h, depth: k}
		if k == 0 {
			s.picture = m
		} else {
			s.planes = list[k-1].halfPlanes(h)
		}
		list = append(list, s)
	}
	return list
}

// row copies a part of a row of a plane.
func (s *scale) row(to []float32, p, x, y int) {
	if s.planes != nil {
		copy(to, s.planes[p][y*s.w+x:])
		return
	}
	for i, v := range s.picture.Planes[p][y*s.w+x:][:len(to)] {
		to[i] = float32(v) / 65535
	}
}

// planeCount is 1 or 3.
func (s *scale) planeCount() int {
	if s.planes != nil {
		return len(s.planes)
	}
	return len(s.picture.Planes)
}

// halfPlanes are the planes of the next coarser scale, whose holes are h. There, in
// holes, samples are grey until they are filled.
func (s *scale) halfPlanes(h holes) [][]float32 {
	planes := make([][]float32, s.planeCount())
	first, second := make([]float32, s.w), make([]float32, s.w)
	for p := range planes {
		planes[p] = make([]float32, h.w*h.h)
		for y := range h.h {
			y1 := min(2*y+1, s.h-1)
			s.row(first, p, 0, 2*y)
			s.row(second, p, 0, y1)
			for x := range h.w {
				x1 := min(2*x+1, s.w-1)
				var sum, n float32
				for _, v := range [4]struct {
					hole  uint8
					value float32
				}{
					{s.at[2*y*s.w+2*x], first[2*x]}, {s.at[2*y*s.w+x1], first[x1]},
					{s.at[y1*s.w+2*x], second[2*x]}, {s.at[y1*s.w+x1], second[x1]},
				} {
					if v.hole == 0 {
						sum += v.value
						n++
					}
				}
				if n > 0 {
					planes[p][y*h.w+x] = sum / n
				} else {
					planes[p][y*h.w+x] = 0.5
				}
			}
		}
	}
	return planes
}
