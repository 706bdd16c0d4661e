package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Ledger says where a run keeps its records: what each output was made of, and
// how. By them the next run tells what is current, what has to be made again,
// and which files in the output folder are its own. docs/ledger.md explains it.
//
// Run opens the ledger when all checks are done, and closes it at its end.
// Meanwhile no other run can work on the same output folder.
type Ledger struct {
	Out   string // the output folder
	State string // the folder of the ledger; empty: .restore in Out
}

const (
	ledgerDir    = ".restore"
	ledgerName   = "ledger.db"
	ledgerFormat = 1 // of the ledger; one that is not known is refused
)

// The buckets of the database.
var (
	metaBucket   = []byte("meta")    // "format": its number; "out": the output folder, where the ledger is elsewhere
	itemBucket   = []byte("items")   // key of an item -> record
	outputBucket = []byte("outputs") // name below the output folder -> owned
	intentBucket = []byte("intents") // key of an item -> intent
)

// records is an open ledger. Its methods can be called from many goroutines.
type records struct {
	out    string // as the sink has it
	path   string // of the database
	db     *bolt.DB
	locks  []*os.File
	read   bool        // nothing may be written
	alone  bool        // the locks hold: no other run is at work on out
	opened fs.FileInfo // of the database, when it was opened

	mu      sync.Mutex
	items   map[string]*record // what reads see before the database has it
	outputs map[string]*owned
	waiting []*entry
	timed   bool  // the timer for entries that nobody waits for runs
	due     bool  // it has run out
	closed  bool  // no entry comes any more
	err     error // the first of a write; none is tried after it

	wake    chan struct{}
	stopped chan struct{}
}

// open opens the ledger. With readOnly it makes and changes nothing: a ledger
// that is not there is an empty one. All errors are of KindEnvironment.
func (l *Ledger) open(readOnly bool) (*records, error) {
	dir := l.State
	if dir == "" {
		dir = filepath.Join(l.Out, ledgerDir)
	}
	r := &records{out: filepath.Clean(l.Out), path: filepath.Join(dir, ledgerName), read: readOnly,
		items: map[string]*record{}, outputs: map[string]*owned{}, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	if readOnly {
		if err := r.pointer(dir); err != nil {
			return nil, err
		}
		if _, err := os.Lstat(r.path); errors.Is(err, fs.ErrNotExist) {
			close(r.stopped)
			return r, nil
		}
	}
	if err := r.open(dir); err != nil {
		r.unlock()
		if r.db != nil {
			r.db.Close()
		}
		return nil, environment(err)
	}
	if readOnly {
		close(r.stopped)
	} else {
		go r.write()
	}
	return r, nil
}

// environment gives an error of the ledger its kind.
func environment(err error) error {
	if kind := KindOf(err); kind == KindEnvironment || kind == KindUsage {
		return err
	}
	return &Error{Kind: KindEnvironment, Err: err}
}

func (l *records) open(dir string) error {
	wait := time.Nanosecond // who holds the database is not soon done with it
	if !l.read {
		var err error
		if l.alone, err = l.lock(dir); err != nil {
			return err
		}
		if l.alone {
			wait = 5 * time.Second // only a dry run can have it
		}
		if err := l.pointer(dir); err != nil {
			return err
		}
		if err := l.create(); err != nil {
			return fmt.Errorf("cannot make the ledger %s: %w; --state DIR puts it into another folder", QuoteName(l.path), err)
		}
	}
	// The database trusts what it reads. So it is looked at before it may write,
	// and what is behind its end, after a cut, is not touched.
	if err := l.connect(true, wait, dir); err != nil {
		return err
	}
	if err := l.check(); err != nil {
		return err
	}
	if !l.read {
		l.db.Close()
		if err := l.connect(false, wait, dir); err != nil {
			return err
		}
	}
	if err := l.belong(dir); err != nil {
		return err
	}
	return l.settleAll()
}

// belong makes a ledger in a folder of its own that of the output folder. It
// refuses that of another folder, unless that one has gone: moved, most likely.
func (l *records) belong(dir string) error {
	if dir == filepath.Join(l.out, ledgerDir) {
		return nil
	}
	out, err := realPath(l.out)
	if err != nil {
		return err
	}
	var before string
	err = l.view(func(tx *bolt.Tx) error {
		before = string(tx.Bucket(metaBucket).Get([]byte("out")))
		return nil
	})
	if err != nil || before == out {
		return err
	}
	if _, err := os.Stat(before); before != "" && err == nil {
		return fmt.Errorf("the folder %s holds the ledger of another output folder, %s; each needs a --state of its own", QuoteName(dir), QuoteName(before))
	}
	if l.read {
		return nil
	}
	return l.guard(func() error {
		return l.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put([]byte("out"), []byte(out)) })
	})
}

