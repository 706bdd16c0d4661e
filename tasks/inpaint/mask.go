package inpaint

import (
	"fmt"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// find marks the holes of a frame as the options say, before they grow. A sample
// of a mask counts from half of full scale on; one of the opacity below half.
func (o *Options) find(f *tasks.Frame) (holes, error) {
	m := f.Image
	out := newHoles(m.W, m.H)
	switch {
	case o.Holes.Alpha:
		if m.Alpha == nil {
			return out, nil // all is opaque
		}
		for i, a := range m.Alpha {
			if a < 32768 {
				out.at[i] = 1
			}
		}
	case o.Holes.Keyed:
		o.key(m, out)
	default:
		mask := f.Planes["mask"]
		switch {
		case mask == nil:
			return out, fmt.Errorf("%w: there is no mask that says what to fill: give one with --mask or --masks, or find the damage by an earlier step", tasks.ErrInput)
		case mask.W != m.W || mask.H != m.H:
			return out, fmt.Errorf("%w: the mask has %dx%d samples and the picture %dx%d", tasks.ErrInput, mask.W, mask.H, m.W, m.H)
		}
		for i, v := range mask.Pix {
			if v >= 32768 {
				out.at[i] = 1
			}
		}
	}
	return out, nil
}

// unused says why nothing is filled where somebody meant that something should be:
// where the mask was given, not where an earlier step has found nothing.
func (o *Options) unused(given bool) string {
	switch {
	case o.Holes.Alpha:
		return "nothing is transparent, so nothing was filled"
	case o.Holes.Keyed:
		return "nothing has the colour of the holes, so nothing was filled; a higher tolerance takes similar colours for it, as JPEG makes them"
	}
	if !given {
		return ""
	}
	return "the mask selects nothing, so nothing was filled; what is to go is white in it"
}

// key marks what has the colour.
func (o *Options) key(m *pix.Image, out holes) {
	near := int32(o.Tolerance)*257 + 128
	for i := range out.at {
		hit := uint8(1)
		for p, want := range o.Holes.Colour {
			if d := int32(m.Planes[p%len(m.Planes)][i]) - int32(want)*257; d > near || -d > near {
				hit = 0
				break
			}
		}
		out.at[i] = hit
	}
}

// opaque is the opacity once the holes are filled: full there, as it was
// elsewhere.
func opaque(alpha []uint16, h holes) []uint16 {
	out := append([]uint16(nil), alpha...)
	for i, d := range h.at {
		if d != 0 {
			out[i] = 65535
		}
	}
	return out
}

// inside is how much of what is filled in counts, from the border of the holes
// inwards: n/(feather+1) for a sample that is n steps from what is known, by the
// shortest way over sides and corners.
func (m holes) inside(feather int) []uint8 {
	steps := make([]uint8, len(m.at)) // to the nearest known sample, at most feather+1
	most := uint8(feather + 1)
	at := func(x, y int) uint8 {
		if x < 0 || y < 0 || x >= m.w || y >= m.h {
			return most // the picture's border is none of a hole
		}
		return steps[y*m.w+x]
	}
	for y := range m.h {
		for x := range m.w {
			if i := y*m.w + x; m.at[i] != 0 {
				steps[i] = min(most, 1+min(at(x-1, y), at(x-1, y-1), at(x, y-1), at(x+1, y-1)))
			}
		}
	}
	for y := m.h - 1; y >= 0; y-- {
		for x := m.w - 1; x >= 0; x-- {
			if i := y*m.w + x; m.at[i] != 0 {
				steps[i] = min(steps[i], 1+min(at(x+1, y), at(x+1, y+1), at(x, y+1), at(x-1, y+1)))
			}
		}
	}
	return steps
}
