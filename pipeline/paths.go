package pipeline

import (
	"errors"
	"io/fs"
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
func place(name string) string {
	if name == "" {
		return ""
	}
	dir, err := realPath(filepath.Dir(name))
	if err != nil {
		dir = filepath.Dir(name)
	}
	return fold(filepath.Join(dir, filepath.Base(name)))
}

// inputPlaces returns the places that no output may take: those of the items,
// and where an item is a link, that of its file too.
func inputPlaces(list []Item) map[string]bool {
	places := make(map[string]bool, len(list))
	for _, item := range list {
		places[place(item.Path)] = true
		if real, err := filepath.EvalSymlinks(item.Path); err == nil {
			places[place(real)] = true
		}
	}
	return places
}
