package report

import (
	"bufio"
	"os"
	"path/filepath"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
)

// Lengths in pixels, and qualities of JPEG.
const (
	thumbSide     = 480 // longer side of a thumbnail; smaller pictures stay as they are
	detailSide    = 256 // sides of the detail
	thumbQuality  = 80
	detailQuality = 88 // the noise is to be seen, not that of JPEG

	thumbsDir = "thumbs"

	// largest profile that goes into each small picture. Those that describe a
	// display or a working space by a matrix take some 500 to 4,000 bytes.
	mostProfile = 16 << 10
)

// Pictures are the files of small pictures of an entry, with paths seen from the
// report. After is empty where nothing was changed. The detail is a part of the
// picture in its own size, from where it was changed most; it is nil where the
// thumbnail has that size, and where nothing was changed.
type Pictures struct {
	Before string  `json:"before"`
	After  string  `json:"after,omitempty"`
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Detail *Detail `json:"detail,omitempty"`
}

// Detail is a part of a picture: of Width by Height pixels, with its upper left
// corner at X and Y.
type Detail struct {
	Before string `json:"before"`
	After  string `json:"after"`
	X      int    `json:"x"`
	Y      int    `json:"y"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

var kinds = []string{"before", "after", "detail-before", "detail-after"}

// pictureName returns the path of a small picture, seen from the report, with
// slashes. The folders keep each of them small.
func pictureName(key, kind string) string {
	return thumbsDir + "/" + key[:2] + "/" + key + "-" + kind + ".jpg"
}

// Inspect makes the small pictures of an item. It is for pipeline.Options.Inspect:
// it may be called from many goroutines at once and keeps neither picture.
func (w *Writer) Inspect(res *pipeline.Result, before, after *pix.Image) {
	key := keyOf(res.Item.Path)
	pictures, err := w.makePictures(key, before, after, res.Outcome != pipeline.Copied)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.keep(err)
		return
	}
	w.taken[key] = pictures
}

func (w *Writer) makePictures(key string, before, after *pix.Image, changed bool) (*Pictures, error) {
	if err := os.MkdirAll(filepath.Join(w.dir, thumbsDir, key[:2]), 0o777); err != nil {
		return nil, err
	}
	made := map[string]bool{}
	put := func(kind string, m *pix.Image, quality int) (name string, err error) {
		made[kind] = true
		name = pictureName(key, kind)
		return name, w.writePicture(name, m, quality)
	}
	p := &Pictures{}
	small := shrink(before, thumbSide)
	p.Width, p.Height = small.W, small.H
	var err error
	if p.Before, err = put("before", small, thumbQuality); err != nil {
		return nil, err
	}
	if changed {
		if p.After, err = put("after", shrink(after, thumbSide), thumbQuality); err != nil {
			return nil, err
		}
		if x, y, ok := busiest(before, after, detailSide); ok && max(before.W, before.H) > thumbSide {
			d := &Detail{X: x, Y: y, Width: min(detailSide, before.W), Height: min(detailSide, before.H)}
			if d.Before, err = put("detail-before", cut(before, d), detailQuality); err != nil {
				return nil, err
			}
			if d.After, err = put("detail-after", cut(after, d), detailQuality); err != nil {
				return nil, err
			}
			p.Detail = d
		}
	}
	for _, kind := range kinds { // an earlier run may have made more
		if !made[kind] {
			w.remove(key, kind)
		}
	}
	return p, nil
}

func (w *Writer) removePictures(key string) {
	for _, kind := range kinds {
		w.remove(key, kind)
	}
}

func (w *Writer) remove(key, kind string) {
	// Where it fails, a picture stays that no page shows.
	_ = os.Remove(filepath.Join(w.dir, filepath.FromSlash(pictureName(key, kind))))
}

func (w *Writer) writePicture(name string, m *pix.Image, quality int) error {
	return w.replace(name, func(b *bufio.Writer) error {
		return pix.Encode(b, m, pix.EncodeOptions{Format: "jpeg", Quality: quality})
	})
}

// replace writes a file of the report at once: under its name stands the old one
// or the new one.
func (w *Writer) replace(name string, write func(*bufio.Writer) error) error {
	target := filepath.Join(w.dir, filepath.FromSlash(name))
	f, err := os.OpenFile(tempName(target), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o666)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(f, 1<<16)
	if err = write(b); err == nil {
		err = b.Flush()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), target)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// tempName is the hidden name of a file while it is written. Only one goroutine
// writes each file, and one that a killed run left is written over.
func tempName(target string) string {
	dir, base := filepath.Split(target)
	return dir + "." + base + ".restore-tmp-report"
}