// lock takes the lock of the ledger's folder and, where that is another, the one
// of the output folder, so that no two ledgers are at work on one output.
func (l *records) lock(dir string) (exclusive bool, err error) {
	exclusive = true
	var first fs.FileInfo
	for i, dir := range []string{dir, filepath.Join(l.out, ledgerDir)} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return false, fmt.Errorf("cannot make the folder of the ledger: %w; --state DIR chooses another", err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			return false, err
		}
		if i == 0 {
			first = info
		} else if os.SameFile(first, info) {
			break
		}
		f, ok, err := lockFile(dir)
		if errors.Is(err, errHeld) {
			return false, held(l.out, dir)
		}
		if err != nil {
			return false, fmt.Errorf("cannot lock the ledger: %w; --state DIR puts it into another folder", err)
		}
		l.locks = append(l.locks, f)
		exclusive = exclusive && ok
	}
	for _, f := range l.locks {
		writeHolder(f)
	}
	return exclusive, nil
}

func (l *records) unlock() {
	for _, f := range l.locks {
		unlock(f)
	}
	l.locks = nil
}

// create makes the database where there is none: under another name first, as a
// process that is killed here must not leave half of one.
func (l *records) create() error {
	if _, err := os.Lstat(l.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	half := l.path + ".new"
	if err := os.Remove(half); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bolt.Open(half, 0o666, &bolt.Options{Timeout: time.Nanosecond})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{metaBucket, itemBucket, outputBucket, intentBucket} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return tx.Bucket(metaBucket).Put([]byte("format"), []byte(strconv.Itoa(ledgerFormat)))
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := rename(half, l.path, false); err != nil {
		return err
	}
	syncDir(filepath.Dir(l.path))
	return nil
}

// connect opens the database.
func (l *records) connect(readOnly bool, wait time.Duration, dir string) error {
	// The database would fill an empty file, and all that was known be lost in silence.
	if info, err := os.Stat(l.path); err == nil && info.Size() == 0 {
		return l.damaged(errors.New("it is empty"))
	}
	err := l.guard(func() (err error) {
		l.db, err = bolt.Open(l.path, 0o666, &bolt.Options{Timeout: wait, ReadOnly: readOnly, FreelistType: bolt.FreelistMapType})
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return held(l.out, dir)
	case err != nil && !ofSystem(err) && KindOf(err) != KindEnvironment:
		return l.damaged(err) // what is in it, or how long it is
	case err != nil && KindOf(err) != KindEnvironment:
		return fmt.Errorf("cannot open the ledger %s: %w; --state DIR puts it into another folder, on a local disk say", QuoteName(l.path), err)
	}
	return err
}

// guard calls f and turns what a damaged database does to it into an error: the
// file is mapped into memory, so one that is cut gives no error when it is read.
func (l *records) guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			err = l.damaged(fmt.Errorf("%v", v))
		}
	}()
	return f()
}

func (l *records) view(f func(*bolt.Tx) error) error {
	if l.db == nil {
		return nil
	}
	return l.guard(func() error { return l.db.View(f) })
}

// get reads one value. It reports false where there is none.
func (l *records) get(bucket []byte, key string, v any) (ok bool, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		data := tx.Bucket(bucket).Get([]byte(key))
		if data == nil {
			return nil
		}
		ok = true
		if err := unpack(key, data, v); err != nil {
			return l.damaged(err)
		}
		return nil
	})
	return ok && err == nil, err
}

// item returns the record of an item, or nil.
func (l *records) item(key string) (*record, error) {
	l.mu.Lock()
	rec := l.items[key]
	l.mu.Unlock()
	if rec != nil {
		return rec, nil
	}
	rec = new(record)
	if ok, err := l.get(itemBucket, key, rec); !ok {
		return nil, err
	}
	return rec, nil
}

// output returns what is known of the output of that name, or nil.
func (l *records) output(name string) (*owned, error) {
	l.mu.Lock()
	o := l.outputs[name]
	l.mu.Unlock()
	if o != nil {
		return o, nil
	}
	o = new(owned)
	if ok, err := l.get(outputBucket, name, o); !ok {
		return nil, err
	}
	return o, nil
}

// key names an item: by its place in the tree, and by its input, as several
// inputs may have the same place in trees of their own.
func (l *records) key(item Item) string {
	name, err := filepath.Abs(item.Path)
	if err != nil {
		name = item.Path
	}
	return item.Rel + "\x00" + name
}

// inputOf returns the path of the input that a key names.
func inputOf(key string) string {
	_, name, _ := strings.Cut(key, "\x00")
	return name
}

// name is the name of an output as the ledger has it: relative to the output
// folder, so that the ledger holds when the folder is moved.
func (l *records) name(path string) string {
	rel, err := filepath.Rel(l.out, path)
	if err != nil || !filepath.IsLocal(rel) {
		return path
	}
	return filepath.ToSlash(rel)
}

// file is the inverse of name.
func (l *records) file(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(l.out, name)
}
