package pipeline

import (
	"path"
)

// Rules say what in a folder is none of its pictures. They are those of
// NewFolder, for sources that look through folders themselves.
type Rules struct {
	Exclude []string // as in FolderOptions
}

// Check reports a malformed pattern; the error is of KindUsage.
func (r Rules) Check() error {
	for _, pattern := range r.Exclude {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return usagef("exclude pattern %q is malformed; * ? and [a-z] may stand in it", pattern)
		}
	}
	return nil
}

// LeaveOut reports whether a file or folder is passed over: hidden, left behind
// by a system, a temporary file of ours, or matched by an exclude pattern, which
// may match a folder that it lies in. rel is its path below the input folder,
// with slashes.
func (r Rules) LeaveOut(rel string) bool {
	w := walker{exclude: r.Exclude}
	return passedOver(path.Base(rel)) || w.excluded(rel)
}

// RealPath returns the absolute path without links. Of a path that does not
// exist yet, the part that exists is resolved.
func RealPath(name string) (string, error) { return realPath(name) }

// Below reports whether name is dir or lies in it, and its path relative to dir,
// with slashes ("." for dir itself). Both are paths as of RealPath.
func Below(dir, name string) (rel string, inside bool) { return below(dir, name) }

// RenameNew gives the file old the name target, at once and whole. A file that
// stands at target stays, and the error is fs.ErrExist.
func RenameNew(old, target string) error { return rename(old, target, false) }

// OutputError gives an error from writing into the folder dir its kind, as those of
// outputs have it: KindEnvironment where nothing else could be written either. For
// a full disk it says for what there was no room, and what to do.
func OutputError(err error, what, dir string) error { return outOfSpace(outputError(err), what, dir) }

// Dangling says of a name that leads nowhere that it is a link, if it is one.
func Dangling(name string, err error) error { return dangling(name, err) }
