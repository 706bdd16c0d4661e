package pipeline

import (
	"errors"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// settleAll settles what a run that was killed left: for each intent, which of
// its files have their names. A ledger that may not be written is settled for its
// reader alone.
func (l *records) settleAll() error {
	var entries []*entry
	err := l.view(func(tx *bolt.Tx) error {
		return tx.Bucket(intentBucket).ForEach(func(key, data []byte) error {
			in := new(intent)
			if err := unpack(string(key), data, in); err != nil {
				return l.damaged(err)
			}
			entries = append(entries, l.settle(string(key), in))
			return nil
		})
	})
	if err != nil || len(entries) == 0 {
		return err
	}
	if !l.read {
		return l.store(entries)
	}
	for _, e := range entries {
		if e.record != nil {
			l.items[e.key] = e.record
		}
		for name, o := range e.outputs {
			l.outputs[name] = o
		}
	}
	return nil
}

// settle finds out how far an item came. Files that have their names are ours,
// and the item is done if all have. Temporary ones are removed.
func (l *records) settle(key string, in *intent) *entry {
	e := &entry{key: key, outputs: map[string]*owned{}}
	for _, f := range in.Files {
		// A file that cannot be looked at is not taken for ours.
		now, c, _ := f.compare(l.file(string(f.Name)), false)
		if c == same || c == touched {
			e.outputs[string(f.Name)] = &owned{fileName(key), now}
		}
		if !l.read {
			removeDead(l.file(string(f.Temp)))
		}
	}
	switch len(e.outputs) {
	case len(in.Files):
		e.record = &in.Record
	case 0:
	default: // it is not done; what its outputs were made of is known
		e.record = &record{Input: in.Record.Input, Outcome: Failed, Time: in.Record.Time}
		for _, f := range in.Files {
			if e.outputs[string(f.Name)] != nil {
				e.record.Outputs = append(e.record.Outputs, f.Name)
			}
		}
	}
	return e
}

// removeDead removes a temporary file whose maker is dead.
func removeDead(name string) {
	if !tempName.MatchString(filepath.Base(name)) {
		return
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return
	}
	err = lock(f)
	f.Close() // some systems remove no open file
	if err == nil || errors.Is(err, errors.ErrUnsupported) {
		os.Remove(name)
	}
}
