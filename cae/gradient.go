package cae

import "github.com/cae-restore/restore/cae/internal/kernel"

// square is a block of input planes by a block of output planes of weights.
const square = lanes * lanes

// gradient is the work of adding the gradient of the weights of a correlation
// from in to dw, given the gradient of its output.
func (c *correlation) gradient(dw []float32, grad, in *Map, t *temporary) []Work {
	switch _, _, winograd := c.winograd(); {
	case c.depthwise():
		return c.depthwiseGradient(dw, grad, in)
	case winograd:
		return c.winogradGradient(dw, grad, in, t)
	}
	return c.directGradient(dw, grad, in, t)
}

// temporary is memory that works hand results to one another in. It is common
// to all layers of a run, since they take turns.
type temporary struct{ data []float32 }

func (t *temporary) reserve(n int) {
	if len(t.data) < n {
		t.data = kernel.Aligned(n)
	}
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

// directGradient gathers what the output pixels read, as the correlation does,
// and multiplies it by the gradient at those pixels.
func (c *correlation) directGradient(dw []float32, grad, in *Map, t *temporary) []Work {
	var works []Work
	for _, ps := range c.alike(grad.H, grad.W) {
		if len(c.phases[ps[0]].taps) > 0 {
			works = append(works, c.phaseGradient(dw, grad, in, ps, t)...)
		}
	}
	return works
}

// phaseGradient is the work for phases that read the same. Sums are laid out
// [phase][pair][tap].
func (c *correlation) phaseGradient(dw []float32, grad, in *Map, ps []int, temp *temporary) []Work {
	first := c.phases[ps[0]]
	h, w := c.size(first, grad.H, grad.W)
	g := pixelGrid{grad.N, h, w}
	pairs, taps := c.pairs(), len(first.taps)
	each := len(pairs) * taps * square
	size := len(ps) * each
	pieces := (g.pixels() + pixelsAtOnce - 1) / pixelsAtOnce
	n := parts(pieces, size)
	temp.reserve(n * size)
	const run = pixelsAtOnce * lanes
	panel := taps * in.blocks() * run
	collect := Work{N: n, Scratch: panel + grad.blocks()*run, Do: func(scratch []float32, i int) {
		k := kernel.Active()
		a, d := scratch[:panel], scratch[panel:]
		sum := temp.data[i*size : (i+1)*size]
		clear(sum)
		lo, hi := share(i, n, pieces)
		for ; lo < hi; lo++ {
			p0, p1 := lo*pixelsAtOnce, min((lo+1)*pixelsAtOnce, g.pixels())
			c.gather(k, a, in, first, g, p0, p1)
			for q, p := range ps {
				c.gatherOut(k, d, grad, c.phases[p], g, p0, p1)
				for j, p := range pairs {
					for t := range taps {
						k.MultiplyT(sum[q*each+(j*taps+t)*square:], a[(t*in.blocks()+p.in)*run:], d[p.out*run:], p1-p0)
					}
				}
			}
		}
	}}
	reduce := Work{N: len(ps) * len(pairs), Scratch: taps * square, Do: func(scratch []float32, i int) {
		sum := scratch[:taps*square]
		sumParts(kernel.Active(), sum, temp.data[i*taps*square:], n, size)
		p := pairs[i%len(pairs)]
		for l := range lanes {
			from := p.in*lanes + l
			for o := range lanes {
				to := p.out*lanes + o
				if from >= c.in || !c.connected(to, from) {
					continue
				}
				w := dw[c.weight(to, from):][:c.taps]
				for t, tap := range c.phases[ps[i/len(pairs)]].taps {
					w[tap.index] += sum[t*square+l*lanes+o]
				}
			}
		}
	}}
	return []Work{collect, reduce}
}

// gatherOut copies the output pixels p0 <= p < p1 of a phase into a panel
// [block][pixel].
func (c *correlation) gatherOut(k *kernel.Set, panel []float32, out *Map, ph phase, g pixelGrid, p0, p1 int) {
	for at := p0; at < p1; {
		r := g.run(at, p1)
		for b := range out.blocks() {
			from := out.at(r.n, b, ph.y0+r.y*c.step[0], ph.x0+r.x*c.step[1])
			k.Copy(panel[(b*pixelsAtOnce+at-p0)*lanes:], out.Data[from:], r.count, c.step[1]*lanes)
		}
		at += r.count
	}
}

// sumParts sets dst, which may be the first part, to the sum of n parts that
// stand step apart in src.
func sumParts(k *kernel.Set, dst, src []float32, n, step int) {
	copy(dst, src[:len(dst)])
	for i := 1; i < n; i++ {
		k.Add(dst, src[i*step:][:len(dst)])
	}
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
