package hostile

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// piece is one part of a file: a chunk, a segment or a field of a directory.
type piece struct {
	from, to int
	fields   []field
	fixed    bool // leaving it out would only shift what is counted
	crc      bool // it ends with the checksum of a PNG chunk
}

// field is a number of two or four bytes that says how large something is, or
// where.
type field struct {
	at, size int
	order    binary.ByteOrder
}

func (f field) put(data []byte, v uint32) {
	if f.size == 2 {
		f.order.PutUint16(data[f.at:], uint16(v))
	} else {
		f.order.PutUint32(data[f.at:], v)
	}
}

// structure takes a valid file of one of the seeds apart.
func structure(data []byte) []piece {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG")):
		return structurePNG(data)
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		return structureJPEG(data)
	case bytes.HasPrefix(data, []byte("RIFF")):
		return structureRIFF(data)
	case bytes.HasPrefix(data, []byte("II*")), bytes.HasPrefix(data, []byte("MM\x00*")):
		return structureTIFF(data)
	case bytes.HasPrefix(data, []byte("GIF")):
		return []piece{{0, 13, numbers(6, 2, 2, binary.LittleEndian), true, false}}
	case bytes.HasPrefix(data, []byte("BM")):
		// File size, offset of the samples, sizes, planes and bits, compression,
		// length, number of colours.
		fields := append(numbers(2, 1, 4, binary.LittleEndian), numbers(10, 4, 4, binary.LittleEndian)...)
		fields = append(fields, numbers(26, 2, 2, binary.LittleEndian)...)
		return []piece{{0, 54, append(fields, numbers(30, 6, 4, binary.LittleEndian)...), true, false}}
	}
	return nil
}

// numbers are n numbers one behind the other.
func numbers(at, n, size int, order binary.ByteOrder) (list []field) {
	for i := range n {
		list = append(list, field{at + i*size, size, order})
	}
	return list
}

func structurePNG(data []byte) (list []piece) {
	for at := 8; at+12 <= len(data); {
		n := int(binary.BigEndian.Uint32(data[at:]))
		p := piece{from: at, to: at + 12 + n, fields: numbers(at, 1, 4, binary.BigEndian), crc: true}
		for i := 0; i+4 <= min(n, 12); i += 4 { // of the body too: width, height, ...
			p.fields = append(p.fields, field{at + 8 + i, 4, binary.BigEndian})
		}
		list = append(list, p)
		at = p.to
	}
	return list
}

// fitCRC makes the checksum of a chunk right.
func fitCRC(chunk []byte) {
	end := len(chunk) - 4
	binary.BigEndian.PutUint32(chunk[end:], crc32.ChecksumIEEE(chunk[4:end]))
}

func structureJPEG(data []byte) (list []piece) {
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		n := int(binary.BigEndian.Uint16(data[at+2:]))
		p := piece{from: at, to: at + 2 + n, fields: numbers(at+2, min(4, n/2), 2, binary.BigEndian)}
		if data[at+1] == 0xc0 || data[at+1] == 0xc2 {
			p.fields = append(p.fields, numbers(at+5, 2, 2, binary.BigEndian)...) // height and width
		}
		list = append(list, p)
		at = p.to
		if data[p.from+1] == 0xda {
			next := bytes.Index(data[at:], []byte{0xff, 0xda})
			if next < 0 {
				break
			}
			at += next // a progressive file: the tables between are part of no piece
		}
	}
	return list
}

func structureRIFF(data []byte) (list []piece) {
	list = append(list, piece{0, 12, numbers(4, 1, 4, binary.LittleEndian), true, false})
	for at := 12; at+8 <= len(data); {
		n := int(binary.LittleEndian.Uint32(data[at+4:]))
		p := piece{from: at, to: min(len(data), at+8+n+n&1), fields: numbers(at+4, min(5, 1+n/4), 4, binary.LittleEndian)}
		list = append(list, p)
		at = p.to
	}
	return list
}

// structureTIFF gives the fields of the first directory: type, count and value
// of each.
func structureTIFF(data []byte) (list []piece) {
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	dir := int(order.Uint32(data[4:]))
	n := int(order.Uint16(data[dir:]))
	list = append(list, piece{dir, dir + 2, append(numbers(dir, 1, 2, order), numbers(4, 1, 4, order)...), true, false})
	for i := range n {
		at := dir + 2 + 12*i
		list = append(list, piece{from: at, to: at + 12, fields: []field{{at + 2, 2, order}, {at + 4, 4, order}, {at + 8, 4, order}}})
	}
	return append(list, piece{dir + 2 + 12*n, dir + 6 + 12*n, numbers(dir+2+12*n, 1, 4, order), true, false})
}
