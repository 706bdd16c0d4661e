package cae

import "github.com/cae-restore/restore/cae/internal/kernel"

// reach is how far a phase's taps go beyond the rows and columns that its output
// pixels stand on: to the left or above, and to the right or below.
func (p phase) reach() (before, after [2]int) {
	for _, t := range p.taps {
		before[0], before[1] = max(before[0], -t.dy), max(before[1], -t.dx)
		after[0], after[1] = max(after[0], t.dy), max(after[1], t.dx)
	}
	return before, after
}

// rows is what a depthwise kernel reads for one row of output pixels: the rows
// of one block of the input that its taps touch, in scratch where they go
// beyond the border of zeros that a map has, and the offset of each tap.
type rows struct {
	c     *correlation
	ph    phase
	w     int // output pixels in a row
	left  int // columns before the first
	width int // of a row in scratch, in pixels
	offs  []int
}

func (c *correlation) depthRows(ph phase, w int) *rows {
	before, after := ph.reach()
	r := &rows{c: c, ph: ph, w: w, left: before[1], width: before[1] + (w-1)*c.stride[1] + 1 + after[1]}
	for i, t := range ph.taps {
		r.offs = append(r.offs, (i*r.width+r.left+t.dx)*lanes)
	}
	return r
}

func (r *rows) scratch() int { return len(r.ph.taps) * r.width * lanes }

// fetch copies the rows for row y of the output pixels, one for each tap.
func (r *rows) fetch(scratch []float32, in *Map, n, block, y int) []float32 {
	clear(scratch[:r.scratch()])
	for i, t := range r.ph.taps {
		v := y*r.c.stride[0] + t.dy
		// A tap needs no more than its own columns of the row.
		lo, hi := max(0, t.dx), min(in.W, (r.w-1)*r.c.stride[1]+1+t.dx)
		if v >= 0 && v < in.H && lo < hi {
			at := in.at(n, block, v, lo)
			copy(scratch[(i*r.width+r.left+lo)*lanes:], in.Data[at:at+(hi-lo)*lanes])
		}
	}
	return scratch
}

// direct reports whether the kernel may read the map itself, whose border of
// zeros is wide enough.
func (r *rows) direct(in *Map, h int) bool {
	before, after := r.ph.reach()
	return before[0] <= halo && before[1] <= halo &&
		(h-1)*r.c.stride[0]+after[0] <= in.H && (r.w-1)*r.c.stride[1]+after[1] <= in.W
}

// mapOffsets are the offsets of the taps in the map itself, from the pixel that
// stands halo rows and columns before the first that a row of output reads.
func (r *rows) mapOffsets(in *Map) []int {
	var offs []int
	for _, t := range r.ph.taps {
		offs = append(offs, (t.dy+halo)*in.row+(t.dx+halo)*lanes)
	}
	return offs
}

// depthwise is the work of one phase of a convolution of each plane by itself.
func (f *filters) depthwise(p int, out, in *Map, fin finish) Work {
	c, ph := f.c, f.c.phases[p]
	h, w := c.size(ph, out.H, out.W)
	r := c.depthRows(ph, w)
	direct := r.direct(in, h)
	offs, size := r.offs, r.scratch()
	if direct {
		offs, size = r.mapOffsets(in), 0
	}
	slope := fin.factor()
	return Work{N: out.N * out.blocks() * h, Scratch: size, Do: func(scratch []float32, i int) {
		n, b, y := i/(out.blocks()*h), i/h%out.blocks(), i%h
		var src []float32
		if direct {
			src = in.Data[in.at(n, b, y*c.stride[0]-halo, -halo):]
		} else {
			src = r.fetch(scratch, in, n, b, y)
		}
		to := out.at(n, b, ph.y0+y*c.step[0], ph.x0)
		kernel.Active().Depthwise(out.Data[to:], fin.from(to), src, offs, f.w[p][b], f.bias[b*lanes:], slope, w, c.stride[1]*lanes, c.step[1]*lanes)
	}}
}

// depthwiseGradient is the work of adding the gradient of the weights of a
// depthwise correlation from in to dw. Each picture sums on its own and the
// pictures are added in order.
func (c *correlation) depthwiseGradient(dw []float32, grad, in *Map) []Work {
	blocks := in.blocks()
	size := c.taps * lanes
	parts := kernel.Aligned(in.N * blocks * size)
	works := []Work{{N: in.N * blocks, Do: func(_ []float32, i int) { clear(parts[i*size : (i+1)*size]) }}}
	for _, ph := range c.phases {
		h, w := c.size(ph, grad.H, grad.W)
		if h < 1 || w < 1 || len(ph.taps) == 0 {
			continue
		}
		r := c.depthRows(ph, w)
		sums := len(ph.taps) * lanes
		works = append(works, Work{N: in.N * blocks, Scratch: sums + r.scratch(), Do: func(scratch []float32, i int) {
			n, b := i/blocks, i%blocks
			sum, scratch := scratch[:sums], scratch[sums:]
			clear(sum)
			for y := range h {
				src := r.fetch(scratch, in, n, b, y)
				from := grad.at(n, b, ph.y0+y*c.step[0], ph.x0)
				kernel.Active().DepthwiseGrad(sum, grad.Data[from:], src, r.offs, w, c.step[1]*lanes, c.stride[1]*lanes)
			}
			for j, t := range ph.taps {
				copy(parts[i*size+t.index*lanes:][:lanes], sum[j*lanes:])
			}
		}})
	}
	return append(works, Work{N: blocks, Do: func(_ []float32, b int) {
		for l := range min(lanes, c.out-b*lanes) {
			to := dw[c.weight(b*lanes+l, b*lanes+l):]
			for n := range in.N {
				for t := range c.taps {
					to[t] += parts[(n*blocks+b)*size+t*lanes+l]
				}
			}
		}
	}})
}
