package watch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/cae-restore/restore/pipeline"
)

// leastPause keeps scans apart when events are lost again and again.
const leastPause = time.Second

// follow keeps the books of what is in the folder until ctx ends, or with Once
// until all is done.
func (s *Source) follow(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	h := newHints()
	if !s.Poll && !s.Once {
		n, err := s.listen()
		if err != nil {
			s.cannotWatch(s.dir, err)
		} else {
			s.notifier = n
			defer n.Close()
			wg.Go(func() { h.collect(n.Channels()) })
		}
	}
	s.scanAll(ctx)
	for ctx.Err() == nil {
		poke(s.ready)
		if s.Once && s.away != nil { // Err says so
			s.finish()
			poke(s.ready)
			return
		}
		if s.Once && s.idle() {
			s.scanAll(ctx)
			if s.idle() && s.away == nil && ctx.Err() == nil {
				s.finish()
				poke(s.ready)
				return
			}
			if s.away != nil {
				continue
			}
		}
		timer := time.NewTimer(time.Until(s.nextTurn()))
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-h.some:
			s.heed(ctx, h)
		case <-timer.C:
		}
		timer.Stop()
		s.punctual(ctx, time.Now())
	}
}

// nextTurn is when something is to be done next.
func (s *Source) nextTurn() time.Time {
	next := s.scanAt
	if s.rootAt.Before(next) {
		next = s.rootAt
	}
	if !s.pollAt.IsZero() && s.pollAt.Before(next) {
		next = s.pollAt
	}
	if due, ok := s.nextDue(); ok && due.Before(next) {
		next = due
	}
	return next
}

// punctual does what is due.
func (s *Source) punctual(ctx context.Context, now time.Time) {
	due := s.dueNow(now)
	slices.Sort(due)
	for _, rel := range due {
		if s.madeSince(rel) {
			s.forget(rel)
			continue
		}
		s.look(rel, false, true)
	}
	s.punctualRoot(ctx, now)
	switch {
	case !now.Before(s.scanAt):
		s.scanAll(ctx)
	case !s.pollAt.IsZero() && !now.Before(s.pollAt):
		for rel, f := range s.folders {
			if !f.watched {
				s.scan(ctx, rel, false)
			}
		}
		s.schedule(false)
	}
}

// schedule sets when the next scans are due: of all, if that one has just been,
// and of the folders that send no events.
func (s *Source) schedule(all bool) {
	now := time.Now()
	if all {
		s.scannedAt = now
		interval := s.Interval
		if s.notifier == nil && !s.Poll {
			interval = min(interval, FallbackPoll)
		}
		s.scanAt = now.Add(s.jitter(interval))
	}
	s.pollAt = time.Time{}
	if s.notifier == nil {
		return
	}
	for _, f := range s.folders {
		if !f.watched {
			s.pollAt = now.Add(s.jitter(FallbackPoll))
			return
		}
	}
}

// heed looks at what events name. What is gone comes first: a watch that has
// moved along with its folder has to end before the folder is watched under its
// new name.
func (s *Source) heed(ctx context.Context, h *hints) {
	wrote, lost := h.take()
	if lost != nil {
		s.notify(Event{Kind: Overflow, Path: s.dir, Err: lost})
		if at := s.scannedAt.Add(leastPause); at.Before(s.scanAt) {
			s.scanAt = at
		}
	}
	var there []string
	for name := range wrote {
		rel, ok := s.rel(name)
		switch {
		case !ok, s.leaveOut(rel):
		case rel == ".":
			s.scanAt = time.Now()
		case s.folders[path.Dir(rel)] == nil: // in a folder that is not entered, or not yet
		case s.folders[rel] != nil && s.replaced(rel):
			s.drop(rel)
			there = append(there, rel)
		default:
			there = append(there, rel)
		}
	}
	slices.Sort(there)
	for _, rel := range there {
		if s.look(rel, wrote[s.path(rel)], false) {
			s.scan(ctx, rel, false)
		}
	}
	if s.pollAt.IsZero() {
		s.schedule(false)
	}
}

// rel returns the relative path of a name that an event has.
func (s *Source) rel(name string) (string, bool) {
	rel, err := filepath.Rel(s.dir, name)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// leaveOut reports whether a name is none of the pictures.
func (s *Source) leaveOut(rel string) bool {
	return rel != "." && (s.rules.LeaveOut(rel) || unfinished(path.Base(rel)) || s.isMask(rel) || s.made(rel))
}

// isMask reports whether a name is that of a mask, or lies in a folder of masks.
func (s *Source) isMask(rel string) bool {
	return slices.ContainsFunc(s.masks, func(mask string) bool {
		_, inside := pipeline.Below(mask, rel)
		return inside
	})
}

// look takes note of how a name is now, and reports whether it is that of a
// folder. wrote tells that it has been made or written to; due, that its time
// has come and it is ready if it has not changed.
func (s *Source) look(rel string, wrote, due bool) (isFolder bool) {
	name := s.path(rel)
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if link, lerr := os.Lstat(name); lerr == nil { // a link that leads nowhere
			s.sawError(rel, pipeline.Dangling(name, err), s.recent(link, time.Now()), false, time.Now(), s.now())
			return false
		}
		if s.forget(rel) {
			s.notify(Event{Kind: Gone, Path: name, Rel: rel})
		}
	case err != nil && s.rootGone():
		s.forget(rel)
	case err != nil:
		entry, lerr := os.Lstat(name)
		s.sawError(rel, err, lerr == nil && s.recent(entry, time.Now()), false, time.Now(), s.now())
	case info.IsDir():
		s.forget(rel)
		return true
	case !info.Mode().IsRegular():
		s.forget(rel)
	case due && s.ripe(rel, stampOf(info)):
	default:
		s.saw(rel, stampOf(info), wrote, time.Now(), s.Settle, s.now())
	}
	return false
}

// cannotWatch says once that folders are polled, as their number may be large.
func (s *Source) cannotWatch(name string, err error) {
	if !s.told {
		s.told = true
		s.notify(Event{Kind: Polling, Path: name, Err: err, Wait: FallbackPoll})
	}
}
