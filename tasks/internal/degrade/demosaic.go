package degrade

// demosaic interpolates a mosaic of (w+2*border)*(h+2*border) sites to three
// planes of w*h samples, its border left out.
//
// Bilinear takes the mean of the nearest sites of a colour. Malvar, He and
// Cutler add a correction by the other colours' second derivative ("High-Quality
// Linear Interpolation for Demosaicing of Bayer-Patterned Color Images", ICASSP
// 2004, figure 2). The weights of both sum to 1.
func (c Camera) demosaic(w, h int, mosaic []float32) [3][]float32 {
	var out [3][]float32
	for k := range out {
		out[k] = make([]float32, w*h)
	}
	mw := w + 2*border
	for y := range h {
		for x := range w {
			at := (y+border)*mw + x + border
			s := sites{
				centre: mosaic[at],
				left:   mosaic[at-1], right: mosaic[at+1],
				up: mosaic[at-mw], down: mosaic[at+mw],
				diagonal: mosaic[at-mw-1] + mosaic[at-mw+1] + mosaic[at+mw-1] + mosaic[at+mw+1],
			}
			if c.Malvar {
				s.farRow = mosaic[at-2] + mosaic[at+2]
				s.farColumn = mosaic[at-2*mw] + mosaic[at+2*mw]
			}
			i := y*w + x
			switch k := c.site(x+border, y+border); {
			case k != 1:
				out[k][i] = s.centre
				out[1][i] = s.green(c.Malvar)
				out[2-k][i] = s.opposite(c.Malvar)
			case c.site(x+border+1, y+border) == 0: // red beside, blue above
				out[0][i], out[1][i], out[2][i] = s.beside(c.Malvar), s.centre, s.above(c.Malvar)
			default:
				out[0][i], out[1][i], out[2][i] = s.above(c.Malvar), s.centre, s.beside(c.Malvar)
			}
		}
	}
	return out
}

// sites are those round one site of the mosaic. diagonal is the sum of the four
// that touch at the corners; farRow and farColumn are the sums of the two that
// are two away in the row and in the column.
type sites struct {
	centre, left, right, up, down, diagonal, farRow, farColumn float32
}

// green is the green at a red or blue site.
func (s *sites) green(malvar bool) float32 {
	near := s.left + s.right + s.up + s.down
	if !malvar {
		return near / 4
	}
	return (4*s.centre + 2*near - s.farRow - s.farColumn) / 8
}

// opposite is the blue at a red site, and the red at a blue one.
func (s *sites) opposite(malvar bool) float32 {
	if !malvar {
		return s.diagonal / 4
	}
	return (6*s.centre + 2*s.diagonal - 1.5*(s.farRow+s.farColumn)) / 8
}

// beside is, at a green site, the colour of the sites to the left and right.
func (s *sites) beside(malvar bool) float32 {
	if !malvar {
		return (s.left + s.right) / 2
	}
	return (5*s.centre + 4*(s.left+s.right) - s.diagonal - s.farRow + 0.5*s.farColumn) / 8
}

// above is, at a green site, the colour of the sites above and below.
func (s *sites) above(malvar bool) float32 {
	if !malvar {
		return (s.up + s.down) / 2
	}
	return (5*s.centre + 4*(s.up+s.down) - s.diagonal - s.farColumn + 0.5*s.farRow) / 8
}
