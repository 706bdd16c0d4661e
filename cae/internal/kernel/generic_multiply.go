package kernel

// genericRows is how many rows by how many columns genericColumns of the result
// the plain Go products hold in registers: 8 sums, 2 and 4 operands fit the 16
// registers of amd64.
const (
	genericRows    = 2
	genericColumns = 4
)

func multiplyGeneric(c, a []float32, offs []int, b []float32, n int) {
	b = b[:len(offs)*Lanes*Lanes]
	for t := 0; t < n; t += genericRows {
		c0, c1 := at(c, t*Lanes), at(c, (t+1)*Lanes)
		for k := 0; k < Lanes; k += genericColumns {
			var s00, s01, s02, s03, s10, s11, s12, s13 float32
			bk := b[min(k, len(b)):]
			for _, off := range offs {
				a0, a1 := at(a, off+t*Lanes), at(a, off+(t+1)*Lanes)
				for l := range Lanes {
					x, y := a0[l], a1[l]
					// The last row of b has only Lanes-k elements left.
					w := (*[genericColumns]float32)(bk)
					s00 += x * w[0]
					s01 += x * w[1]
					s02 += x * w[2]
					s03 += x * w[3]
					s10 += y * w[0]
					s11 += y * w[1]
					s12 += y * w[2]
					s13 += y * w[3]
					bk = bk[min(Lanes, len(bk)):]
				}
			}
			d0, d1 := (*[genericColumns]float32)(c0[k:]), (*[genericColumns]float32)(c1[k:])
			d0[0], d0[1], d0[2], d0[3] = s00, s01, s02, s03
			d1[0], d1[1], d1[2], d1[3] = s10, s11, s12, s13
		}
	}
}

// multiplyTRows is how many pixels of both operands stay in the first cache
// while every corner of the result passes over them.
const multiplyTRows = 128

func multiplyTGeneric(c, a, b []float32, n int) {
	c = c[:Lanes*Lanes]
	for n > 0 {
		rows := min(n, multiplyTRows)
		for l := 0; l < Lanes; l += genericRows {
			for k := 0; k < Lanes; k += genericColumns {
				c0, c1 := (*[genericColumns]float32)(c[l*Lanes+k:]), (*[genericColumns]float32)(c[(l+1)*Lanes+k:])
				s00, s01, s02, s03 := c0[0], c0[1], c0[2], c0[3]
				s10, s11, s12, s13 := c1[0], c1[1], c1[2], c1[3]
				for t := range rows {
					p, w := (*[genericRows]float32)(a[t*Lanes+l:]), (*[genericColumns]float32)(b[t*Lanes+k:])
					s00 += p[0] * w[0]
					s01 += p[0] * w[1]
					s02 += p[0] * w[2]
					s03 += p[0] * w[3]
					s10 += p[1] * w[0]
					s11 += p[1] * w[1]
					s12 += p[1] * w[2]
					s13 += p[1] * w[3]
				}
				c0[0], c0[1], c0[2], c0[3] = s00, s01, s02, s03
				c1[0], c1[1], c1[2], c1[3] = s10, s11, s12, s13
			}
		}
		a, b, n = a[rows*Lanes:], b[rows*Lanes:], n-rows
	}
}
