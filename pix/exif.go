package pix

import "slices"

// Tags that point to directories of EXIF (CIPA DC-008).
const (
	tagExif    = 34665
	tagGPS     = 34853
	tagInterop = 40965
)

// describing are the tags of a page's own directory that say something of the
// picture, not of the layout of the file: EXIF's share of them.
var describing = []uint16{
	11, 269, 270, 271, 272, 285, // program, name of document, description, make, model, name of page
	tagOrientation,
	282, 283, 296, // resolution
	305, 306, 315, 316, // software, time, artist, computer
	18246, 18249, // rating
	33432,                             // copyright
	40091, 40092, 40093, 40094, 40095, // Windows' title, comment, author, keywords, subject
	tagExif, tagGPS,
}

func describes(tag uint16) bool { return slices.Contains(describing, tag) }

// exif returns an EXIF block with what a TIFF file says of its picture in the
// given directory and those of EXIF and GPS behind it, or nil where it says
// nothing. In a TIFF these are parts of the file itself, at offsets of their own:
// they are copied together into a block like that of the other formats. Maker
// notes that hold offsets of the old file lose their meaning.
func (t *tiffBlock) exif(dir []entry) []byte {
	var kept []entry
	for _, e := range dir {
		if describes(e.tag) {
			kept = append(kept, e)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	b := append([]byte(nil), t.data[:4]...)
	b = t.order.AppendUint32(b, 8)
	b, ok := t.copyDir(b, kept, 0)
	if !ok {
		return nil
	}
	return b
}

// copyDir appends a directory and what it points to; depth counts the directories
// above it. It fails where the copy grows beyond twice the original, or beyond all
// metadata, which takes a file made for that: many fields that share the same
// bytes.
func (t *tiffBlock) copyDir(b []byte, dir []entry, depth int) ([]byte, bool) {
	most := min(maxMetadata, 2*len(t.data))
	kept := dir[:0:0]
	for _, e := range dir {
		if e.value != nil && (depth < 2 || !pointer(e.tag)) && (e.tag != t.leaveOut || e.tag == 0) {
			kept = append(kept, e)
		}
	}
	if len(b)+12*len(kept) > most {
		return nil, false
	}
	if len(b)%2 != 0 {
		b = append(b, 0)
	}
	start := len(b)
	b = t.order.AppendUint16(b, uint16(len(kept)))
	b = append(b, make([]byte, 12*len(kept)+4)...) // filled in below
	for i, e := range kept {
		at := start + 2 + 12*i
		t.order.PutUint16(b[at:], e.tag)
		t.order.PutUint16(b[at+2:], e.kind)
		t.order.PutUint32(b[at+4:], e.count)
		switch {
		case pointer(e.tag):
			child, _, err := t.childDir(e)
			if err != nil { // a field that points nowhere says nothing
				child = nil
			}
			if len(b)%2 != 0 {
				b = append(b, 0)
			}
			t.order.PutUint32(b[at+8:], uint32(len(b)))
			var ok bool
			if b, ok = t.copyDir(b, child, depth+1); !ok {
				return nil, false
			}
		case len(e.value) <= 4:
			copy(b[at+8:at+12], e.value)
		default:
			if len(b)+len(e.value) > most {
				return nil, false
			}
			if len(b)%2 != 0 {
				b = append(b, 0)
			}
			t.order.PutUint32(b[at+8:], uint32(len(b)))
			b = append(b, e.value...)
		}
	}
	return b, true
}

// pointers are the tags of fields that say where another directory is.
var pointers = [...]uint16{tagExif, tagGPS, tagInterop}

func pointer(tag uint16) bool { return slices.Contains(pointers[:], tag) }

func (t *tiffBlock) childDir(e entry) ([]entry, uint32, error) {
	at, _ := t.uint(e, 0)
	return t.dir(at)
}
