package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	bolt "go.etcd.io/bbolt"
)

// entry is one change of the ledger, about one item.
type entry struct {
	key     string
	intent  *intent           // to be stored; nil: the item's intent goes
	record  *record           // to be stored, if any
	outputs map[string]*owned // to be stored
	done    chan error        // told when the entry is on the disk; nil where nobody waits
}

// lazy is how long an entry waits at most when nobody waits for it.
const lazy = 100 * time.Millisecond

// intend stores an intent and returns when it is on the disk. Intents that wait
// at the same time share one transaction, and so one wait for the disk.
func (l *records) intend(key string, in *intent) error {
	e := &entry{key: key, intent: in, done: make(chan error, 1)}
	l.put(e)
	return <-e.done
}

// put queues an entry. Reads see it at once; the disk does with a group to come.
func (l *records) put(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil || l.closed || l.read {
		if e.done != nil {
			e.done <- l.err
		}
		return
	}
	if e.record != nil {
		l.items[e.key] = e.record
	}
	for name, o := range e.outputs {
		l.outputs[name] = o
	}
	l.waiting = append(l.waiting, e)
	switch {
	case e.done != nil:
		l.rouse()
	case !l.timed:
		l.timed = true
		time.AfterFunc(lazy, func() {
			l.mu.Lock()
			l.due = true
			l.mu.Unlock()
			l.rouse()
		})
	}
}

// rouse makes the writer look for entries.
func (l *records) rouse() {
	select {
	case l.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// write stores entries in groups, until close.
func (l *records) write() {
	defer close(l.stopped)
	for range l.wake {
		l.mu.Lock()
		group, closed, err := l.take(), l.closed, l.err
		l.mu.Unlock()
		if len(group) > 0 && err == nil {
			err = l.store(group)
		}
		l.mu.Lock()
		if err != nil && l.err == nil {
			l.err = err
		}
		l.forget(group)
		l.mu.Unlock()
		for _, e := range group {
			if e.done != nil {
				e.done <- err
			}
		}
		if closed {
			return
		}
	}
}

// take takes the entries of the next group: those that are waited for, and the
// others all at once when it is time, as their folders have to be synchronised.
// Entries of one item stay in their order. l.mu is held.
func (l *records) take() (group []*entry) {
	if l.due || l.closed {
		group, l.waiting, l.timed, l.due = l.waiting, nil, false, false
		return group
	}
	urgent := map[string]bool{}
	for _, e := range l.waiting {
		urgent[e.key] = urgent[e.key] || e.done != nil
	}
	var rest []*entry
	for _, e := range l.waiting {
		if urgent[e.key] {
			group = append(group, e)
		} else {
			rest = append(rest, e)
		}
	}
	l.waiting = rest
	return group
}

// store writes a group in one transaction. The folders whose names the group
// tells of come first: a record must not outlive, on the disk, what it says.
func (l *records) store(group []*entry) error {
	dirs := map[string]bool{}
	for _, e := range group {
		for name := range e.outputs {
			dirs[filepath.Dir(l.file(name))] = true
		}
	}
	for dir := range dirs {
		syncDir(dir)
	}
	if err := l.present(); err != nil {
		return err
	}
	err := l.guard(func() error {
		return l.db.Update(func(tx *bolt.Tx) error {
			for _, e := range group {
				if err := e.store(tx); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return outOfSpace(environment(fmt.Errorf("cannot write the ledger %s: %w", QuoteName(l.path), err)), "the ledger", filepath.Dir(l.path))
	}
	return nil
}

func (e *entry) store(tx *bolt.Tx) error {
	if e.intent != nil {
		return putIn(tx, intentBucket, e.key, pack(e.key, e.intent))
	}
	if err := putIn(tx, intentBucket, e.key, nil); err != nil {
		return err
	}
	for name, o := range e.outputs {
		if err := putIn(tx, outputBucket, name, pack(name, o)); err != nil {
			return err
		}
	}
	if e.record != nil {
		return putIn(tx, itemBucket, e.key, pack(e.key, e.record))
	}
	return nil
}

// forget drops what the database has by now. l.mu is held.
func (l *records) forget(group []*entry) {
	if l.err != nil {
		return // the database has it not
	}
	for _, e := range group {
		if e.record != nil && l.items[e.key] == e.record {
			delete(l.items, e.key)
		}
		for name, o := range e.outputs {
			if l.outputs[name] == o {
				delete(l.outputs, name)
			}
		}
	}
}

// close brings all entries to the disk and closes the ledger. The error is that
// of the first entry that could not be stored.
func (l *records) close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.rouse()
	<-l.stopped
	err := l.err
	if l.db != nil {
		err = errors.Join(err, l.db.Close())
	}
	l.unlock()
	return err
}

// syncDir brings the names in a folder to the disk. Where the system or the file
// system cannot do that, a name may be lost with the power, and the next run
// makes the file again.
func syncDir(dir string) {
	if runtime.GOOS == "windows" {
		return
	}
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync()
		f.Close()
	}
}
