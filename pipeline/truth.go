package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// truth is a folder of clean originals.
type truth struct {
	dir string

	mu    sync.Mutex
	stems map[string]map[string][]string // folder -> stem -> names of pictures
}

func newTruth(dir string) (*truth, error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no folder", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("folder of clean originals: %w", err)
	}
	return &truth{dir: dir, stems: map[string]map[string][]string{}}, nil
}

// score compares the picture that was read and the one that was written with
// the original of the same name. Where that cannot be done, a note says why.
func (t *truth) score(rel string, before, after *pix.Image, lim pix.Limits) (*Score, []tasks.Note) {
	score, err := t.compare(rel, before, after, lim)
	if err != nil {
		return nil, []tasks.Note{{Step: "truth", Key: "missing", Value: err.Error()}}
	}
	return score, nil
}

func (t *truth) compare(rel string, before, after *pix.Image, lim pix.Limits) (*Score, error) {
	name, err := t.find(rel)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	clean, err := pix.Decode(f, lim)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var s Score
	if s.Before, err = pix.PSNR(clean, before); err == nil {
		s.After, err = pix.PSNR(clean, after)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &s, nil
}

// find returns the path of the original: that of the same name, else the one
// picture with the same stem.
func (t *truth) find(rel string) (string, error) {
	name := filepath.Join(t.dir, filepath.FromSlash(rel))
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return name, nil
	}
	stem, _ := splitEnding(rel)
	dir := filepath.Dir(name)
	switch names := t.list(dir)[path.Base(stem)]; len(names) {
	case 0:
		return "", fmt.Errorf("no clean original %s: %w", name, fs.ErrNotExist)
	case 1:
		return filepath.Join(dir, names[0]), nil
	default:
		return "", errors.New("several clean originals could be meant: " + names[0] + " and " + names[1])
	}
}

// list returns the pictures in a folder by their stems. Each folder is read
// once: a search for each picture would take quadratic time.
func (t *truth) list(dir string) map[string][]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if stems, ok := t.stems[dir]; ok {
		return stems
	}
	stems := map[string][]string{}
	entries, _ := os.ReadDir(dir) // without the folder there are no originals
	for _, e := range entries {
		if stem, ending := splitEnding(e.Name()); ending != "" && !passedOver(e.Name()) {
			stems[stem] = append(stems[stem], e.Name())
		}
	}
	t.stems[dir] = stems
	return stems
}
