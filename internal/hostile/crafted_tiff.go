package hostile

import (
	"bytes"
	"encoding/binary"
	"strings"
)

func craftedTIFF(add func(name string, data ...string)) {
	le := binary.LittleEndian
	page := func(w, h, at, count uint32, more ...entry) []entry {
		return append([]entry{longs(256, w), longs(257, h), shorts(258, 8), shorts(259, 1), shorts(262, 1),
			longs(273, at), shorts(277, 1), longs(278, h), longs(279, count)}, more...)
	}
	file := func(name, blob string, pages ...[]entry) { add(name, string(layTIFF(le, blob, pages...))) }
	file("huge.tif", "abcd", page(0xffffffff, 0xffffffff, 8, 4))
	file("none-wide.tif", "abcd", page(0, 2, 8, 4))
	file("no-samples.tif", "", page(900, 900, 0xfffffff0, 0xffffffff))
	file("pages.tif", "abcd", page(2, 2, 8, 4), page(2, 2, 8, 4))

	circle := layTIFF(le, "abcd", page(2, 2, 8, 4))
	le.PutUint32(circle[12+2+9*12:], le.Uint32(circle[4:]))
	add("circle.tif", string(circle))

	// A directory whose fields all point at it, as that of EXIF.
	self := make([]entry, 600)
	for i := range self {
		self[i] = longs(34665, 8)
	}
	file("pointers.tif", "", append(self, page(2, 2, 8, 4)...))

	// A field for each letter of the alphabet, all of them the same megabyte.
	shared := layTIFF(le, strings.Repeat("a", 1<<20), append(page(2, 2, 8, 4), make([]entry, 60)...))
	at := int(le.Uint32(shared[4:])) + 2 + 9*12
	for range 60 {
		le.PutUint16(shared[at:], 315)
		le.PutUint16(shared[at+2:], ascii)
		le.PutUint32(shared[at+4:], 1<<20)
		le.PutUint32(shared[at+8:], 8)
		at += 12
	}
	add("shared.tif", string(shared))

	// Directories without fields, each at a place of its own.
	var empty []byte
	for i := range uint32(200_000) {
		empty = le.AppendUint32(le.AppendUint16(empty, 0), 8+6*(i+1))
	}
	add("empty-directories.tif", "II*\x00\x08\x00\x00\x00", string(empty), "\x00\x00\x00\x00\x00\x00")

	packed := func(k uint32, raw []byte) string { return string(pack(raw, k)) }
	big := make([]byte, 4<<20)
	bomb := packed(8, big)
	dir := page(4, 4, 8, uint32(len(bomb)))
	dir[3] = shorts(259, 8)
	file("bomb.tif", bomb, dir)

	// A column of tiles that are much wider than the picture, all of them the same
	// bytes.
	const tiles = 4000
	tile := packed(8, make([]byte, 1024*8))
	same := make([]entry, 0, 10)
	for _, e := range page(1, tiles*8, 8, 1) {
		if e.tag != 273 && e.tag != 278 && e.tag != 279 {
			same = append(same, e)
		}
	}
	same[3] = shorts(259, 8)
	offsets, counts := make([]uint32, tiles), make([]uint32, tiles)
	for i := range tiles {
		offsets[i], counts[i] = 8, uint32(len(tile))
	}
	file("wide-tiles.tif", tile, append(same, longs(322, 1024), longs(323, 8), longs(324, offsets...), longs(325, counts...)))

	// A strip for each row of one pixel, all of them the same bytes.
	const rows = 20_000
	strip := packed(8, []byte{7})
	list := bytes.Repeat([]byte{8}, rows)
	strips := page(1, rows, 8, 1)
	strips[3], strips[7] = shorts(259, 8), longs(278, 1)
	strips[5] = entry{tag: 273, kind: 1, raw: string(list)}
	strips[8] = entry{tag: 279, kind: 1, raw: string(bytes.Repeat([]byte{byte(len(strip))}, rows))}
	file("strips.tif", strip, strips)
	file("tile-of-4G.tif", "abcd", append(same[:len(same):len(same)], longs(322, 0xfffffff0), longs(323, 0xfffffff0), longs(324, 8), longs(325, 4)))
	file("fields.tif", "", make([]entry, 65535))
}
