package cae

import "github.com/cae-restore/restore/cae/internal/kernel"

// winogradGradient is the transpose of the Winograd correlation with respect to
// the transformed weights: at each frequency the product of the transformed
// input with the transformed gradient, over all tiles, transformed back by
// FilterGrad.
//
// There are two ways, chosen by shape. With few planes the sums of all
// frequencies stay in a cache: runs of tiles are transformed and added to
// partial sums. With many planes they do not: then all tiles are transformed
// first, and each frequency is summed once.
func (c *correlation) winogradGradient(dw []float32, grad, in *Map, t *temporary) []Work {
	g := &stencilGradient{correlation: c, dw: dw, grad: grad, in: in, t: t, pairs: c.pairs(), grid: gridOf(grad.Shape)}
	g.dy, g.dx, _ = c.winograd()
	g.size = kernel.Frequencies * len(g.pairs) * square
	if len(g.pairs) > 2*(in.blocks()+grad.blocks()) {
		return g.byFrequency()
	}
	return g.byTiles()
}

// stencilGradient is what the passes of winogradGradient share. Sums are laid
// out [frequency][pair].
type stencilGradient struct {
	*correlation
	dw       []float32
	grad, in *Map
	t        *temporary
	pairs    []pair
	grid     tileGrid
	dy, dx   int
	size     int // of one set of sums
}

// leastTiles is how many tiles are worth a share of the work.
const leastTiles = 32

func (g *stencilGradient) byTiles() []Work {
	tiles := g.grid.tiles()
	at := tilesAtOnce(g.correlation.in + g.out)
	v, y := freqStep(g.in.blocks(), at), freqStep(g.grad.blocks(), at)
	n := parts(tiles/leastTiles, g.size) // not by at, which differs between sets of kernels
	g.t.reserve(n * g.size)
	collect := Work{N: n, Scratch: kernel.Frequencies*(v+y) + kernel.TransformScratch + patchSize, Do: func(scratch []float32, i int) {
		k := kernel.Active()
		vs, scratch := scratch[:kernel.Frequencies*v], scratch[kernel.Frequencies*v:]
		ys, scratch := scratch[:kernel.Frequencies*y], scratch[kernel.Frequencies*y:]
		tmp, patch := scratch[:kernel.TransformScratch], scratch[kernel.TransformScratch:]
		sum := g.t.data[i*g.size : (i+1)*g.size]
		clear(sum)
		lo, hi := share(i, n, tiles)
		for t0 := lo; t0 < hi; t0 += at {
			t1 := min(t0+at, hi)
			inputTiles(k, vs, g.in, g.grid, t0, t1, at, v, g.dy, g.dx, tmp, patch)
			gradTiles(k, ys, g.grad, g.grid, t0, t1, at, y, tmp)
			for q := range kernel.Frequencies {
				for j, p := range g.pairs {
					k.MultiplyT(sum[(q*len(g.pairs)+j)*square:], vs[q*v+p.in*at*lanes:], ys[q*y+p.out*at*lanes:], t1-t0)
				}
			}
		}
	}}
	add := Work{N: kernel.Frequencies, Do: func(_ []float32, q int) {
		run := len(g.pairs) * square
		sums := g.t.data[q*run:]
		sumParts(kernel.Active(), sums[:run], sums, n, g.size)
	}}
	return []Work{collect, add, g.reduce()}
}

func (g *stencilGradient) byFrequency() []Work {
	tiles := g.grid.tiles()
	v, y := freqStep(g.in.blocks(), tiles), freqStep(g.grad.blocks(), tiles)
	ys := g.size + kernel.Frequencies*v // in temporary: sums, transformed input, transformed gradient
	g.t.reserve(ys + kernel.Frequencies*y)
	const at = kernel.MaxRows
	transform := Work{N: (tiles + at - 1) / at, Scratch: kernel.TransformScratch + patchSize, Do: func(scratch []float32, i int) {
		k := kernel.Active()
		tmp, patch := scratch[:kernel.TransformScratch], scratch[kernel.TransformScratch:]
		t0, t1 := i*at, min((i+1)*at, tiles)
		inputTiles(k, g.t.data[g.size+t0*lanes:], g.in, g.grid, t0, t1, tiles, v, g.dy, g.dx, tmp, patch)
		gradTiles(k, g.t.data[ys+t0*lanes:], g.grad, g.grid, t0, t1, tiles, y, tmp)
	}}
	multiply := Work{N: kernel.Frequencies * g.grad.blocks(), Do: func(_ []float32, i int) {
		k := kernel.Active()
		q, out := i/g.grad.blocks(), i%g.grad.blocks()
		for j, p := range g.pairs {
			if p.out == out {
				sum := g.t.data[(q*len(g.pairs)+j)*square:][:square]
				clear(sum)
				k.MultiplyT(sum, g.t.data[g.size+q*v+p.in*tiles*lanes:], g.t.data[ys+q*y+p.out*tiles*lanes:], tiles)
			}
		}
	}}
	return []Work{transform, multiply, g.reduce()}
}

// reduce transforms the sums back and adds them to the weights' gradient.
func (g *stencilGradient) reduce() Work {
	step := len(g.pairs) * square
	return Work{N: len(g.pairs), Scratch: 9*lanes + kernel.TransformScratch, Do: func(scratch []float32, j int) {
		k := kernel.Active()
		stencil, tmp := scratch[:9*lanes], scratch[9*lanes:]
		p := g.pairs[j]
		for l := range min(lanes, g.correlation.in-p.in*lanes) {
			clear(stencil)
			k.FilterGrad(stencil, g.t.data[j*square+l*lanes:], step, tmp)
			i := p.in*lanes + l
			for o := range lanes {
				if to := p.out*lanes + o; g.connected(to, i) {
					w := g.dw[g.weight(to, i):][:9]
					for _, t := range g.phases[0].taps {
						w[t.index] += stencil[((t.dy-g.dy)*3+t.dx-g.dx)*lanes+o]
					}
				}
			}
		}
	}}
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
