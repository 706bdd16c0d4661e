package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// truth is a folder of clean originals.
type truth struct{ *companions }

func newTruth(dir string) (*truth, error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no folder", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("folder of clean originals: %w", err)
	}
	return &truth{newCompanions(dir)}, nil
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

// find returns the path of the original.
func (t *truth) find(rel string) (string, error) {
	name, several := t.companions.find(rel)
	switch {
	case name != "":
		return name, nil
	case len(several) > 0:
		return "", errors.New("several clean originals could be meant: " + several[0] + " and " + several[1])
	}
	return "", fmt.Errorf("no clean original %s: %w", t.place(rel), fs.ErrNotExist)
}
