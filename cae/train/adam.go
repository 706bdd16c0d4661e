package train

import (
	"math"

	"github.com/cae-restore/restore/cae"
)

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

// step moves the parameters against their gradients; step counts from 1.
// Weight decay is decoupled from the gradient (Loshchilov and Hutter, "Decoupled
// Weight Decay Regularization", ICLR 2019) and spares biases and scales.
func (a *adam) step(params []*cae.Param, grads [][]float32, step int64, rate, decay float64) {
	c1 := 1 - math.Pow(beta1, float64(step))
	c2 := 1 - math.Pow(beta2, float64(step))
	for i, p := range params {
		if p.Stat {
			for j, g := range grads[i] {
				p.Data[j] += statMomentum * (g - p.Data[j])
			}
			continue
		}
		shrink := 1.0
		if len(p.Shape) > 1 {
			shrink = 1 - rate*decay
		}
		m, v := a.m[i], a.v[i]
		for j, g := range grads[i] {
			m[j] += (1 - beta1) * (g - m[j])
			v[j] += (1 - beta2) * (g*g - v[j])
			move := rate * (float64(m[j]) / c1) / (math.Sqrt(float64(v[j])/c2) + adamEps)
			p.Data[j] = float32(float64(p.Data[j])*shrink - move)
		}
	}
}

// clip scales all gradients so that their common Euclidean length is at most
// limit (0: no limit) and returns the length before (Pascanu, Mikolov and
// Bengio, ICML 2013).
func clip(params []*cae.Param, grads [][]float32, limit float64) float64 {
	var sum float64
	for i, g := range grads {
		if params[i].Stat {
			continue
		}
		for _, v := range g {
			sum += float64(v) * float64(v)
		}
	}
	length := math.Sqrt(sum)
	if limit > 0 && length > limit {
		scale := float32(limit / length)
		for i, g := range grads {
			if params[i].Stat {
				continue
			}
			for j := range g {
				g[j] *= scale
			}
		}
	}
	return length
}
