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
func (l *Concat) Forward(x *Exec, s *Step) error {
	return x.each(s.Out.N, 0, func(n int, _ []float32) {
		to := s.Out.Picture(n)
		for _, t := range s.In {
			to = to[copy(to, t.Picture(n)):]
		}
	})
}

// Backward implements Layer.
func (l *Concat) Backward(x *Exec, s *Step) error {
	return x.each(s.DOut.N, 0, func(n int, _ []float32) {
		from := s.DOut.Picture(n)
		for i, t := range s.In {
			size := t.C * t.H * t.W
			if d := s.DIn[i]; d != nil {
				addTo(d.Picture(n), from[:size])
			}
			from = from[size:]
		}
	})
}
