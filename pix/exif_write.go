package pix

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// Tags of EXIF that follow the picture (CIPA DC-008).
const (
	tagXResolution     = 282
	tagYResolution     = 283
	tagResolutionUnit  = 296
	tagThumbnail       = 513 // JPEGInterchangeFormat
	tagThumbnailLength = 514
	tagMakerNote       = 37500
	tagPixelX          = 40962
	tagPixelY          = 40963
)

// rewriteEXIF returns an EXIF block for an upright picture of w by h samples, made
// from the block that its file had. The block is patched where it stands, so
// whatever points into it, maker notes included, still points to the right place:
//
//   - the orientation becomes 1; where it turned the picture by a quarter, the
//     two resolutions change places;
//   - the sizes that are there become w and h;
//   - the second directory, which holds the thumbnail of the old picture, is
//     unlinked, and cut off where nothing else follows it.
//
// A block whose first directory cannot be read is damaged: the result is an error
// that wraps ErrCorrupt or ErrUnsupported. The result is never longer than the
// block.
func rewriteEXIF(block []byte, w, h int) ([]byte, error) {
	if len(block) > maxMetadata {
		return nil, fmt.Errorf("%w: an EXIF block of %d bytes", ErrCorrupt, len(block))
	}
	t, err := openTIFF(append([]byte(nil), block...))
	if err != nil {
		return nil, err
	}
	dir, thumbnail, err := t.dir(t.first)
	if err != nil {
		return nil, err
	}
	turned := exifOrientation(block) >= 5
	if x, y := t.places(dir, t.first, tagXResolution), t.places(dir, t.first, tagYResolution); turned && len(x) == 1 && len(y) == 1 {
		// The fields hold where the two numbers are.
		a, b := t.data[x[0]+8:x[0]+12], t.data[y[0]+8:y[0]+12]
		for i := range a {
			a[i], b[i] = b[i], a[i]
		}
	}
	t.setShort(dir, t.first, tagOrientation, 1)
	t.setSize(dir, t.first, tagWidth, w)
	t.setSize(dir, t.first, tagHeight, h)
	if e, ok := find(dir, tagExif); ok {
		if at, ok := t.uint(e, 0); ok {
			if sub, _, err := t.dir(at); err == nil {
				t.setSize(sub, at, tagPixelX, w)
				t.setSize(sub, at, tagPixelY, h)
			}
		}
	}
	if thumbnail != 0 {
		t.order.PutUint32(t.data[uint64(t.first)+2+12*uint64(len(dir)):], 0)
		t.data = t.data[:t.withoutTail(dir, thumbnail)]
	}
	// Directories that overlap, which takes a block made for that, can undo all
	// this.
	if again, err := openTIFF(t.data); err != nil {
		return nil, err
	} else if _, next, err := again.dir(again.first); err != nil || next != 0 || exifOrientation(t.data) > 1 {
		return nil, fmt.Errorf("%w: an EXIF block whose directories overlap", ErrCorrupt)
	}
	return t.data, nil
}

// UprightEXIF is an EXIF block that says nothing but that the picture is upright:
// for one whose samples somebody might else take for those of a turned file.
func UprightEXIF() []byte {
	const short, one, upright = 3, 1, 1
	return []byte{
		'I', 'I', 42, 0, 8, 0, 0, 0, // little-endian, the directory at 8
		one, 0, // its only field
		tagOrientation & 0xff, tagOrientation >> 8, short, 0, one, 0, 0, 0, upright, 0, 0, 0,
		0, 0, 0, 0, // no further directory
	}
}

// places gives the offsets of a directory's fields of a tag.
func (t *tiffBlock) places(dir []entry, at uint32, tag uint16) []uint64 {
	var out []uint64
	for i, e := range dir {
		if e.tag == tag {
			out = append(out, uint64(at)+2+12*uint64(i))
		}
	}
	return out
}

// setShort makes each of a directory's fields of a tag a SHORT of one value,
// whatever it was before: readers differ in what they take for a number.
func (t *tiffBlock) setShort(dir []entry, at uint32, tag, v uint16) {
	for _, p := range t.places(dir, at, tag) {
		copy(t.data[p:p+12], putEntry(nil, t.order, tag, typeShort, 1, uint32(v)))
	}
}

// setSize does the same for a width or height, which keeps its type where that
// holds it.
func (t *tiffBlock) setSize(dir []entry, at uint32, tag uint16, v int) {
	for _, p := range t.places(dir, at, tag) {
		kind := t.order.Uint16(t.data[p+2:])
		if kind != typeShort || v > 65535 {
			kind = typeLong
		}
		copy(t.data[p:p+12], putEntry(nil, t.order, tag, kind, 1, uint32(v)))
	}
}

// extent is a part of a block: from..to.
type extent struct{ from, to uint64 }

// extents appends the parts that a directory takes: its fields and their values.
func (t *tiffBlock) extents(out []extent, dir []entry, at uint32) []extent {
	out = append(out, extent{uint64(at), uint64(at) + 2 + 12*uint64(len(dir)) + 4})
	for i, e := range dir {
		if len(e.value) > 4 {
			from := uint64(t.order.Uint32(t.data[uint64(at)+2+12*uint64(i)+8:]))
			out = append(out, extent{from, from + uint64(len(e.value))})
		}
	}
	return out
}

// withoutTail returns how long the block is without the parts of the thumbnail's
// directory that stand at its end. Nothing is cut behind what belongs to the
// others, nor where it is not known what bytes belong to: maker notes point to
// data beside themselves.
func (t *tiffBlock) withoutTail(dir []entry, thumbnail uint32) uint64 {
	end := uint64(len(t.data))
	old, _, err := t.dir(thumbnail)
	if err != nil {
		return end
	}
	kept := t.extents([]extent{{0, 8}}, dir, t.first)
	for i := 0; i < len(dir); i++ {
		if !pointer(dir[i].tag) || dir[i].value == nil {
			continue
		}
		at, ok := t.uint(dir[i], 0)
		if sub, _, err := t.dir(at); ok && err == nil {
			kept = t.extents(kept, sub, at)
			if e, ok := find(sub, tagInterop); ok && dir[i].tag == tagExif {
				at, _ := t.uint(e, 0)
				if sub, _, err := t.dir(at); err == nil {
					kept = t.extents(kept, sub, at)
				}
			}
		}
	}
	var floor uint64
	for _, k := range kept {
		floor = max(floor, k.to)
	}
	cut := t.extents(nil, old, thumbnail)
	from, length := uint64(t.findUint(old, tagThumbnail, 0)), uint64(t.findUint(old, tagThumbnailLength, 0))
	if length > 0 && from+length <= end {
		cut = append(cut, extent{from, from + length})
	}
	// From the end on, as long as one part lies before the next. Values begin at
	// even offsets, so there may be zeros between them.
	slices.SortFunc(cut, func(a, b extent) int { return cmp.Compare(b.to, a.to) })
	for _, c := range cut {
		if c.to < end && (end-c.to > 3 || len(bytes.Trim(t.data[c.to:end], "\x00")) > 0) {
			break
		}
		if c.from >= floor {
			end = min(end, c.from)
		}
	}
	return end
}
