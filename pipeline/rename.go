package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// rename moves the file from its temporary name to target, at once and whole.
// Unless replace is set, a file that stands at target stays, and the error is
// fs.ErrExist.
func rename(temp, target string, replace bool) error {
	if replace {
		return os.Rename(temp, target)
	}
	err := renameNew(temp, target)
	if errors.Is(err, errors.ErrUnsupported) {
		err = linkNew(temp, target)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s has appeared meanwhile and was left alone: %w", target, fs.ErrExist)
	}
	return err
}

// linkNew does it with a hard link, which never replaces a file. Where there
// are none (FAT without renameat2), it looks first and then renames: a file
// that another program makes between the two would be lost.
func linkNew(temp, target string) error {
	err := os.Link(temp, target)
	if err == nil {
		return os.Remove(temp)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(target); err == nil {
		return fs.ErrExist
	}
	return os.Rename(temp, target)
}
