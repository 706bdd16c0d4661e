package pipeline

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/cae-restore/restore/pix"
)

// maskSuffix is how the name of a mask ends that a step wrote as an extra file.
const maskSuffix = "." + MaskPlane + ".png"

// ErrMaskNotReady is in the error of an item whose mask is not there, or changed
// while it was read. A Retrier can yield the item again: the mask may come later.
var ErrMaskNotReady = errors.New("the mask is not ready")

// notReady marks an error with ErrMaskNotReady without changing its text.
type notReady struct{ error }

func (e notReady) Is(target error) bool { return target == ErrMaskNotReady }
func (e notReady) Unwrap() error        { return e.error }

// CheckMasks reports what is wrong with Mask and Masks as far as that can be told
// before the first picture: both are given, no step of c takes a mask, one takes it
// and there is none, or what they name is not there. Run does the same; a program
// may want to know before it opens the models. The error is of KindUsage.
func (o *Options) CheckMasks(c *Chain) error {
	name, option := o.Mask, "--mask"
	if o.Masks != "" {
		name, option = o.Masks, "--masks"
	}
	switch {
	case o.Mask != "" && o.Masks != "":
		return usagef("--mask is one mask for all pictures, --masks a folder with one for each: give one of them")
	case name == "" && c.Takes(MaskPlane):
		return usagef("the pipeline takes a mask, and there is none; give one with --mask FILE, or one for each picture with --masks DIR")
	case name == "":
		return nil
	case !c.Takes(MaskPlane) && c.maker(MaskPlane) != "":
		return usagef("option %s: the step %s makes the mask of this pipeline, so no step takes another; leave one of them out", option, c.maker(MaskPlane))
	case !c.Takes(MaskPlane):
		return usagef("option %s: no step of the pipeline takes a mask", option)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return usagef("option %s: %w", option, &Error{Item: name, Err: dangling(name, err)})
	case o.Masks != "" && !info.IsDir():
		return usagef("option --masks: %s is no folder; --mask FILE gives one mask for all pictures", QuoteName(name))
	case o.Mask != "" && info.IsDir():
		return usagef("option --mask: %s is a folder; --masks DIR gives each picture a mask of its own", QuoteName(name))
	case o.Mask != "" && !info.Mode().IsRegular():
		return usagef("option --mask: %s is not a regular file", QuoteName(name))
	}
	return nil
}

// masks is where the masks of a run come from.
type masks struct {
	file string      // one for all pictures, or empty
	dir  *companions // one for each; nil with file
	at   string      // place of the file or the folder
}

// newMasks returns nil where the pictures come without masks.
func newMasks(o *Options) *masks {
	switch {
	case o.Mask != "":
		return &masks{file: o.Mask, at: place(o.Mask)}
	case o.Masks != "":
		m := &masks{dir: newCompanions(o.Masks), at: place(o.Masks)}
		if real, err := realPath(o.Masks); err == nil { // unlike an output, a folder may be a link
			m.at = fold(real)
		}
		return m
	}
	return nil
}

// holds reports whether a place, as of the function place, is that of a mask, or
// could be: no output may be written there.
func (m *masks) holds(place string) bool {
	return m != nil && (place == m.at || m.dir != nil && strings.HasPrefix(place, m.at+string(filepath.Separator)))
}

// find returns the path of an item's mask. Its outputs may have another name than
// its file (see Retrier); the mask is called like the file.
func (m *masks) find(item Item) (string, error) {
	if m.file != "" {
		return m.file, nil
	}
	rel := path.Join(path.Dir(item.Rel), filepath.Base(item.Path))
	name, several := m.dir.find(rel)
	if name != "" {
		return name, nil
	}
	if len(several) == 0 { // or as an earlier run has written it beside its picture
		stem, _ := splitEnding(rel)
		if name, _ = m.dir.find(stem + maskSuffix); name != "" {
			return name, nil
		}
	}
	place := m.dir.place(rel)
	if len(several) > 0 {
		return "", fmt.Errorf("several masks in %s could be meant: %s and %s; leave one of them, or call it %s",
			QuoteName(filepath.Dir(place)), QuoteName(several[0]), QuoteName(several[1]), QuoteName(filepath.Base(place)))
	}
	stem, _ := splitEnding(place)
	return "", notReady{fmt.Errorf("there is no mask for it: neither %s nor another picture %s, nor %s", QuoteName(place), QuoteName(stem+".*"), QuoteName(stem+maskSuffix))}
}

