package kernel

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
	a, b, c, d := float32(1), float32(2), float32(3), float32(4)
	for range 3 * n {
		a, b, c, d = a*0.5+1, b*0.5+1, c*0.5+1, d*0.5+1
		a, b, c, d = a*0.5+1, b*0.5+1, c*0.5+1, d*0.5+1
	}
	generic4 = [4]float32{a, b, c, d}
	return float64(n) * 24 * 2
}

// generic4 keeps the compiler from dropping what Peak computes.
var generic4 [4]float32
