package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/fsnotify/fsnotify"
)

// fakeNotifier sends what a test tells it to, and knows what is watched.
type fakeNotifier struct {
	events chan fsnotify.Event
	errs   chan error

	mu      sync.Mutex
	watched map[string]bool
	refuse  func(dir string) error // may be nil
	onAdd   func(dir string)       // may be nil; runs after the watch stands
}

func (n *fakeNotifier) Add(dir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refuse != nil {
		if err := n.refuse(dir); err != nil {
			return err
		}
	}
	n.watched[dir] = true
	if n.onAdd != nil {
		n.onAdd(dir)
	}
	return nil
}

func (n *fakeNotifier) Remove(dir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.watched, dir)
	return nil
}

func (n *fakeNotifier) Close() error {
	close(n.events)
	close(n.errs)
	return nil
}

func (n *fakeNotifier) Channels() (<-chan fsnotify.Event, <-chan error) { return n.events, n.errs }

// rig is a watch under test, in a bubble of virtual time. The file system is a
// real one; its events are those that the test sends.
type rig struct {
	t      *testing.T
	dir    string
	source *Source
	fake   *fakeNotifier
	cancel context.CancelFunc
	ended  chan struct{} // closed when the iteration has ended

	mu     sync.Mutex
	items  []pipeline.Item
	failed []string // relative paths of items yielded with an error
	events []Event
}

// start begins to watch dir. Call it in a bubble.
func start(t *testing.T, dir string, o Options, prepare ...func(*Source, *fakeNotifier)) *rig {
	t.Helper()
	r := &rig{t: t, dir: dir, ended: make(chan struct{})}
	o.Notify = func(e Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, e)
	}
	source, err := New(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	r.source = source
	r.fake = &fakeNotifier{events: make(chan fsnotify.Event), errs: make(chan error), watched: map[string]bool{}}
	source.listen = func() (notifier, error) { return r.fake, nil }
	source.jitter = func(d time.Duration) time.Duration { return d }
	source.recent = func(fs.FileInfo, time.Time) bool { return true } // the times of files are not those of the bubble
	for _, p := range prepare {
		p(source, r.fake)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	t.Cleanup(cancel)
	go func() {
		defer close(r.ended)
		for item, err := range source.Items(ctx) {
			r.mu.Lock()
			if r.items = append(r.items, item); err != nil {
				r.failed = append(r.failed, item.Rel)
			}
			r.mu.Unlock()
		}
	}()
	synctest.Wait()
	return r
}

// stop ends the watch and waits until it has.
func (r *rig) stop() {
	r.cancel()
	<-r.ended
}

// sleep lets virtual time pass and all that falls due happen.
func (r *rig) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// got returns the relative paths yielded since the last call, in order.
func (r *rig) got() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, item := range r.items {
		list = append(list, item.Rel)
	}
	r.items = nil
	return strings.Join(list, " ")
}

// want checks what was yielded since the last look.
func (r *rig) want(what, list string) {
	r.t.Helper()
	if got := r.got(); got != list {
		r.t.Errorf("%s: it yielded %q, want %q", what, got, list)
	}
}

// told counts the events of a kind.
func (r *rig) told(kind EventKind) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// event sends an event on a name in the folder.
func (r *rig) event(op fsnotify.Op, rel string) {
	r.fake.events <- fsnotify.Event{Name: filepath.Join(r.dir, filepath.FromSlash(rel)), Op: op}
	synctest.Wait()
}

func (r *rig) item(rel string) pipeline.Item {
	return pipeline.Item{Path: filepath.Join(r.dir, filepath.FromSlash(rel)), Rel: rel}
}

func (r *rig) watches() string {
	r.fake.mu.Lock()
	defer r.fake.mu.Unlock()
	var list []string
	for dir := range r.fake.watched {
		rel, _ := filepath.Rel(r.dir, dir)
		list = append(list, filepath.ToSlash(rel))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// put writes a file below dir, making its folders.
func put(t testing.TB, dir, rel, text string) string {
	t.Helper()
	name := filepath.Join(dir, filepath.FromSlash(rel))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// result is what a run tells of an item that was restored, or that failed with err.
func result(item pipeline.Item, err error) pipeline.Result {
	res := pipeline.Result{Item: item, Outcome: pipeline.Restored, Err: err}
	if err != nil {
		res.Outcome = pipeline.Failed
	}
	return res
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func there(dir, rel string) bool {
	_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(rel)))
	return !errors.Is(err, os.ErrNotExist)
}

// listing returns the files below dir with what is in them.
func listing(t testing.TB, dir string) string {
	t.Helper()
	var list []string
	must(t, filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, name)
			data, err := os.ReadFile(name)
			list = append(list, fmt.Sprintf("%s=%s", filepath.ToSlash(rel), data))
			return err
		}
		return err
	}))
	return strings.Join(list, " ")
}
