package train

import (
	"fmt"
	"math"
)

// Loss is a distance between what the network said and what it should have
// said: the mean over all samples, each counted weight times (nil: once). It
// sets grad to its gradient with respect to out.
type Loss func(grad, out, target, weight []float32) float64

// charbonnierEps is where the Charbonnier loss turns from a parabola into a
// cone, on a scale on which 1 is white.
const charbonnierEps = 1e-3

// NewLoss finds a loss by name: "l1" is |d|, "mse" is d², "charbonnier" is
// sqrt(d²+ε²) with ε = 0.001 (Charbonnier et al., ICIP 1994), d being the
// difference.
func NewLoss(name string) (Loss, error) {
	switch name {
	case "l1":
		return mean(func(d float64) (float64, float64) {
			switch {
			case d > 0:
				return d, 1
			case d < 0:
				return -d, -1
			}
			return 0, 0
		}), nil
	case "mse":
		return mean(func(d float64) (float64, float64) { return d * d, 2 * d }), nil
	case "charbonnier":
		return mean(func(d float64) (float64, float64) {
			r := math.Sqrt(d*d + charbonnierEps*charbonnierEps)
			return r, d / r
		}), nil
	}
	return nil, fmt.Errorf("there is no loss %q; there are l1, mse and charbonnier", name)
}

// mean averages a pointwise loss that returns value and derivative.
func mean(point func(d float64) (float64, float64)) Loss {
	return func(grad, out, target, weight []float32) float64 {
		var sum float64
		scale := 1 / float64(len(out))
		for i, v := range out {
			value, slope := point(float64(v) - float64(target[i]))
			if weight != nil {
				value *= float64(weight[i])
				slope *= float64(weight[i])
			}
			sum += value
			grad[i] = float32(slope * scale)
		}
		return sum * scale
	}
}
