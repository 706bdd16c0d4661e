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
	detailSide    = 256 // sides of the details
	thumbQuality  = 80
	detailQuality = 88 // the noise is to be seen, not that of JPEG

	thumbsDir = "thumbs"

	// largest profile that goes into each small picture. Those that describe a
	// display or a working space by a matrix take some 500 to 4,000 bytes.
	mostProfile = 16 << 10
)

// Pictures are the files of small pictures of an entry, with paths seen from the
// report. After is empty where nothing was changed; of a picture that was examined it
// is the overlay, if there is one, and what follows is said of that. Detail and Structure are parts
// of the picture in its own size: where it was changed most, and where the output has
// the most detail, which is where a photographer looks for what denoising took
// away. Detail is nil where the thumbnail has that size already and where nothing was changed;
// Structure also where no place with any change is left of which Detail covers at most half.
type Pictures struct {
	Before    string  `json:"before"`
	After     string  `json:"after,omitempty"`
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	Detail    *Detail `json:"detail,omitempty"`
	Structure *Detail `json:"structure,omitempty"`
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

// shown is a detail as a page shows it.
type shown struct {
	*Detail
	Number  int // from 1, where there are several; else 0
	Caption string
}

// Details are those that there are, for the template.
func (p *Pictures) Details() (list []shown) {
	if p.Detail != nil {
		list = append(list, shown{p.Detail, 0, "where it changed most"})
	}
	if p.Structure != nil {
		list = append(list, shown{p.Structure, 0, "where there is most detail"})
	}
	for i := range list {
		if len(list) > 1 {
			list[i].Number = i + 1
		}
	}
	return list
}

// Kinds of small pictures, as their names end.
const (
	kindBefore    = "before"
	kindAfter     = "after"
	kindDetail    = "detail"    // with -before and -after
	kindStructure = "structure" // with -before and -after
)

var kinds = []string{
	kindBefore, kindAfter, kindDetail + "-before", kindDetail + "-after", kindStructure + "-before", kindStructure + "-after",
}

// pictureName returns the path of a small picture, seen from the report, with
// slashes. The folders keep each of them small.
func pictureName(key, kind string) string {
	return thumbsDir + "/" + key[:2] + "/" + key + "-" + kind + ".jpg"
}

// seen is what Inspect learns of an item.
type seen struct {
	pictures      *Pictures // nil where they could not be written
	before, after Form
}

// Inspect makes the small pictures of an item. It is for pipeline.Options.Inspect:
// it may be called from many goroutines at once and keeps neither picture.
func (w *Writer) Inspect(res *pipeline.Result, before, after *pix.Image) {
	key := keyOf(res.Item.Path)
	pictures, err := w.makePictures(key, before, after, res.Outcome != pipeline.Copied && after != nil)
	from, to := formOf(before), formOf(before)
	if res.Outcome != pipeline.Examined { // else there is no output whose form could differ
		to = formOf(after)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.keep(err)
		pictures = nil
	}
	w.taken[key] = seen{pictures, from, to}
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
	if p.Before, err = put(kindBefore, small, thumbQuality); err != nil {
		return nil, err
	}
	if changed {
		if p.After, err = put(kindAfter, shrink(after, thumbSide), thumbQuality); err != nil {
			return nil, err
		}
	}
	if changed && max(before.W, before.H) > thumbSide {
		p.Detail, p.Structure = places(before, after, detailSide)
		for _, part := range []struct {
			kind string
			*Detail
		}{{kindDetail, p.Detail}, {kindStructure, p.Structure}} {
			d := part.Detail
			if d == nil {
				continue
			}
			if d.Before, err = put(part.kind+"-before", cut(before, d), detailQuality); err != nil {
				return nil, err
			}
			if d.After, err = put(part.kind+"-after", cut(after, d), detailQuality); err != nil {
				return nil, err
			}
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
