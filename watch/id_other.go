//go:build !unix

package watch

import "io/fs"

// fileID is nothing here: size and time must do, as the identity of a file is
// only to be had by opening it.
type fileID struct{}

func idOf(fs.FileInfo) fileID { return fileID{} }
