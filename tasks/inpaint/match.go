package inpaint

import (
	"context"
	"math"

	"github.com/cae-restore/restore/tasks"
)

const (
	// mostLift bounds what is added to a patch: enough for the gradient of a sky,
	// too little to make a bright thing of a dark one.
	mostLift = 0.06 * 65535

	// farWeight is what a source costs that lies as far off as the hole is large: as
	// much as if all samples differed by it. What is near is more often of the same
	// thing, in the same light and as far from the lens. Above and below that
	// holds less than to the sides.
	farWeight = 0.015

	bandRows = 24 // of patches, that one worker does at a time
)

// solve fills the hole at a scale.
func (l *level) solve(ctx context.Context, env tasks.Env, k int, coarser *level) error {
	size := float64(max(l.box.w(), l.box.h()))
	l.far = farWeight * 65535 / size
	l.far *= l.far * patch * patch * float64(l.n)
	l.targets()
	rounds, passes := 2, 2
	switch {
	case coarser == nil:
		rounds, passes = 12, 5
		if err := l.peel(ctx, env, k); err != nil {
			return err
		}
	case k > 1:
		rounds, passes = 5, 3
	case k > 0:
		rounds, passes = 3, 2
	}
	if coarser != nil {
		l.inherit(coarser, k)
		if err := l.vote(ctx, env, true); err != nil {
			return err
		}
	}
	for round := range rounds {
		for pass := range passes {
			if err := l.search(ctx, env, k, round*passes+pass, coarser == nil); err != nil {
				return err
			}
		}
		// At the coarsest scale the patches are to agree first.
		if err := l.vote(ctx, env, coarser != nil || round == rounds-1); err != nil {
			return err
		}
	}
	return nil
}

// any is a source that a number says.
func (l *level) any(r uint64) int32 {
	n := uint64(len(l.source))
	at := r % n
	for range 40 {
		if l.source[at] {
			return int32(at)
		}
		r = mix(r)
		at = r % n
	}
	for !l.source[at] {
		at = (at + 1) % n
	}
	return int32(at)
}

// inherit takes the sources over from the coarser scale.
func (l *level) inherit(c *level, k int) {
	for y := l.box.y0; y < l.box.y1; y++ {
		for x := l.box.x0; x < l.box.x1; x++ {
			s := l.slot(x, y)
			if l.from[s] < 0 {
				continue
			}
			cx, cy := min(max(x/2, c.box.x0), c.box.x1-1), min(max(y/2, c.box.y0), c.box.y1-1)
			cs := c.slot(cx, cy)
			from := c.from[cs]
			l.from[s] = -1
			if from >= 0 {
				u, v := int(from)%c.w, int(from)/c.w
				if at := l.place(2*u+x-2*cx, 2*v+y-2*cy); at >= 0 {
					l.from[s] = at
					copy(l.lift[s*l.n:][:l.n], c.lift[cs*c.n:])
				}
			}
			if l.from[s] < 0 {
				l.from[s] = l.any(random(x, y, k, -1))
			}
		}
	}
}

// place is the index of a source; -1 where there is none.
func (l *level) place(x, y int) int32 {
	if x < 0 || y < 0 || x >= l.w || y >= l.h || !l.source[y*l.w+x] {
		return -1
	}
	return int32(y*l.w + x)
}

// search betters all sources once: by those of the neighbours, and by random ones
// ever nearer to the one so far. Bands of rows are done side by side. Each sees of
// the others what they were before, so that the result does not depend on who comes
// first; the bands are shifted from pass to pass.
func (l *level) search(ctx context.Context, env tasks.Env, k, pass int, far bool) error {
	shift := pass % 2 * bandRows / 2
	rows := l.box.h()
	bands := (rows + shift + bandRows - 1) / bandRows
	err := env.Run(ctx, bands, func(_, band int) error {
		y0, y1 := max(0, band*bandRows-shift), min(rows, (band+1)*bandRows-shift)
		l.searchBand(l.box.y0+y0, l.box.y0+y1, k, pass, far)
		return nil
	})
	l.from, l.next = l.next, l.from
	return err
}

