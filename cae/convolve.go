package cae

import "github.com/cae-restore/restore/cae/internal/kernel"

// blockRun is how many blocks of a picture one piece of work covers. It is
// part of the result of weightGradient: partial sums are made per piece.
const blockRun = 16

type piece struct{ picture, b0, b1 int }

// pieces cuts the work of a batch into pieces by its shape alone.
func pieces(n, blocks int) []piece {
	var list []piece
	for p := range n {
		for b := 0; b < blocks; b += blockRun {
			list = append(list, piece{p, b, min(b+blockRun, blocks)})
		}
	}
	return list
}

// correlate runs kernel.Correlate over a batch.
func correlate(x *Exec, out, in *Tensor, w, bias []float32, g *kernel.Geometry, add bool) error {
	list := pieces(in.N, g.Blocks())
	return x.each(len(list), g.Scratch(), func(i int, scratch []float32) {
		p := list[i]
		kernel.Correlate(out.Picture(p.picture), in.Picture(p.picture), w, bias, g, p.b0, p.b1, add, scratch)
	})
}

// spread is the transpose of a correlation (a transposed convolution, and the
// gradient of a convolution with respect to its input): in has A planes, out B,
// w is [A][B][kernel], and
//
//	out[b, y, x] (+)= bias[b] + sum of w[a, b, i, j] * in[a, v, u]
//	    over a and all v*stride+i-pad = y, u*stride+j-pad = x.
//
// Output samples of one remainder modulo the stride (a phase) read the same
// elements of the kernel, so each phase is a correlation of its own.
func spread(x *Exec, out, in *Tensor, w, bias []float32, size, stride, pad [2]int, add bool) error {
	for py := range stride[0] {
		for px := range stride[1] {
			g, wp := phase(in.Shape, out.Shape, w, size, stride, pad, py, px)
			if g.OH < 1 || g.OW < 1 {
				continue
			}
			if err := correlate(x, out, in, wp, bias, g, add); err != nil {
				return err
			}
		}
	}
	return nil
}

// phase returns geometry and weights ([B][A][taps]) of the output samples whose
// coordinates are py and px modulo the stride.
func phase(in, out Shape, w []float32, size, stride, pad [2]int, py, px int) (*kernel.Geometry, []float32) {
	g := &kernel.Geometry{C: in.C, H: in.H, W: in.W, K: out.C, PH: out.H, PW: out.W,
		OH: floorDiv(out.H-py-1, stride[0]) + 1, OW: floorDiv(out.W-px-1, stride[1]) + 1,
		SY: 1, SX: 1, Y0: py, X0: px, StepY: stride[0], StepX: stride[1]}
	var elements []int
	for i := range size[0] {
		if (py+pad[0]-i)%stride[0] != 0 {
			continue
		}
		for j := range size[1] {
			if (px+pad[1]-j)%stride[1] != 0 {
				continue
			}
			g.Taps = append(g.Taps, kernel.Tap{DY: (py + pad[0] - i) / stride[0], DX: (px + pad[1] - j) / stride[1]})
			elements = append(elements, i*size[1]+j)
		}
	}
	t := len(elements)
	wp := make([]float32, out.C*in.C*t)
	for b := range out.C {
		for a := range in.C {
			from := w[(a*out.C+b)*size[0]*size[1]:]
			to := wp[(b*in.C+a)*t:]
			for k, e := range elements {
				to[k] = from[e]
			}
		}
	}
	return g, wp
}

// weightGradient adds the gradient of the weights of the correlation g from in
// to grad. Each piece sums on its own and the pieces are added in order, so the
// number of workers changes no bit.
func weightGradient(x *Exec, dw []float32, grad, in *Tensor, g *kernel.Geometry) error {
	list := pieces(in.N, g.Blocks())
	part := x.alloc(Shape{len(list), 1, 1, len(dw)})
	defer x.release(part)
	err := x.each(len(list), g.Scratch(), func(i int, scratch []float32) {
		p := list[i]
		sum := part.Picture(i)
		clear(sum)
		kernel.WeightGradient(sum, grad.Picture(p.picture), in.Picture(p.picture), g, p.b0, p.b1, scratch)
	})
	if err != nil {
		return err
	}
	return x.span(len(dw), func(lo, hi int) {
		for i := range list {
			for j, v := range part.Picture(i)[lo:hi] {
				dw[lo+j] += v
			}
		}
	})
}

// biasGradient adds the sum of each plane of grad to db.
func biasGradient(x *Exec, db []float32, grad *Tensor) error {
	return x.each(grad.C, 0, func(c int, _ []float32) {
		var sum float64
		for n := range grad.N {
			for _, v := range grad.Plane(n, c) {
				sum += float64(v)
			}
		}
		db[c] += float32(sum)
	})
}
