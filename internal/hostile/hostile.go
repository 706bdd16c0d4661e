// Package hostile makes files that no reader of pictures should trust: cut
// short, with bits flipped, with sizes that lie, with parts missing or doubled,
// and made by hand against one weakness of a format. It is for tests, and knows
// nothing of those who read the files: all is laid out here, or by encoders that
// are not ours.
package hostile

import (
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
)

// File is one file of the corpus.
type File struct {
	Name string // unique, usable as the name of a file, with the ending of the format
	Data []byte
}

// Corpus yields the damaged forms of every seed and the files of Crafted, some
// thousands, the same for the same seed. Many of the damaged forms can still be
// read: a flipped bit in a sample is another picture.
func Corpus(seed uint64) iter.Seq[File] {
	return func(yield func(File) bool) {
		good := Seeds()
		for i, s := range good {
			// Each seed has random numbers of its own, so that a new one leaves the
			// files of the others as they are.
			hash := fnv.New64a()
			hash.Write([]byte(s.Name))
			m := mutator{rng: rand.New(rand.NewPCG(seed, hash.Sum64())), seed: s, other: good[(i+7)%len(good)], yield: yield}
			if !m.all() {
				return
			}
		}
		for _, f := range Crafted() {
			if !yield(f) {
				return
			}
		}
	}
}

// mutator damages one seed.
type mutator struct {
	rng         *rand.Rand
	seed, other File
	yield       func(File) bool
	n           int
}

// give yields one damaged form. It returns false when no more is wanted.
func (m *mutator) give(how string, data []byte) bool {
	m.n++
	return m.yield(File{fmt.Sprintf("%03d-%s-%s", m.n, how, m.seed.Name), data})
}

func (m *mutator) all() bool {
	return m.cut() && m.flip() && m.lie() && m.spans() && m.foreign() && m.pieces()
}
