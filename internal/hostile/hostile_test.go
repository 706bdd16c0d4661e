package hostile_test

import (
	"bytes"
	"testing"

	"github.com/cae-restore/restore/internal/hostile"
)

// TestCorpus checks that the corpus is large, the same each time, and that no two
// files have the same name.
func TestCorpus(t *testing.T) {
	t.Parallel()
	first := map[string][]byte{}
	for f := range hostile.Corpus(1) {
		if _, twice := first[f.Name]; twice {
			t.Errorf("two files are called %s", f.Name)
		}
		first[f.Name] = f.Data
	}
	if len(first) < 4000 {
		t.Errorf("%d files, want some thousands", len(first))
	}
	others := 0
	for f := range hostile.Corpus(1) {
		if data, ok := first[f.Name]; !ok || !bytes.Equal(data, f.Data) {
			t.Fatalf("%s is not the same the second time", f.Name)
		}
	}
	for f := range hostile.Corpus(2) {
		if !bytes.Equal(first[f.Name], f.Data) {
			others++
		}
	}
	if others < 1000 {
		t.Errorf("only %d files differ with another seed", others)
	}
}
