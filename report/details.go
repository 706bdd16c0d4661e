package report

import (
	"math"

	"github.com/cae-restore/restore/pix"
)

// cut returns a part of the picture.
func cut(m *pix.Image, d *Detail) *pix.Image {
	out := plain(m, d.Width, d.Height)
	buf := make([]uint16, m.W)
	for p := range m.Planes {
		for y := range d.Height {
			copy(out.Planes[p][y*d.Width:], opaque(m, p, d.Y+y, buf)[d.X:d.X+d.Width])
		}
	}
	return out
}

// places chooses the details of a picture, windows of side by side pixels or of
// the picture's own, smaller sides: the one that changed most, and the one with
// the most structure in after. The second is one in which something changed, and
// the first covers at most half of it. Either is nil where there is none; both
// are where a and b differ in size.
func places(before, after *pix.Image, side int) (changed, structured *Detail) {
	if before.W != after.W || before.H != after.H {
		return nil, nil
	}
	changes := changesOf(before, after).sum()
	changed = changes.largest(side, func(Detail) bool { return true })
	if changed == nil {
		return nil, nil
	}
	structured = structureOf(after).sum().largest(side, func(d Detail) bool {
		return 2*overlap(d, *changed) <= d.Width*d.Height && changes.window(d, side) > 0
	})
	return changed, structured
}

// overlap is the number of pixels that two details have in common.
func overlap(a, b Detail) int {
	w := min(a.X+a.Width, b.X+b.Width) - max(a.X, b.X)
	h := min(a.Y+a.Height, b.Y+b.Height) - max(a.Y, b.Y)
	return max(0, w) * max(0, h)
}

// blockSide is the side in pixels of the blocks that a blockMap counts in.
const blockSide = 16

// blockMap has a number for each block of a picture of w by h pixels; the blocks
// at the right and lower edges may be smaller. It takes 8 bytes a block.
type blockMap struct {
	w, h, cols, rows int
	// Block i, j is values[(j+1)*(cols+1)+i+1]. After sum, values[j*(cols+1)+i] is
	// the sum of all blocks above j and left of i (a summed area table: Crow,
	// "Summed-area tables for texture mapping", SIGGRAPH 1984), so that a window
	// is four of them.
	values []uint64
}

func newBlockMap(w, h int) *blockMap {
	b := &blockMap{w: w, h: h, cols: (w + blockSide - 1) / blockSide, rows: (h + blockSide - 1) / blockSide}
	b.values = make([]uint64, (b.cols+1)*(b.rows+1))
	return b
}

// row are the blocks that row y of the picture belongs to.
func (b *blockMap) row(y int) []uint64 {
	first := (y/blockSide+1)*(b.cols+1) + 1
	return b.values[first : first+b.cols]
}

// sum makes sums of the blocks, in place.
func (b *blockMap) sum() *blockMap {
	for j := 1; j <= b.rows; j++ {
		for i := 1; i <= b.cols; i++ {
			at := j*(b.cols+1) + i
			b.values[at] += b.values[at-1] + b.values[at-b.cols-1] - b.values[at-b.cols-2]
		}
	}
	return b
}

// window is the sum over the blocks in which a detail of at most side by side
// pixels lies. Those at the right and lower edges, which need not begin where a
// block does, count as if they began with one.
func (b *blockMap) window(d Detail, side int) uint64 {
	wide, high := min(side/blockSide, b.cols), min(side/blockSide, b.rows)
	i, j := min((d.X+blockSide-1)/blockSide, b.cols-wide), min((d.Y+blockSide-1)/blockSide, b.rows-high)
	up, low := j*(b.cols+1)+i, (j+high)*(b.cols+1)+i
	return b.values[low+wide] - b.values[low] - b.values[up+wide] + b.values[up]
}

// largest returns the first of those windows that may be taken whose sum is
// largest, or nil where none has more than 0. Corners are multiples of blockSide
// but at the right and lower edges.
func (b *blockMap) largest(side int, may func(Detail) bool) *Detail {
	wide, high := min(side/blockSide, b.cols), min(side/blockSide, b.rows)
	var best Detail
	most := uint64(0)
	for j := 0; j+high <= b.rows; j++ {
		for i := 0; i+wide <= b.cols; i++ {
			d := Detail{Width: min(side, b.w), Height: min(side, b.h)}
			d.X, d.Y = min(i*blockSide, b.w-d.Width), min(j*blockSide, b.h-d.Height)
			if s := b.window(d, side); s > most && may(d) {
				most, best = s, d
			}
		}
	}
	if most == 0 {
		return nil
	}
	return &best
}

