package kernel

import "math"

// The transforms of F(4x4, 3x3) interpolate at the points 0, a, -a, b, -b and
// infinity, in this order of the frequencies, with a = sqrt(1/2) and b = sqrt(2).
// That a*b is 1 and a*a and b*b are powers of two makes them as cheap as those
// of the usual points 0, 1, -1, 2, -2, with two to four times less rounding
// error (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd
// Convolution for Deep Neural Networks", 2020, explain why the points matter).
//
//	     | 1   0      -5/2  0      1  0 |        | 1  1   1    1   1   0 |
//	     | 0  -a*b*b  -b*b  a      1  0 |   AT = | 0  a  -a    b  -b   0 |
//	BT = | 0   a*b*b  -b*b -a      1  0 |        | 0  aa  aa   bb  bb  0 |
//	     | 0  -b*a*a  -a*a  b      1  0 |        | 0  aaa -aaa bbb -bbb 1 |
//	     | 0   b*a*a  -a*a -b      1  0 |
//	     | 0   1       0   -5/2    0  1 |
//
//	row of G for x: (1, x, x*x) / product over the other points y of (x-y);
//	the last row is (0, 0, 1)
const (
	pointA = math.Sqrt2 / 2
	pointB = math.Sqrt2

	squareA = 0.5
	squareB = 2
	squares = squareA + squareB

	cubeA = pointA * squareA
	cubeB = pointB * squareB

	scaleA = -2. / 3 // 1 / (a * 2a * (a*a - b*b)), the divisor in G's rows of a and -a
	scaleB = 1. / 6  // 1 / (b * 2b * (b*b - a*a))
)

// inputLine is BT on a line of six pixels, lane by lane. Results are step
// pixels apart.
func inputLine(out []float32, step int, d *[Patch]*pixel) {
	d0, d1, d2, d3, d4, d5 := d[0], d[1], d[2], d[3], d[4], d[5]
	o0, o1, o2, o3, o4, o5 := at(out, 0), at(out, step), at(out, 2*step), at(out, 3*step), at(out, 4*step), at(out, 5*step)
	for k := range Lanes {
		x0, x1, x2, x3, x4, x5 := d0[k], d1[k], d2[k], d3[k], d4[k], d5[k]
		o0[k] = x0 + x4 - squares*x2
		even, odd := x4-squareB*x2, pointA*(x3-squareB*x1)
		o1[k], o2[k] = even+odd, even-odd
		even, odd = x4-squareA*x2, pointB*(x3-squareA*x1)
		o3[k], o4[k] = even+odd, even-odd
		o5[k] = x1 + x5 - squares*x3
	}
}

func inputTilesGeneric(v, src []float32, n, rowStep, freqStep int, tmp []float32) {
	var d [Patch]*pixel
	for t := range n {
		for j := range Patch {
			for i := range Patch {
				d[i] = at(src, i*rowStep+(Tile*t+j)*Lanes)
			}
			inputLine(tmp[j*Lanes:], Patch*Lanes, &d)
		}
		for i := range Patch {
			for j := range Patch {
				d[j] = at(tmp, (i*Patch+j)*Lanes)
			}
			inputLine(v[i*Patch*freqStep+t*Lanes:], freqStep, &d)
		}
	}
}

// outputLine is AT on a line of six pixels, lane by lane.
func outputLine(out *[Tile]*pixel, m *[Patch]*pixel) {
	m0, m1, m2, m3, m4, m5 := m[0], m[1], m[2], m[3], m[4], m[5]
	o0, o1, o2, o3 := out[0], out[1], out[2], out[3]
	for k := range Lanes {
		evenA, oddA := m1[k]+m2[k], m1[k]-m2[k]
		evenB, oddB := m3[k]+m4[k], m3[k]-m4[k]
		o0[k] = m0[k] + evenA + evenB
		o1[k] = pointA*oddA + pointB*oddB
		o2[k] = squareA*evenA + squareB*evenB
		o3[k] = m5[k] + cubeA*oddA + cubeB*oddB
	}
}

func outputTilesGeneric(dst, add, m []float32, n, rowStep, freqStep int, bias []float32, slope float32, tmp []float32) {
	var in [Patch]*pixel
	var out [Tile]*pixel
	var row [Tile]pixel
	for t := range n {
		for j := range Patch {
			for i := range Patch {
				in[i] = at(m, (i*Patch+j)*freqStep+t*Lanes)
			}
			for i := range Tile {
				out[i] = at(tmp, (i*Patch+j)*Lanes)
			}
			outputLine(&out, &in)
		}
		for j := range Tile {
			out[j] = &row[j]
		}
		for i := range Tile {
			for j := range Patch {
				in[j] = at(tmp, (i*Patch+j)*Lanes)
			}
			outputLine(&out, &in)
			for j := range Tile {
				finishPixel(dst, add, &row[j], i*rowStep+(Tile*t+j)*Lanes, bias, slope)
			}
		}
	}
}

