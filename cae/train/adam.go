package train

import (
	"math"

	"github.com/cae-restore/restore/cae"
)

// The optimiser is AdamW: Adam with weight decay beside the gradient (Loshchilov
// and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019). These are
// Adam's usual constants (Kingma and Ba, "Adam: A Method for Stochastic
// Optimization", ICLR 2015).
const (
	beta1   = 0.9
	beta2   = 0.999
	adamEps = 1e-8
)

// statMomentum is how far a running statistic moves towards a batch's value.
const statMomentum = 0.1

// adam keeps the two moments of every parameter.
type adam struct{ m, v [][]float32 }

func newAdam(params []*cae.Param) *adam {
	a := &adam{}
	for _, p := range params {
		a.m = append(a.m, make([]float32, len(p.Data)))
		a.v = append(a.v, make([]float32, len(p.Data)))
	}
	return a
}

// motion is what all parameters' moves in one step have in common.
type motion struct {
	c1, c2 float64 // by which the moments fall short at the start
	rate   float64
	decay  float64
	scale  float32 // of the gradients
}

// motionOf is that of a step, counted from 1.
func motionOf(step int64, rate, decay float64, scale float32) motion {
	return motion{1 - math.Pow(beta1, float64(step)), 1 - math.Pow(beta2, float64(step)), rate, decay, scale}
}

// move moves the elements [lo, hi) of parameter i against their gradient.
// Weight decay spares biases and scales. Running statistics go towards the batch's value.
func (a *adam) move(o motion, p *cae.Param, grad []float32, i, lo, hi int) {
	if p.Stat {
		for j := lo; j < hi; j++ {
			p.Data[j] += statMomentum * (grad[j] - p.Data[j])
		}
		return
	}
	shrink := 1.0
	if len(p.Shape) > 1 {
		shrink = 1 - o.rate*o.decay
	}
	data, grad, m, v := p.Data[lo:hi], grad[lo:hi], a.m[i][lo:hi], a.v[i][lo:hi]
	for j, g := range grad {
		g *= o.scale
		m[j] += (1 - beta1) * (g - m[j])
		v[j] += (1 - beta2) * (g*g - v[j])
		move := o.rate * (float64(m[j]) / o.c1) / (math.Sqrt(float64(v[j])/o.c2) + adamEps)
		data[j] = float32(float64(data[j])*shrink - move)
	}
}
