package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// ErrMemory is in the error of a picture that alone needs more memory than
// Options.Memory allows. The error says how much it needs.
var ErrMemory = errors.New("it needs more memory than is allowed")

// The program's own memory, which no picture in flight is charged for. A run over
// one pixel peaks at 36 MiB, and at 56 where it writes a JPEG, 10 of them weights.
const (
	// OutsideHeap is what lies outside of Go's heap and does not count for
	// debug.SetMemoryLimit: the program's code and data as far as they are used,
	// the JPEG encoder's code, stacks of the system's threads.
	OutsideHeap = 40 << 20

	// insideHeap is what the Go runtime and the program hold in any case.
	insideHeap = 24 << 20
)

// Workspace is what a step may use to work on one picture, for tasks.Env.Memory:
// a quarter of memory is for the workspaces of as many pictures as there are
// workers, the rest for their samples and codecs. More than 1 GiB brings
// nothing: tiles are large enough then. 0 for memory, which is no limit, gives 0.
func Workspace(memory int64, workers int) int64 {
	if memory <= 0 {
		return 0
	}
	return min(1<<30, max(1, (memory-OutsideHeap-insideHeap)/4/int64(max(1, workers))))
}

// budget is memory that the pictures in flight share. Who comes first is served
// first: a large picture is not passed by small ones for which there would be
// room, so it does not starve. The zero value has no limit.
type budget struct {
	mu      sync.Mutex
	limit   int64 // 0: none
	used    int64
	waiting []*waiter // in the order in which they came
}

type waiter struct {
	bytes int64
	ready chan struct{} // closed once the bytes are its own
}

// take waits until so many bytes are free, which must not be more than the
// limit, and takes them. With an error, which is that of ctx, it has none.
func (b *budget) take(ctx context.Context, bytes int64) error {
	if b.limit == 0 {
		return nil
	}
	b.mu.Lock()
	if len(b.waiting) == 0 && b.used+bytes <= b.limit {
		b.used += bytes
		b.mu.Unlock()
		return nil
	}
	w := &waiter{bytes, make(chan struct{})}
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.waiting {
		if b.waiting[i] == w {
			b.waiting = append(b.waiting[:i], b.waiting[i+1:]...)
			b.admit() // those behind it may fit
			return context.Cause(ctx)
		}
	}
	b.used -= bytes // it was served at the same moment
	b.admit()
	return context.Cause(ctx)
}

// give gives bytes back.
func (b *budget) give(bytes int64) {
	if b.limit == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= bytes
	b.admit()
}

// admit serves those who wait, up to the first for whom there is no room.
func (b *budget) admit() {
	for len(b.waiting) > 0 && b.used+b.waiting[0].bytes <= b.limit {
		w := b.waiting[0]
		b.waiting = b.waiting[1:]
		b.used += w.bytes
		close(w.ready)
	}
}

// Size writes a number of bytes in MiB or GiB.
func Size(bytes int64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%d MiB", (bytes+1<<20-1)>>20)
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
