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
func (l *SpaceToDepth) Window(int) Window { return Window{l.Factor, l.Factor, 0, 1} }

// Window implements Layer.
func (l *DepthToSpace) Window(int) Window { return Window{l.Factor, 1, l.Factor - 1, l.Factor} }

// Forward implements Layer.
func (l *SpaceToDepth) Forward(x *Exec, s *Step) error {
	return shuffle(x, s.In[0], s.Out, l.Factor, func(fine, coarse *float32) { *coarse = *fine })
}

// Backward implements Layer.
func (l *SpaceToDepth) Backward(x *Exec, s *Step) error {
	return shuffle(x, s.DIn[0], s.DOut, l.Factor, func(fine, coarse *float32) { *fine += *coarse })
}

// Forward implements Layer.
func (l *DepthToSpace) Forward(x *Exec, s *Step) error {
	return shuffle(x, s.Out, s.In[0], l.Factor, func(fine, coarse *float32) { *fine = *coarse })
}

// Backward implements Layer.
func (l *DepthToSpace) Backward(x *Exec, s *Step) error {
	return shuffle(x, s.DOut, s.DIn[0], l.Factor, func(fine, coarse *float32) { *coarse += *fine })
}

// shuffle calls move for each sample of the fine tensor and its place in the
// coarse one. Nothing is done where one of them is nil (no gradient wanted).
func shuffle(x *Exec, fine, coarse *Tensor, f int, move func(fine, coarse *float32)) error {
	if fine == nil || coarse == nil {
		return nil
	}
	return x.each(coarse.N*coarse.C, 0, func(at int, _ []float32) {
		n, k := at/coarse.C, at%coarse.C
		c, i, j := k/(f*f), k/f%f, k%f
		from, to := fine.Plane(n, c), coarse.Plane(n, k)
		for y := range coarse.H {
			row := to[y*coarse.W : (y+1)*coarse.W]
			base := (y*f+i)*fine.W + j
			for v := range row {
				move(&from[base+v*f], &row[v])
			}
		}
	})
}
