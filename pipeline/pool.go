package pipeline

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Pool bounds how many goroutines of the process compute at the same time.
// There is one a process: pictures enter it, and the work inside a picture is
// shared out with Run over the places that no picture holds. So many small
// pictures take a core each, and one large picture takes them all.
type Pool struct {
	places chan struct{} // holds one element for each taken place
}

// NewPool returns a pool of the given number of workers; below 1 it has one for
// each core that the Go runtime uses.
func NewPool(workers int) *Pool {
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	return &Pool{places: make(chan struct{}, workers)}
}

// Workers is the number of places.
func (p *Pool) Workers() int { return cap(p.places) }

// Enter takes a place for the calling goroutine, and waits until one is free.
// The error is that of ctx; without an error, Leave must follow.
func (p *Pool) Enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	select {
	case p.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Leave gives the place of the calling goroutine back.
func (p *Pool) Leave() { <-p.places }

// tryEnter takes a place if one is free. A goroutine that waits in Enter comes
// first: a channel hands a freed place on to it directly.
func (p *Pool) tryEnter() bool {
	select {
	case p.places <- struct{}{}:
		return true
	default:
		return false
	}
}

// Run calls f(worker, i) for every i from 0 to n-1 and returns when all calls
// have ended. The caller, who should have entered the pool, does the work
// itself as worker 0; while there is more to do and a place is free, further
// goroutines join in. It never waits for a place, so calls of Run inside f
// cannot deadlock. worker is below min(n, Workers()), and no two calls at the
// same time have the same.
//
// The indices are handed out in rising order. After an error, or when ctx is
// done, no more are. The error returned is that of the lowest index that
// failed, which does not depend on the number of workers; a panic in f counts
// as a *PanicError. If ctx ended before all indices were handed out, and no
// call failed, it is the error of ctx.
//
// Run has the signature of tasks.Env.Run.
func (p *Pool) Run(ctx context.Context, n int, f func(worker, i int) error) error {
	r := &running{pool: p, ctx: ctx, n: int64(n), limit: int64(min(n, p.Workers())), f: f}
	r.workers.Store(1)
	r.failed = r.n
	r.work(0)
	r.wg.Wait()
	if r.err != nil {
		return r.err
	}
	if r.next.Load() < r.n {
		return context.Cause(ctx)
	}
	return nil
}

// running is one call of Pool.Run.
type running struct {
	pool *Pool
	ctx  context.Context
	n    int64
	f    func(worker, i int) error

	next    atomic.Int64 // the lowest index that has not been handed out
	workers atomic.Int64 // how many worker numbers are given out
	limit   int64        // for workers
	stop    atomic.Bool
	wg      sync.WaitGroup

	mu     sync.Mutex
	failed int64 // lowest index that failed; n: none
	err    error // of that index
}

func (r *running) work(worker int) {
	for !r.stop.Load() && r.ctx.Err() == nil {
		i := r.next.Load()
		if i >= r.n {
			return
		}
		if !r.next.CompareAndSwap(i, i+1) {
			continue
		}
		if i+1 < r.n {
			r.enlist()
		}
		if err := r.call(worker, int(i)); err != nil {
			r.fail(i, err)
		}
	}
}

// enlist starts one more worker if a place is free. Each worker does it before
// each call, so a place that becomes free later is used too.
func (r *running) enlist() {
	if r.workers.Load() >= r.limit || !r.pool.tryEnter() {
		return
	}
	worker := r.workers.Add(1) - 1
	if worker >= r.limit { // another was quicker
		r.workers.Add(-1)
		r.pool.Leave()
		return
	}
	r.wg.Go(func() {
		defer r.pool.Leave()
		r.work(int(worker))
	})
}

func (r *running) call(worker, i int) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return r.f(worker, i)
}

func (r *running) fail(i int64, err error) {
	r.stop.Store(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	if i < r.failed {
		r.failed, r.err = i, err
	}
}

// PanicError is a panic turned into an error, so that it ends the work on one
// picture and not the process. It is always a mistake of the program.
type PanicError struct {
	Value any    // what was given to panic
	Stack []byte // where
}

func (e *PanicError) Error() string { return fmt.Sprintf("internal error: %v", e.Value) }

// Unwrap gives the value of the panic where that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
