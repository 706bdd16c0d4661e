package cae

import "fmt"

// Concat puts the planes of its inputs one after another.
type Concat struct{ unary }

// Kind implements Layer.
func (l *Concat) Kind() string { return "concat" }

// OutShape implements Layer.
func (l *Concat) OutShape(in ...Shape) (Shape, error) {
	if len(in) == 0 {
		return Shape{}, fmt.Errorf("concat takes at least one input")
	}
	out := in[0]
	for _, s := range in[1:] {
		if s.N != out.N || s.H != out.H || s.W != out.W {
			return Shape{}, fmt.Errorf("concat of different sizes, %v and %v", in[0], s)
		}
		out.C += s.C
	}
	return out, nil
}

// Forward implements Layer.
func (l *Concat) Forward(s *Step) []Work {
	var works []Work
	if out := s.Out; out.Layout == Blocked && out.C%lanes != 0 {
		// The last block has lanes that nothing is moved to.
		works = append(works, Work{N: out.N, Do: func(_ []float32, n int) {
			last := n*out.picture + (out.blocks()-1)*out.block
			clear(out.Data[last : last+out.block])
		}})
	}
	first := 0
	for _, in := range s.In {
		works = append(works, movePlanes(s.Out, first, in, 0, in.C, false))
		first += in.C
	}
	return works
}

// Backward implements Layer.
func (l *Concat) Backward(s *Step) []Work {
	var works []Work
	first := 0
	for i, in := range s.In {
		if s.DIn[i] != nil {
			works = append(works, movePlanes(s.DIn[i], 0, s.DOut, first, in.C, s.sum(i) != nil))
		}
		first += in.C
	}
	return works
}

// movePlanes is the work of copying count planes of src, from plane sc on, to
// the planes of dst from dc on, or of adding them. Both have one layout and
// size.
func movePlanes(dst *Map, dc int, src *Map, sc, count int, add bool) Work {
	switch {
	case dst.Layout == Planar:
		return Work{N: dst.N * count, Do: func(_ []float32, i int) {
			n, c := i/count, i%count
			move(dst.plane(n, dc+c), src.plane(n, sc+c), 1, add)
		}}
	case dc%lanes == 0 && sc%lanes == 0:
		blocks := blocksOf(count)
		return Work{N: dst.N * blocks, Do: func(_ []float32, i int) {
			n, b := i/blocks, i%blocks
			planes := min(lanes, count-b*lanes)
			for y := range dst.H {
				to := dst.Data[dst.at(n, dc/lanes+b, y, 0):][:dst.W*lanes]
				from := src.Data[src.at(n, sc/lanes+b, y, 0):][:dst.W*lanes]
				if planes == lanes {
					move(to, from, 1, add)
					continue
				}
				for c := range planes {
					move(to[c:], from[c:], lanes, add)
				}
			}
		}}
	}
	return Work{N: dst.N * dst.H, Do: func(_ []float32, i int) {
		n, y := i/dst.H, i%dst.H
		for c := range count {
			to := dst.Data[dst.at(n, (dc+c)/lanes, y, 0):][:dst.W*lanes]
			from := src.Data[src.at(n, (sc+c)/lanes, y, 0):][:dst.W*lanes]
			move(to[(dc+c)%lanes:], from[(sc+c)%lanes:], lanes, add)
		}
	}}
}

// move copies or adds every step-th element.
func move(to, from []float32, step int, add bool) {
	if step == 1 && !add {
		copy(to, from)
		return
	}
	for i := 0; i < len(to); i += step {
		if add {
			to[i] += from[i]
		} else {
			to[i] = from[i]
		}
	}
}
