package cae

import "github.com/cae-restore/restore/cae/internal/kernel"

// square is a block of input planes by a block of output planes of weights.
const square = lanes * lanes

// gradient is the work of adding the gradient of the weights of a correlation
// from in to dw, given the gradient of its output.
func (c *correlation) gradient(dw []float32, grad, in *Map) []Work {
	switch _, _, winograd := c.winograd(); {
	case c.depthwise():
		return c.depthwiseGradient(dw, grad, in)
	case winograd:
		return c.winogradGradient(dw, grad, in)
	}
	return c.directGradient(dw, grad, in)
}

// pairs lists the blocks of planes that are connected, output block by output
// block.
func (c *correlation) pairs() (list []pair) {
	for b := range blocksOf(c.out) {
		lo, hi := c.span(b)
		for i := lo; i < hi; i++ {
			list = append(list, pair{out: b, in: i})
		}
	}
	return list
}

type pair struct{ out, in int }

// maxParts bounds the memory of partial sums, in float32.
const maxParts = 1 << 23

// parts says into how many partial sums of size float32 so many pieces of work
// are put: by shape alone, so that no bit depends on the workers.
func parts(pieces, size int) int {
	n := min(16, pieces/2, maxParts/max(size, 1))
	return max(n, 1)
}

// share is the part i of n of the pieces [0, total).
func share(i, n, total int) (lo, hi int) { return i * total / n, (i + 1) * total / n }

// winogradGradient is the transpose of the Winograd correlation with respect to
// the transformed weights: at each frequency the product of the transformed
// input with the transformed gradient, over all tiles, transformed back by
// FilterGrad.
func (c *correlation) winogradGradient(dw []float32, grad, in *Map) []Work {
	dy, dx, _ := c.winograd()
	g := gridOf(grad.Shape)
	at := tilesAtOnce(c.in + c.out)
	v, y := freqStep(in.blocks(), at), freqStep(grad.blocks(), at)
	pairs := c.pairs()
	size := kernel.Frequencies * len(pairs) * square // [frequency][pair]
	n := parts(g.tiles()/(at/2), size)
	sums := kernel.Aligned(n * size)
	collect := Work{N: n, Scratch: kernel.Frequencies*(v+y) + kernel.TransformScratch + patchSize, Do: func(scratch []float32, i int) {
		k := kernel.Active()
		vs, scratch := scratch[:kernel.Frequencies*v], scratch[kernel.Frequencies*v:]
		ys, scratch := scratch[:kernel.Frequencies*y], scratch[kernel.Frequencies*y:]
		tmp, patch := scratch[:kernel.TransformScratch], scratch[kernel.TransformScratch:]
		sum := sums[i*size : (i+1)*size]
		clear(sum)
		lo, hi := share(i, n, g.tiles())
		for t0 := lo; t0 < hi; t0 += at {
			t1 := min(t0+at, hi)
			inputTiles(k, vs, in, g, t0, t1, at, v, dy, dx, tmp, patch)
			gradTiles(k, ys, grad, g, t0, t1, at, y, tmp)
			for q := range kernel.Frequencies {
				for j, p := range pairs {
					k.MultiplyT(sum[(q*len(pairs)+j)*square:], vs[q*v+p.in*at*lanes:], ys[q*y+p.out*at*lanes:], t1-t0)
				}
			}
		}
	}}
	reduce := Work{N: len(pairs), Scratch: (kernel.Frequencies+1)*square + kernel.TransformScratch, Do: func(scratch []float32, j int) {
		k := kernel.Active()
		du, scratch := scratch[:kernel.Frequencies*square], scratch[kernel.Frequencies*square:]
		stencil, tmp := scratch[:9*lanes], scratch[square:]
		for q := range kernel.Frequencies {
			sumParts(k, du[q*square:(q+1)*square], sums[(q*len(pairs)+j)*square:], n, size)
		}
		for l := range min(lanes, c.in-pairs[j].in*lanes) {
			clear(stencil)
			k.FilterGrad(stencil, du[l*lanes:], square, tmp)
			i := pairs[j].in*lanes + l
			for o := range lanes {
				if to := pairs[j].out*lanes + o; c.connected(to, i) {
					w := dw[c.weight(to, i):][:9]
					for _, t := range c.phases[0].taps {
						w[t.index] += stencil[((t.dy-dy)*3+t.dx-dx)*lanes+o]
					}
				}
			}
		}
	}}
	return []Work{collect, reduce}
}

