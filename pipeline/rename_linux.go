package pipeline

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renameNew renames unless target exists, in one step of the kernel. It wraps
// errors.ErrUnsupported where the kernel or the file system cannot do it.
func renameNew(temp, target string) error {
	err := unix.Renameat2(unix.AT_FDCWD, temp, unix.AT_FDCWD, target, unix.RENAME_NOREPLACE)
	if err == nil {
		return nil
	}
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return errors.ErrUnsupported
	}
	return &os.LinkError{Op: "rename", Old: temp, New: target, Err: err}
}
