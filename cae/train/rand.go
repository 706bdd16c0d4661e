// Package train teaches networks: losses, optimiser, schedule, moving average,
// checkpoints and the loop over batches of tensors. Where the batches come from
// and what is shown of it is the caller's business.
package train

import "math/rand/v2"

// Rand returns the generator of one place in a training, set by its counters
// alone: the same (seed, step, index) gives the same numbers whatever was drawn
// elsewhere, so a resumed run draws what an uninterrupted one would have.
//
// The counters are mixed by the finaliser of SplitMix64 (Steele, Lea and Flood,
// "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014) into the state
// of a PCG.
func Rand(seed uint64, step int64, index int) *rand.Rand {
	a := mix(seed + golden)
	b := mix(a ^ (uint64(step)*golden + 1))
	c := mix(b ^ (uint64(index)*golden + 2))
	return rand.New(rand.NewPCG(b^c, c))
}

const golden = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
