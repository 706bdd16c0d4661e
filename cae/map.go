package cae

import "github.com/cae-restore/restore/cae/internal/kernel"

// Layout is how a Map lies in memory.
type Layout int

const (
	// Blocked is the layout that convolutions work on ("NCHWc16"): planes in
	// blocks of 16 that stand side by side in each pixel, with a border of
	// zeros round each block.
	Blocked Layout = iota
	// Planar is the layout of Tensor: plane after plane, row after row.
	Planar
)

// Map is a batch of feature maps as layers see it. A blocked one has room for
// rows and columns up to the next multiple of the Winograd tile and a border of
// halo pixels round that; whatever is outside the H x W samples, and planes
// beyond C of the last block, are zero.
type Map struct {
	Shape
	Layout Layout
	Data   []float32

	row, block, picture int // steps in Data, for Blocked
}

const (
	lanes = kernel.Lanes
	halo  = 1
)

// slack is what kernels that work on several pixels at once may read beyond the
// last one.
const slack = kernel.MaxRows * lanes

// NewMap returns a map of zeros.
func NewMap(s Shape, l Layout) *Map {
	m := shapeMap(s, l)
	m.Data = kernel.Aligned(m.size())
	return m
}

// shapeMap returns a map that has no memory yet.
func shapeMap(s Shape, l Layout) *Map {
	m := &Map{Shape: s, Layout: l}
	if l == Blocked {
		m.row = (tiled(s.W) + 2*halo) * lanes
		m.block = (tiled(s.H) + 2*halo) * m.row
		m.picture = m.blocks() * m.block
	}
	return m
}

// tiled rounds up to whole Winograd tiles.
func tiled(n int) int { return (n + kernel.Tile - 1) / kernel.Tile * kernel.Tile }

// blocksOf is the number of blocks that so many planes fill.
func blocksOf(planes int) int { return (planes + lanes - 1) / lanes }

func (m *Map) blocks() int { return blocksOf(m.C) }

// size is how many float32 the map takes.
func (m *Map) size() int {
	if m.Layout == Planar {
		return m.Len()
	}
	return m.N*m.picture + slack
}

// at is the index of a pixel of a block of a blocked map. Pixels of the border
// may be named.
func (m *Map) at(n, block, y, x int) int {
	return n*m.picture + block*m.block + (y+halo)*m.row + (x+halo)*lanes
}

// plane returns a plane of a planar map.
func (m *Map) plane(n, c int) []float32 {
	size := m.H * m.W
	at := (n*m.C + c) * size
	return m.Data[at : at+size]
}

// clearBorder is the work of setting everything outside the H x W samples to
// zero, for memory that held something else before.
func (m *Map) clearBorder() Work {
	return Work{N: m.N * m.blocks(), Do: func(_ []float32, i int) {
		b := m.Data[i*m.block : (i+1)*m.block]
		top, bottom := halo*m.row, (halo+m.H)*m.row
		clear(b[:top])
		clear(b[bottom:])
		for at := top; at < bottom; at += m.row {
			clear(b[at : at+halo*lanes])
			clear(b[at+(halo+m.W)*lanes : at+m.row])
		}
	}}
}

// SetTensor fills a blocked or planar map from a tensor of its shape.
func (m *Map) SetTensor(t *Tensor) {
	from := &Map{Shape: t.Shape, Layout: Planar, Data: t.Data}
	run(convert(m, from, false))
}

// Tensor returns the map's samples.
func (m *Map) Tensor() *Tensor {
	t := NewTensor(m.Shape)
	run(convert(&Map{Shape: m.Shape, Layout: Planar, Data: t.Data}, m, false))
	return t
}

func run(w Work) {
	for i := range w.N {
		w.Do(nil, i)
	}
}

// convert is the work of copying src to dst, of the same shape, whatever their
// layouts are; add adds instead.
func convert(dst, src *Map, add bool) Work {
	switch {
	case dst.Layout == src.Layout:
		return elementwise(dst, func(k *kernel.Set, lo, hi int) {
			if add {
				k.Add(dst.Data[lo:hi], src.Data[lo:hi])
			} else {
				copy(dst.Data[lo:hi], src.Data[lo:hi])
			}
		})
	case dst.Layout == Blocked:
		return Work{N: dst.N * dst.blocks(), Do: func(_ []float32, i int) { pack(dst, src, i/dst.blocks(), i%dst.blocks(), add) }}
	}
	return Work{N: src.N * src.blocks(), Do: func(_ []float32, i int) { unpack(dst, src, i/src.blocks(), i%src.blocks(), add) }}
}

func pack(dst, src *Map, n, block int, add bool) {
	planes := min(lanes, dst.C-block*lanes)
	for y := range dst.H {
		at := dst.at(n, block, y, 0)
		to := dst.Data[at : at+dst.W*lanes]
		if !add && planes < lanes {
			clear(to)
		}
		for c := range planes {
			from := src.plane(n, block*lanes+c)[y*src.W : (y+1)*src.W]
			for x, v := range from {
				if add {
					v += to[x*lanes+c]
				}
				to[x*lanes+c] = v
			}
		}
	}
}

func unpack(dst, src *Map, n, block int, add bool) {
	planes := min(lanes, dst.C-block*lanes)
	for y := range dst.H {
		at := src.at(n, block, y, 0)
		from := src.Data[at : at+src.W*lanes]
		for c := range planes {
			to := dst.plane(n, block*lanes+c)[y*dst.W : (y+1)*dst.W]
			for x := range to {
				if add {
					to[x] += from[x*lanes+c]
				} else {
					to[x] = from[x*lanes+c]
				}
			}
		}
	}
}

// elementwise is the work of running f over all elements of m in runs of whole
// pixels; f covers the elements [lo, hi). In blocked maps that includes borders,
// where f must leave zero what is zero.
func elementwise(m *Map, f func(k *kernel.Set, lo, hi int)) Work {
	const grain = 1 << 15
	n := m.size()
	if m.Layout == Blocked {
		n -= slack
	}
	return Work{N: (n + grain - 1) / grain, Do: func(_ []float32, i int) {
		f(kernel.Active(), i*grain, min((i+1)*grain, n))
	}}
}