// changesOf sums the absolute differences between two pictures of one size, as
// they look over white.
func changesOf(a, b *pix.Image) *blockMap {
	out := newBlockMap(a.W, a.H)
	bufA, bufB := make([]uint16, a.W), make([]uint16, a.W)
	for p := range max(len(a.Planes), len(b.Planes)) {
		for y := range a.H {
			rowA, rowB := opaque(a, min(p, len(a.Planes)-1), y, bufA), opaque(b, min(p, len(b.Planes)-1), y, bufB)
			counts := out.row(y)
			for i := range counts {
				partA := rowA[i*blockSide : min((i+1)*blockSide, a.W)]
				partB := rowB[i*blockSide:][:len(partA)]
				sum := uint32(0)
				for x, u := range partA {
					v := partB[x]
					sum += uint32(max(u, v) - min(u, v))
				}
				counts[i] += uint64(sum)
			}
		}
	}
	return out
}

// structureOf tells of each block how much there is to see in it: the root mean
// square of the gradient of the luma, which is averaged over two by two pixels and
// smoothed before, so that what is left of the noise hardly counts. Per block and not
// per pixel, because a window with texture everywhere shows more than one with
// a single hard edge. Work and memory grow with the blocks and the width: five
// rows of half the width are kept.
func structureOf(m *pix.Image) *blockMap {
	out := newBlockMap(m.W, m.H)
	w, h := m.W/2, m.H/2
	if w < 5 || h < 5 {
		return out
	}
	s := &smoother{picture: m, buf: make([]uint16, m.W), sums: make([]int32, w)}
	for i := range s.across {
		s.across[i] = make([]int32, w)
	}
	rows := [3][]int32{make([]int32, w), make([]int32, w), make([]int32, w)}
	s.add(0)
	s.add(1)
	for y := 1; y+1 < h; y++ { // row y of the smoothed luma at half size
		s.add(y + 1)
		s.row(rows[y%3])
		if y < 3 {
			continue
		}
		above, here, below := rows[(y-2)%3], rows[(y-1)%3], rows[y%3]
		energy := out.row(2 * (y - 1))
		for x := 2; x < w-2; x++ {
			dx, dy := int64(here[x+1]-here[x-1]), int64(below[x]-above[x])
			energy[x*2/blockSide] += uint64(dx*dx + dy*dy)
		}
	}
	// The smaller blocks at the edges have smaller sums, as they show less.
	for i, v := range out.values {
		out.values[i] = uint64(math.Sqrt(float64(v)))
	}
	return out
}

// smoother makes rows of the luma at half size, smoothed by the binomial kernel
// [1 2 1]/4 across and along. The numbers are 64 times 16-bit samples: they fit
// into 22 bits, their squared differences summed over a block into 51.
type smoother struct {
	picture *pix.Image
	buf     []uint16
	sums    []int32
	across  [3][]int32 // the last three rows, smoothed across only
	n       int        // rows so far
}

// add takes rows 2y and 2y+1 of the picture.
func (s *smoother) add(y int) {
	m := s.picture
	weights := []uint64{19595, 38470, 7471} // of red, green and blue in 65536 (ITU-R BT.601)
	if m.Grey() {
		weights = []uint64{65536}
	}
	clear(s.sums)
	for p, weight := range weights {
		for _, row := range []int{2 * y, 2*y + 1} {
			samples := opaque(m, p, row, s.buf)
			for x := range s.sums {
				pair := samples[2*x : 2*x+2]
				s.sums[x] += int32((uint64(pair[0]) + uint64(pair[1])) * weight >> 16)
			}
		}
	}
	line := s.across[s.n%3]
	for x := 1; x < len(line)-1; x++ {
		line[x] = s.sums[x-1] + 2*s.sums[x] + s.sums[x+1]
	}
	s.n++
}

// row writes the smoothed row that the last three make. The first and last
// number of it mean nothing.
func (s *smoother) row(dst []int32) {
	above, here, below := s.across[s.n%3], s.across[(s.n+1)%3], s.across[(s.n+2)%3]
	for x := range dst {
		dst[x] = above[x] + 2*here[x] + below[x]
	}
}
