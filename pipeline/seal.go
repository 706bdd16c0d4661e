package pipeline

import (
	"runtime/debug"
	"sync"
	"time"
)

// sealer brings the outputs of many pictures to the disk together. Each wait for a
// disk makes most file systems write their journal, and whoever creates a file
// meanwhile waits too: of files that are synchronised one right after the other,
// the first pays for all.
type sealer struct {
	mu      sync.Mutex
	waiting []sealing
	timed   bool // a timer for those that wait runs
}

type sealing struct {
	batch Batch
	done  chan error
}

const (
	// gather is how long outputs wait for those of other pictures.
	gather = 150 * time.Millisecond
	// mostGathered go to the disk at once. It is below mostPending, so that a
	// group is full before everybody waits.
	mostGathered = 32
	// fewItems are worked on without waiting for each other.
	fewItems = 16
)

// seal calls Seal of a batch, with those of others, and returns its error.
func (s *sealer) seal(b Batch) error {
	done := make(chan error, 1)
	s.mu.Lock()
	s.waiting = append(s.waiting, sealing{b, done})
	full := len(s.waiting) >= mostGathered
	if !full && !s.timed {
		s.timed = true
		time.AfterFunc(gather, func() { s.flush(true) })
	}
	s.mu.Unlock()
	if full {
		s.flush(false)
	}
	return <-done
}

// flush seals those that wait.
func (s *sealer) flush(timer bool) {
	s.mu.Lock()
	group := s.waiting
	s.waiting = nil
	if timer {
		s.timed = false
	}
	s.mu.Unlock()
	for _, g := range group {
		g.done <- sealed(g.batch)
	}
}

func sealed(b Batch) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return b.Seal()
}
