package inpaint

import "sync"

// spreader gives samples of which nothing is known the means of what is known near
// them: pull and push (Gortler et al., "The Lumigraph", SIGGRAPH 1996). It serves
// any number of planes with the same weights, one at a time, and keeps its memory.
type spreader struct {
	levels []spreadLevel // the first is as large as the planes, each next half as large
}

type spreadLevel struct {
	w, h   int
	weight []float32 // of the samples, from 0, unknown, to 1
	total  []float32 // of the weights that a sample is the mean of; not in the first level
	value  []float32
}

var spreaders = sync.Pool{New: func() any { return new(spreader) }}

// resized returns n elements, in the memory of s where that suffices. They are of
// undefined content.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// weigh takes the weights of w*h samples.
func (s *spreader) weigh(weight []float32, w, h int) {
	s.levels = s.levels[:0]
	l := s.level(w, h)
	copy(l.weight, weight)
	for l.w > 1 || l.h > 1 {
		fine := *l
		l = s.level((fine.w+1)/2, (fine.h+1)/2)
		l.total = resized(l.total, l.w*l.h)
		clear(l.total)
		for y := range fine.h {
			to := l.total[y/2*l.w:]
			for x, t := range fine.weight[y*fine.w:][:fine.w] {
				if t > 0 {
					to[x/2] += t
				}
			}
		}
		for i, t := range l.total {
			l.weight[i] = min(t, 1)
		}
	}
}

// level adds one.
func (s *spreader) level(w, h int) *spreadLevel {
	if len(s.levels) == cap(s.levels) {
		s.levels = append(s.levels, spreadLevel{})
	} else {
		s.levels = s.levels[:len(s.levels)+1]
	}
	l := &s.levels[len(s.levels)-1]
	l.w, l.h = w, h
	l.weight, l.value = resized(l.weight, w*h), resized(l.value, w*h)
	return l
}

// spread replaces the samples of weight 0 of a plane.
func (s *spreader) spread(plane []float32) {
	copy(s.levels[0].value, plane)
	for k := range s.levels[1:] {
		s.pull(k)
	}
	for k := len(s.levels) - 2; k >= 0; k-- {
		s.push(k)
	}
	copy(plane, s.levels[0].value)
}

// pull makes the values of level k+1 out of those of level k.
func (s *spreader) pull(k int) {
	fine, l := &s.levels[k], &s.levels[k+1]
	clear(l.value)
	for y := range fine.h {
		from, to := fine.value[y*fine.w:], l.value[y/2*l.w:]
		for x, t := range fine.weight[y*fine.w:][:fine.w] {
			if t > 0 {
				to[x/2] += t * from[x]
			}
		}
	}
	for i, t := range l.total {
		if t > 0 {
			l.value[i] /= t
		}
	}
}

// push gives the samples of weight 0 of level k values from level k+1.
func (s *spreader) push(k int) {
	l, coarse := &s.levels[k], &s.levels[k+1]
	for y := range l.h {
		for x, t := range l.weight[y*l.w:][:l.w] {
			if t == 0 {
				l.value[y*l.w+x] = bilinear(coarse.value, coarse.w, coarse.h, x, y)
			}
		}
	}
}

// pullPush replaces the values of weight 0 by means of those near them.
func pullPush(value, weight []float32, w, h int) {
	s := spreaders.Get().(*spreader)
	defer spreaders.Put(s)
	s.weigh(weight, w, h)
	s.spread(value)
}
