package train

import (
	"fmt"
	"math"

	"github.com/cae-restore/restore/cae"
)

// Loss is a distance between what the network said and what it should have
// said: a sum over samples, each counted weight times (nil: once). It sets grad
// to scale times the gradient of that sum with respect to out. All slices are of
// one length.
type Loss func(grad, out, target, weight []float32, scale float64) float64

// charbonnierEps is where the Charbonnier loss turns from a parabola into a
// cone, on a scale on which 1 is white.
const charbonnierEps = 1e-3

// NewLoss finds a loss by name: "l1" is |d|, "mse" is d², "charbonnier" is
// sqrt(d²+ε²) with ε = 0.001 (Charbonnier et al., ICIP 1994), d being the
// difference.
func NewLoss(name string) (Loss, error) {
	switch name {
	case "l1":
		return pointwise(func(d float64) (float64, float64) {
			switch {
			case d > 0:
				return d, 1
			case d < 0:
				return -d, -1
			}
			return 0 * d, 0 * d // what is no number stays none
		}), nil
	case "mse":
		return pointwise(func(d float64) (float64, float64) { return d * d, 2 * d }), nil
	case "charbonnier":
		return pointwise(func(d float64) (float64, float64) {
			r := math.Sqrt(d*d + charbonnierEps*charbonnierEps)
			return r, d / r
		}), nil
	}
	return nil, fmt.Errorf("there is no loss %q; there are l1, mse and charbonnier", name)
}

// pointwise sums a loss of single samples that returns value and derivative.
func pointwise(point func(d float64) (float64, float64)) Loss {
	return func(grad, out, target, weight []float32, scale float64) float64 {
		var sum float64
		for i, v := range out {
			value, slope := point(float64(v) - float64(target[i]))
			if weight != nil {
				value *= float64(weight[i])
				slope *= float64(weight[i])
			}
			sum += value
			grad[i] = float32(slope * scale)
		}
		return sum
	}
}

// lossWork is a loss as work on pieces of fixed size, so that the number of
// workers changes no bit. The operands may be changed between two runs.
type lossWork struct {
	loss                      Loss
	grad, out, target, weight []float32
	sums                      []float64 // by piece
}

// work is that of n samples.
func (l *lossWork) work(n int) cae.Work {
	l.sums = make([]float64, (n+pieceLen-1)/pieceLen)
	scale := 1 / float64(n)
	return cae.Work{N: len(l.sums), Do: func(_ []float32, i int) {
		lo, hi := i*pieceLen, min((i+1)*pieceLen, n)
		var weight []float32
		if l.weight != nil {
			weight = l.weight[lo:hi]
		}
		l.sums[i] = l.loss(l.grad[lo:hi], l.out[lo:hi], l.target[lo:hi], weight, scale)
	}}
}

// mean is the loss of the last run, the mean over all samples.
func (l *lossWork) mean() float64 {
	var sum float64
	for _, v := range l.sums {
		sum += v
	}
	return sum / float64(len(l.out))
}
