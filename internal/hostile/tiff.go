package hostile

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// order is one of the two byte orders of TIFF.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// Types of TIFF fields.
const (
	ascii     = 2
	short     = 3
	long      = 4
	undefined = 7
)

// entry is a field of a directory; raw, if any, stands for the numbers.
type entry struct {
	tag, kind uint16
	numbers   []uint32
	raw       string
}

func shorts(tag uint16, v ...uint32) entry { return entry{tag: tag, kind: short, numbers: v} }
func longs(tag uint16, v ...uint32) entry  { return entry{tag: tag, kind: long, numbers: v} }

// layTIFF puts a TIFF file together: blob from offset 8 on, then the directories in
// a chain, each with the values that do not fit behind it.
func layTIFF(o order, blob string, pages ...[]entry) []byte {
	b := []byte("II*\x00\x00\x00\x00\x00")
	if o.String() == "BigEndian" {
		b = []byte("MM\x00*\x00\x00\x00\x00")
	}
	b = append(b, blob...)
	link := 4
	for _, fields := range pages {
		b = append(b, make([]byte, len(b)%2)...)
		o.PutUint32(b[link:], uint32(len(b)))
		at := len(b) + 2
		link = at + 12*len(fields)
		b = o.AppendUint16(b, uint16(len(fields)))
		b = append(b, make([]byte, 12*len(fields)+4)...)
		for _, f := range fields {
			value, count := []byte(f.raw), len(f.raw)
			for _, n := range f.numbers {
				count++
				if f.kind == short {
					value = o.AppendUint16(value, uint16(n))
				} else {
					value = o.AppendUint32(value, n)
				}
			}
			o.PutUint16(b[at:], f.tag)
			o.PutUint16(b[at+2:], f.kind)
			o.PutUint32(b[at+4:], uint32(count))
			if len(value) <= 4 {
				copy(b[at+8:], value)
			} else {
				o.PutUint32(b[at+8:], uint32(len(b)))
				b = append(b, value...)
			}
			at += 12
		}
	}
	return b
}

// EXIF is a block of metadata in the form of a TIFF file, with an orientation and
// directories of EXIF and GPS.
func EXIF(orientation uint32) string {
	b := layTIFF(binary.BigEndian, "", []entry{shorts(274, orientation), {tag: 315, kind: ascii, raw: "somebody\x00"}, longs(34665, 0), longs(34853, 0)})
	dir := 8
	for i, sub := range [][]entry{{{tag: 42036, kind: ascii, raw: "a lens\x00"}}, {shorts(0, 2, 3)}} {
		b = append(b, make([]byte, len(b)%2)...)
		at := len(b)
		binary.BigEndian.PutUint32(b[dir+2+12*(2+i)+8:], uint32(at))
		// The offsets of a directory that was laid out by itself, moved.
		part := layTIFF(binary.BigEndian, "", sub)[8:]
		if n := len(sub[0].raw); n > 4 {
			binary.BigEndian.PutUint32(part[2+8:], binary.BigEndian.Uint32(part[2+8:])+uint32(at-8))
		}
		b = append(b, part...)
	}
	return string(b)
}

// tiffKind is a layout of samples.
type tiffKind struct {
	name                            string
	order                           order
	samples, bits, rows             int
	photometric, compression        uint32
	predictor, planar, extra, tiled bool
	more                            []entry
}

