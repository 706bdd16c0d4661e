package cae

import "fmt"

// SpaceToDepth turns each square of Factor x Factor samples into one sample of
// Factor*Factor times as many planes: plane c*F*F+i*F+j of the output holds the
// samples (y*F+i, x*F+j) of plane c. It is PyTorch's pixel_unshuffle.
type SpaceToDepth struct {
	unary
	Factor int `json:"factor"`
}

// DepthToSpace is the inverse of SpaceToDepth (PyTorch's pixel_shuffle; Shi et
// al., "Real-Time Single Image and Video Super-Resolution Using an Efficient
// Sub-Pixel Convolutional Neural Network", CVPR 2016).
type DepthToSpace struct {
	unary
	Factor int `json:"factor"`
}

// Kind implements Layer.
func (l *SpaceToDepth) Kind() string { return "space_to_depth" }

// Kind implements Layer.
func (l *DepthToSpace) Kind() string { return "depth_to_space" }

// OutShape implements Layer.
func (l *SpaceToDepth) OutShape(in ...Shape) (Shape, error) {
	s, err := one(l.Kind(), in)
	if err != nil {
		return s, err
	}
	f := l.Factor
	if f < 1 || f > 64 || s.H%f != 0 || s.W%f != 0 {
		return s, fmt.Errorf("space_to_depth by %d does not divide %dx%d samples", f, s.W, s.H)
	}
	return Shape{s.N, s.C * f * f, s.H / f, s.W / f}, nil
}

// OutShape implements Layer.
func (l *DepthToSpace) OutShape(in ...Shape) (Shape, error) {
	s, err := one(l.Kind(), in)
	if err != nil {
		return s, err
	}
	f := l.Factor
	if f < 1 || f > 64 || s.C%(f*f) != 0 {
		return s, fmt.Errorf("depth_to_space by %d does not divide %d planes", f, s.C)
	}
	return Shape{s.N, s.C / (f * f), s.H * f, s.W * f}, nil
}

// Window implements Layer.
func (l *SpaceToDepth) Window(int) Window { return Window{l.Factor, l.Factor, 0, 1, false} }

// Window implements Layer.
func (l *DepthToSpace) Window(int) Window { return Window{l.Factor, 1, l.Factor - 1, l.Factor, false} }

// Layout implements Layer.
func (l *SpaceToDepth) Layout(bool) (in, out Layout) { return Planar, Blocked }

// Layout implements Layer.
func (l *DepthToSpace) Layout(bool) (in, out Layout) { return Blocked, Planar }

// Forward implements Layer.
func (l *SpaceToDepth) Forward(s *Step) []Work {
	return []Work{gatherPlanes(s.Out, s.In[0], l.Factor, false)}
}

// Backward implements Layer.
func (l *SpaceToDepth) Backward(s *Step) []Work {
	if s.DIn[0] == nil {
		return nil
	}
	return []Work{scatterPlanes(s.DIn[0], s.DOut, l.Factor, s.sum(0) != nil)}
}

// Forward implements Layer.
func (l *DepthToSpace) Forward(s *Step) []Work {
	return []Work{scatterPlanes(s.Out, s.In[0], l.Factor, false)}
}

// Backward implements Layer.
func (l *DepthToSpace) Backward(s *Step) []Work {
	if s.DIn[0] == nil {
		return nil
	}
	return []Work{gatherPlanes(s.DIn[0], s.DOut, l.Factor, s.sum(0) != nil)}
}

// gatherPlanes is the work of shuffling a planar map to a blocked one of f*f
// times the planes; add adds.
func gatherPlanes(coarse, fine *Map, f int, add bool) Work {
	return Work{N: coarse.N * coarse.H, Do: func(_ []float32, i int) {
		n, y := i/coarse.H, i%coarse.H
		for b := range coarse.blocks() {
			row := coarse.Data[coarse.at(n, b, y, 0):][:coarse.W*lanes]
			if f == 2 && !add {
				pairRows(row, fine, n, b, y)
				continue
			}
			for l := range lanes {
				k := b*lanes + l
				if k >= coarse.C {
					for x := 0; x < coarse.W && !add; x++ {
						row[x*lanes+l] = 0
					}
					continue
				}
				from := fine.plane(n, k/(f*f))[(y*f+k/f%f)*fine.W:][:fine.W]
				at := l
				for x := k % f; x < len(from); x += f {
					v := from[x]
					if add {
						v += row[at]
					}
					row[at] = v
					at += lanes
				}
			}
		}
	}}
}

// pairRows is gatherPlanes for one row of a block and a factor of 2, which the
// networks have at their door: each plane gives four lanes of a pixel at once.
func pairRows(row []float32, fine *Map, n, b, y int) {
	for c := range lanes / 4 {
		if b*lanes/4+c >= fine.C {
			for at := 4 * c; at < len(row); at += lanes {
				clear(row[at : at+4])
			}
			continue
		}
		pair := fine.plane(n, b*lanes/4+c)[2*y*fine.W:][:2*fine.W]
		top, bottom := pair[:fine.W], pair[fine.W:]
		bottom = bottom[:len(top)]
		at := 4 * c
		for x := 0; x+1 < len(top); x += 2 {
			p := (*[4]float32)(row[at:])
			p[0], p[1], p[2], p[3] = top[x], top[x+1], bottom[x], bottom[x+1]
			at += lanes
		}
	}
}

// scatterPlanes is the work of shuffling a blocked map to a planar one of a
// f*f-th of the planes; add adds.
func scatterPlanes(fine, coarse *Map, f int, add bool) Work {
	return Work{N: coarse.N * coarse.H, Do: func(_ []float32, i int) {
		n, y := i/coarse.H, i%coarse.H
		if f == 2 && !add {
			for c := range fine.C {
				partRows(fine, coarse, n, c, y)
			}
			return
		}
		for k := range coarse.C {
			row := coarse.Data[coarse.at(n, k/lanes, y, 0):][:coarse.W*lanes]
			to := fine.plane(n, k/(f*f))[(y*f+k/f%f)*fine.W:][:fine.W]
			at := k % lanes
			for x := k % f; x < len(to); x += f {
				v := row[at]
				if add {
					v += to[x]
				}
				to[x] = v
				at += lanes
			}
		}
	}}
}

// partRows is scatterPlanes for one row of a plane and a factor of 2.
func partRows(fine, coarse *Map, n, c, y int) {
	row := coarse.Data[coarse.at(n, c*4/lanes, y, 0):][:coarse.W*lanes]
	pair := fine.plane(n, c)[2*y*fine.W:][:2*fine.W]
	top, bottom := pair[:fine.W], pair[fine.W:]
	bottom = bottom[:len(top)]
	at := c * 4 % lanes
	for x := 0; x+1 < len(top); x += 2 {
		p := (*[4]float32)(row[at:])
		top[x], top[x+1], bottom[x], bottom[x+1] = p[0], p[1], p[2], p[3]
		at += lanes
	}
}
