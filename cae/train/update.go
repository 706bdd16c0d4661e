package train

import (
	"math"

	"github.com/cae-restore/restore/cae"
)

// update is what a step does with the gradients: their length, the move of the
// parameters and their moving average. It works on pieces of fixed size, so that
// the number of workers changes no bit.
type update struct {
	params []*cae.Param
	grads  [][]float32
	ema    [][]float32
	adam   *adam
	pieces []piece
	sums   []float64 // squares of the gradients, by piece
	motion motion
	keep   float64 // of the average
}

// piece is the elements [lo, hi) of a parameter.
type piece struct{ param, lo, hi int }

const pieceLen = 1 << 14

// newUpdate is that of all parameters that have a gradient; the others are
// frozen.
func newUpdate(params []*cae.Param, grads, ema [][]float32, a *adam) *update {
	u := &update{params: params, grads: grads, ema: ema, adam: a}
	for i, p := range params {
		if grads[i] == nil {
			continue
		}
		for lo := 0; lo < len(p.Data); lo += pieceLen {
			u.pieces = append(u.pieces, piece{i, lo, min(lo+pieceLen, len(p.Data))})
		}
	}
	u.sums = make([]float64, len(u.pieces))
	return u
}

// measure is the work of summing the squares of the gradients.
func (u *update) measure() cae.Work {
	return cae.Work{N: len(u.pieces), Do: func(_ []float32, i int) {
		p := u.pieces[i]
		var sum float64
		if !u.params[p.param].Stat {
			for _, v := range u.grads[p.param][p.lo:p.hi] {
				sum += float64(v) * float64(v)
			}
		}
		u.sums[i] = sum
	}}
}

// clip returns the Euclidean length of all gradients together, after measure,
// and the factor that makes it at most limit (0: no limit); Pascanu, Mikolov and
// Bengio, ICML 2013.
func (u *update) clip(limit float64) (length float64, scale float32) {
	var sum float64
	for _, v := range u.sums {
		sum += v
	}
	length = math.Sqrt(sum)
	if limit > 0 && length > limit {
		return length, float32(limit / length)
	}
	return length, 1
}

// apply is the work of moving the parameters, and their averages after them.
func (u *update) apply() cae.Work {
	return cae.Work{N: len(u.pieces), Do: func(_ []float32, i int) {
		p := u.pieces[i]
		param := u.params[p.param]
		u.adam.move(u.motion, param, u.grads[p.param], p.param, p.lo, p.hi)
		move := float32(1 - u.keep)
		average := u.ema[p.param][p.lo:p.hi]
		for j, v := range param.Data[p.lo:p.hi] {
			average[j] += move * (v - average[j])
		}
	}}
}