// gradLine is A on a line of four pixels, lane by lane.
func gradLine(out []float32, step int, g *[Tile]*pixel) {
	g0, g1, g2, g3 := g[0], g[1], g[2], g[3]
	o0, o1, o2, o3, o4, o5 := at(out, 0), at(out, step), at(out, 2*step), at(out, 3*step), at(out, 4*step), at(out, 5*step)
	for k := range Lanes {
		x0, x1, x2, x3 := g0[k], g1[k], g2[k], g3[k]
		o0[k] = x0
		even, odd := x0+squareA*x2, pointA*(x1+squareA*x3)
		o1[k], o2[k] = even+odd, even-odd
		even, odd = x0+squareB*x2, pointB*(x1+squareB*x3)
		o3[k], o4[k] = even+odd, even-odd
		o5[k] = x3
	}
}

func gradTilesGeneric(v, src []float32, n, rowStep, freqStep int, tmp []float32) {
	var g [Tile]*pixel
	for t := range n {
		for j := range Tile {
			for i := range Tile {
				g[i] = at(src, i*rowStep+(Tile*t+j)*Lanes)
			}
			gradLine(tmp[j*Lanes:], Tile*Lanes, &g)
		}
		for i := range Patch {
			for j := range Tile {
				g[j] = at(tmp, (i*Tile+j)*Lanes)
			}
			gradLine(v[i*Patch*freqStep+t*Lanes:], freqStep, &g)
		}
	}
}

// filterLine is G on a line of three pixels, lane by lane.
func filterLine(out []float32, step int, w *[3]*pixel) {
	w0, w1, w2 := w[0], w[1], w[2]
	o0, o1, o2, o3, o4, o5 := at(out, 0), at(out, step), at(out, 2*step), at(out, 3*step), at(out, 4*step), at(out, 5*step)
	for k := range Lanes {
		x0, x1, x2 := w0[k], w1[k], w2[k]
		o0[k] = x0
		even, odd := scaleA*(x0+squareA*x2), scaleA*pointA*x1
		o1[k], o2[k] = even+odd, even-odd
		even, odd = scaleB*(x0+squareB*x2), scaleB*pointB*x1
		o3[k], o4[k] = even+odd, even-odd
		o5[k] = x2
	}
}

func filterGeneric(u, w []float32, step int, tmp []float32) {
	var p [3]*pixel
	for j := range 3 {
		for i := range 3 {
			p[i] = at(w, (i*3+j)*Lanes)
		}
		filterLine(tmp[j*Lanes:], 3*Lanes, &p)
	}
	for i := range Patch {
		for j := range 3 {
			p[j] = at(tmp, (i*3+j)*Lanes)
		}
		filterLine(u[i*Patch*step:], step, &p)
	}
}

// filterGradLine is GT on a line of six pixels, lane by lane.
func filterGradLine(out *[3]*pixel, u *[Patch]*pixel) {
	u0, u1, u2, u3, u4, u5 := u[0], u[1], u[2], u[3], u[4], u[5]
	o0, o1, o2 := out[0], out[1], out[2]
	for k := range Lanes {
		evenA, oddA := scaleA*(u1[k]+u2[k]), scaleA*pointA*(u1[k]-u2[k])
		evenB, oddB := scaleB*(u3[k]+u4[k]), scaleB*pointB*(u3[k]-u4[k])
		o0[k] = u0[k] + evenA + evenB
		o1[k] = oddA + oddB
		o2[k] = u5[k] + squareA*evenA + squareB*evenB
	}
}

func filterGradGeneric(dw, du []float32, step int, tmp []float32) {
	var in [Patch]*pixel
	var out [3]*pixel
	var row [3]pixel
	for j := range Patch {
		for i := range Patch {
			in[i] = at(du, (i*Patch+j)*step)
		}
		for i := range 3 {
			out[i] = at(tmp, (i*Patch+j)*Lanes)
		}
		filterGradLine(&out, &in)
	}
	for j := range 3 {
		out[j] = &row[j]
	}
	for i := range 3 {
		for j := range Patch {
			in[j] = at(tmp, (i*Patch+j)*Lanes)
		}
		filterGradLine(&out, &in)
		for j := range 3 {
			d := at(dw, (i*3+j)*Lanes)
			for k := range Lanes {
				d[k] += row[j][k]
			}
		}
	}
}
