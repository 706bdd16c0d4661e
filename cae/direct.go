package cae

import (
	"slices"

	"github.com/cae-restore/restore/cae/internal/kernel"
)

// pixelGrid is the output pixels of one phase of a batch, numbered along rows,
// picture after picture.
type pixelGrid struct{ n, h, w int }

func (g pixelGrid) pixels() int { return g.n * g.h * g.w }

type pixelRun struct{ n, y, x, count int }

func (g pixelGrid) run(p, end int) pixelRun {
	x := p % g.w
	return pixelRun{p / (g.w * g.h), p / g.w % g.h, x, min(g.w-x, end-p)}
}

// pixelsAtOnce is how many output pixels are gathered and multiplied together.
const pixelsAtOnce = kernel.MaxRows

// direct is the work of the phases ps of a correlation of any size, stride and
// dilation, whose output pixels read the same: it is gathered pixel by pixel,
// whole blocks of planes at a time, and multiplied by the weights of each.
func (f *filters) direct(ps []int, out, in *Map, fin finish) Work {
	c, first := f.c, f.c.phases[ps[0]]
	h, w := c.size(first, out.H, out.W)
	g := pixelGrid{out.N, h, w}
	blocks := in.blocks()
	offs := f.offsets(len(first.taps), blocks)
	slope := fin.factor()
	panel := len(first.taps) * blocks * pixelsAtOnce * lanes
	return Work{N: (g.pixels() + pixelsAtOnce - 1) / pixelsAtOnce, Scratch: panel + pixelsAtOnce*lanes, Do: func(scratch []float32, i int) {
		k := kernel.Active()
		a, sums := scratch[:panel], scratch[panel:]
		p0, p1 := i*pixelsAtOnce, min((i+1)*pixelsAtOnce, g.pixels())
		c.gather(k, a, in, first, g, p0, p1)
		for b := range out.blocks() {
			for _, p := range ps {
				ph := c.phases[p]
				k.Multiply(sums, a, offs[b], f.w[p][b], p1-p0)
				for at := p0; at < p1; {
					r := g.run(at, p1)
					to := out.at(r.n, b, ph.y0+r.y*c.step[0], ph.x0+r.x*c.step[1])
					k.Finish(out.Data[to:], fin.from(to), sums[(at-p0)*lanes:], r.count, c.step[1]*lanes, f.bias[b*lanes:], slope)
					at += r.count
				}
			}
		}
	}}
}

// alike groups the phases that have output pixels in an output of h by w: those
// of one group have as many and read the same.
func (c *correlation) alike(h, w int) (groups [][]int) {
next:
	for p, ph := range c.phases {
		ph0, pw := c.size(ph, h, w)
		if ph0 < 1 || pw < 1 {
			continue
		}
		for i, g := range groups {
			other := c.phases[g[0]]
			oh, ow := c.size(other, h, w)
			if oh == ph0 && ow == pw && slices.EqualFunc(ph.taps, other.taps, tap.sameOffset) {
				groups[i] = append(g, p)
				continue next
			}
		}
		groups = append(groups, []int{p})
	}
	return groups
}

func (t tap) sameOffset(u tap) bool { return t.dy == u.dy && t.dx == u.dx }

// offsets lists for each block of output planes where the blocks that it hears
// of stand in a gathered panel [tap][block][pixel].
func (f *filters) offsets(taps, blocks int) [][]int {
	var list [][]int
	for b := range blocksOf(f.c.out) {
		lo, hi := f.c.span(b)
		var offs []int
		for t := range taps {
			for i := lo; i < hi; i++ {
				offs = append(offs, (t*blocks+i)*pixelsAtOnce*lanes)
			}
		}
		list = append(list, offs)
	}
	return list
}

// gather copies what the output pixels p0 <= p < p1 of a phase read into a
// panel [tap][block][pixel], zero outside the input.
func (c *correlation) gather(k *kernel.Set, panel []float32, in *Map, ph phase, g pixelGrid, p0, p1 int) {
	for at := p0; at < p1; {
		r := g.run(at, p1)
		for i, t := range ph.taps {
			y := r.y*c.stride[0] + t.dy
			x := r.x*c.stride[1] + t.dx
			lead := 0 // pixels before the first column
			if x < 0 {
				lead = min(r.count, (-x+c.stride[1]-1)/c.stride[1])
			}
			n := 0 // pixels within the row
			if last := in.W - 1 - x; y >= 0 && y < in.H && last >= 0 {
				n = max(0, min(r.count, last/c.stride[1]+1)-lead)
			}
			for b := range in.blocks() {
				to := panel[((i*in.blocks()+b)*pixelsAtOnce+at-p0)*lanes:][:r.count*lanes]
				if n == 0 {
					clear(to)
					continue
				}
				clear(to[:lead*lanes])
				k.Copy(to[lead*lanes:], in.Data[in.at(r.n, b, y, x+lead*c.stride[1]):], n, c.stride[1]*lanes)
				clear(to[(lead+n)*lanes:])
			}
		}
		at += r.count
	}
}
