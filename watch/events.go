package watch

import (
	"sync"

	"github.com/fsnotify/fsnotify"
)

// notifier is what is used of fsnotify.Watcher.
type notifier interface {
	Add(dir string) error    // watches a folder, but not those in it
	Remove(dir string) error // ends that
	Close() error
	Channels() (<-chan fsnotify.Event, <-chan error)
}

type system struct{ *fsnotify.Watcher }

// Channels implements notifier.
func (s system) Channels() (<-chan fsnotify.Event, <-chan error) { return s.Events, s.Errors }

func listen() (notifier, error) {
	w, err := fsnotify.NewWatcher()
	return system{w}, err
}

// mostHints bounds how many names wait to be looked at. Beyond, a scan is
// cheaper.
const mostHints = 1 << 16

// hints collect events until they are looked at: a name is there once, however
// often it was written to. Collecting never waits, so the system's own queue is
// emptied while folders are read.
type hints struct {
	some chan struct{} // capacity 1: there are hints

	mu    sync.Mutex
	wrote map[string]bool // by path: whether it was made or written to
	lost  error           // events are missing; all has to be scanned
}

func newHints() *hints {
	return &hints{some: make(chan struct{}, 1), wrote: map[string]bool{}}
}

// collect takes events until the notifier is closed.
func (h *hints) collect(events <-chan fsnotify.Event, errs <-chan error) {
	for events != nil || errs != nil {
		select {
		case e, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			h.add(e)
		case err, ok := <-errs:
			if !ok {
				errs = nil
				continue
			}
			h.lose(err)
		}
	}
}

func (h *hints) add(e fsnotify.Event) {
	h.mu.Lock()
	if h.lost == nil {
		h.wrote[e.Name] = h.wrote[e.Name] || e.Has(fsnotify.Create) || e.Has(fsnotify.Write)
		if len(h.wrote) > mostHints {
			h.lost = fsnotify.ErrEventOverflow
			clear(h.wrote)
		}
	}
	h.mu.Unlock()
	poke(h.some)
}

func (h *hints) lose(err error) {
	h.mu.Lock()
	if h.lost == nil {
		h.lost = err
	}
	clear(h.wrote)
	h.mu.Unlock()
	poke(h.some)
}

// take returns what has come in since the last call.
func (h *hints) take() (wrote map[string]bool, lost error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	wrote, lost = h.wrote, h.lost
	h.wrote, h.lost = map[string]bool{}, nil
	return wrote, lost
}
