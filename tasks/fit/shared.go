package fit

import (
	"crypto/sha256"
	"io"
	"os"
)

// shared counts the pictures of b that are in a too, by content, and names one.
// Only files of one length are read, so it takes no time where nothing is
// shared.
func shared(a, b *Dataset) (count int, example string) {
	byLength := map[int64][]string{}
	for _, f := range a.files {
		byLength[f.bytes] = append(byLength[f.bytes], f.path)
	}
	sums := map[string][sha256.Size]byte{}
	sum := func(path string) ([sha256.Size]byte, bool) {
		if s, ok := sums[path]; ok {
			return s, true
		}
		s, err := hashFile(path)
		if err == nil {
			sums[path] = s
		}
		return s, err == nil // who cannot be read is left out elsewhere
	}
	for _, f := range b.files {
		for _, path := range byLength[f.bytes] {
			left, ok1 := sum(f.path)
			right, ok2 := sum(path)
			if ok1 && ok2 && left == right {
				if count++; count == 1 {
					example = f.path
				}
				break
			}
		}
	}
	return count, example
}

func hashFile(path string) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
