package main

import (
	"errors"
	"fmt"
	"sync"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/watch"
)

// unmoved keeps the inputs that --move-done or --move-failed could not move, for a
// watch that has an end. Links are none of them: they are never moved.
type unmoved struct {
	mu   sync.Mutex
	errs map[string]error // by path
}

// after returns a watch.Options.Notify that takes note of moves and then tells
// next.
func (u *unmoved) after(next func(watch.Event)) func(watch.Event) {
	u.errs = map[string]error{}
	return func(e watch.Event) {
		u.mu.Lock()
		switch {
		case e.Kind == watch.Moved:
			delete(u.errs, e.Path)
		case e.Kind == watch.MoveFailed && !errors.Is(e.Err, watch.ErrLink):
			u.errs[e.Path] = e.Err
		}
		u.mu.Unlock()
		next(e)
	}
}

// kind is that of the worst error. Call it, and err, when the watch has ended.
func (u *unmoved) kind() (worst pipeline.Kind) {
	for _, err := range u.errs {
		worst = max(worst, pipeline.KindOf(err))
	}
	return worst
}

// err is the error of a watch whose inputs could not be moved because of the
// environment.
func (u *unmoved) err() error {
	return &pipeline.Error{Kind: pipeline.KindEnvironment, Err: fmt.Errorf("inputs that could not be moved: %d; the same command moves them once that is put right", len(u.errs))}
}
