//go:build unix

package watch

import (
	"io/fs"
	"syscall"
)

// fileID is the identity of a file on its machine: device and inode.
type fileID struct{ device, inode uint64 }

func idOf(info fs.FileInfo) fileID {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return fileID{uint64(st.Dev), uint64(st.Ino)}
	}
	return fileID{}
}
