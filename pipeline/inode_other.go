//go:build !unix

package pipeline

import "io/fs"

// inodeOf returns 0: files are told by size, time and content alone.
func inodeOf(fs.FileInfo) uint64 { return 0 }
