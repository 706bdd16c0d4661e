package cae

import "github.com/cae-restore/restore/cae/internal/kernel"

// filters are the weights of a correlation as the kernels take them: for each
// phase and each block of output planes one array.
//
//   - Winograd: [frequency][input plane][lane], transformed;
//   - depthwise: [tap][lane];
//   - otherwise: [tap][input plane][lane].
//
// Input planes are those of the blocks in the correlation's span; where groups
// do not connect a pair of planes, the weight is zero.
type filters struct {
	c    *correlation
	w    [][][]float32 // by phase and block
	bias []float32     // whole blocks
}

func newFilters(c *correlation) *filters { return &filters{c: c} }

// array is the length of the array of a phase and a block.
func (f *filters) array(p phase, b int) int {
	lo, hi := f.c.span(b)
	n := len(p.taps)
	switch _, _, winograd := f.c.winograd(); {
	case winograd:
		n = kernel.Frequencies * (hi - lo) * lanes
	case !f.c.depthwise():
		n *= (hi - lo) * lanes
	}
	return n * lanes
}

// size is the length of all arrays together.
func (f *filters) size() (total int) {
	for _, p := range f.c.phases {
		for b := range blocksOf(f.c.out) {
			total += f.array(p, b)
		}
	}
	return total
}

// allocate makes the arrays, once, out of memory of f.size() and more, and returns
// what is left of that. One piece for many costs fewer page faults.
func (f *filters) allocate(memory []float32) []float32 {
	f.bias = kernel.Aligned(blocksOf(f.c.out) * lanes)
	for _, p := range f.c.phases {
		var blocks [][]float32
		for b := range blocksOf(f.c.out) {
			n := f.array(p, b)
			blocks = append(blocks, memory[:n:n])
			memory = memory[n:]
		}
		f.w = append(f.w, blocks)
	}
	return memory
}

// load is the work of filling the filters from a layer's weights. bias may be
// nil. Places that no weight belongs to stay zero.
func (f *filters) load(weight, bias []float32) Work {
	if f.w == nil {
		f.allocate(kernel.Aligned(f.size()))
	}
	blocks := len(f.w[0])
	_, _, winograd := f.c.winograd()
	return Work{N: len(f.w) * blocks, Scratch: 9*lanes + kernel.TransformScratch, Do: func(scratch []float32, i int) {
		p, b := i/blocks, i%blocks
		if p == 0 && bias != nil {
			copy(f.bias[b*lanes:], bias[b*lanes:min(len(bias), (b+1)*lanes)])
		}
		switch {
		case winograd:
			f.loadWinograd(weight, b, scratch)
		case f.c.depthwise():
			f.loadDepthwise(weight, p, b)
		default:
			f.loadDirect(weight, p, b)
		}
	}}
}

func (f *filters) loadWinograd(weight []float32, b int, scratch []float32) {
	c := f.c
	k := kernel.Active()
	dy, dx, _ := c.winograd()
	stencil, tmp := scratch[:9*lanes], scratch[9*lanes:]
	lo, hi := c.span(b)
	step := (hi - lo) * lanes * lanes
	for i := lo * lanes; i < min(hi*lanes, c.in); i++ {
		clear(stencil)
		for l := range lanes {
			if !c.connected(b*lanes+l, i) {
				continue
			}
			w := weight[c.weight(b*lanes+l, i):][:9]
			for _, t := range c.phases[0].taps {
				stencil[((t.dy-dy)*3+t.dx-dx)*lanes+l] = w[t.index]
			}
		}
		k.Filter(f.w[0][b][(i-lo*lanes)*lanes:], stencil, step, tmp)
	}
}

func (f *filters) loadDirect(weight []float32, p, b int) {
	c := f.c
	lo, hi := c.span(b)
	to := f.w[p][b]
	for i := lo * lanes; i < min(hi*lanes, c.in); i++ {
		for l := range lanes {
			if !c.connected(b*lanes+l, i) {
				continue
			}
			w := weight[c.weight(b*lanes+l, i):]
			for j, t := range c.phases[p].taps {
				to[((j*(hi-lo)*lanes)+i-lo*lanes)*lanes+l] = w[t.index]
			}
		}
	}
}

func (f *filters) loadDepthwise(weight []float32, p, b int) {
	for l := range min(lanes, f.c.out-b*lanes) {
		w := weight[f.c.weight(b*lanes+l, b*lanes+l):]
		for j, t := range f.c.phases[p].taps {
			f.w[p][b][j*lanes+l] = w[t.index]
		}
	}
}

// finish is what happens to each sum of a correlation before it is written.
type finish struct {
	add   *Map    // added, of the output's shape and layout; may be the output; nil: nothing
	act   bool    // then max(v, slope*v)
	slope float32 // 0: ReLU
}

func (f finish) factor() float32 {
	if f.act {
		return f.slope
	}
	return 1
}

// correlate is the work of out = finish(bias + correlation of in).
func (f *filters) correlate(out, in *Map, fin finish) []Work {
	if _, _, ok := f.c.winograd(); ok {
		return []Work{f.winograd(out, in, fin)}
	}
	var works []Work
	for _, ps := range f.c.alike(out.H, out.W) {
		if f.c.depthwise() {
			for _, p := range ps {
				works = append(works, f.depthwise(p, out, in, fin))
			}
			continue
		}
		works = append(works, f.direct(ps, out, in, fin))
	}
	return works
}

// from is the part of fin.add from index at on, or nil.
func (f finish) from(at int) []float32 {
	if f.add == nil {
		return nil
	}
	return f.add.Data[at:]
}
