package pipeline

import (
	"context"
	"io"
	"io/fs"
)

// Sink takes the files that a run makes.
type Sink interface {
	// Begin starts the outputs of one item. It may be called from many
	// goroutines at once. item.ModTime and item.Mode are those of the input
	// and are given to the outputs.
	Begin(ctx context.Context, item Item) (Batch, error)
}

// Opener is a Sink that has to be made ready. Run calls Open once, when all
// checks are done and before the first picture.
type Opener interface {
	Sink
	Open() error
}

// Batch is the files made of one item: all of them appear, or none. Every Batch
// ends with Seal and Commit, or with Abort; an Abort after Commit does nothing. It is used by
// one goroutine at a time.
//
// A suffix is what follows the stem of the item's relative path, with the
// ending: "-clean.jpg" makes "1968/beach-clean.jpg" of "1968/beach.png".
type Batch interface {
	// Path names the file of a suffix, for messages and checks.
	Path(suffix string) string
	// Stat tells whether a file stands there; fs.ErrNotExist if none does.
	Stat(suffix string) (fs.FileInfo, error)
	// Create begins a file. It is not visible under its name before Commit.
	Create(suffix string) (Output, error)
	// Seal brings what was written to the disk, with its mode and time: after
	// it, a file that has its name is whole, whatever ends the machine.
	Seal() error
	// Files lists what Create began, in its order. After Seal it is what will
	// have the names.
	Files() ([]BatchFile, error)
	// Replace allows Commit to put the file of a suffix in the place of another.
	Replace(suffix string)
	// Commit gives the files their names, in the order of Create. Without
	// replace, it never puts one in the place of another file, but for those that
	// Replace named: the error is then fs.ErrExist, and nothing has been changed.
	Commit(replace bool) error
	// Abort removes what Create began.
	Abort()
}

// BatchFile is one file of a Batch.
type BatchFile struct {
	Suffix string      // as Create had it
	Path   string      // where it will be
	Temp   string      // where it is before Commit
	Info   fs.FileInfo // of the file itself: Commit changes neither size nor time nor inode
}

// Output is a file that is being made. What has been written can be read again,
// so that it can be checked before it takes its name.
type Output interface {
	io.Reader
	io.Writer
	io.Seeker
}
