package denoise

import "math"

// levelHidden is the width of the hidden layer of levelNet.
const levelHidden = 32

// levelNet is a network of one hidden layer that says from a picture's features
// how much is wrong with it. Its numbers are in level_table.go.
type levelNet struct {
	Mean, Scale [features]float64              // features are brought to mean 0 and deviation 1
	Hidden      [levelHidden][features]float64 // weights
	HiddenBias  [levelHidden]float64
	Out         [2][levelHidden + features]float64 // of the hidden layer and of the features themselves
	OutBias     [2]float64
}

// outliers of the features beyond this many deviations are brought back to it:
// the network has not seen such pictures and must not extrapolate.
const maxDeviation = 4

// standard brings features to the scale that the network takes.
func (n *levelNet) standard(x [features]float64) (z [features]float64) {
	for i, v := range x {
		z[i] = min(maxDeviation, max(-maxDeviation, (v-n.Mean[i])*n.Scale[i]))
	}
	return z
}

// forward returns the outputs for standard features, and the hidden layer.
func (n *levelNet) forward(z *[features]float64) (out [2]float64, hidden [levelHidden]float64) {
	for j := range hidden {
		sum := n.HiddenBias[j]
		for i, v := range z {
			sum += n.Hidden[j][i] * v
		}
		hidden[j] = math.Tanh(sum)
	}
	for o := range out {
		sum := n.OutBias[o]
		for j, v := range hidden {
			sum += n.Out[o][j] * v
		}
		for i, v := range z {
			sum += n.Out[o][levelHidden+i] * v
		}
		out[o] = sum
	}
	return out, hidden
}

// judge returns the level of whatever damage a picture of these features has,
// and the weight, from 0 to 1, that belongs to the level of white noise instead:
// 0 or 1 unless the network is in doubt.
func (n *levelNet) judge(x [features]float64) (level, white float64) {
	z := n.standard(x)
	out, _ := n.forward(&z)
	sure := 1 / (1 + math.Exp(-out[1]))
	return fromTarget(out[0]), min(1, max(0, (sure-0.3)/0.4))
}

// The network says a logarithm, so that errors count in proportion; below about
// softFloor they count as they are.
const softFloor = 0.3

func toTarget(level float64) float64 { return 0.5 * math.Log(level*level+softFloor*softFloor) }

func fromTarget(y float64) float64 {
	return math.Sqrt(max(0, math.Exp(2*y)-softFloor*softFloor))
}
