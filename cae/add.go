package cae

import "fmt"

// Add is the sum of two or more inputs of one shape: residuals and additive
// skips.
type Add struct{ unary }

// Kind implements Layer.
func (l *Add) Kind() string { return "add" }

// OutShape implements Layer.
func (l *Add) OutShape(in ...Shape) (Shape, error) {
	if len(in) < 2 {
		return Shape{}, fmt.Errorf("add takes two inputs or more, not %d", len(in))
	}
	for _, s := range in[1:] {
		if s != in[0] {
			return Shape{}, fmt.Errorf("add of different shapes, %v and %v", in[0], s)
		}
	}
	return in[0], nil
}

// Forward implements Layer.
func (l *Add) Forward(x *Exec, s *Step) error {
	out := s.Out.Data
	return x.span(len(out), func(lo, hi int) {
		to := out[lo:hi]
		a, b := s.In[0].Data[lo:hi], s.In[1].Data[lo:hi]
		for i := range to {
			to[i] = a[i] + b[i]
		}
		for _, t := range s.In[2:] {
			addTo(to, t.Data[lo:hi])
		}
	})
}

// Backward implements Layer.
func (l *Add) Backward(x *Exec, s *Step) error {
	for _, d := range s.DIn {
		if d == nil {
			continue
		}
		err := x.span(len(d.Data), func(lo, hi int) { addTo(d.Data[lo:hi], s.DOut.Data[lo:hi]) })
		if err != nil {
			return err
		}
	}
	return nil
}

func addTo(dst, src []float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] += src[i]
	}
}
