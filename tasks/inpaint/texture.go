package inpaint

import (
	"context"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// A network that learned the mean of what may be in a hole fills a large one with
// something smooth. So thick holes are filled once more, with patches of what is
// known round them, such that each patch looks like one of the known ones: the
// completion of Wexler, Shechtman and Irani (PAMI 2007) as it is done by Newson et
// al. ("Video Inpainting of Complex Scenes", SIAM J. Imaging Sciences 2014), coarse
// to fine, with the patches found by PatchMatch (Barnes et al., SIGGRAPH 2009).
// What the network said is where it begins, and the colours and the brightness of
// patches are bent a little towards it (Darabi et al., "Image Melding", SIGGRAPH
// 2012), so that skies keep their gradients.

const (
	// leastThick is the side of the squares that a hole must hold to be thick.
	leastThick = 112

	// leastCoarse is the thickness down to which a hole is halved: about three
	// patches.
	leastCoarse = 22

	// mostArea bounds the samples that are searched, of the hole and what is
	// round it. With more, the finest scale of the search is a coarser one.
	mostArea = 3 << 20

	// leastSources is how many known patches there must be for each one that is
	// wanted, at the coarsest scale.
	leastSources = 0.5
)

// texturer fills the thick holes of one picture.
type texturer struct {
	env tasks.Env
	out *pix.Image // filled smoothly
	holes
}

// run fills one hole after the other.
func (t *texturer) run(ctx context.Context) error {
	seen := newHoles(t.w, t.h)
	for _, start := range t.thick() {
		if seen.at[start] != 0 {
			continue
		}
		box, thick := t.mark(seen, start)
		if err := t.fill(ctx, seen, box, thick); err != nil {
			return err
		}
		for y := box.y0; y < box.y1; y++ { // done, but not forgotten
			row := seen.at[y*t.w+box.x0 : y*t.w+box.x1]
			for x, v := range row {
				if v == wanted {
					row[x] = other
				}
			}
		}
	}
	return nil
}

// What a sample is to the one who fills a hole.
const (
	known  = 0
	wanted = 1 // in the hole
	other  = 2 // in another hole: looked at, but no source
)

type box struct{ x0, y0, x1, y1 int }

func (b box) w() int { return b.x1 - b.x0 }
func (b box) h() int { return b.y1 - b.y0 }

// grown is the box with a margin, within w by h.
func (b box) grown(by, w, h int) box {
	return box{max(0, b.x0-by), max(0, b.y0-by), min(w, b.x1+by), min(h, b.y1+by)}
}

// thick finds samples of all thick holes: the lower right corners of some of the
// squares in them.
func (t *texturer) thick() []int {
	var list []int
	side := make([]int32, t.w) // of the largest square that ends in the row at the column
	for y := range t.h {
		diagonal := int32(0)
		for x := range t.w {
			up := side[x]
			switch {
			case t.at[y*t.w+x] == 0:
				side[x] = 0
			case x == 0:
				side[x] = 1
			default:
				side[x] = 1 + min(up, diagonal, side[x-1])
			}
			diagonal = up
			// One of each square is enough, and of a larger one those that are whole
			// sides away.
			if s := side[x]; s > 0 && s%leastThick == 0 {
				list = append(list, y*t.w+x)
			}
		}
	}
	return list
}

// mark sets the samples of a hole, those connected with one of it, to wanted. It
// returns the box round them, and the side of the largest square in it.
func (t *texturer) mark(seen holes, start int) (box, int) {
	b := box{t.w, t.h, 0, 0}
	region := []int32{int32(start)}
	seen.at[start] = wanted
	for len(region) > 0 {
		at := int(region[len(region)-1])
		region = region[:len(region)-1]
		x, y := at%t.w, at/t.w
		b = box{min(b.x0, x), min(b.y0, y), max(b.x1, x+1), max(b.y1, y+1)}
		for ny := max(0, y-1); ny <= min(t.h-1, y+1); ny++ {
			for nx := max(0, x-1); nx <= min(t.w-1, x+1); nx++ {
				if at := ny*t.w + nx; t.at[at] != 0 && seen.at[at] == 0 {
					seen.at[at] = wanted
					region = append(region, int32(at))
				}
			}
		}
	}
	thick := 0
	side := make([]int32, b.w())
	for y := b.y0; y < b.y1; y++ {
		diagonal := int32(0)
		for x := range side {
			up := side[x]
			if seen.at[y*t.w+b.x0+x] != wanted {
				side[x] = 0
			} else if x == 0 {
				side[x] = 1
			} else {
				side[x] = 1 + min(up, diagonal, side[x-1])
			}
			diagonal = up
			thick = max(thick, int(side[x]))
		}
	}
	return b, thick
}

// fill fills the hole whose samples are wanted.
func (t *texturer) fill(ctx context.Context, seen holes, hole box, thick int) error {
	around, halvings := t.area(hole)
	finest := t.crop(seen, around, halvings)
	levels := []*level{finest}
	for s := thick >> halvings; s/2 >= leastCoarse; s /= 2 {
		l := levels[len(levels)-1].halved()
		if l == nil {
			break
		}
		levels = append(levels, l)
	}
	levels = describe(levels)
	last := levels[len(levels)-1]
	if have, want := last.sources(); float64(have) < leastSources*float64(want) {
		return nil // there is too little to copy from
	}
	for k := len(levels) - 1; k >= 0; k-- {
		var coarser *level
		if k+1 < len(levels) {
			coarser = levels[k+1]
		}
		if err := levels[k].solve(ctx, t.env, k, coarser); err != nil {
			return err
		}
		if coarser != nil {
			levels[k+1] = nil
		}
	}
	return t.put(ctx, finest, around, halvings)
}

// area is the part of the picture where patches are looked for: the hole with
// a margin of its own size. Where that is too large, the margin is less, and then
// the search begins so many halvings below the picture's size.
func (t *texturer) area(hole box) (around box, halvings int) {
	for {
		unit := 1 << halvings
		for margin := max(hole.w(), hole.h()); margin >= 96*unit; margin -= margin/8 + 1 {
			around = hole.grown(margin, t.w, t.h)
			if around.w()*around.h() <= mostArea*unit*unit {
				return around, halvings
			}
		}
		halvings++
	}
}
