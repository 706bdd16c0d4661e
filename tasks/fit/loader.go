package fit

import (
	"context"
	"sync"

	"github.com/cae-restore/restore/cae/train"
)

// loader makes the batches of a training ahead of their use. Goroutines of its
// own make the examples one by one: they get the cores where and when the
// network leaves them idle, which it does between any two of its layers. There
// is one at first; whenever a batch is not ready when it is wanted, one more
// joins, up to the number of workers. What a batch holds depends on none of
// that.
type loader struct {
	source *batches
	most   int // goroutines
	group  sync.WaitGroup
	unhook func() bool // from the context

	mu      sync.Mutex
	changed sync.Cond
	slots   []slot // the batch of a step is in slot step % len(slots)
	first   int64  // the earliest step whose batch may still be in use
	given   bool   // it is in use
	step    int64  // the next example to make is number index of this step
	index   int
	running int // goroutines
	ended   bool
}

// slot is the place of a batch.
type slot struct {
	*filling
	left int   // examples that are not there yet
	err  error // of the example with the lowest number that failed
	at   int
}

// loadAhead is how many batches there may be beside the one in use.
const loadAhead = 2

// newLoader begins with the batch of step first. It ends with ctx; close must be
// called in any case.
func newLoader(ctx context.Context, b *batches, first int64, most int) *loader {
	l := &loader{source: b, most: max(1, most), slots: make([]slot, loadAhead+1), first: first, step: first}
	l.changed.L = &l.mu
	for i := range l.slots {
		l.slots[i] = slot{filling: b.newFilling(), left: b.config.Batch}
	}
	l.unhook = context.AfterFunc(ctx, l.end)
	l.mu.Lock()
	l.enlist()
	l.mu.Unlock()
	return l
}

// next is the batch of the next step. It is valid until next is called again.
// The error is that of the batch, or context.Canceled after the end.
func (l *loader) next() (train.Batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.given { // its place is free for a later batch
		l.slot(l.first).left = l.source.config.Batch
		l.first++
		l.changed.Broadcast()
	}
	l.given = true
	s := l.slot(l.first)
	if s.left > 0 && l.running < l.most && !l.ended {
		l.enlist()
	}
	for s.left > 0 && !l.ended {
		l.changed.Wait()
	}
	switch {
	case s.left > 0:
		return train.Batch{}, context.Canceled
	case s.err != nil:
		return train.Batch{}, s.err
	}
	return s.done(), nil
}

// slot is the place of a step's batch.
func (l *loader) slot(step int64) *slot { return &l.slots[step%int64(len(l.slots))] }

// enlist starts one more goroutine; l is locked.
func (l *loader) enlist() {
	l.running++
	l.group.Go(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for {
			for !l.ended && l.step >= l.first+int64(len(l.slots)) {
				l.changed.Wait()
			}
			if l.ended {
				return
			}
			step, i := l.step, l.index
			if l.index++; l.index == l.source.config.Batch {
				l.step, l.index = l.step+1, 0
			}
			s := l.slot(step)
			l.mu.Unlock()
			err := l.source.example(s.filling, step, i)
			l.mu.Lock()
			if err != nil && (s.err == nil || i < s.at) {
				s.err, s.at = err, i
			}
			if s.left--; s.left == 0 {
				l.changed.Broadcast()
			}
		}
	})
}

// end lets all who wait go.
func (l *loader) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.changed.Broadcast()
}

// close ends the loader and waits for its goroutines.
func (l *loader) close() {
	l.unhook()
	l.end()
	l.group.Wait()
}
