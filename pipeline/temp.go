package pipeline

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
	"unicode/utf8"
)

// A temporary file is called .NAME.restore-tmp-RANDOM, and its maker holds a
// lock on it for as long as it lives. So the next run can tell what a dead one
// left behind from what a live one is working on, in another container or on
// another machine too.
const (
	tempMark    = ".restore-tmp-"
	tempRandom  = 8   // bytes
	longestName = 255 // bytes, on all usual file systems
)

var tempName = regexp.MustCompile(`^\..+\.restore-tmp-[0-9a-f]{16}$`)

const (
	// youngest is the least age of a file to be swept: it gives the maker time
	// to lock it.
	youngest = time.Minute
	// abandoned is the age after which a file goes where the file system knows
	// no locks.
	abandoned = 24 * time.Hour
)

// createTemp makes the temporary file for target, open for reading and writing,
// and locks it.
func createTemp(target string) (*os.File, error) {
	dir, base := filepath.Split(target)
	room := longestName - len(".") - len(tempMark) - 2*tempRandom
	for len(base) > room {
		_, n := utf8.DecodeLastRuneInString(base)
		base = base[:len(base)-n]
	}
	for {
		var id [tempRandom]byte
		rand.Read(id[:]) // never fails
		name := dir + "." + base + tempMark + hex.EncodeToString(id[:])
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		_ = lock(f) // where there are no locks, sweep goes by age
		return f, nil
	}
}

// sweep removes from a folder the temporary files that dead runs left. What is
// not surely one of them stays: this is housekeeping, and no error stops a run.
// With alone, no other run can have made one, however young it is.
func sweep(dir string, alone bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !tempName.MatchString(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil {
			age := time.Since(info.ModTime())
			if alone {
				age = max(age, youngest)
			}
			sweepFile(filepath.Join(dir, e.Name()), age)
		}
	}
}

func sweepFile(name string, age time.Duration) {
	if age < youngest {
		return
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	switch err := lock(f); {
	case err == nil, errors.Is(err, errors.ErrUnsupported) && age > abandoned:
		os.Remove(name)
	}
}
