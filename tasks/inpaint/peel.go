package inpaint

import (
	"context"
	"math"
	"slices"

	"github.com/cae-restore/restore/tasks"
)

// mostTried bounds the sources that peel looks at, for all samples together.
const mostTried = 12 << 20

// peel fills the hole of the coarsest scale from its border inwards, layer by
// layer: each sample is the middle of a patch that is compared with sources in what
// is known of it so far. So what leads into the hole is continued, where a search
// that began with something smooth would find smooth sources (Newson et al. 2014).
func (l *level) peel(ctx context.Context, env tasks.Env, k int) error {
	var order, list []int32
	for at, s := range l.source {
		if s {
			list = append(list, int32(at))
		}
	}
	for y := l.box.y0; y < l.box.y1; y++ {
		for x := l.box.x0; x < l.box.x1; x++ {
			if at := y*l.w + x; l.state[at] == wanted {
				order = append(order, int32(at))
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return int(l.deep[a]) - int(l.deep[b]) })
	step := 1 + len(order)*len(list)/mostTried
	ready := make([]bool, l.w*l.h) // the samples that can be compared
	for at, s := range l.state {
		ready[at] = s != wanted
	}
	for len(order) > 0 {
		n := 1
		for n < len(order) && l.deep[order[n]] == l.deep[order[0]] {
			n++
		}
		layer := order[:n]
		order = order[n:]
		const some = 16
		err := env.Run(ctx, (n+some-1)/some, func(_, i int) error {
			for _, at := range layer[i*some : min(n, (i+1)*some)] {
				x, y := int(at)%l.w, int(at)/l.w
				best, least := list[0], math.Inf(1)
				var lift [3]float64
				seen := l.gather(ready, int(at))
				for j := int(random(x, y, k, -2) % uint64(step)); j < len(list); j += step {
					if d, by := l.partly(seen, int(at), int(list[j]), least); d < least {
						best, least, lift = list[j], d, by
					}
				}
				slot := l.slot(x, y)
				l.from[slot], l.cost[slot] = best, float32(least)
				for p := range l.n {
					l.lift[slot*l.n+p] = int16(lift[p])
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, at := range layer {
			slot := l.slot(int(at)%l.w, int(at)/l.w)
			from := int(l.from[slot])
			for p := range l.n {
				v := int32(l.px[from*l.n+p]) + int32(l.lift[slot*l.n+p])
				l.px[int(at)*l.n+p] = uint16(min(max(v, 0), 65535))
			}
			if l.feel != nil {
				copy(l.feel[int(at)*2:][:2], l.feel[from*2:])
			}
			ready[at] = true
		}
	}
	// The patches round the hole begin with the source of the nearest one in it.
	for y := l.box.y0; y < l.box.y1; y++ {
		for x := l.box.x0; x < l.box.x1; x++ {
			if s := l.slot(x, y); l.from[s] >= 0 && l.state[y*l.w+x] != wanted {
				l.from[s] = l.any(random(x, y, k, -1))
			}
		}
	}
	return nil
}

// gather lists where in the patch round a sample is what is ready, as differences
// of indices.
func (l *level) gather(ready []bool, at int) []int32 {
	var list []int32
	for row := -reach; row <= reach; row++ {
		for col := -reach; col <= reach; col++ {
			if by := row*l.w + col; ready[at+by] {
				list = append(list, int32(by))
			}
		}
	}
	return list
}

// partly is the mean squared difference of two patches in what is seen of the
// first, times their samples, and what lifts the second. It may stop where that is
// limit or more.
func (l *level) partly(seen []int32, at, s int, limit float64) (float64, [3]float64) {
	var sum, square, lift [3]float64
	if len(seen) == 0 {
		return math.MaxFloat32, lift
	}
	total, rough, away := 0., 0., float64(l.away(at, s))
	scale := patch * patch / float64(len(seen))
	n := l.n
	for k, by := range seen {
		i, j := at+int(by), s+int(by)
		a, b := l.px[i*n:][:n], l.px[j*n:][:n]
		for p := range a {
			d := float64(a[p]) - float64(b[p])
			sum[p] += d
			square[p] += d * d
		}
		if l.feel != nil {
			d, e := float64(l.feel[i*2])-float64(l.feel[j*2]), float64(l.feel[i*2+1])-float64(l.feel[j*2+1])
			rough += d*d + e*e
		}
		if k%8 != 7 && k+1 < len(seen) {
			continue
		}
		total = rough
		count := float64(k + 1)
		for p := range n {
			mean := sum[p] / count
			lift[p] = min(max(mean, -mostLift), mostLift)
			total += square[p] - count*lift[p]*(2*mean-lift[p])
		}
		if total*scale+away >= limit {
			break
		}
	}
	return total*scale + away, lift
}