func tiffSeeds() (list []File) {
	le, be := order(binary.LittleEndian), order(binary.BigEndian)
	colours := make([]uint32, 3*256)
	for i := range colours {
		colours[i] = uint32(i * 85)
	}
	for _, k := range []tiffKind{
		{name: "grey", order: le, samples: 1, bits: 8, rows: 5, photometric: 1, compression: 1},
		{name: "white", order: be, samples: 1, bits: 16, rows: 24, photometric: 0, compression: 1},
		{name: "rgb-deflate", order: le, samples: 3, bits: 8, rows: 7, photometric: 2, compression: 8, predictor: true},
		{name: "rgb16-lzw", order: be, samples: 3, bits: 16, rows: 8, photometric: 2, compression: 5},
		{name: "alpha-packbits", order: le, samples: 4, bits: 8, rows: 6, photometric: 2, compression: 32773, extra: true},
		{name: "palette-lzw", order: le, samples: 1, bits: 8, rows: 24, photometric: 3, compression: 5, more: []entry{shorts(320, colours...)}},
		{name: "tiles", order: be, samples: 3, bits: 8, photometric: 2, compression: 32946, tiled: true},
		{name: "planes", order: le, samples: 3, bits: 8, rows: 8, photometric: 2, compression: 8, planar: true},
		{name: "planes-tiles", order: be, samples: 3, bits: 16, photometric: 2, compression: 5, planar: true, tiled: true},
		{name: "inks", order: le, samples: 4, bits: 8, rows: 10, photometric: 5, compression: 8, predictor: true},
		{name: "grey-alpha", order: le, samples: 2, bits: 16, rows: 24, photometric: 1, compression: 1, extra: true},
		{name: "bits", order: be, samples: 1, bits: 1, rows: 24, photometric: 1, compression: 1},
		{name: "meta", order: le, samples: 3, bits: 8, rows: 24, photometric: 2, compression: 1, more: []entry{
			{tag: 315, kind: ascii, raw: "somebody\x00"}, {tag: 700, kind: undefined, raw: "<x:xmpmeta/>"}, {tag: 33723, kind: undefined, raw: "\x1c\x02\x05\x00\x01t"},
			longs(34665, 8), {tag: 34675, kind: undefined, raw: "a profile"}, longs(34853, 8),
		}},
	} {
		list = append(list, File{k.name + ".tif", k.file()})
	}
	return list
}

// file lays out noise in this way.
func (k *tiffKind) file() []byte {
	blockW, blockH := Width, k.rows
	if k.tiled {
		blockW, blockH = 16, 16
	}
	across, down := (Width+blockW-1)/blockW, (Height+blockH-1)/blockH
	planes, each := 1, k.samples
	if k.planar {
		planes, each = k.samples, 1
	}
	var blob []byte
	var offsets, counts []uint32
	noise := uint32(1)
	for range planes * across * down {
		raw := make([]byte, (blockW*each*k.bits+7)/8*blockH)
		for i := range raw {
			noise = noise*1664525 + 1013904223
			raw[i] = byte(noise >> 24)
		}
		packed := pack(raw, k.compression)
		offsets, counts = append(offsets, uint32(8+len(blob))), append(counts, uint32(len(packed)))
		blob = append(blob, packed...)
	}
	bitsOf := make([]uint32, k.samples)
	for i := range bitsOf {
		bitsOf[i] = uint32(k.bits)
	}
	dir := []entry{longs(256, Width), longs(257, Height), shorts(258, bitsOf...), shorts(259, k.compression), shorts(262, k.photometric), shorts(277, uint32(k.samples))}
	if k.tiled {
		dir = append(dir, longs(322, 16), longs(323, 16), longs(324, offsets...), longs(325, counts...))
	} else {
		dir = append(dir, longs(273, offsets...), longs(278, uint32(k.rows)), longs(279, counts...))
	}
	if k.planar {
		dir = append(dir, shorts(284, 2))
	}
	if k.predictor {
		dir = append(dir, shorts(317, 2))
	}
	if k.extra {
		dir = append(dir, shorts(338, 2))
	}
	dir = append(dir, k.more...)
	slices.SortStableFunc(dir, func(a, b entry) int { return int(a.tag) - int(b.tag) })
	return layTIFF(k.order, string(blob), dir)
}

// pack compresses a strip or tile (TIFF 6.0, sections 9 and 13, and supplement 2).
func pack(raw []byte, compression uint32) []byte {
	switch compression {
	case 5:
		return packLZW(raw)
	case 8, 32946:
		return []byte(deflated(bytes.NewReader(raw)))
	case 32773:
		var out []byte
		for part := range slices.Chunk(raw, 128) { // literal runs alone
			out = append(append(out, byte(len(part)-1)), part...)
		}
		return out
	}
	return raw
}

// packLZW writes every byte as a code of its own, of 9 bits from the highest on,
// and clears the table before codes would grow.
func packLZW(raw []byte) []byte {
	const clearTable, end = 256, 257
	var out []byte
	var acc, n uint32
	put := func(code uint32) {
		for acc, n = acc<<9|code, n+9; n >= 8; n -= 8 {
			out = append(out, byte(acc>>(n-8)))
		}
	}
	for i, b := range raw {
		if i%200 == 0 {
			put(clearTable)
		}
		put(uint32(b))
	}
	put(end)
	return append(out, byte(acc<<(8-n)))
}
