package hostile

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"io"
	"math/bits"
	"slices"
	"strings"
)

func sortFiles(list []File) {
	slices.SortFunc(list, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
}

// deflated is what r holds as a zlib stream.
func deflated(r io.Reader) string {
	return string(encode(func(b *bytes.Buffer) error {
		z, err := zlib.NewWriterLevel(b, zlib.BestCompression)
		if err != nil {
			return err
		}
		if _, err := io.Copy(z, r); err != nil {
			return err
		}
		return z.Close()
	}))
}

// be32 are numbers in big-endian order.
func be32(v ...uint32) string {
	var b []byte
	for _, x := range v {
		b = binary.BigEndian.AppendUint32(b, x)
	}
	return string(b)
}

const pngMagic = "\x89PNG\r\n\x1a\n"

// chunk is a PNG chunk.
func chunk(kind, body string) string {
	return be32(uint32(len(body))) + kind + body + be32(crc32.ChecksumIEEE([]byte(kind+body)))
}

// header is IHDR.
func header(w, h uint32, depth, colour, interlace byte) string {
	return chunk("IHDR", be32(w, h)+string([]byte{depth, colour, 0, 0, interlace}))
}

// withChunks puts chunks before the first IDAT.
func withChunks(file []byte, chunks ...string) []byte {
	at := bytes.Index(file, []byte("IDAT")) - 4
	return []byte(string(file[:at]) + strings.Join(chunks, "") + string(file[at:]))
}

// interlacedPNG lays a grey picture out in the seven passes of Adam7.
func interlacedPNG(m *image.Gray) []byte {
	var rows []byte
	for _, p := range [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		for y := p[1]; y < Height; y += p[3] {
			rows = append(rows, 0) // no filter
			for x := p[0]; x < Width; x += p[2] {
				rows = append(rows, m.GrayAt(x, y).Y)
			}
		}
	}
	return []byte(pngMagic + header(Width, Height, 8, 0, 1) + chunk("IDAT", deflated(bytes.NewReader(rows))) + chunk("IEND", ""))
}

// riffChunk is a chunk of a WebP file, padded to an even length.
func riffChunk(kind, body string) string {
	return kind + string(binary.LittleEndian.AppendUint32(nil, uint32(len(body)))) + body + strings.Repeat("\x00", len(body)%2)
}

func riff(chunks ...string) []byte {
	return []byte(riffChunk("RIFF", "WEBP"+strings.Join(chunks, "")))
}

// vp8x is the header chunk of an extended WebP.
func vp8x(flags byte, w, h int) string {
	return riffChunk("VP8X", string([]byte{flags, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), byte((w - 1) >> 16),
		byte(h - 1), byte((h - 1) >> 8), byte((h - 1) >> 16)}))
}

// losslessWebP is a VP8L chunk (RFC 9649, section 3) of samples as they are: no
// transform, no reference back, and codes of 8 bits for all four channels.
func losslessWebP(m *image.NRGBA) string {
	b := bitWriter{out: []byte{0x2f}, used: 8}
	b.put(uint32(m.Rect.Dx()-1), 14)
	b.put(uint32(m.Rect.Dy()-1), 14)
	b.put(1, 1) // opacity
	b.put(0, 6) // version, no transform, no colour cache, one group of codes
	for range 4 {
		// A normal code; 12 lengths for the code of the lengths, of which only the
		// last, that of "8 bits", is used; 256 lengths follow.
		b.put(0, 1)
		b.put(12-4, 4)
		b.put(0, 11*3)
		b.put(1, 3)
		b.put(1, 1)
		b.put(3, 3)
		b.put(256-2, 8)
	}
	b.put(1, 4) // distances: one symbol
	for i := 0; i < len(m.Pix); i += 4 {
		for _, c := range []int{1, 0, 2, 3} {
			b.put(uint32(bits.Reverse8(m.Pix[i+c])), 8)
		}
	}
	return riffChunk("VP8L", string(b.out))
}

// bitWriter fills bytes from their lowest bit on.
type bitWriter struct {
	out  []byte
	used int // bits of the last byte
}

func (b *bitWriter) put(v uint32, n int) {
	for i := range n {
		if b.used == 8 {
			b.out, b.used = append(b.out, 0), 0
		}
		b.out[len(b.out)-1] |= byte(v>>i&1) << b.used
		b.used++
	}
}

// lossyWebP is a VP8 chunk (RFC 6386) whose partitions are zeros: the arithmetic
// decoder finds a valid picture in them, of one colour.
func lossyWebP(w, h int) string {
	const first, second = 200, 400
	tag := uint32(first)<<5 | 1<<4 // a key frame, shown, version 0
	return riffChunk("VP8 ", string([]byte{byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 0x01, 0x2a,
		byte(w), byte(w >> 8), byte(h), byte(h >> 8)})+strings.Repeat("\x00", first+second))
}
