package pipeline

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// realPath returns the absolute path without links. Of a path that does not
// exist yet, the part that exists is resolved.
func realPath(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err == nil {
		return real, nil
	}
	parent := filepath.Dir(abs)
	if !errors.Is(err, fs.ErrNotExist) || parent == abs {
		return "", err
	}
	real, err = realPath(parent)
	if err != nil {
		return "", err
	}
	return filepath.Join(real, filepath.Base(abs)), nil
}

// below reports whether name is dir or lies in it, and its path relative to
// dir, with slashes ("." for dir itself). Both are real paths.
func below(dir, name string) (rel string, inside bool) {
	rel, err := filepath.Rel(dir, name)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// fold returns the form in which two names are compared that some file system
// takes for the same: without regard to case, and to whether an accent is a
// character of its own.
func fold(name string) string {
	return norm.NFC.String(strings.ToLower(norm.NFC.String(name)))
}

// place returns the form in which it is told whether a file of this name would
// be written over another: links in its folder are resolved, but not that of the
// name itself, as a rename replaces the link and not what it leads to.
func place(name string) string { return places{}.of(name) }

// places remembers the folders that it has resolved: to ask for each file of a
// large folder anew costs more than all else before the first picture.
type places map[string]string

// of is place.
func (p places) of(name string) string {
	if name == "" {
		return ""
	}
	dir := filepath.Dir(name)
	real, ok := p[dir]
	if !ok {
		var err error
		if real, err = realPath(dir); err != nil {
			real = dir
		}
		p[dir] = real
	}
	return fold(filepath.Join(real, filepath.Base(name)))
}

// inputPlaces returns the places that no output may take: those of the items,
// and where an item is a link, that of its file too.
func inputPlaces(list []Item) map[string]bool {
	taken, at := make(map[string]bool, len(list)), places{}
	for _, item := range list {
		taken[at.of(item.Path)] = true
		if info, err := os.Lstat(item.Path); err != nil || info.Mode().IsRegular() {
			continue
		}
		if real, err := filepath.EvalSymlinks(item.Path); err == nil {
			taken[at.of(real)] = true
		}
	}
	return taken
}
