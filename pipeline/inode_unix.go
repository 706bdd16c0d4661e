//go:build unix

package pipeline

import (
	"io/fs"
	"syscall"
)

// inodeOf returns the number by which the file system knows a file, or 0.
func inodeOf(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}
