package pipeline

import (
	"errors"
	"fmt"
	"syscall"
)

// fullError is a write that failed because the disk is full, or the user's
// share of it. It names the folder and not the file, which is a hidden one.
type fullError struct {
	dir  string
	what string // for whom there is no room: "the outputs"
	free int64  // bytes, negative where unknown
	err  error
}

func (e *fullError) Error() string {
	reason := "the disk is full"
	if errors.Is(e.err, syscall.EDQUOT) {
		reason = "the quota is used up"
	}
	if e.free >= 0 {
		reason += fmt.Sprintf(", %s free", size(e.free))
	}
	return fmt.Sprintf("no room for %s in %s (%s): make room there, or choose another folder", e.what, QuoteName(e.dir), reason)
}

func (e *fullError) Unwrap() error { return e.err }

// outOfSpace gives an error of the environment, from writing into dir, a text of
// what to do where the disk is full. Other errors it returns as they are.
func outOfSpace(err error, what, dir string) error {
	var known *fullError
	if KindOf(err) != KindEnvironment || !isAny(err, fullErrors) || errors.As(err, &known) {
		return err
	}
	return &Error{Kind: KindEnvironment, Err: &fullError{dir, what, freeSpace(dir), err}}
}

// size is a number of bytes as disks are measured.
func size(bytes int64) string {
	switch {
	case bytes < 10_000:
		return fmt.Sprintf("%d bytes", bytes)
	case bytes < 10_000_000:
		return fmt.Sprintf("%d kB", bytes/1000)
	}
	return fmt.Sprintf("%d MB", bytes/1_000_000)
}
