//go:build unix && !solaris && !aix

package pipeline

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// release gives the lock back that lock took. Closing the file does too, but not
// while a process that is just being started has it open as well.
func release(f *os.File) { _ = unix.Flock(int(f.Fd()), unix.LOCK_UN) }

// lock takes the advisory lock of a file without waiting. It wraps
// errors.ErrUnsupported where the file system has none.
func lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.ENOLCK) {
		return errors.ErrUnsupported
	}
	return err
}
