package cae

import (
	"fmt"

	"github.com/cae-restore/restore/cae/internal/kernel"
)

// Multiply is the product of two inputs of one shape, element by element: one
// gates the other (Dauphin et al., "Language Modeling with Gated Convolutional
// Networks", ICML 2017; without a sigmoid as in Chen et al., "Simple Baselines
// for Image Restoration", ECCV 2022).
type Multiply struct{ unary }

// Kind implements Layer.
func (l *Multiply) Kind() string { return "multiply" }

// OutShape implements Layer.
func (l *Multiply) OutShape(in ...Shape) (Shape, error) {
	if len(in) != 2 {
		return Shape{}, fmt.Errorf("multiply takes two inputs, not %d", len(in))
	}
	if in[0] != in[1] {
		return Shape{}, fmt.Errorf("multiply of different shapes, %v and %v", in[0], in[1])
	}
	return in[0], nil
}

// MACs implements Layer.
func (l *Multiply) MACs(in ...Shape) int64 {
	return int64(in[0].N) * int64(in[0].C) * int64(in[0].H) * int64(in[0].W)
}

// Forward implements Layer.
func (l *Multiply) Forward(s *Step) []Work {
	return []Work{elementwise(s.Out, func(_ *kernel.Set, lo, hi int) {
		a, b := s.In[0].Data[lo:hi], s.In[1].Data[lo:hi]
		for i := range s.Out.Data[lo:hi] {
			s.Out.Data[lo+i] = a[i] * b[i]
		}
	})}
}

// Backward implements Layer. The two inputs may be one and the same value, whose
// gradient is then set by the first and added to by the second.
func (l *Multiply) Backward(s *Step) []Work {
	var works []Work
	for i, d := range s.DIn {
		if d == nil {
			continue
		}
		other, add := s.In[1-i], s.sum(i) != nil
		works = append(works, elementwise(d, func(_ *kernel.Set, lo, hi int) {
			to, grad, by := d.Data[lo:hi], s.DOut.Data[lo:hi], other.Data[lo:hi]
			for j := range to {
				v := grad[j] * by[j]
				if add {
					v += to[j]
				}
				to[j] = v
			}
		}))
	}
	return works
}
