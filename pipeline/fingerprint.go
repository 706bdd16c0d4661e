package pipeline

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"sync"

	"github.com/cae-restore/restore/tasks"
)

// Fingerprint names what an open chain does to a picture: a SHA-256 in
// hexadecimal over each step's task, the version of its options, the value of
// every option, and the bytes of the models that the step opened. Two chains
// with one fingerprint do the same, however they were written: on one line or
// as YAML, defaults spelled out or not, a model by its name or as a file. It is
// empty before Open. Options that are set after Open do not count, as they
// change nothing any more.
func (c *Chain) Fingerprint() string { return c.fingerprint }

// fingerprintFormat stands at the head of what is hashed. Another way of
// hashing needs another text, or fingerprints of two ways could be compared.
const fingerprintFormat = "restore pipeline fingerprint 1"

// fingerprinter collects a chain's fingerprint while it is opened, step by
// step.
type fingerprinter struct{ sum hash.Hash }

func newFingerprinter(steps int) *fingerprinter {
	f := &fingerprinter{sha256.New()}
	f.text(fingerprintFormat)
	f.number(steps)
	return f
}

// text hashes s behind its length, so that no two lists of texts are hashed
// alike.
func (f *fingerprinter) text(s string) {
	f.number(len(s))
	io.WriteString(f.sum, s)
}

func (f *fingerprinter) number(n int) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	f.sum.Write(b[:])
}

// step hashes one step, with the sums of the models that it opened.
//
// Models are named by their bytes, since a name can come to mean other weights
// and a file can be copied. So the text of the option "model" is left out,
// unless the step opened no model at all: then only its text is known.
func (f *fingerprinter) step(s Step, models [][sha256.Size]byte) {
	f.text(s.Spec.Name)
	f.number(s.Spec.Version)
	options := optionsOf(s)
	options = slices.DeleteFunc(options, func(o tasks.Option) bool { return o.Name == "model" && len(models) > 0 })
	// The order of a struct's fields means nothing.
	slices.SortFunc(options, func(a, b tasks.Option) int { return cmp.Compare(a.Name, b.Name) })
	f.number(len(options))
	for _, o := range options {
		f.text(o.Name)
		f.text(o.Default)
	}
	f.number(len(models))
	for _, sum := range models {
		f.sum.Write(sum[:])
	}
}

func (f *fingerprinter) String() string { return hex.EncodeToString(f.sum.Sum(nil)) }

// openModelFunc is the type of tasks.Env.OpenModel.
type openModelFunc = func(name string) (io.ReaderAt, int64, error)

// modelSums hashes the models that one step opens. A task may keep the function
// and open more later, from many goroutines; those count no more.
type modelSums struct {
	mu   sync.Mutex
	done bool
	sums [][sha256.Size]byte
}

// watching returns open, hashing what it opens.
func (m *modelSums) watching(open openModelFunc) openModelFunc {
	return func(name string) (io.ReaderAt, int64, error) {
		r, size, err := open(name)
		if err != nil {
			return nil, 0, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.done {
			return r, size, nil
		}
		sum := sha256.New()
		if n, err := io.Copy(sum, io.NewSectionReader(r, 0, size)); err != nil || n != size {
			return nil, 0, fmt.Errorf("%w %q: read %d of its %d bytes: %w", tasks.ErrModel, name, n, size, cmp.Or(err, io.ErrUnexpectedEOF))
		}
		m.sums = append(m.sums, [sha256.Size]byte(sum.Sum(nil)))
		return r, size, nil
	}
}

// end returns the sums in the order of opening.
func (m *modelSums) end() [][sha256.Size]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = true
	return m.sums
}
