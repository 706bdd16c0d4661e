package cae

import (
	"fmt"
	"math"

	"github.com/cae-restore/restore/cae/internal/kernel"
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

// Layout implements Layer.
func (l *BatchNorm) Layout(bool) (in, out Layout) { return Blocked, Blocked }

// Forward implements Layer. In training the step keeps mean and
// 1/sqrt(variance+eps) of each plane.
func (l *BatchNorm) Forward(s *Step) []Work {
	ps := l.Params()
	if s.Train && s.saved == nil {
		s.saved = make([]float32, 2*l.Planes)
	}
	in, out := s.In[0], s.Out
	return []Work{{N: out.blocks(), Do: func(_ []float32, b int) {
		var mean, inv [lanes]float64
		if s.Train {
			mean, inv = moments(in, b)
		}
		var scale, shift [lanes]float32
		for j := range min(lanes, l.Planes-b*lanes) {
			c := b*lanes + j
			if s.Train {
				s.saved[c], s.saved[l.Planes+c] = float32(mean[j]), float32(inv[j])
			} else {
				mean[j] = float64(ps[2].Data[c])
				inv[j] = 1 / math.Sqrt(float64(ps[3].Data[c])+batchNormEps)
			}
			gain := float64(ps[0].Data[c]) * inv[j]
			scale[j], shift[j] = float32(gain), float32(float64(ps[1].Data[c])-gain*mean[j])
		}
		k := kernel.Active()
		for n := range out.N {
			for y := range out.H {
				k.Affine(out.Data[out.at(n, b, y, 0):], in.Data[in.at(n, b, y, 0):], scale[:], shift[:], out.W)
			}
		}
	}}}
}

// moments returns mean and 1/sqrt(variance+eps), with the biased variance, of
// the planes of a block over the batch. Rows are summed in float32, the rows'
// sums in float64.
func moments(t *Map, b int) (mean, inv [lanes]float64) {
	k := kernel.Active()
	count := float64(t.N * t.H * t.W)
	pass := func(shift []float32) (sums, dots [lanes]float64) {
		var sum, dot [lanes]float32
		for n := range t.N {
			for y := range t.H {
				clear(sum[:])
				clear(dot[:])
				row := t.Data[t.at(n, b, y, 0):]
				k.Moments(sum[:], dot[:], row, row, shift, t.W)
				for j := range lanes {
					sums[j] += float64(sum[j])
					dots[j] += float64(dot[j])
				}
			}
		}
		return sums, dots
	}
	var centre [lanes]float32
	sums, _ := pass(centre[:])
	for j := range lanes {
		mean[j] = sums[j] / count
		centre[j] = float32(mean[j])
	}
	// The sum of x*(x-m) is that of (x-m)^2 and of m*(x-m).
	sums, dots := pass(centre[:])
	for j := range lanes {
		m := float64(centre[j])
		variance := (dots[j] - m*(sums[j]-m*count)) / count
		inv[j] = 1 / math.Sqrt(max(variance, 0)+batchNormEps)
	}
	return mean, inv
}

// Backward implements Layer, for a Forward in training.
func (l *BatchNorm) Backward(s *Step) []Work {
	ps := l.Params()
	in, grad, din := s.In[0], s.DOut, s.DIn[0]
	count := float64(in.N * in.H * in.W)
	return []Work{{N: in.blocks(), Do: func(_ []float32, b int) {
		k := kernel.Active()
		var sums, dots [lanes]float64 // of the gradient, and of it with the centred input
		var sum, dot, mean [lanes]float32
		planes := min(lanes, l.Planes-b*lanes)
		copy(mean[:planes], s.saved[b*lanes:])
		for n := range in.N {
			for y := range in.H {
				clear(sum[:])
				clear(dot[:])
				k.Moments(sum[:], dot[:], grad.Data[grad.at(n, b, y, 0):], in.Data[in.at(n, b, y, 0):], mean[:], in.W)
				for j := range planes {
					sums[j] += float64(sum[j])
					dots[j] += float64(dot[j])
				}
			}
		}
		// d = scale*(g - sum/count - normalised*dot/count), as a*g + b*x + c.
		var ga, xa, ca [lanes]float32
		for j := range planes {
			c := b*lanes + j
			m, inv := float64(mean[j]), float64(s.saved[l.Planes+c])
			d := dots[j] * inv
			s.Grad[0][c] += float32(d)
			s.Grad[1][c] += float32(sums[j])
			variance := 1/(inv*inv) - batchNormEps
			s.Grad[2][c] += mean[j]
			s.Grad[3][c] += float32(variance * count / max(count-1, 1))
			scale := float64(ps[0].Data[c]) * inv
			slope := scale * inv * d / count
			ga[j], xa[j], ca[j] = float32(scale), float32(-slope), float32(slope*m-scale*sums[j]/count)
		}
		for n := 0; n < in.N && din != nil; n++ {
			for y := range in.H {
				to := din.Data[din.at(n, b, y, 0):]
				if s.sum(0) == nil {
					clear(to[:in.W*lanes])
				}
				k.AddAffine(to, grad.Data[grad.at(n, b, y, 0):], in.Data[in.at(n, b, y, 0):], ga[:], xa[:], ca[:], in.W)
			}
		}
	}}}
}