// gradTiles transforms the gradient at the tiles t0 <= t < t1. Beyond the
// gradient's last rows and columns there are zeros up to whole tiles.
func gradTiles(k *kernel.Set, y []float32, grad *Map, g tileGrid, t0, t1, at, step int, tmp []float32) {
	for b := range grad.blocks() {
		for t := t0; t < t1; {
			r := g.run(t, t1)
			k.GradTiles(y[(b*at+t-t0)*lanes:], grad.Data[grad.at(r.n, b, r.y*kernel.Tile, r.x*kernel.Tile):], r.count, grad.row, step, tmp)
			t += r.count
		}
	}
}

// sumParts sets dst to the sum of n parts that stand step apart.
func sumParts(k *kernel.Set, dst, src []float32, n, step int) {
	copy(dst, src[:len(dst)])
	for i := 1; i < n; i++ {
		k.Add(dst, src[i*step:][:len(dst)])
	}
}

// directGradient gathers what the output pixels read, as the correlation does,
// and multiplies it by the gradient at those pixels.
func (c *correlation) directGradient(dw []float32, grad, in *Map) []Work {
	pairs := c.pairs()
	var works []Work
	for _, ph := range c.phases {
		h, w := c.size(ph, grad.H, grad.W)
		if h > 0 && w > 0 && len(ph.taps) > 0 {
			works = append(works, c.phaseGradient(dw, grad, in, ph, pixelGrid{grad.N, h, w}, pairs)...)
		}
	}
	return works
}

func (c *correlation) phaseGradient(dw []float32, grad, in *Map, ph phase, g pixelGrid, pairs []pair) []Work {
	taps := len(ph.taps)
	size := len(pairs) * taps * square // [pair][tap]
	pieces := (g.pixels() + pixelsAtOnce - 1) / pixelsAtOnce
	n := parts(pieces, size)
	sums := kernel.Aligned(n * size)
	const run = pixelsAtOnce * lanes
	panel := taps * in.blocks() * run
	collect := Work{N: n, Scratch: panel + grad.blocks()*run, Do: func(scratch []float32, i int) {
		k := kernel.Active()
		a, d := scratch[:panel], scratch[panel:]
		sum := sums[i*size : (i+1)*size]
		clear(sum)
		lo, hi := share(i, n, pieces)
		for ; lo < hi; lo++ {
			p0, p1 := lo*pixelsAtOnce, min((lo+1)*pixelsAtOnce, g.pixels())
			c.gather(k, a, in, ph, g, p0, p1)
			for at := p0; at < p1; {
				r := g.run(at, p1)
				for b := range grad.blocks() {
					from := grad.at(r.n, b, ph.y0+r.y*c.step[0], ph.x0+r.x*c.step[1])
					k.Copy(d[b*run+(at-p0)*lanes:], grad.Data[from:], r.count, c.step[1]*lanes)
				}
				at += r.count
			}
			for j, p := range pairs {
				for t := range taps {
					k.MultiplyT(sum[(j*taps+t)*square:], a[(t*in.blocks()+p.in)*run:], d[p.out*run:], p1-p0)
				}
			}
		}
	}}
	reduce := Work{N: len(pairs), Scratch: taps * square, Do: func(scratch []float32, j int) {
		sum := scratch[:taps*square]
		sumParts(kernel.Active(), sum, sums[j*taps*square:], n, size)
		for l := range lanes {
			i := pairs[j].in*lanes + l
			for o := range lanes {
				to := pairs[j].out*lanes + o
				if i >= c.in || !c.connected(to, i) {
					continue
				}
				w := dw[c.weight(to, i):][:c.taps]
				for t, tap := range ph.taps {
					w[tap.index] += sum[t*square+l*lanes+o]
				}
			}
		}
	}}
	return []Work{collect, reduce}
}

// biasGradient is the work of adding the sum of each plane of a blocked map to
// db. Each row is summed by itself, the rows in float64.
func biasGradient(db []float32, grad *Map) Work {
	return Work{N: grad.blocks(), Do: func(_ []float32, b int) {
		var total [lanes]float64
		var sum, dot, zero [lanes]float32
		for n := range grad.N {
			for y := range grad.H {
				clear(sum[:])
				row := grad.Data[grad.at(n, b, y, 0):]
				kernel.Active().Moments(sum[:], dot[:], row, row, zero[:], grad.W)
				for l, v := range sum {
					total[l] += float64(v)
				}
			}
		}
		for l := range min(lanes, grad.C-b*lanes) {
			db[b*lanes+l] += float32(total[l])
		}
	}}
}
