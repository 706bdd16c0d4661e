package pipeline

import (
	"context"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"time"
)

// Item is one file that may be a picture.
type Item struct {
	Path string // for opening it
	Rel  string // where it stands in the tree, with slashes: "1968/beach.jpg"; names the output

	// Named tells that the user named this very file. In a folder, a file that
	// is no picture is ignored; one that is named is an error.
	Named bool

	Size    int64
	ModTime time.Time
	Mode    fs.FileMode
}

// Source gives the items of a run. Items yields each once; an item with an
// error is one that could not be looked at and counts as failed. The iteration
// ends when ctx does. Done is called once for each item after all is done with
// it, from any goroutine, with what became of it. It is not called for items that
// were cut short because the run ended.
type Source interface {
	Items(ctx context.Context) iter.Seq2[Item, error]
	Done(res Result)
}

// Lister is a Source that knows all of its items from the start, in the order
// in which Items yields them. Run checks those for clashes of names before the
// first picture, and knows how many there are.
type Lister interface {
	Source
	List() []Item
}

// Retrier is a Source that may want a failed item again later: a file that was
// not yet whole, say. Run asks before it records a failure that concerns the one
// item. With true, nothing is recorded, Done is not called, and the source yields
// the item again when it sees fit.
type Retrier interface {
	Source
	Retry(item Item, err error) bool
}

// endings are the endings by which a file counts as a picture, with the
// container that they stand for. Some cannot be read here: those files are
// reported and not passed over. What a file holds is decided by its content
// alone.
var endings = map[string]string{
	".jpg": "jpeg", ".jpeg": "jpeg", ".jpe": "jpeg", ".jfif": "jpeg",
	".png": "png", ".tif": "tiff", ".tiff": "tiff", ".bmp": "bmp", ".dib": "bmp",
	".gif": "gif", ".webp": "webp",
	".heic": "heic", ".heif": "heic", ".avif": "avif", ".jxl": "jxl", ".jp2": "jp2",
}

// hasPictureEnding reports whether a file is a picture by its name.
func hasPictureEnding(name string) bool {
	return endings[strings.ToLower(path.Ext(name))] != ""
}

// splitEnding cuts a relative path in front of its ending. Only the ending of a
// picture is one: "scan.2024" is a name without.
func splitEnding(rel string) (stem, ending string) {
	if !hasPictureEnding(rel) {
		return rel, ""
	}
	stem = strings.TrimSuffix(rel, path.Ext(rel))
	if stem == "" || strings.HasSuffix(stem, "/") { // the file is called ".jpg"
		return rel, ""
	}
	return stem, path.Ext(rel)
}

// systemNames are files and folders that file managers and storage boxes leave
// among pictures, in lower case.
var systemNames = []string{"thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information", "__macosx"}

// passedOver reports whether a file or folder in a folder is none of the user's
// pictures: hidden, made by the system, or a temporary file of ours (which is
// hidden as well).
func passedOver(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains(systemNames, strings.ToLower(name))
}
