package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPoolRunCallsEachOnce(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 2, 7} {
		for _, n := range []int{0, 1, 3, 1000} {
			t.Run(fmt.Sprintf("workers=%d/n=%d", workers, n), func(t *testing.T) {
				t.Parallel()
				p := NewPool(workers)
				enter(t, p)
				calls := make([]atomic.Int32, n)
				busy := make([]atomic.Bool, workers)
				err := p.Run(context.Background(), n, func(worker, i int) error {
					if !busy[worker].CompareAndSwap(false, true) {
						t.Errorf("worker %d works twice at a time", worker)
					}
					calls[i].Add(1)
					busy[worker].Store(false)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				for i := range calls {
					if got := calls[i].Load(); got != 1 {
						t.Errorf("index %d: %d calls, want 1", i, got)
					}
				}
				p.Leave()
				if got := len(p.places); got != 0 {
					t.Errorf("%d places are still taken", got)
				}
			})
		}
	}
}

func enter(t *testing.T, p *Pool) {
	t.Helper()
	if err := p.Enter(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// All workers must meet in f at once: a pool that does not enlist, or not
// enough, would leave them waiting for each other.
func TestPoolRunUsesAllPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const workers = 5
		p := NewPool(workers)
		enter(t, p)
		var met sync.WaitGroup
		met.Add(workers)
		if err := p.Run(t.Context(), workers, func(int, int) error { met.Done(); met.Wait(); return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

// A place that becomes free while a Run is under way is used by it.
func TestPoolRunTakesFreedPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(2)
		enter(t, p)
		enter(t, p) // another picture
		var met sync.WaitGroup
		met.Add(2)
		err := p.Run(t.Context(), 3, func(_, i int) error {
			if i == 0 {
				p.Leave() // the other picture is done
				return nil
			}
			met.Done()
			met.Wait()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestPoolRunNested(t *testing.T) {
	t.Parallel()
	p := NewPool(3)
	var inside, most, sum atomic.Int64
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			enter(t, p)
			defer p.Leave()
			err := p.Run(context.Background(), 10, func(_, i int) error {
				return p.Run(context.Background(), 10, func(_, k int) error {
					now := inside.Add(1)
					for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
					}
					sum.Add(int64(i*10 + k))
					inside.Add(-1)
					return nil
				})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, want := sum.Load(), int64(6*4950); got != want {
		t.Errorf("sum %d, want %d", got, want)
	}
	if got := most.Load(); got > 3 {
		t.Errorf("%d computed at a time, want at most 3", got)
	}
}

func TestPoolRunLowestErrorWins(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 4} {
		for range 20 {
			p := NewPool(workers)
			enter(t, p)
			var calls atomic.Int32
			err := p.Run(context.Background(), 1000, func(_, i int) error {
				calls.Add(1)
				if i >= 5 {
					return fmt.Errorf("index %d", i)
				}
				return nil
			})
			if err == nil || err.Error() != "index 5" {
				t.Fatalf("workers=%d: %v, want index 5", workers, err)
			}
			if n := calls.Load(); n > int32(6+workers) {
				t.Fatalf("workers=%d: %d calls, though index 5 failed", workers, n)
			}
		}
	}
}

// Of two that fail the lower index wins, whichever fails first.
func TestPoolRunLowestErrorWinsInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, hours := range [][]time.Duration{{1, 2}, {2, 1}} {
		synctest.Test(t, func(t *testing.T) {
			p := NewPool(2)
			enter(t, p)
			err := p.Run(t.Context(), 2, func(_, i int) error {
				time.Sleep(hours[i] * time.Hour) // of the bubble
				return fmt.Errorf("index %d", i)
			})
			if err == nil || err.Error() != "index 0" {
				t.Errorf("%v: got %v, want index 0", hours, err)
			}
		})
	}
}

func TestPoolRunPanic(t *testing.T) {
	t.Parallel()
	p := NewPool(2)
	enter(t, p)
	cause := errors.New("cause")
	err := p.Run(context.Background(), 8, func(_, i int) error {
		if i == 3 {
			panic(cause)
		}
		return nil
	})
	var pe *PanicError
	if !errors.As(err, &pe) || !errors.Is(err, cause) || !strings.Contains(string(pe.Stack), "TestPoolRunPanic") {
		t.Errorf("got %v, want a PanicError with its cause and the stack of the place", err)
	}
	if got := len(p.places); got != 1 {
		t.Errorf("%d places taken after the panic, want that of the caller alone", got)
	}
}

func TestPoolRunCancel(t *testing.T) {
	t.Parallel()
	p := NewPool(2)
	enter(t, p)
	cause := errors.New("signal")
	ctx, cancel := context.WithCancelCause(context.Background())
	var calls atomic.Int32
	err := p.Run(ctx, 1000, func(_, i int) error {
		calls.Add(1)
		if i == 3 {
			cancel(cause)
		}
		return nil
	})
	if !errors.Is(err, cause) || calls.Load() > 6 {
		t.Errorf("error %v after %d calls, want the cause after at most 6", err, calls.Load())
	}
	if err := p.Run(ctx, 0, nil); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
}

func TestPoolEnterWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(1)
		enter(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := p.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("entered a full pool: %v", err)
		}
		p.Leave()
		enter(t, p)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		p.Leave()
		if err := p.Enter(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("entered with a context that had ended: %v", err)
		}
	})
}
