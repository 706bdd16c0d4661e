package inpaint

// How rough a place is, is told by the mean of the absolute differences of
// neighbours across and along, over a square with sides of 2*blurReach+1 at the
// second finest scale. It counts times roughWeight, in a patch's difference the
// square of it. Without, smooth patches would win too often, since they are like
// many others (Newson et al. 2014).
const (
	blurReach   = 8
	roughWeight = 7
)

// describe sets what levels but the finest feel like.
func describe(levels []*level) []*level {
	if len(levels) < 2 {
		return levels
	}
	f, l := levels[0], levels[1]
	var value [2][]float32
	weight := make([]float32, l.w*l.h)
	for p := range value {
		value[p] = make([]float32, l.w*l.h)
	}
	for y := range l.h {
		for x := range l.w {
			at := y*l.w + x
			if l.state[at] != known {
				continue
			}
			weight[at] = 1
			y1, x1 := min(2*y+1, f.h-1), min(2*x+1, f.w-1)
			for _, pair := range [4][3]int{
				{0, 2*y*f.w + 2*x, 2*y*f.w + x1}, {0, y1*f.w + 2*x, y1*f.w + x1},
				{1, 2*y*f.w + 2*x, y1*f.w + 2*x}, {1, 2*y*f.w + x1, y1*f.w + x1},
			} {
				d := int32(0)
				for p := range f.n {
					e := int32(f.px[pair[1]*f.n+p]) - int32(f.px[pair[2]*f.n+p])
					d += max(e, -e)
				}
				value[pair[0]][at] += float32(d) / float32(2*f.n)
			}
		}
	}
	blurred := blur(weight, l.w, l.h)
	l.feel = make([]uint16, l.w*l.h*2)
	for p := range value {
		v := blur(value[p], l.w, l.h)
		sure := make([]float32, len(v))
		for i := range v {
			if l.state[i] == known {
				sure[i] = 1
				v[i] /= blurred[i]
			}
		}
		pullPush(v, sure, l.w, l.h)
		for i := range v {
			l.feel[i*2+p] = uint16(min(v[i]*roughWeight, 65535))
		}
	}
	for k := 2; k < len(levels); k++ {
		levels[k] = levels[k-1].halved()
	}
	return levels
}

// blur is the sums over squares, of w by h samples.
func blur(plane []float32, w, h int) []float32 {
	rows := make([]float32, len(plane))
	for y := range h {
		for x := range w {
			var sum float32
			for i := max(0, x-blurReach); i <= min(w-1, x+blurReach); i++ {
				sum += plane[y*w+i]
			}
			rows[y*w+x] = sum
		}
	}
	out := make([]float32, len(plane))
	for y := range h {
		for i := max(0, y-blurReach); i <= min(h-1, y+blurReach); i++ {
			for x := range w {
				out[y*w+x] += rows[i*w+x]
			}
		}
	}
	return out
}
