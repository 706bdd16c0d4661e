package watch

import (
	"container/heap"
	"io/fs"
	"strings"
	"sync"
	"time"
)

// stamp is what tells one state of a file from another.
type stamp struct {
	size, time int64 // bytes; nanoseconds since 1970
	id         fileID
}

func stampOf(info fs.FileInfo) stamp {
	return stamp{info.Size(), info.ModTime().UnixNano(), idOf(info)}
}

// phase is where a file is on its way.
type phase uint8

const (
	settling phase = iota // to be looked at when it is due
	waiting               // failed as an unfinished file; to be looked at when it is due
	queued                // waits for its turn
	flying                // yielded, and Done has not been called
	ended                 // restored, or reported as failed
)

// file is what is remembered of one name in the folder.
type file struct {
	rel string
	stamp
	phase      phase
	tries      uint8     // failures since it last changed
	number     int       // of the name that its outputs have; see numbered
	due        time.Time // for settling and waiting
	place      int       // in the heap of those that are due; -1: not in it
	generation uint64    // of the scan that saw it last
	arrived    bool      // seen to come or to change, and not found there
	err        error     // why it cannot be looked at, to be yielded with it
}

// files are all that is known, by relative path. Methods take the lock.
type files struct {
	mu      sync.Mutex
	byRel   map[string]*file
	aloft   map[string]*file // in flight, by the path of the item
	queue   []*file          // those whose phase is no longer queued are passed over
	due     dueHeap
	pending int  // files in any phase but ended
	over    bool // Once: nothing is left to do
	settled bool // all of the folder has been looked through: what is new has arrived
}

func (s *files) init() {
	s.byRel, s.aloft = map[string]*file{}, map[string]*file{}
}

// set changes the phase of a file and keeps the books. at counts for settling
// and waiting.
func (s *files) set(f *file, p phase, at time.Time) {
	if was, is := f.phase != ended, p != ended; was != is {
		if is {
			s.pending++
		} else {
			s.pending--
		}
	}
	f.phase, f.due = p, at
	switch timed := p == settling || p == waiting; {
	case timed && f.place < 0:
		heap.Push(&s.due, f)
	case timed:
		heap.Fix(&s.due, f.place)
	case f.place >= 0:
		heap.Remove(&s.due, f.place)
	}
	if p == queued {
		s.queue = append(s.queue, f)
	}
}

// saw takes note of a file as it is now. wrote tells that it has been written to
// a moment ago, even where size and time do not show it. Only a file that is not
// in flight begins anew at once; Done and Retry look for themselves.
func (s *files) saw(rel string, st stamp, wrote bool, now time.Time, settle time.Duration, generation uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.byRel[rel]
	if f == nil {
		f = s.add(rel)
	} else if f.generation = max(f.generation, generation); f.phase == flying {
		return
	} else if f.stamp == st && f.err == nil && !(wrote && (f.phase == settling || f.phase == queued)) {
		return
	} else {
		f.arrived = true
	}
	f.generation = max(f.generation, generation)
	f.stamp, f.err, f.tries, f.number = st, nil, 0, 1
	s.set(f, settling, now.Add(settle))
}

// add adds a name.
func (s *files) add(rel string) *file {
	f := &file{rel: rel, phase: ended, place: -1, arrived: s.settled}
	s.byRel[rel] = f
	return f
}

// settle tells whether names that come from now on were not there before.
func (s *files) settle(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = yes
}

func (s *files) hasArrived(f *file) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.arrived
}

// sawError takes note of a name that cannot be looked at. If it is young or has
// arrived, it is tried again with growing pauses, and then yielded with the error.
// Otherwise, and with final, it is yielded at once.
func (s *files) sawError(rel string, err error, young, final bool, now time.Time, generation uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.byRel[rel]
	if f == nil {
		f = s.add(rel)
	} else if f.generation = max(f.generation, generation); f.phase == flying || f.err != nil && f.phase != waiting {
		return
	}
	f.generation = max(f.generation, generation)
	switch {
	case final || !young && !f.arrived || int(f.tries) >= len(backOff):
		f.err = err
		s.set(f, queued, time.Time{})
	case f.err == nil || !f.due.After(now):
		f.err = err
		s.set(f, waiting, now.Add(backOff[f.tries]))
		f.tries++
	}
}