// openMask finds and opens the photo's mask, where the run has masks. What its
// header tells is checked before memory is taken.
func (p *photo) openMask() error {
	r := p.run
	if r.masks == nil {
		return nil
	}
	name, err := r.masks.find(p.item)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist): // that of all pictures, or it has just gone
		return notReady{maskError(name, dangling(name, err))}
	case err != nil:
		return maskError(name, err)
	case !info.Mode().IsRegular(): // opening a pipe would wait for its writer
		return maskError(name, errors.New("it is not a regular file"))
	case os.SameFile(info, p.in.info):
		return fmt.Errorf("its mask would be the picture itself, %s; put the masks into a folder of their own", QuoteName(name))
	}
	in, err := openInput(Item{Path: name}, r.Limits)
	if err != nil {
		return maskError(name, err)
	}
	p.mask, p.maskName = in, name
	w, h := p.in.header.W, p.in.header.H
	if mw, mh := in.header.W, in.header.H; (mw != w || mh != h) && (mw != h || mh != w) {
		return p.unfitting(mw, mh, w, h)
	}
	return nil
}

// maskError is an error of the mask of that name; the item is named elsewhere.
func maskError(name string, err error) error {
	return fmt.Errorf("its mask %w", &Error{Item: name, Err: err})
}

// unfitting is the error of a mask of mw by mh samples that does not lie on its
// picture of w by h.
func (p *photo) unfitting(mw, mh, w, h int) error {
	return fmt.Errorf("its mask %s has %dx%d pixels, and the picture has %dx%d; a mask is as large as its picture", QuoteName(p.maskName), mw, mh, w, h)
}

// readMask reads the mask as a plane that lies on the picture, upright: the luma
// of each pixel, times its opacity. With a ledger, it also finds out by what the
// mask is known again.
//
// A mask with an orientation of its own is turned by that. One without is taken
// to be drawn on the samples as the picture's file has them, and is turned with
// them; if it fits only the upright picture, as it is.
func (p *photo) readMask(picture *pix.Image) (*pix.Plane, error) {
	in := p.mask
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return nil, maskError(p.maskName, err)
	}
	m, err := pix.Decode(in, p.run.Limits)
	if err != nil {
		return nil, maskError(p.maskName, err)
	}
	if p.run.records != nil {
		id, err := in.identify()
		if err != nil {
			return nil, notReady{maskError(p.maskName, err)}
		}
		p.maskID = &id
	}
	plane := &pix.Image{W: m.W, H: m.H, Planes: [][]uint16{lumaOf(m)}}
	if stored := p.in.header; m.Meta.Orientation == 0 && m.W == stored.W && m.H == stored.H {
		plane = plane.Orient(picture.Meta.Orientation)
	}
	if plane.W != picture.W || plane.H != picture.H {
		return nil, p.unfitting(m.W, m.H, picture.W, picture.H)
	}
	return &pix.Plane{W: plane.W, H: plane.H, Pix: plane.Planes[0]}, nil
}

// lumaOf returns the luma of each pixel (ITU-R BT.601) times its opacity, in the
// memory of m's first plane.
func lumaOf(m *pix.Image) []uint16 {
	luma := m.Planes[0]
	if len(m.Planes) == 3 {
		green, blue := m.Planes[1], m.Planes[2]
		for i, red := range luma {
			luma[i] = uint16((299*uint32(red) + 587*uint32(green[i]) + 114*uint32(blue[i]) + 500) / 1000)
		}
	}
	for i, a := range m.Alpha {
		luma[i] = uint16((uint32(luma[i])*uint32(a) + 32767) / 65535)
	}
	return luma
}

// compareMask compares the item's mask with the one that its outputs were made
// with. now is what it is now, nil where the item has none.
func (p *photo) compareMask(rec *record) (now *identity, c comparison, err error) {
	if p.run.masks == nil {
		if rec.Mask != nil {
			return nil, changed, nil
		}
		return nil, same, nil
	}
	name, err := p.run.masks.find(p.item)
	if err != nil {
		return nil, gone, err
	}
	if rec.Mask == nil {
		return nil, changed, nil
	}
	id, c, err := rec.Mask.compare(name, p.run.Checksum)
	return &id, c, err
}
