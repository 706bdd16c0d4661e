package cae

import (
	"fmt"
	"math"
)

// BatchNorm normalises each plane to mean 0 and variance 1 over the batch (in
// training) or by its running statistics (otherwise), then scales and shifts:
//
//	out = gamma*(in-mean)/sqrt(variance+1e-5) + beta
//
// Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by
// Reducing Internal Covariate Shift", ICML 2015. The batch's variance divides
// by the number of samples; the running one is moved towards the unbiased
// estimate, as in PyTorch.
type BatchNorm struct {
	Planes int `json:"planes"`

	params []*Param
}

const batchNormEps = 1e-5

// Kind implements Layer.
func (l *BatchNorm) Kind() string { return "batch_norm" }

// OutShape implements Layer.
func (l *BatchNorm) OutShape(in ...Shape) (Shape, error) {
	s, err := one("batch_norm", in)
	if err == nil && (l.Planes < 1 || l.Planes > 1<<16 || s.C != l.Planes) {
		err = fmt.Errorf("batch_norm takes %d planes, not %d", l.Planes, s.C)
	}
	return s, err
}

// Window implements Layer.
func (l *BatchNorm) Window(int) Window { return pointwise }

// MACs implements Layer. It is folded into its neighbour, so it counts nothing.
func (l *BatchNorm) MACs(...Shape) int64 { return 0 }

// Params implements Layer: gamma, beta, running_mean, running_var.
func (l *BatchNorm) Params() []*Param {
	if l.params == nil {
		l.params = []*Param{newParam("gamma", 0, 0, l.Planes), newParam("beta", 0, 0, l.Planes),
			newParam("running_mean", 0, 0, l.Planes), newParam("running_var", 0, 0, l.Planes)}
		l.params[0].first, l.params[3].first = 1, 1
		l.params[2].Stat, l.params[3].Stat = true, true
	}
	return l.params
}

// Forward implements Layer. In training Saved holds mean and 1/sqrt(variance+eps)
// of each plane.
func (l *BatchNorm) Forward(x *Exec, s *Step) error {
	ps := l.Params()
	if s.Train && len(s.Saved) < 2*l.Planes {
		s.Saved = make([]float32, 2*l.Planes)
	}
	return x.each(l.Planes, 0, func(c int, _ []float32) {
		var mean, inv float64
		if s.Train {
			var variance float64
			mean, variance = moments(s.In[0], c)
			inv = 1 / math.Sqrt(variance+batchNormEps)
			s.Saved[c], s.Saved[l.Planes+c] = float32(mean), float32(inv)
		} else {
			mean = float64(ps[2].Data[c])
			inv = 1 / math.Sqrt(float64(ps[3].Data[c])+batchNormEps)
		}
		scale := float32(float64(ps[0].Data[c]) * inv)
		shift := float32(float64(ps[1].Data[c]) - float64(ps[0].Data[c])*inv*mean)
		for n := range s.Out.N {
			in, out := s.In[0].Plane(n, c), s.Out.Plane(n, c)
			for i, v := range in {
				out[i] = v*scale + shift
			}
		}
	})
}

// moments returns mean and (biased) variance of plane c over the batch.
func moments(t *Tensor, c int) (mean, variance float64) {
	count := float64(t.N * t.H * t.W)
	for n := range t.N {
		for _, v := range t.Plane(n, c) {
			mean += float64(v)
		}
	}
	mean /= count
	for n := range t.N {
		for _, v := range t.Plane(n, c) {
			d := float64(v) - mean
			variance += d * d
		}
	}
	return mean, variance / count
}

// Backward implements Layer, for a Forward in training.
func (l *BatchNorm) Backward(x *Exec, s *Step) error {
	ps := l.Params()
	in, grad := s.In[0], s.DOut
	count := float64(in.N * in.H * in.W)
	return x.each(l.Planes, 0, func(c int, _ []float32) {
		mean, inv := float64(s.Saved[c]), float64(s.Saved[l.Planes+c])
		var sum, dot float64 // of the gradient, and of it with the normalised input
		for n := range in.N {
			v, g := in.Plane(n, c), grad.Plane(n, c)
			for i := range v {
				sum += float64(g[i])
				dot += float64(g[i]) * (float64(v[i]) - mean) * inv
			}
		}
		s.Grad[0][c] += float32(dot)
		s.Grad[1][c] += float32(sum)
		variance := 1/(inv*inv) - batchNormEps
		s.Grad[2][c] += float32(mean)
		s.Grad[3][c] += float32(variance * count / max(count-1, 1))
		if s.DIn[0] == nil {
			return
		}
		scale := float64(ps[0].Data[c]) * inv
		for n := range in.N {
			v, g, d := in.Plane(n, c), grad.Plane(n, c), s.DIn[0].Plane(n, c)
			for i := range v {
				norm := (float64(v[i]) - mean) * inv
				d[i] += float32(scale * (float64(g[i]) - sum/count - norm*dot/count))
			}
		}
	})
}
