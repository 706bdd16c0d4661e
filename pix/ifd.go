package pix

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// tiffBlock reads the directories (IFDs) of a TIFF file or of an EXIF block,
// which has the same form (TIFF 6.0, section 2; CIPA DC-008). Every offset and
// count is checked against the block.
type tiffBlock struct {
	data  []byte
	order interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}
	first    uint32 // where the first directory begins
	leaveOut uint16 // tag that copyDir leaves out; 0: none
}

// TIFF types by their number, in bytes.
var tiffSize = [...]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}

const (
	typeByte  = 1
	typeShort = 3
	typeLong  = 4
	typeIFD   = 13

	typeRational  = 5
	typeUndefined = 7
)

// entry is one field of a directory.
type entry struct {
	tag, kind uint16
	count     uint32
	value     []byte // nil where it lies outside the block, its type is unknown, or it points to a directory again
}

func openTIFF(data []byte) (*tiffBlock, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("%w: a TIFF block of %d bytes", ErrCorrupt, len(data))
	}
	t := &tiffBlock{data: data}
	switch string(data[:4]) {
	case "II*\x00":
		t.order = binary.LittleEndian
	case "MM\x00*":
		t.order = binary.BigEndian
	case "II+\x00", "MM\x00+":
		return nil, fmt.Errorf("%w: BigTIFF: save it as a plain TIFF", ErrUnsupported)
	default:
		return nil, fmt.Errorf("%w: no TIFF header", ErrCorrupt)
	}
	t.first = t.order.Uint32(data[4:])
	return t, nil
}

// dir reads the directory at an offset, and where the next one begins: 0 after
// the last.
func (t *tiffBlock) dir(at uint32) (entries []entry, next uint32, err error) {
	size := uint64(len(t.data))
	if uint64(at)+2 > size {
		return nil, 0, fmt.Errorf("%w: a TIFF directory lies beyond the end of the file", ErrCorrupt)
	}
	n := uint64(t.order.Uint16(t.data[at:]))
	end := uint64(at) + 2 + 12*n
	if end+4 > size {
		return nil, 0, fmt.Errorf("%w: a TIFF directory goes beyond the end of the file", ErrCorrupt)
	}
	entries = make([]entry, n)
	var seen [3]bool
	for i := range entries {
		f := t.data[uint64(at)+2+12*uint64(i):][:12]
		e := entry{tag: t.order.Uint16(f), kind: t.order.Uint16(f[2:]), count: t.order.Uint32(f[4:])}
		if int(e.kind) < len(tiffSize) && e.kind > 0 {
			length := uint64(e.count) * tiffSize[e.kind]
			from := uint64(t.order.Uint32(f[8:]))
			if length <= 4 {
				e.value = f[8 : 8+length]
			} else if from+length <= size {
				e.value = t.data[from : from+length]
			}
		}
		// Of a field that points to another directory only the first counts. A small
		// block can hold thousands that all point to the same place, even to this
		// directory: each would be read once more, and so on below it.
		if p := slices.Index(pointers[:], e.tag); p >= 0 {
			if seen[p] {
				e.value = nil
			}
			seen[p] = true
		}
		entries[i] = e
	}
	return entries, t.order.Uint32(t.data[end:]), nil
}

// uint is value i of an entry of the types BYTE, SHORT, LONG or IFD.
func (t *tiffBlock) uint(e entry, i int) (v uint32, ok bool) {
	if int64(i) >= int64(e.count) || e.value == nil {
		return 0, false
	}
	switch e.kind {
	case typeByte:
		return uint32(e.value[i]), true
	case typeShort:
		return uint32(t.order.Uint16(e.value[2*i:])), true
	case typeLong, typeIFD:
		return t.order.Uint32(e.value[4*i:]), true
	}
	return 0, false
}

// find gives the first entry of a tag.
func find(entries []entry, tag uint16) (entry, bool) {
	for _, e := range entries {
		if e.tag == tag {
			return e, true
		}
	}
	return entry{}, false
}

// findUint gives the first value of a tag, or def where there is none.
func (t *tiffBlock) findUint(entries []entry, tag uint16, def uint32) uint32 {
	if e, ok := find(entries, tag); ok {
		if v, ok := t.uint(e, 0); ok {
			return v
		}
	}
	return def
}

const tagOrientation = 274

// exifOrientation reads the orientation from an EXIF block: 1 to 8, or 0 where
// it says nothing that makes sense. A damaged block says nothing: the picture
// beside it may be whole.
func exifOrientation(block []byte) int {
	t, err := openTIFF(block)
	if err != nil {
		return 0
	}
	entries, _, err := t.dir(t.first)
	if err != nil {
		return 0
	}
	o := t.findUint(entries, tagOrientation, 0)
	if o > 8 {
		return 0
	}
	return int(o)
}
