package cae

// ReLU is max(0, x), element by element. Its gradient at 0 is 0.
type ReLU struct{ unary }

// Kind implements Layer.
func (l *ReLU) Kind() string { return "relu" }

// OutShape implements Layer.
func (l *ReLU) OutShape(in ...Shape) (Shape, error) { return one("relu", in) }

// Forward implements Layer.
func (l *ReLU) Forward(x *Exec, s *Step) error {
	in, out := s.In[0].Data, s.Out.Data
	return x.span(len(out), func(lo, hi int) {
		from := in[lo:hi]
		for i := range out[lo:hi] {
			out[lo+i] = max(from[i], 0)
		}
	})
}

// Backward implements Layer.
func (l *ReLU) Backward(x *Exec, s *Step) error {
	if s.DIn[0] == nil {
		return nil
	}
	out, grad, din := s.Out.Data, s.DOut.Data, s.DIn[0].Data
	return x.span(len(out), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if out[i] > 0 {
				din[i] += grad[i]
			}
		}
	})
}
