package inpaint

import "github.com/cae-restore/restore/pix"

// holes is a picture's mask: a byte for each sample, 0 where it is known. In a
// hole it is 1 plus the depth of the hole: at how many coarser scales it is filled
// first.
type holes struct {
	w, h int
	at   []uint8
}

func newHoles(w, h int) holes { return holes{w, h, make([]uint8, w*h)} }

// count is the number of samples in holes.
func (m holes) count() int {
	n := 0
	for _, v := range m.at {
		if v != 0 {
			n++
		}
	}
	return n
}

// dilate grows the holes by r samples in all directions: by a disc.
func (m holes) dilate(r int) holes {
	if r <= 0 {
		return m
	}
	out := newHoles(m.w, m.h)
	pix.Dilate(out.at, 1, m.at, m.w, m.h, r)
	return out
}

// halved is the holes at half the size, rounded up: a sample is in a hole where all
// those that it is made of are. So thin holes vanish, and thick ones get thinner.
func (m holes) halved() holes {
	out := newHoles((m.w+1)/2, (m.h+1)/2)
	for y := range out.h {
		first := m.at[2*y*m.w:][:m.w]
		second := first
		if 2*y+1 < m.h {
			second = m.at[(2*y+1)*m.w:][:m.w]
		}
		to := out.at[y*out.w:][:out.w]
		for x := range to {
			next := min(2*x+1, m.w-1)
			to[x] = min(first[2*x], first[next], second[2*x], second[next])
		}
	}
	return out
}

// thin is at how many halvings a hole may survive that is filled at its own scale
// at once. A hole that survives k has a thickness of about 2^k samples or more, up
// to 2^(k+1).
const thin = 4

// deepen sets the depth of each hole, a connected region of samples (8
// neighbours), and returns the holes at all scales that are needed, finest first.
func deepen(m holes) []holes {
	scales := []holes{m}
	most := 0 // depth that the picture's size allows
	for last := m; last.w > 1 || last.h > 1; {
		last = last.halved()
		if min(last.w, last.h) >= leastScale {
			most++
		}
		if last.count() == 0 {
			break
		}
		scales = append(scales, last)
	}
	if len(scales) <= thin+1 { // no hole is deep
		return scales[:1]
	}
	const unseen = 255
	for i, v := range m.at {
		if v != 0 {
			m.at[i] = unseen
		}
	}
	survives := func(x, y int) int {
		k := 0
		for k+1 < len(scales) {
			s := scales[k+1]
			if s.at[(y>>(k+1))*s.w+x>>(k+1)] == 0 {
				break
			}
			k++
		}
		return k
	}
	deepest := 0
	var region []int32
	for start, v := range m.at {
		if v != unseen {
			continue
		}
		region = append(region[:0], int32(start))
		m.at[start] = 1
		longest := 0
		for i := 0; i < len(region); i++ {
			x, y := int(region[i])%m.w, int(region[i])/m.w
			longest = max(longest, survives(x, y))
			for ny := max(0, y-1); ny <= min(m.h-1, y+1); ny++ {
				for nx := max(0, x-1); nx <= min(m.w-1, x+1); nx++ {
					if at := ny*m.w + nx; m.at[at] == unseen {
						m.at[at] = 1
						region = append(region, int32(at))
					}
				}
			}
		}
		if depth := min(longest-thin, most); depth > 0 {
			deepest = max(deepest, depth)
			for _, at := range region {
				m.at[at] = uint8(1 + depth)
			}
		}
	}
	scales = scales[:1+deepest]
	for k := 1; k < len(scales); k++ { // the depths, at the coarser scales
		scales[k] = scales[k-1].halved()
	}
	return scales
}

// leastScale is the least side of a picture at a coarser scale.
const leastScale = 24
