package kernel

// Scratch returns how many float32 Correlate and WeightGradient need beside
// their operands.
func (g *Geometry) Scratch() int {
	return (g.C*len(g.Taps) + g.K) * Columns
}

// Blocks returns into how many runs of Columns output samples the work falls.
func (g *Geometry) Blocks() int { return (g.OH*g.OW + Columns - 1) / Columns }

// Correlate computes the blocks b0 <= b < b1 of a convolution (in the networks'
// sense, a cross-correlation) of one picture:
//
//	dst[k, Y0+y*StepY, X0+x*StepX] = bias[k] + sum over c, t of
//	    w[k, c, t] * src[c, y*SY+Taps[t].DY, x*SX+Taps[t].DX]
//
// or adds the sum to what dst holds where add is set. dst has K planes of
// PH*PW, src C planes of H*W, w is [K][C][len(Taps)], bias has K elements or is
// nil. scratch holds at least Scratch() elements. Each element is summed in the
// order of c and then t, so the result does not depend on the blocks.
func Correlate(dst, src, w, bias []float32, g *Geometry, b0, b1 int, add bool, scratch []float32) {
	depth := g.C * len(g.Taps)
	plane := g.PH * g.PW
	cols, rest := scratch[:depth*Columns], scratch[depth*Columns:]
	for b := b0; b < b1; b++ {
		p0 := b * Columns
		n := min(Columns, g.OH*g.OW-p0)
		Gather(cols[:depth*n], src, g, p0, p0+n)
		if g.dense() && !add {
			Product(dst[p0:], plane, w, cols, g.K, n, depth, false)
			for k := range g.K {
				addBias(dst[k*plane+p0:k*plane+p0+n], bias, k)
			}
			continue
		}
		sum := rest[:g.K*n]
		Product(sum, n, w, cols, g.K, n, depth, false)
		for k := range g.K {
			row := sum[k*n : (k+1)*n]
			addBias(row, bias, k)
			scatter(dst[k*plane:(k+1)*plane], row, g, p0, add)
		}
	}
}

func addBias(row, bias []float32, k int) {
	if bias == nil {
		return
	}
	b := bias[k]
	for i := range row {
		row[i] += b
	}
}

func scatter(plane, row []float32, g *Geometry, p0 int, add bool) {
	y, x := p0/g.OW, p0%g.OW
	for len(row) > 0 {
		run := min(g.OW-x, len(row))
		at := (g.Y0+y*g.StepY)*g.PW + g.X0 + x*g.StepX
		for _, v := range row[:run] {
			if add {
				plane[at] += v
			} else {
				plane[at] = v
			}
			at += g.StepX
		}
		row = row[run:]
		x, y = 0, y+1
	}
}

// WeightGradient adds to dw ([K][C][len(Taps)]) what the blocks b0 <= b < b1 of
// one picture contribute to the gradient of the weights of Correlate with a
// dense geometry: dw[k, c, t] += sum over y, x of grad[k, y, x] * src[c, ...].
func WeightGradient(dw, grad, src []float32, g *Geometry, b0, b1 int, scratch []float32) {
	depth := g.C * len(g.Taps)
	plane := g.OH * g.OW
	cols := scratch[:depth*Columns]
	for b := b0; b < b1; b++ {
		p0 := b * Columns
		n := min(Columns, plane-p0)
		Gather(cols[:depth*n], src, g, p0, p0+n)
		ProductNT(dw, grad[p0:], plane, cols, g.K, depth, n)
	}
}
