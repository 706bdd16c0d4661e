package pix

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"slices"
	"testing"
)

// The builders here put files together byte by byte, so that tests can have
// what no encoder writes.

// segment is a JPEG segment with its marker and length.
func segment(marker byte, body string) string {
	return string([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}) + body
}

// withSegments puts segments behind a JPEG's start marker.
func withSegments(jpeg []byte, segments ...string) []byte {
	out := bytes.Clone(jpeg[:2])
	for _, s := range segments {
		out = append(out, s...)
	}
	return append(out, jpeg[2:]...)
}

// chunk is a PNG chunk.
func chunk(kind, body string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(b, kind+body...)
	return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:])))
}

// withChunks puts chunks into a PNG, before its first IDAT or before its IEND.
func withChunks(t testing.TB, png []byte, before string, chunks ...string) []byte {
	t.Helper()
	at := bytes.Index(png, []byte(before)) - 4
	if at < 0 {
		t.Fatalf("no %s in the PNG", before)
	}
	out := bytes.Clone(png[:at])
	for _, c := range chunks {
		out = append(out, c...)
	}
	return append(out, png[at:]...)
}

func be32(v ...uint32) string {
	var b []byte
	for _, x := range v {
		b = binary.BigEndian.AppendUint32(b, x)
	}
	return string(b)
}

// riffChunk is a chunk of a WebP file, padded to an even length.
func riffChunk(kind, body string) string {
	s := kind + string(binary.LittleEndian.AppendUint32(nil, uint32(len(body)))) + body
	if len(body)%2 != 0 {
		s += "\x00"
	}
	return s
}

func riffFile(chunks ...string) []byte {
	body := "WEBP"
	for _, c := range chunks {
		body += c
	}
	return []byte(riffChunk("RIFF", body))
}

// plainWebP is a lossless WebP (RFC 9649, section 3) of 8-bit colours, with every
// sample as it is: no transform, no reference back, and codes of 8 bits each.
func plainWebP(m *Image) []byte {
	out, used := []byte{0x2f}, 8
	put := func(v uint32, n int) { // from the lowest bit on
		for i := range n {
			if used == 8 {
				out, used = append(out, 0), 0
			}
			out[len(out)-1] |= byte(v>>i&1) << used
			used++
		}
	}
	put(uint32(m.W-1), 14)
	put(uint32(m.H-1), 14)
	if m.Alpha != nil {
		put(1, 1)
	} else {
		put(0, 1)
	}
	put(0, 3) // version
	put(0, 3) // no transform, no colour cache, one group of codes
	for range 4 {
		// Green, red, blue and opacity. The first 12 lengths of the code for the
		// lengths end with that of "8 bits", which is the only one in use.
		put(0, 1)
		put(12-4, 4)
		put(0, 11*3)
		put(1, 3)
		put(1, 1) // there are fewer lengths than symbols:
		put(3, 3) // their number has 8 bits
		put(256-2, 8)
	}
	put(1, 4) // distances: one symbol, 0, of one bit
	for i := range m.W * m.H {
		for _, c := range []int{1, 0, 2, 3} {
			v := uint8(255)
			if c < 3 || m.Alpha != nil {
				v = to8(m.channel(c)[i])
			}
			put(uint32(bits.Reverse8(v)), 8)
		}
	}
	return riffFile(riffChunk("VP8L", string(out)))
}

// extendedWebP wraps the picture chunk of a plain WebP of w by h pixels together
// with others; flags are those of VP8X.
func extendedWebP(plain []byte, flags byte, w, h int, before, after []string) []byte {
	vp8x := string([]byte{flags, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0})
	chunks := append([]string{riffChunk("VP8X", vp8x)}, before...)
	chunks = append(chunks, string(plain[12:]))
	return riffFile(append(chunks, after...)...)
}

// tiffField is a field of a directory: numbers of the kind, or bytes as they are.
type tiffField struct {
	tag, kind uint16
	numbers   []uint32
	raw       string
}

func short(tag uint16, v ...uint32) tiffField {
	return tiffField{tag: tag, kind: typeShort, numbers: v}
}
func long(tag uint16, v ...uint32) tiffField { return tiffField{tag: tag, kind: typeLong, numbers: v} }
func raw(tag, kind uint16, v string) tiffField {
	return tiffField{tag: tag, kind: kind, raw: v}
}

// tiffFile puts a TIFF file, or an EXIF block, together: blobs first, from offset
// 8 on and each at an even offset, then the directories in a chain.
func tiffFile(order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}, blobs []string, pages ...[]tiffField) []byte {
	b := []byte("II*\x00\x00\x00\x00\x00")
	if order.String() == "BigEndian" {
		b = []byte("MM\x00*\x00\x00\x00\x00")
	}
	for _, blob := range blobs {
		b = append(b, blob...)
		b = append(b, make([]byte, len(b)%2)...)
	}
	link := 4
	for _, fields := range pages {
		fields = slices.Clone(fields)
		slices.SortStableFunc(fields, func(a, b tiffField) int { return int(a.tag) - int(b.tag) })
		order.PutUint32(b[link:], uint32(len(b)))
		dir := len(b)
		b = order.AppendUint16(b, uint16(len(fields)))
		b = append(b, make([]byte, 12*len(fields)+4)...)
		link = len(b) - 4
		for i, f := range fields {
			value := []byte(f.raw)
			for _, n := range f.numbers {
				if f.kind == typeShort {
					value = order.AppendUint16(value, uint16(n))
				} else {
					value = order.AppendUint32(value, n)
				}
			}
			at := dir + 2 + 12*i
			order.PutUint16(b[at:], f.tag)
			order.PutUint16(b[at+2:], f.kind)
			order.PutUint32(b[at+4:], uint32(uint64(len(value))/tiffSize[f.kind]))
			if len(value) <= 4 {
				copy(b[at+8:], value)
			} else {
				order.PutUint32(b[at+8:], uint32(len(b)))
				b = append(b, value...)
				b = append(b, make([]byte, len(b)%2)...)
			}
		}
	}
	return b
}

// greyTIFF is the directory of an uncompressed 8-bit grey page whose samples
// begin at the given offset, with more fields behind those that it needs.
func greyTIFF(w, h, at uint32, more ...tiffField) []tiffField {
	return append([]tiffField{
		long(tagWidth, w), long(tagHeight, h), short(tagBits, 8), short(tagCompression, 1), short(tagPhotometric, 1),
		long(tagStripOffsets, at), short(tagSamples, 1), long(tagRowsPerStrip, h), long(tagStripCounts, w*h),
	}, more...)
}

// exifBlock is an EXIF block that holds an orientation.
func exifBlock(orientation uint32) string {
	return string(tiffFile(binary.BigEndian, nil, []tiffField{short(tagOrientation, orientation)}))
}
