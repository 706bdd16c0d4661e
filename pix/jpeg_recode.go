package pix

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// A jpegStream is a JPEG of one sequential scan whose components all have the
// same size, taken apart (ITU-T T.81, annexes B and F).
type jpegStream struct {
	segments [][]byte // whole, without SOI, JFIF, the code tables and SOS
	scan     []byte   // SOS, whole
	data     []byte   // the coded samples, without EOI
	blocks   int      // of a component
	dc, ac   []int    // for each component its code tables, 0..3

	codes [2][4]*huffmanDecoder // DC and AC
}

var errStream = errors.New("not a JPEG of one plain scan")

// parseJPEG takes apart what the encoder wrote. Its only error is errStream.
func parseJPEG(data []byte) (*jpegStream, error) {
	s := &jpegStream{}
	if len(data) < 4 || string(data[:2]) != "\xff\xd8" || string(data[len(data)-2:]) != "\xff\xd9" {
		return nil, errStream
	}
	components := 0
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker, size := data[at+1], 2+int(binary.BigEndian.Uint16(data[at+2:]))
		if size < 4 || at+size > len(data)-2 {
			return nil, errStream
		}
		whole, body := data[at:at+size], data[at+4:at+size]
		at += size
		switch marker {
		case 0xe0: // the caller writes its own
		case 0xc4:
			if err := s.tables(body); err != nil {
				return nil, err
			}
		case 0xc0, 0xc1:
			if len(body) < 6 || len(body) != 6+3*int(body[5]) {
				return nil, errStream
			}
			h, w := int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
			s.blocks, components = ((w+7)/8)*((h+7)/8), int(body[5])
			for i := range components {
				if body[6+3*i+1] != 0x11 { // subsampled
					return nil, errStream
				}
			}
			s.segments = append(s.segments, whole)
		case 0xda:
			if len(body) < 1 || int(body[0]) != components || len(body) != 4+2*components || string(body[1+2*components:]) != "\x00\x3f\x00" {
				return nil, errStream
			}
			for i := range components {
				table := body[2+2*i]
				dc, ac := int(table>>4), int(table&15)
				if dc > 3 || ac > 3 || s.codes[0][dc] == nil || s.codes[1][ac] == nil {
					return nil, errStream
				}
				s.dc, s.ac = append(s.dc, dc), append(s.ac, ac)
			}
			s.scan, s.data = whole, data[at:len(data)-2]
			return s, nil
		case 0xdd: // restart intervals
			return nil, errStream
		default:
			s.segments = append(s.segments, whole)
		}
	}
	return nil, errStream
}

// tables reads DHT.
func (s *jpegStream) tables(body []byte) error {
	return huffmanTables(body, func(class, id byte, counts [16]byte, symbols []byte) error {
		d := newHuffmanDecoder(counts, symbols)
		if d == nil {
			return errStream
		}
		s.codes[class][id] = d
		return nil
	})
}

// huffmanTables calls f with each table of DHT: 0 for DC or 1 for AC, its number
// 0..3, how many codes have each length from 1 on, and as many symbols. The error is
// errStream, or f's.
func huffmanTables(body []byte, f func(class, id byte, counts [16]byte, symbols []byte) error) error {
	for len(body) >= 17 {
		class, id, n := body[0]>>4, body[0]&15, 0
		for _, c := range body[1:17] {
			n += int(c)
		}
		if class > 1 || id > 3 || len(body) < 17+n {
			return errStream
		}
		if err := f(class, id, [16]byte(body[1:17]), body[17:17+n]); err != nil {
			return err
		}
		body = body[17+n:]
	}
	if len(body) != 0 {
		return errStream
	}
	return nil
}

// each calls f with every symbol of the scan: its component, whether it is one of
// AC, and the bits behind it, as many as the lower four bits of the symbol say.
func (s *jpegStream) each(f func(component int, ac bool, symbol byte, extra uint32) error) error {
	r := bitReader{data: s.data}
	visit := make([]func(bool, byte, uint32) error, len(s.dc))
	for c := range visit {
		visit[c] = func(ac bool, symbol byte, extra uint32) error { return f(c, ac, symbol, extra) }
	}
	for range s.blocks {
		for c := range s.dc {
			if _, err := r.block(s.codes[0][s.dc[c]], s.codes[1][s.ac[c]], visit[c]); err != nil {
				if _, ok := err.(codeError); ok {
					return errStream
				}
				return err
			}
		}
	}
	return nil
}

// writeOptimal writes the stream behind head, with the codes that suit its symbols
// best: one pair of them for the first component, one for the others, as baseline
// decoders have room for (ITU-T T.81, table B.5). No sample changes. The error is
// errStream, with nothing written, or w's own.
func (s *jpegStream) writeOptimal(w io.Writer, head []byte) error {
	var counts [2][2][256]int // DC and AC; first component and others
	table := func(component int) int { return min(component, 1) }
	err := s.each(func(c int, ac bool, symbol byte, _ uint32) error {
		counts[index(ac)][table(c)][symbol]++
		return nil
	})
	if err != nil {
		return err
	}
	var codes [2][2]huffmanCode
	dht := []byte{0xff, 0xc4, 0, 0}
	for t := range min(2, len(s.dc)) {
		for class := range 2 {
			lengths, symbols := huffmanLengths(counts[class][t])
			codes[class][t] = newHuffmanCode(lengths, symbols)
			dht = append(dht, byte(class<<4|t))
			dht = append(append(dht, lengths[:]...), symbols...)
		}
	}
	binary.BigEndian.PutUint16(dht[2:], uint16(len(dht)-2))
	scan := slices.Clone(s.scan)
	for i := range s.dc {
		scan[4+1+2*i+1] = byte(table(i) * 0x11)
	}
	for _, part := range slices.Concat([][]byte{head}, s.segments, [][]byte{dht, scan}) {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	out := bitWriter{w: w}
	if err := s.each(func(c int, ac bool, symbol byte, extra uint32) error {
		code := codes[index(ac)][table(c)][symbol]
		n := uint(symbol & 15)
		return out.put(uint64(code.bits)<<n|uint64(extra), uint(code.length)+n)
	}); err != nil {
		return err
	}
	if err := out.flush(); err != nil {
		return err
	}
	_, err = w.Write([]byte{0xff, 0xd9})
	return err
}

func index(ac bool) int {
	if ac {
		return 1
	}
	return 0
}
