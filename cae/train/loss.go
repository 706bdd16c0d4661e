package train

import (
	"fmt"
	"math"
	"strings"

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
// difference. "bce" is the binary cross-entropy -t·log(s)-(1-t)·log(1-s) of a
// target t from 0 to 1 and the sigmoid s of the output x, which is a logit; it is
// computed as max(x,0) - x·t + log(1+exp(-|x|)), which cannot overflow.
func NewLoss(name string) (Loss, error) {
	switch name {
	case "l1":
		return pointwise(func(x, t float64) (float64, float64) {
			switch d := x - t; {
			case d > 0:
				return d, 1
			case d < 0:
				return -d, -1
			default:
				return 0 * d, 0 * d // what is no number stays none
			}
		}), nil
	case "mse":
		return pointwise(func(x, t float64) (float64, float64) { d := x - t; return d * d, 2 * d }), nil
	case "charbonnier":
		return pointwise(func(x, t float64) (float64, float64) {
			d := x - t
			r := math.Sqrt(d*d + charbonnierEps*charbonnierEps)
			return r, d / r
		}), nil
	case "bce":
		return pointwise(func(x, t float64) (float64, float64) {
			small := math.Exp(-math.Abs(x))
			sigmoid := 1 / (1 + small)
			if x < 0 {
				sigmoid = small / (1 + small)
			}
			return max(x, 0) - x*t + math.Log1p(small), sigmoid - t
		}), nil
	}
	return nil, fmt.Errorf("there is no loss %q; there are %s", name, strings.Join(Losses(), ", "))
}

// Losses are the names that NewLoss knows.
func Losses() []string { return []string{"l1", "mse", "charbonnier", "bce"} }

// pointwise sums a loss of single samples that returns, for output and target,
// value and derivative with respect to the output.
func pointwise(point func(x, t float64) (float64, float64)) Loss {
	return func(grad, out, target, weight []float32, scale float64) float64 {
		var sum float64
		for i, v := range out {
			value, slope := point(float64(v), float64(target[i]))
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