// ripe moves on one file that is due and turned out to be as it was.
func (s *files) ripe(rel string, st stamp) (known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.byRel[rel]
	if f == nil || f.stamp != st || f.err != nil || f.phase != settling && f.phase != waiting {
		return false
	}
	s.set(f, queued, time.Time{})
	return true
}

// dueNow returns the names that are due, and takes their next turn off so that
// each is returned once: look decides what follows.
func (s *files) dueNow(now time.Time) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.due) > 0 && !s.due[0].due.After(now) {
		list = append(list, heap.Pop(&s.due).(*file).rel)
	}
	return list
}

// nextDue is when the next file is due; false where none is.
func (s *files) nextDue() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.due) == 0 {
		return time.Time{}, false
	}
	return s.due[0].due, true
}

// take takes the next file off the queue and puts it in flight; nil where none
// waits.
func (s *files) take() (f *file, finished bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) > 0 {
		f, s.queue = s.queue[0], s.queue[1:]
		if f.phase == queued && s.byRel[f.rel] == f {
			s.set(f, flying, time.Time{})
			return f, false
		}
	}
	s.queue = nil // so that what it held can go
	return nil, s.over
}

// launch files a file in flight under the path of its item.
func (s *files) launch(path string, f *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aloft[path] = f
}

func (s *files) inFlight(path string) *file {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.aloft[path]
}

// land takes a file out of flight, as if nothing were known of how it is.
func (s *files) land(f *file) { s.leave(f, ended, stamp{}) }

// end takes a file out of flight for good.
func (s *files) end(f *file) { s.leave(f, ended, f.stamp) }

func (s *files) leave(f *file, p phase, st stamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlist(f)
	f.stamp = st
	s.set(f, p, time.Time{})
}

// unlist removes what launch has listed.
func (s *files) unlist(f *file) {
	for path, other := range s.aloft { // as few as there are workers
		if other == f {
			delete(s.aloft, path)
		}
	}
}

// postpone takes a file out of flight to be tried again later, unless it has
// been tried often enough.
func (s *files) postpone(f *file, now time.Time) (wait time.Duration, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int(f.tries) >= len(backOff) {
		return 0, false
	}
	s.unlist(f)
	wait = backOff[f.tries]
	f.tries++
	s.set(f, waiting, now.Add(wait))
	return wait, true
}

// rename takes a file out of flight to have its turn again at once, with the next
// number whose name no file of the folder has.
func (s *files) rename(f *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlist(f)
	for f.number++; s.byRel[numbered(f.rel, f.number)] != nil; f.number++ {
	}
	s.set(f, queued, time.Time{})
}

// forget drops a name that is gone; one in flight stays until it has landed. It
// reports whether work was still to be done on it.
func (s *files) forget(rel string) (open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.byRel[rel]
	if f == nil || f.phase == flying {
		return false
	}
	open = f.phase != ended
	s.set(f, ended, time.Time{})
	delete(s.byRel, rel)
	return open
}

// under returns the names in a folder, or of the file itself.
func (s *files) under(rel string) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.byRel {
		if rel == "." || name == rel || strings.HasPrefix(name, rel+"/") {
			list = append(list, name)
		}
	}
	return list
}

// unseen returns the names that a scan has not come across.
func (s *files) unseen(generation uint64) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, f := range s.byRel {
		if f.generation != generation {
			list = append(list, name)
		}
	}
	return list
}

// Unfinished is the number of files known that have not come to their end: those
// that settle, wait for their turn or another try, or were cut short.
func (s *files) Unfinished() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending
}

// idle reports whether all files have come to their end.
func (s *files) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending == 0
}

// finish makes take say that all is done.
func (s *files) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// dueHeap is a heap of files by when they are due.
type dueHeap []*file

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *dueHeap) Push(x any) {
	f := x.(*file)
	f.place = len(*h)
	*h = append(*h, f)
}

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	f := (*h)[last]
	(*h)[last] = nil
	*h, f.place = (*h)[:last], -1
	return f
}
