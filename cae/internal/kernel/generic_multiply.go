package kernel

// quad is how many neighbouring sums the plain Go products compute together.
// Four are what the compiler keeps in registers; with more it computes all
// products first and has to put them aside.
const quad = 4

func multiplyGeneric(c, a []float32, offs []int, b []float32, n int) {
	if len(offs) == 0 {
		clear(head(c, n*Lanes))
	}
	for s, off := range offs {
		multiplySegment(c, a[off:], b[s*Lanes*Lanes:], n, s > 0)
	}
}

// multiplySegment sets c to the product of a, n rows of Lanes, with b, Lanes
// rows of Lanes, or adds it where add is set.
func multiplySegment(c, a, b []float32, n int, add bool) {
	b = head(b, Lanes*Lanes)
	for k := 0; k < Lanes; k += quad {
		// Four columns of b side by side, in an array whose bounds the
		// compiler knows.
		var columns [Lanes][quad]float32
		for l := range columns {
			columns[l] = *(*[quad]float32)(b[l*Lanes+k:])
		}
		for t := range n {
			row, sums := at(a, t*Lanes), (*[quad]float32)(c[t*Lanes+k:])
			var s0, s1, s2, s3 float32
			if add {
				s0, s1, s2, s3 = sums[0], sums[1], sums[2], sums[3]
			}
			for l, x := range row {
				w := &columns[l]
				s0 += x * w[0]
				s1 += x * w[1]
				s2 += x * w[2]
				s3 += x * w[3]
			}
			sums[0], sums[1], sums[2], sums[3] = s0, s1, s2, s3
		}
	}
}

func multiplyTGeneric(c, a, b []float32, n int) {
	var turned [Lanes * Lanes]float32
	for ; n >= Lanes; n -= Lanes {
		// Turned round, Lanes pixels are a segment of the other product.
		for t := range Lanes {
			for l, x := range at(a, t*Lanes) {
				turned[l*Lanes+t] = x
			}
		}
		multiplySegment(c, turned[:], b, Lanes, true)
		a, b = a[Lanes*Lanes:], b[Lanes*Lanes:]
	}
	for t := range n {
		p, q := at(a, t*Lanes), at(b, t*Lanes)
		for l, x := range p {
			sums := at(c, l*Lanes)
			for k := range Lanes {
				sums[k] += x * q[k]
			}
		}
	}
}
