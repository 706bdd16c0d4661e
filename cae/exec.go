package cae

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/cae-restore/restore/cae/internal/kernel"
)

// Runner shares out n independent pieces of work: it calls f(worker, i) for
// every i in [0, n), worker being below the number of workers and different for
// calls that overlap. It returns the first error after all have ended.
type Runner func(ctx context.Context, n int, f func(worker, i int) error) error

// Serial does all the work itself, in order.
func Serial(ctx context.Context, n int, f func(worker, i int) error) error {
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(0, i); err != nil {
			return err
		}
	}
	return nil
}

// Goroutines is a Runner of that many workers, a goroutine each for every call.
// A program that has a pool of its own gives that instead.
func Goroutines(workers int) Runner {
	return func(ctx context.Context, n int, f func(worker, i int) error) error {
		var next atomic.Int64
		errs := make([]error, workers)
		var wg sync.WaitGroup
		for w := range min(workers, n) {
			wg.Go(func() {
				for errs[w] == nil {
					i := int(next.Add(1)) - 1
					if i >= n {
						return
					}
					if errs[w] = ctx.Err(); errs[w] == nil {
						errs[w] = f(w, i)
					}
				}
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	}
}

// Work is a pass of a layer over its data: N pieces that do not depend on one
// another and write to different places. How the pieces are cut depends on
// shapes alone, so that the number of workers changes no bit. Do gets at least
// Scratch float32, on a 64-byte boundary and of undefined content.
type Work struct {
	N       int
	Scratch int
	Do      func(scratch []float32, i int)
}

// beside is both works as one pass: neither must need what the other does.
func (w Work) beside(v Work) Work {
	return Work{N: w.N + v.N, Scratch: max(w.Scratch, v.Scratch), Do: func(scratch []float32, i int) {
		if i < w.N {
			w.Do(scratch, i)
		} else {
			v.Do(scratch, i-w.N)
		}
	}}
}

// Exec is where networks run: workers and their scratch memory. One Exec serves
// one run at a time; concurrent runs take one each.
type Exec struct {
	ctx     context.Context
	run     Runner
	scratch [][]float32
	bound   *binding  // of the plan that ran last
	arena   []float32 // its memory
}

// NewExec returns an Exec on the given runner with that many workers; a nil
// runner is Serial. ctx ends a run between two pieces of work.
func NewExec(ctx context.Context, run Runner, workers int) *Exec {
	x := &Exec{}
	x.Reset(ctx, run, workers)
	return x
}

// Reset puts the Exec on another runner, as NewExec would; it keeps its memory.
func (x *Exec) Reset(ctx context.Context, run Runner, workers int) {
	if run == nil {
		run, workers = Serial, 1
	}
	x.ctx, x.run = ctx, run
	for len(x.scratch) < workers {
		x.scratch = append(x.scratch, nil)
	}
}

// Bytes is how much memory the Exec keeps for the next run.
func (x *Exec) Bytes() int64 {
	n := len(x.arena)
	for _, s := range x.scratch {
		n += len(s)
	}
	return int64(n) * 4
}

// reserve makes the arena at least so many float32 long.
func (x *Exec) reserve(size int) {
	if len(x.arena) < size {
		x.arena, x.bound = nil, nil // first let go of the old one, which the binding holds, too
		x.arena = kernel.Aligned(size)
	}
}

// Do does the works one after another.
func (x *Exec) Do(works ...Work) error { return x.bind(works).do() }

// DoWhole is Do, but the end of the Exec's context does not stop it half-way: for
// work that must not be left in between, such as a step of a training.
func (x *Exec) DoWhole(works ...Work) error {
	s := x.bind(works)
	s.whole = true
	return s.do()
}

// pass is work with its pieces as the runner takes them, made once so that
// doing it again allocates nothing.
type pass struct {
	n int
	f func(worker, i int) error
}

// schedule is a list of works that are ready to be done again and again.
type schedule struct {
	x       *Exec
	passes  []pass
	scratch int  // float32 that a worker needs
	whole   bool // whatever the context says
}

func (x *Exec) bind(works []Work) schedule {
	s := schedule{x: x}
	for _, w := range works {
		s.scratch = max(s.scratch, w.Scratch)
		if w.N > 0 {
			s.passes = append(s.passes, pass{w.N, func(worker, i int) error {
				w.Do(x.scratch[worker], i)
				return nil
			}})
		}
	}
	return s
}

func (s schedule) do() error {
	for i, have := range s.x.scratch { // the workers may be more than last time
		if len(have) < s.scratch {
			s.x.scratch[i] = kernel.Aligned(s.scratch)
		}
	}
	ctx := s.x.ctx
	if s.whole {
		ctx = context.WithoutCancel(ctx)
	}
	for _, p := range s.passes {
		if err := s.x.run(ctx, p.n, p.f); err != nil {
			return err
		}
	}
	return nil
}
