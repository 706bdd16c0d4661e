package neural

import (
	"context"
	"fmt"
	"math"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/tasks"
)

// Margin is how far a picture is continued at least. The zeros that convolutions
// see beyond their border disturb the outermost samples: see TestBorders in
// tasks/denoise, which fails without a margin. One of 8 does as well as one of 48;
// what is left at the border is due to the mirrored samples themselves.
const Margin = 16

// Stream runs the network over a picture of any size, from rows to rows. The
// result equals that of the whole picture in one piece, bit for bit: pieces
// overlap by what the network looks at beyond them. The picture is continued by
// reflection on all sides, by Margin and then up to a size that the network's
// multiple divides, and cropped again. Memory is bounded by the picture's width,
// not its height; see Cost.
func (m *Model) Stream(ctx context.Context, env tasks.Env, src Source, sink Sink) error {
	w, h := src.Size()
	if w < 1 || h < 1 {
		return fmt.Errorf("a picture of %dx%d samples", w, h)
	}
	return m.stream(ctx, env, src, sink, m.tiling(env, w, h).side)
}

func (m *Model) stream(ctx context.Context, env tasks.Env, src Source, sink Sink, side int) error {
	w, h := src.Size()
	s := &stream{
		layout: m.layout(w, h, side),
		net:    m.Net,
		src:    src, sink: sink,
	}
	var err error
	if s.plan, err = m.compiled(ctx, env); err != nil {
		return err
	}
	s.x = m.execs.take(ctx, env)
	defer m.execs.put(s.x)
	for _, in := range m.Net.Inputs() {
		s.planes += in.Planes
	}
	if err := s.plan.Reserve(s.x, s.rowsOfTile(), s.colsOfTile()); err != nil {
		return err
	}
	for y := 0; y < s.padH; y += s.side {
		if err := s.band(y, min(y+s.side, s.padH)); err != nil {
			return err
		}
	}
	return nil
}

// layout is how a picture falls into bands and tiles. Places count in the padded
// picture: its own first sample stands at (lead, lead).
type layout struct {
	w, h          int // of the picture
	lead          int // reflected samples before it
	padW, padH    int // of the padded picture
	side          int // of a tile, a multiple of the network's Align
	before, after int // overlap; before likewise, after a multiple of its Multiple
}

func (m *Model) layout(w, h, side int) layout {
	f := m.Net.Footprint()
	up := func(v int) int { return (v + f.Multiple - 1) / f.Multiple * f.Multiple }
	// Tiles begin where the grids of all layers begin; see cae.Footprint.
	align := func(v int) int { return (v + f.Align - 1) / f.Align * f.Align }
	return layout{w: w, h: h, lead: up(Margin), padW: up(up(Margin) + w + Margin), padH: up(up(Margin) + h + Margin), side: align(side),
		before: align(f.Before), after: up(f.After)}
}

// rowsOfTile and colsOfTile are the size of the largest tile with its overlap.
func (l layout) rowsOfTile() int { return min(l.padH, l.before+l.side+l.after) }
func (l layout) colsOfTile() int { return min(l.padW, l.before+l.side+l.after) }

// stream is one picture on its way. rows holds the padded rows [lo, hi) of all
// input planes, each padW long; some of them are one and the same.
type stream struct {
	layout
	net    *cae.Network
	plan   *cae.Plan
	x      *cae.Exec
	src    Source
	sink   Sink
	planes int
	in     []float32 // inputs of the tile

	rows   [][][]float32 // [row-lo][plane][column]
	lo, hi int
	first  [][][]float32 // rows of the picture that are reflected before it
	last   [][][]float32 // likewise after it: the newest of those read

	spare [][]float32 // memory for rows that are read next
}

// band computes the rows [y0, y1) of the padded picture and writes those that
// are the picture's own.
func (s *stream) band(y0, y1 int) error {
	top, bottom := max(0, y0-s.before), min(s.padH, y1+s.after)
	if err := s.fetch(top, bottom); err != nil {
		return err
	}
	out := make([][][]float32, y1-y0)
	for x0 := 0; x0 < s.padW; x0 += s.side {
		x1 := min(x0+s.side, s.padW)
		if err := s.tile(out, y0, y1, x0, x1, top, bottom); err != nil {
			return err
		}
	}
	for y := max(y0, s.lead); y < min(y1, s.lead+s.h); y++ {
		row := out[y-y0]
		for p := range row {
			row[p] = row[p][s.lead : s.lead+s.w]
		}
		if err := s.sink.WriteRow(y-s.lead, row); err != nil {
			return err
		}
	}
	return nil
}

