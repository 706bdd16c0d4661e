package kernel

import "runtime"

// Peak does fused multiply-adds (separate ones in the generic set) of registers
// alone, n turns of 24 instructions as wide as the set's, and returns how many
// floating-point operations that was: a benchmark divides by the time and knows
// what no kernel of the set can pass. It belongs to benchmarks only; n below
// 10000 keeps other goroutines waiting for less than 100 us.
func Peak(s *Set, n int) (flops float64) {
	if f, lanes := assemblyPeak(s.Name); f != nil {
		f(n)
		return float64(n) * 24 * 2 * float64(lanes)
	}
	var x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, xa, xb float32
	for range 2 * n {
		x0, x1, x2, x3 = x0*0.5+1, x1*0.5+1, x2*0.5+1, x3*0.5+1
		x4, x5, x6, x7 = x4*0.5+1, x5*0.5+1, x6*0.5+1, x7*0.5+1
		x8, x9, xa, xb = x8*0.5+1, x9*0.5+1, xa*0.5+1, xb*0.5+1
	}
	// Without a use the compiler would drop all that.
	runtime.KeepAlive(x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + xa + xb)
	return float64(n) * 24 * 2
}
