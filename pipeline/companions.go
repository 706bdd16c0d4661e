package pipeline

import (
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"
)

// companions is a folder of pictures that belong to those of a run, one each: the
// clean originals, or the masks.
type companions struct {
	dir string

	mu      sync.Mutex
	folders map[string]stemList
}

// stemList is what is in a folder.
type stemList struct {
	changed, read time.Time           // when the folder was changed last, and when it was read
	stems         map[string][]string // names of pictures by their stems
}

func newCompanions(dir string) *companions {
	return &companions{dir: dir, folders: map[string]stemList{}}
}

// place is where the companion of the same name would be.
func (c *companions) place(rel string) string { return filepath.Join(c.dir, filepath.FromSlash(rel)) }

// find returns the path of the companion of a relative path: the file of the same
// name, else the one picture with the same stem. With several of those, it returns
// two of their names instead; without any, nothing.
func (c *companions) find(rel string) (name string, several []string) {
	name = c.place(rel)
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return name, nil
	}
	stem, _ := splitEnding(rel)
	dir := filepath.Dir(name)
	switch names := c.list(dir)[path.Base(stem)]; len(names) {
	case 0:
		return "", nil
	case 1:
		return filepath.Join(dir, names[0]), nil
	default:
		return "", names[:2]
	}
}

// list returns the pictures in a folder by their stems. A folder is read again
// only when it has changed: a search for each picture would take quadratic time.
func (c *companions) list(dir string) map[string][]string {
	var changed time.Time
	if info, err := os.Stat(dir); err == nil {
		changed = info.ModTime()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// Some file systems count whole seconds, FAT two: what came within the same
	// ones does not show in the time of the folder.
	if l, ok := c.folders[dir]; ok && l.changed.Equal(changed) && l.read.Sub(changed) > 3*time.Second {
		return l.stems
	}
	l := stemList{changed, time.Now(), map[string][]string{}}
	entries, _ := os.ReadDir(dir) // without the folder there are no companions
	for _, e := range entries {
		if stem, ending := splitEnding(e.Name()); ending != "" && !passedOver(e.Name()) && !e.IsDir() {
			l.stems[stem] = append(l.stems[stem], e.Name())
		}
	}
	c.folders[dir] = l
	return l.stems
}