func (l *level) searchBand(y0, y1, k, pass int, far bool) {
	step, w := 1, l.box.w()
	if pass%2 == 1 {
		step = -1
	}
	widest := 48
	if far {
		widest = max(l.w, l.h)
	}
	for i := range y1 - y0 {
		y := y0 + i
		if step < 0 {
			y = y1 - 1 - i
		}
		for j := range w {
			x := l.box.x0 + j
			if step < 0 {
				x = l.box.x1 - 1 - j
			}
			slot := l.slot(x, y)
			best := l.from[slot]
			if l.next[slot] = best; best < 0 {
				continue
			}
			at := y*l.w + x
			least := l.difference(at, int(best), math.MaxInt64)
			try := func(u, v int) {
				s := l.place(u, v)
				if s < 0 || s == best {
					return
				}
				if d := l.difference(at, int(s), least); d < least {
					best, least = s, d
				}
			}
			if nx := x - step; nx >= l.box.x0 && nx < l.box.x1 {
				if s := int(l.next[l.slot(nx, y)]); s >= 0 {
					try(s%l.w+step, s/l.w)
				}
			}
			if ny := y - step; ny >= l.box.y0 && ny < l.box.y1 {
				list := l.next
				if ny < y0 || ny >= y1 {
					list = l.from
				}
				if s := int(list[l.slot(x, ny)]); s >= 0 {
					try(s%l.w, s/l.w+step)
				}
			}
			r := random(x, y, k, pass)
			for radius := widest; radius >= 1; radius /= 2 {
				r = mix(r)
				side := uint64(2*radius + 1)
				du, dv := int(r%side)-radius, int(r>>32%side)-radius
				try(int(best)%l.w+du, int(best)/l.w+dv)
			}
			l.next[slot], l.cost[slot] = best, float32(least)
			l.lifts(at, int(best), l.lift[slot*l.n:][:l.n])
		}
	}
}

// random is a number that depends on its arguments alone.
func random(x, y, k, pass int) uint64 {
	return mix(mix(uint64(x)<<32|uint64(uint32(y))) + uint64(k)<<32 + uint64(uint32(pass)))
}

// mix is a step of splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// difference is the sum of squared differences of the patches round two samples,
// after what lifts adds to the second. It may stop where it is limit or more.
func (l *level) difference(at, s int, limit int64) int64 {
	var sum, square [3]int64
	n := l.n
	rough := l.away(at, s)
	if rough >= limit {
		return limit
	}
	for row := -reach; row <= reach; row++ {
		i, j := at+row*l.w-reach, s+row*l.w-reach
		a, b := l.px[i*n:(i+patch)*n], l.px[j*n:(j+patch)*n]
		if n == 3 {
			s0, s1, s2 := sum[0], sum[1], sum[2]
			q0, q1, q2 := square[0], square[1], square[2]
			for len(a) >= 3 && len(b) >= 3 {
				d0, d1, d2 := int64(a[0])-int64(b[0]), int64(a[1])-int64(b[1]), int64(a[2])-int64(b[2])
				s0, s1, s2 = s0+d0, s1+d1, s2+d2
				q0, q1, q2 = q0+d0*d0, q1+d1*d1, q2+d2*d2
				a, b = a[3:], b[3:]
			}
			sum[0], sum[1], sum[2] = s0, s1, s2
			square[0], square[1], square[2] = q0, q1, q2
		} else {
			for k := range a {
				d := int64(a[k]) - int64(b[k])
				sum[0] += d
				square[0] += d * d
			}
		}
		if l.feel != nil {
			a, b := l.feel[i*2:(i+patch)*2], l.feel[j*2:(j+patch)*2]
			for k := range a {
				d := int64(a[k]) - int64(b[k])
				rough += d * d
			}
		}
		if row == -reach || row == 1-reach {
			continue
		}
		total := float64(rough)
		count := float64((row + reach + 1) * patch)
		for p := range n {
			total += float64(square[p])
			mean := float64(sum[p]) / count
			lift := min(max(mean, -mostLift), mostLift)
			total -= count * lift * (2*mean - lift)
		}
		if v := int64(total); v >= limit || row == reach {
			return v
		}
	}
	return limit
}

// away is what a source costs for lying far off.
func (l *level) away(at, s int) int64 {
	dx, dy := at%l.w-s%l.w, at/l.w-s/l.w
	return int64(l.far * float64(dx*dx+4*dy*dy))
}

// lifts is what a patch is lifted by to be like another one.
func (l *level) lifts(at, s int, to []int16) {
	var sum [3]int64
	for row := -reach; row <= reach; row++ {
		i, j := (at+row*l.w-reach)*l.n, (s+row*l.w-reach)*l.n
		a, b := l.px[i:i+patch*l.n], l.px[j:j+patch*l.n]
		for k := range a {
			sum[k%l.n] += int64(a[k]) - int64(b[k])
		}
	}
	for p := range to {
		to[p] = int16(min(max(float64(sum[p])/(patch*patch), -mostLift), mostLift))
	}
}
