package pipeline

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// Earlier is what runs left in a folder, which a later run should not take for
// originals. Where the folder has a ledger, that says which files they are: a
// folder may hold originals beside outputs, as after "-o . --suffix=-clean".
type Earlier struct {
	// Whole says what the folder is if nothing in it is to be taken: a report, or
	// an output folder whose ledger cannot be read. Otherwise it is empty.
	Whole string

	made map[string]bool // by path below the folder, with slashes
}

// reportJournal is the file by which the folder of a report is known, and
// reportMark what it begins with. Package report writes both.
const (
	reportJournal = "items.jsonl"
	reportMark    = `{"report":`
)

// EarlierIn looks for what runs left in dir. It returns nil where that is
// nothing. What dir lies in is not looked at, nor the folders in it.
func EarlierIn(dir string) *Earlier {
	if beginsWith(filepath.Join(dir, reportJournal), reportMark) {
		return &Earlier{Whole: "the report of an earlier run"}
	}
	own := filepath.Join(dir, ledgerDir)
	l := &Ledger{Out: dir}
	if !isRegular(filepath.Join(own, ledgerName)) {
		if !isRegular(filepath.Join(own, lockName)) {
			return nil
		}
		state, err := os.ReadFile(filepath.Join(own, elsewhere))
		if err != nil || !isRegular(filepath.Join(string(state), ledgerName)) {
			return &Earlier{Whole: "an output folder whose ledger is gone"}
		}
		l.State = string(state)
	}
	e := &Earlier{made: map[string]bool{}}
	if err := e.read(l); err != nil {
		return &Earlier{Whole: "an output folder whose ledger cannot be read: " + err.Error()}
	}
	return e
}

// read takes the names of all outputs from a ledger.
func (e *Earlier) read(from *Ledger) error {
	l, err := from.open(true)
	if err != nil {
		return err
	}
	err = l.view(func(tx *bolt.Tx) error {
		return tx.Bucket(outputBucket).ForEach(func(name, _ []byte) error {
			e.made[string(name)] = true
			return nil
		})
	})
	for name := range l.outputs { // of a run that was killed
		e.made[name] = true
	}
	return errors.Join(err, l.close())
}

// Made reports whether an earlier run made the file. rel is its path below the
// folder, with slashes. A nil *Earlier made nothing.
func (e *Earlier) Made(rel string) bool { return e != nil && (e.Whole != "" || e.made[rel]) }

func isRegular(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode().IsRegular()
}

// beginsWith reports whether a regular file begins with text.
func beginsWith(name, text string) bool {
	if !isRegular(name) { // opening a pipe would wait for its writer
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(text))
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, []byte(text))
}

// enter looks for what earlier runs left in a folder that the walk comes to. It
// reports whether there is something to take there; leave ends the stay.
func (w *walker) enter(dir, rel string) (leave func(), more bool) {
	e := EarlierIn(dir)
	switch {
	case e == nil:
		return func() {}, true
	case e.Whole != "":
		w.note("passed over %s: %s; name it as INPUT to take its pictures", QuoteName(dir), e.Whole)
		return nil, false
	}
	w.earlier = append(w.earlier, earlierAt{e, rel, 0})
	before := w.pictures()
	return func() {
		last := len(w.earlier) - 1
		n := w.earlier[last].n
		w.earlier = w.earlier[:last]
		switch {
		case n == 0:
		case w.pictures() == before:
			w.note("passed over %s: the output folder of an earlier run; name it as INPUT to take its pictures", QuoteName(dir))
		default:
			w.note("passed over what an earlier run made in %s, beside other pictures (pictures: %d); name it as INPUT to take all", QuoteName(dir), n)
		}
	}, true
}

// made reports whether an earlier run made the file, and counts it.
func (w *walker) made(rel string) bool {
	for i := range w.earlier {
		e := &w.earlier[i]
		if e.Made(strings.TrimPrefix(strings.TrimPrefix(rel, e.rel), "/")) {
			if hasPictureEnding(rel) {
				e.n++
			}
			return true
		}
	}
	return false
}

// pictures counts what was found so far.
func (w *walker) pictures() (n int) {
	for _, f := range w.found {
		if f.IsPicture() {
			n++
		}
	}
	return n
}
