package cae

import (
	"fmt"

	"github.com/cae-restore/restore/cae/internal/kernel"
)

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
func (l *Add) Forward(s *Step) []Work {
	return []Work{elementwise(s.Out, func(k *kernel.Set, lo, hi int) {
		to := s.Out.Data[lo:hi]
		copy(to, s.In[0].Data[lo:hi])
		for _, in := range s.In[1:] {
			k.Add(to, in.Data[lo:hi])
		}
	})}
}

// Backward implements Layer.
func (l *Add) Backward(s *Step) []Work {
	var works []Work
	for i, d := range s.DIn {
		if d != nil {
			works = append(works, hand(s, i, s.DOut))
		}
	}
	return works
}
