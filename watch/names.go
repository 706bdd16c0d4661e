package watch

import (
	"path"
	"slices"
	"strings"
)

// unfinishedEndings are what programs append to the name of a file while they
// still write it: browsers (.crdownload, .part, .partial, .download,
// .opdownload), file transfer (.filepart, .part, .tmp), download managers.
var unfinishedEndings = []string{".part", ".partial", ".crdownload", ".download", ".opdownload", ".filepart",
	".tmp", ".temp", ".aria2", ".!ut", ".!qb", ".!sync", ".dtapart", ".fdmdownload", ".swp", ".lock"}

// unfinished reports whether a file is by its name one that is still being
// written. It gets another name when it is whole.
func unfinished(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(unfinishedEndings, path.Ext(name)) ||
		strings.HasPrefix(name, "~") || strings.HasSuffix(name, "~")
}
