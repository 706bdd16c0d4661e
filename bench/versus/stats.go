package main

import "slices"

// quantile returns the value below which the share q of the values lies, by
// linear interpolation between the two nearest.
func quantile(values []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(values))
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// pairs are the times of two sides, taken turn by turn: ours[i] and peers[i]
// come from the same round.
type pairs struct{ ours, peers []float64 }

// ratios returns how many times as long the peer took, round by round.
func (p pairs) ratios() []float64 {
	list := make([]float64, len(p.ours))
	for i, ours := range p.ours {
		list[i] = p.peers[i] / ours
	}
	return list
}
