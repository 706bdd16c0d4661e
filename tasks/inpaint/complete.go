package inpaint

import (
	"context"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

// The network sees windows: a square of the picture with a margin round it. Where
// a square of tileSide has holes in few of its cells, each of those is a window of
// its own, which is less work. Holes that are not thin need a wider margin: windows
// that see the borders of a hole differently disagree where they meet.
const (
	cellSide   = 32
	tileSide   = 128
	margin     = 24
	wideMargin = 40
	fewCells   = 4 // of the 16 of a tile: (32+48)² samples for each, (128+48)² for all

	// wideFrom is how many halvings a hole survives that needs the wide margin: it
	// is 8 to 16 samples thick or more.
	wideFrom = 3
)

// completer fills the holes of one picture.
type completer struct {
	env    tasks.Env
	model  *neural.Model
	scales []*scale
	out    *pix.Image // what is in holes goes here
	grey   bool       // all planes get the mean of what the network says
}

// run fills all scales, the coarsest first.
func (c *completer) run(ctx context.Context) error {
	for k := len(c.scales) - 1; k >= 0; k-- {
		if err := c.scale(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// place is a square of a scale to be filled.
type place struct{ x, y int }

// group is places of one size, with a margin round each.
type group struct {
	places       []place
	side, margin int
}

// window is the side of a window of the group.
func (g *group) window() int { return g.side + 2*g.margin }

// groups are the squares of a scale that have holes to be filled there, single
// cells and whole tiles. They lie on a grid, so that they do not depend on how the
// work is shared out.
func (s *scale) groups() []group {
	list := []group{{nil, cellSide, margin}, {nil, cellSide, wideMargin}, {nil, tileSide, margin}, {nil, tileSide, wideMargin}}
	wide := s.holes
	for range wideFrom {
		wide = wide.halved()
	}
	for ty := 0; ty < s.h; ty += tileSide {
		for tx := 0; tx < s.w; tx += tileSide {
			var cells [2][]place // by margin
			for y := ty; y < min(ty+tileSide, s.h); y += cellSide {
				for x := tx; x < min(tx+tileSide, s.w); x += cellSide {
					if !s.wants(x, y) {
						continue
					}
					k := 0
					if wide.any(x>>wideFrom, y>>wideFrom, cellSide>>wideFrom) {
						k = 1
					}
					cells[k] = append(cells[k], place{x, y})
				}
			}
			switch n := len(cells[0]) + len(cells[1]); {
			case n <= fewCells:
				list[0].places = append(list[0].places, cells[0]...)
				list[1].places = append(list[1].places, cells[1]...)
			case len(cells[1]) == 0:
				list[2].places = append(list[2].places, place{tx, ty})
			default:
				list[3].places = append(list[3].places, place{tx, ty})
			}
		}
	}
	return list
}

// any reports whether a square has samples in holes.
func (m holes) any(x, y, side int) bool {
	for row := y; row < min(y+side, m.h); row++ {
		for _, d := range m.at[row*m.w+x : row*m.w+min(x+side, m.w)] {
			if d != 0 {
				return true
			}
		}
	}
	return false
}

// wants reports whether a cell has samples to be filled at this scale.
func (s *scale) wants(x, y int) bool {
	for row := y; row < min(y+cellSide, s.h); row++ {
		for _, d := range s.at[row*s.w+x : row*s.w+min(x+cellSide, s.w)] {
			if int(d) > s.depth {
				return true
			}
		}
	}
	return false
}

func (c *completer) scale(ctx context.Context, k int) error {
	s := c.scales[k]
	var coarser *scale
	if k+1 < len(c.scales) {
		coarser = c.scales[k+1]
	}
	for _, g := range s.groups() {
		side := g.window()
		err := c.model.Windows(ctx, c.env, side, side, len(g.places), func(i int, planes [][]float32) error {
			s.window(planes, coarser, g.places[i], &g)
			return nil
		}, func(i int, planes [][]float32) error {
			c.keep(s, g.places[i], &g, planes)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// window makes the inputs of a window of a group round a place: red, green
// and blue, filled by a membrane, and the mask. Beyond its border the picture is
// mirrored.
func (s *scale) window(planes [][]float32, coarser *scale, at place, g *group) {
	side, margin := g.window(), g.margin
	n := s.planeCount()
	v := windows.Get().(*window)
	defer windows.Put(v)
	v.reset(side, side, planes[:n], s.depth)
	columns := make([]int, side)
	for i := range columns {
		columns[i] = neural.Mirror(at.x-margin+i, s.w)
	}
	row := make([]float32, s.w)
	lo, hi := span(columns)
	for y := range side {
		from := neural.Mirror(at.y-margin+y, s.h)
		for i, x := range columns {
			v.hole[y*side+i] = s.at[from*s.w+x]
		}
		for p := range n {
			s.row(row[lo:hi], p, lo, from)
			to := v.planes[p][y*side : (y+1)*side]
			for i, x := range columns {
				to[i] = row[x]
			}
		}
	}
	if coarser != nil && v.deeper() {
		v.guess = v.memory[:n]
		for p := range n {
			v.memory[p] = resized(v.memory[p], side*side)
			for y := range side {
				from := neural.Mirror(at.y-margin+y, s.h)
				for i, x := range columns {
					v.guess[p][y*side+i] = bilinear(coarser.planes[p], coarser.w, coarser.h, x, from)
				}
			}
		}
	}
	v.fill()
	for p := n; p < 3; p++ {
		copy(planes[p], planes[0])
	}
	for i, d := range v.hole {
		planes[3][i] = 0
		if d != 0 {
			planes[3][i] = 1
		}
	}
}

// deeper reports whether a sample of the window has a guess.
func (v *window) deeper() bool {
	for _, d := range v.hole {
		if int(d) > 1+v.scale {
			return true
		}
	}
	return false
}

func span(list []int) (lo, hi int) {
	lo, hi = list[0], list[0]
	for _, v := range list {
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi + 1
}

// keep takes over what the network says of the holes in a square.
func (c *completer) keep(s *scale, at place, g *group, planes [][]float32) {
	square, side, margin := g.side, g.window(), g.margin
	for y := at.y; y < min(at.y+square, s.h); y++ {
		for x := at.x; x < min(at.x+square, s.w); x++ {
			if int(s.at[y*s.w+x]) <= s.depth {
				continue
			}
			from := (y-at.y+margin)*side + x - at.x + margin
			value := [3]float32{planes[0][from], planes[1][from], planes[2][from]}
			if c.grey {
				mean := (value[0] + value[1] + value[2]) / 3
				value = [3]float32{mean, mean, mean}
			}
			for p := range s.planeCount() {
				if s.planes != nil {
					s.planes[p][y*s.w+x] = min(max(value[p], 0), 1)
				} else {
					c.out.Planes[p][y*s.w+x] = sample(value[p])
				}
			}
		}
	}
}

func sample(v float32) uint16 {
	return uint16(min(max(v, 0), 1)*65535 + 0.5)
}