// fetch makes rows hold [lo, hi), keeping those it has.
func (s *stream) fetch(lo, hi int) error {
	clear(s.rows[:lo-s.lo]) // or the array that the slice is of would keep them
	s.rows = s.rows[lo-s.lo:]
	s.lo = lo
	if s.hi == 0 {
		for y := range min(s.lead+1, s.h) {
			row, err := s.read(y)
			if err != nil {
				return err
			}
			s.first = append(s.first, row)
		}
	}
	for ; s.hi < hi; s.hi++ {
		var row [][]float32
		switch y := s.hi - s.lead; {
		case y < len(s.first):
			row = s.first[Mirror(y, s.h)]
		case y < s.h:
			var err error
			if row, err = s.read(y); err != nil {
				return err
			}
		default:
			row = s.last[len(s.last)-s.h+Mirror(y, s.h)]
		}
		s.rows = append(s.rows, row)
	}
	if s.hi > s.lead+len(s.first) {
		s.first = nil // they have served
	}
	return nil
}

// read reads a row of the picture and continues it on both sides.
func (s *stream) read(y int) ([][]float32, error) {
	row, own := make([][]float32, s.planes), make([][]float32, s.planes)
	if len(s.spare) < s.planes {
		// A picture that is one band lies in one piece of memory, which costs fewer
		// page faults. Of others each row is let go of by itself.
		rows := 1
		if s.side >= s.padH {
			rows = s.h
		}
		s.spare = planesOf(cae.NewTensor(cae.Shape{N: 1, C: s.planes * rows, H: 1, W: s.padW}))
	}
	for p := range row {
		row[p], s.spare = s.spare[0], s.spare[1:]
		own[p] = row[p][s.lead : s.lead+s.w]
	}
	if err := s.src.ReadRow(y, own); err != nil {
		return nil, err
	}
	for p := range row {
		for x := range s.lead {
			row[p][x] = own[p][Mirror(x-s.lead, s.w)]
		}
		for x := s.lead + s.w; x < s.padW; x++ {
			row[p][x] = own[p][Mirror(x-s.lead, s.w)]
		}
	}
	if s.last = append(s.last, row); len(s.last) > s.padH-s.lead-s.h+1 {
		s.last = s.last[1:]
	}
	return row, nil
}

// Mirror reflects a place before the first or beyond the last of n samples about
// that sample, again and again where there are too few.
func Mirror(at, n int) int {
	if n == 1 {
		return 0
	}
	at = max(at, -at) % (2 * (n - 1))
	if at >= n {
		at = 2*(n-1) - at
	}
	return at
}

func (s *stream) tile(out [][][]float32, y0, y1, x0, x1, top, bottom int) error {
	left, right := max(0, x0-s.before), min(s.padW, x1+s.after)
	shape := cae.Shape{N: 1, C: s.planes, H: bottom - top, W: right - left}
	result, err := s.plan.Forward(s.x, s.inputs(shape, top, left)...)
	if err != nil {
		return err
	}
	whole := x0 == 0 && x1 == s.padW // the result holds the rows as they are
	for y := y0; y < y1; y++ {
		row := out[y-y0]
		if row == nil {
			row = make([][]float32, result.C)
			for p := range row {
				if !whole {
					row[p] = make([]float32, s.padW)
				}
			}
			out[y-y0] = row
		}
		for p := range row {
			from := result.Plane(0, p)[(y-top)*shape.W+x0-left:][:x1-x0]
			if !finite(from) {
				return fmt.Errorf("the network gave values that are no numbers near column %d, row %d", x0, y)
			}
			if whole {
				row[p] = from
			} else {
				copy(row[p][x0:x1], from)
			}
		}
	}
	return nil
}

// inputs cuts the network's inputs out of the rows. They are in the memory of the
// tile before.
func (s *stream) inputs(shape cae.Shape, top, left int) []*cae.Tensor {
	if s.in == nil {
		s.in = cae.NewTensor(cae.Shape{N: 1, C: s.planes, H: s.rowsOfTile(), W: s.colsOfTile()}).Data
	}
	var list []*cae.Tensor
	memory, plane := s.in, 0
	for _, in := range s.net.Inputs() {
		t := &cae.Tensor{Shape: cae.Shape{N: 1, C: in.Planes, H: shape.H, W: shape.W}}
		t.Data, memory = memory[:t.Len()], memory[t.Len():]
		for c := range in.Planes {
			to := t.Plane(0, c)
			for y := range shape.H {
				copy(to[y*shape.W:(y+1)*shape.W], s.rows[top-s.lo+y][plane][left:])
			}
			plane++
		}
		list = append(list, t)
	}
	return list
}

// planesOf returns the planes of a tensor of one picture.
func planesOf(t *cae.Tensor) [][]float32 {
	list := make([][]float32, t.C)
	for p := range list {
		list[p] = t.Plane(0, p)
	}
	return list
}

func finite(row []float32) bool {
	for _, v := range row {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return false
		}
	}
	return true
}
