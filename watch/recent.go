package watch

import (
	"io/fs"
	"time"
)

// youngFor is for how long after its last change a file that cannot be read may
// still be one that is being written, or made readable. It is longer than all
// pauses of backOff together.
const youngFor = 3 * time.Minute

// recent reports whether a file has changed within youngFor: its content, or its
// name, owner or rights. A time to come counts only if it is as near, so that a
// camera with a wrong clock makes no file young for ever.
func recent(info fs.FileInfo, now time.Time) bool {
	for _, t := range []time.Time{info.ModTime(), changeTime(info)} {
		if now.Sub(t).Abs() < youngFor {
			return true
		}
	}
	return false
}
