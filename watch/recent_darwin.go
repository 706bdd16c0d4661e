package watch

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime is when the file or what the system knows of it was last changed
// (ctime): a file that was moved or copied here with its old time has a new one.
func changeTime(info fs.FileInfo) time.Time {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(st.Ctimespec.Unix())
	}
	return time.Time{}
}
