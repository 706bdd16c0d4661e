package inpaint

import "context"

// put writes what a level says into the picture. Where the level has fewer samples
// than the picture, they are interpolated.
func (t *texturer) put(ctx context.Context, l *level, around box, halvings int) error {
	unit := float32(int(1) << halvings)
	return t.env.Run(ctx, around.h(), func(_, row int) error {
		y := around.y0 + row
		v, fy := placeIn((float32(row)+0.5)/unit-0.5, l.h)
		for x := around.x0; x < around.x1; x++ {
			u, fx := placeIn((float32(x-around.x0)+0.5)/unit-0.5, l.w)
			// The nearest sample of the level says whose the sample is.
			near := (v+int(fy+0.5))*l.w + u + int(fx+0.5)
			if t.at[y*t.w+x] == 0 || l.state[near] != wanted {
				continue
			}
			for p := range l.n {
				at := func(du, dv int) float32 {
					return float32(l.px[(min(v+dv, l.h-1)*l.w+min(u+du, l.w-1))*l.n+p])
				}
				value := (at(0, 0)*(1-fx)+at(1, 0)*fx)*(1-fy) + (at(0, 1)*(1-fx)+at(1, 1)*fx)*fy
				t.out.Planes[p][y*t.w+x] = uint16(value + 0.5)
			}
		}
		return nil
	})
}

// placeIn is the sample before a place among n, and how far beyond it the place is.
func placeIn(at float32, n int) (int, float32) {
	at = min(max(at, 0), float32(n-1))
	i := min(int(at), n-1)
	return i, at - float32(i)
}
