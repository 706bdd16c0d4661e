package inpaint

// level is what is round a hole at one scale, with the samples of all planes side
// by side.
type level struct {
	w, h, n int      // n planes
	px      []uint16 // w*h*n samples
	feel    []uint16 // w*h*2: how rough it is across and along; nil at the finest scale
	state   []uint8  // known, wanted or other
	source  []bool   // whether all samples of the patch round it are known
	far     float64  // the cost of a source that is one sample away
	deep    []uint8  // how many samples it is from what is known

	// For the patches that have a part in the hole:
	box  box     // where their middles lie
	from []int32 // the middle of the source; -1: none is wanted here
	next []int32 // from, while it is made
	cost []float32
	lift []int16 // n for each patch: what is added to its source
}

const (
	reach = 3 // of a patch to each side
	patch = 2*reach + 1
)

// crop takes a part of the picture, at a size that is so many times halved.
func (t *texturer) crop(seen holes, b box, halvings int) *level {
	unit := 1 << halvings
	l := newLevel((b.w()+unit-1)/unit, (b.h()+unit-1)/unit, len(t.out.Planes))
	for y := range l.h {
		for x := range l.w {
			x0, y0 := b.x0+x*unit, b.y0+y*unit
			x1, y1 := min(x0+unit, b.x1), min(y0+unit, b.y1)
			at := y*l.w + x
			for v := y0; v < y1; v++ {
				for u := x0; u < x1; u++ {
					i := v*t.w + u
					switch {
					case t.at[i] == 0:
					case seen.at[i] == wanted:
						l.state[at] = wanted
					case l.state[at] == known:
						l.state[at] = other
					}
				}
			}
			count := uint64((x1 - x0) * (y1 - y0))
			for p, plane := range t.out.Planes {
				sum := count / 2
				for v := y0; v < y1; v++ {
					for _, s := range plane[v*t.w+x0 : v*t.w+x1] {
						sum += uint64(s)
					}
				}
				l.px[at*l.n+p] = uint16(sum / count)
			}
		}
	}
	l.prepare()
	return l
}

func newLevel(w, h, n int) *level {
	return &level{w: w, h: h, n: n, px: make([]uint16, w*h*n), state: make([]uint8, w*h)}
}

// halved is the next coarser scale; nil where that would be smaller than a patch.
// A sample is known there where all are that it is made of.
func (l *level) halved() *level {
	c := newLevel((l.w+1)/2, (l.h+1)/2, l.n)
	if min(c.w, c.h) < patch {
		return nil
	}
	for y := range c.h {
		y1 := min(2*y+1, l.h-1)
		for x := range c.w {
			x1 := min(2*x+1, l.w-1)
			four := [4]int{2*y*l.w + 2*x, 2*y*l.w + x1, y1*l.w + 2*x, y1*l.w + x1}
			at := y*c.w + x
			for _, i := range four {
				if s := l.state[i]; s == wanted || s == other && c.state[at] == known {
					c.state[at] = s
				}
			}
			for p := range c.n {
				sum := uint32(2)
				for _, i := range four {
					sum += uint32(l.px[i*l.n+p])
				}
				c.px[at*c.n+p] = uint16(sum / 4)
			}
		}
	}
	if l.feel != nil {
		c.feel = make([]uint16, c.w*c.h*2)
		for y := range c.h {
			y1 := min(2*y+1, l.h-1)
			for x := range c.w {
				x1 := min(2*x+1, l.w-1)
				for p := range 2 {
					sum := uint32(2) + uint32(l.feel[(2*y*l.w+2*x)*2+p]) + uint32(l.feel[(2*y*l.w+x1)*2+p]) +
						uint32(l.feel[(y1*l.w+2*x)*2+p]) + uint32(l.feel[(y1*l.w+x1)*2+p])
					c.feel[(y*c.w+x)*2+p] = uint16(sum / 4)
				}
			}
		}
	}
	c.prepare()
	return c
}

// prepare finds the sources and the patches that have a part in the hole.
func (l *level) prepare() {
	l.source = make([]bool, l.w*l.h)
	h := holes{l.w, l.h, l.state}
	l.deep = h.inside(62)
	l.box = box{l.w, l.h, 0, 0}
	// How far to the left and above the last sample is that is not known.
	column := make([]int, l.w)
	for y := range l.h {
		run := 0
		for x := range l.w {
			at := y*l.w + x
			if l.state[at] == known {
				column[x]++
			} else {
				column[x] = 0
			}
			if column[x] >= patch {
				run++
			} else {
				run = 0
			}
			if run >= patch {
				l.source[at-reach*l.w-reach] = true
			}
			if l.state[at] == wanted {
				l.box = box{min(l.box.x0, x), min(l.box.y0, y), max(l.box.x1, x+1), max(l.box.y1, y+1)}
			}
		}
	}
	b := l.box.grown(reach, l.w, l.h)
	l.box = box{max(b.x0, reach), max(b.y0, reach), min(b.x1, l.w-reach), min(b.y1, l.h-reach)}
}

// targets marks the patches for which sources are wanted, with 0 in from.
func (l *level) targets() {
	n := max(0, l.box.w()) * max(0, l.box.h())
	l.from, l.next = make([]int32, n), make([]int32, n)
	l.cost, l.lift = make([]float32, n), make([]int16, n*l.n)
	for i := range l.from {
		l.from[i] = -1
	}
	for y := l.box.y0 - reach; y < l.box.y1+reach; y++ {
		for x := l.box.x0 - reach; x < l.box.x1+reach; x++ {
			if l.state[y*l.w+x] != wanted {
				continue
			}
			for v := max(y-reach, l.box.y0); v <= min(y+reach, l.box.y1-1); v++ {
				for u := max(x-reach, l.box.x0); u <= min(x+reach, l.box.x1-1); u++ {
					l.from[l.slot(u, v)] = 0
				}
			}
		}
	}
}

// slot is the index of the patch with a middle.
func (l *level) slot(x, y int) int { return (y-l.box.y0)*l.box.w() + x - l.box.x0 }

// sources counts the patches that can be copied and those that are wanted.
func (l *level) sources() (have, want int) {
	for i, s := range l.source {
		if s {
			have++
		}
		if l.state[i] == wanted {
			want++
		}
	}
	return have, want
}
