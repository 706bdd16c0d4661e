package watch

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime is when the file was made: one that was copied here with its old time
// has a new one.
func changeTime(info fs.FileInfo) time.Time {
	if st, ok := info.Sys().(*syscall.Win32FileAttributeData); ok {
		return time.Unix(0, st.CreationTime.Nanoseconds())
	}
	return time.Time{}
}
