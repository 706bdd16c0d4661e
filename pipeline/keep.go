package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrTaken is in the error of an item whose output would take the place of one
// that was made of another picture; see Options.Keep. A Retrier can answer it by
// yielding the item again with another Item.Rel.
var ErrTaken = errors.New("an output that was made of another picture has its name")

func taken(path string) error {
	return fmt.Errorf("%w: %s; give the picture another name", ErrTaken, QuoteName(path))
}

// keep looks whether the outputs that the ledger has under the item's name were
// made of what the input now holds. With ErrTaken, they were made of something
// else, and one of them stands.
func (p *photo) keep(rec *record) error {
	if len(rec.Outputs) == 0 {
		return nil
	}
	_, c, err := rec.Input.compare(p.item.Path, p.run.Checksum)
	if err != nil || c == gone {
		return nil // opening it will say what is wrong
	}
	if p.same = c != changed; p.same {
		return nil
	}
	for _, name := range rec.Outputs {
		path := p.run.records.file(string(name))
		if _, err := os.Lstat(path); err == nil {
			return taken(path)
		}
	}
	return nil
}

// keeps reports whether the file at the place of an output is to be kept from
// the item. What is not known to be made of the same content is.
func (p *photo) keeps(whose ownership) bool {
	return p.run.Keep && (whose == others || (whose == own || whose == edited) && !p.same)
}

// departed reports whether the input of a record has gone. With Keep, another
// picture may have come under its name.
func (r *run) departed(key string, rec *record) bool {
	if _, err := os.Lstat(inputOf(key)); errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if !r.Keep {
		return false
	}
	_, c, err := rec.Input.compare(inputOf(key), false)
	return err == nil && c == changed
}
