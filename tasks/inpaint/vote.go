package inpaint

import (
	"context"
	"math"

	"github.com/cae-restore/restore/tasks"
)

// vote sets each sample of the hole to the mean of what the patches over it say.
// One that fits better counts more, much more where it is to be sharp, and so does one that is
// nearer to what is known.
func (l *level) vote(ctx context.Context, env tasks.Env, sharp bool) error {
	const rows = 16
	y0, y1 := l.box.y0-reach, l.box.y1+reach
	err := env.Run(ctx, (y1-y0+rows-1)/rows, func(_, band int) error {
		for y := y0 + band*rows; y < min(y1, y0+(band+1)*rows); y++ {
			for x := l.box.x0 - reach; x < l.box.x1+reach; x++ {
				if l.state[y*l.w+x] == wanted {
					l.voteAt(x, y, sharp)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.meet()
	return nil
}

// noise is the squared difference of patches that nobody sees: one in 8 bits.
// Where all are within it, as in a sky, they are mixed, so that no seams show.
const unseen = 257

const noise = patch * patch * 3 * unseen * unseen

func (l *level) voteAt(x, y int, sharp bool) {
	said, rough, ok := l.said(x, y, sharp)
	if !ok {
		return
	}
	at := y*l.w + x
	for p := range l.n {
		l.px[at*l.n+p] = uint16(min(max(said[p]+0.5, 0), 65535))
	}
	if l.feel != nil {
		l.feel[at*2], l.feel[at*2+1] = uint16(rough[0]), uint16(rough[1])
	}
}

// said is what the patches over a sample say; not ok: there is none.
func (l *level) said(x, y int, sharp bool) (sum [3]float64, rough [2]float64, ok bool) {
	least := float32(math.MaxFloat32)
	lo, hi := max(x-reach, l.box.x0), min(x+reach, l.box.x1-1)
	top, bottom := max(y-reach, l.box.y0), min(y+reach, l.box.y1-1)
	for v := top; v <= bottom; v++ {
		for u := lo; u <= hi; u++ {
			if s := l.slot(u, v); l.from[s] >= 0 {
				least = min(least, l.cost[s])
			}
		}
	}
	total := 0.
	for v := top; v <= bottom; v++ {
		for u := lo; u <= hi; u++ {
			s := l.slot(u, v)
			if l.from[s] < 0 {
				continue
			}
			ratio := float64(least+noise) / float64(l.cost[s]+noise)
			weight := ratio * ratio
			if sharp {
				weight *= weight * weight
			}
			weight *= certain[min(int(l.deep[v*l.w+u]), len(certain)-1)]
			at := int(l.from[s]) + (y-v)*l.w + x - u
			for p := range l.n {
				sum[p] += weight * float64(int32(l.px[at*l.n+p])+int32(l.lift[s*l.n+p]))
			}
			if l.feel != nil {
				rough[0] += weight * float64(l.feel[at*2])
				rough[1] += weight * float64(l.feel[at*2+1])
			}
			total += weight
		}
	}
	if total == 0 {
		return sum, rough, false
	}
	for p := range sum {
		sum[p] /= total
	}
	for p := range rough {
		rough[p] /= total
	}
	return sum, rough, true
}

// certain is how much a patch counts by the steps from its middle to what is known.
var certain = func() (list [32]float64) {
	for i := range list {
		list[i] = math.Pow(1.3, -float64(i))
	}
	return list
}()
