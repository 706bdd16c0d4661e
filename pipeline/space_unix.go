//go:build linux || darwin || freebsd

package pipeline

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// fullErrors are what writing to a full disk gives.
var fullErrors = []error{syscall.ENOSPC, syscall.EDQUOT}

// freeSpace is how many bytes a user can still write into a folder; -1 where
// that cannot be told.
func freeSpace(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
