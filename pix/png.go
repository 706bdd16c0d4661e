package pix

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image/png"
	"io"
)

var pngCodec = codec{
	name:   "png",
	ext:    ".png",
	sniff:  func(head []byte) bool { return bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")) },
	scan:   scanPNG,
	decode: decodePNG,
	encode: encodePNG,
	cost: func(h Header) (decode, encode int64) {
		// Reading: the library's own picture of up to four channels, and a part
		// of it again for an interlaced file; Alpha even where all is opaque.
		// Writing: a few rows and the deflate window.
		n := int64(h.W) * int64(h.H) * int64(h.Depth) / 8
		rows := int64(h.W)*8*8 + 2<<20
		if h.Planes == 1 && !h.Alpha {
			return 2*n + rows, rows
		}
		return 6*n + 2*int64(h.W)*int64(h.H) + rows, rows
	},
}

// maxMetadata bounds what a compressed profile or text may unpack to.
const maxMetadata = 32 << 20

// scanPNG walks the chunks (PNG specification, third edition). With whole unset
// it stops before the samples. Of a file cut short it returns what it has seen,
// beside the error.
func scanPNG(data []byte, whole bool) (*container, error) {
	c := &container{Header: Header{Frames: 1, Depth: 8}}
	var animation, shown bool
	seen := map[string]bool{} // of the metadata that count once
	for at := 8; ; {
		if at+12 > len(data) {
			return c, fmt.Errorf("%w: this png ends before its last chunk", ErrCorrupt)
		}
		length := int64(binary.BigEndian.Uint32(data[at:]))
		kind := string(data[at+4 : at+8])
		if kind == "IDAT" && animation && !shown {
			c.Frames++ // the first picture is none of the animation
			animation = false
		}
		if kind == "IEND" || kind == "IDAT" && !whole {
			if c.Planes == 0 {
				return nil, fmt.Errorf("%w: this png has no header chunk", ErrCorrupt)
			}
			c.Frames = max(c.Frames, 1)
			return c, nil
		}
		if length > int64(len(data)-at-12) {
			return c, fmt.Errorf("%w: this png ends within a chunk", ErrCorrupt)
		}
		body := data[at+8 : at+8+int(length)]
		at += 12 + int(length)
		switch kind {
		case "IHDR":
			if len(body) != 13 {
				return nil, fmt.Errorf("%w: the header chunk of this png has %d bytes", ErrCorrupt, len(body))
			}
			if c.Planes != 0 {
				return nil, fmt.Errorf("%w: this png has two header chunks", ErrCorrupt)
			}
			c.headerPNG(body)
		case "tRNS":
			c.Alpha = true
		case "acTL":
			if len(body) == 8 {
				animation = true
				c.Frames = int(min(binary.BigEndian.Uint32(body), 1<<30))
			}
		case "fcTL":
			shown = true
		default:
			if !whole {
				continue // metadata are not asked for: nothing is unpacked
			}
			c.metaPNG(kind, data[at-12-len(body):at], body, seen)
		}
	}
}

// metaPNG keeps a chunk of metadata. Of those that may stand but once only the
// first is looked at: a small file can hold many that unpack to a lot.
func (c *container) metaPNG(kind string, whole, body []byte, seen map[string]bool) {
	const xmp, profile = "XML:com.adobe.xmp\x00", "Raw profile type "
	isXMP := kind == "iTXt" && bytes.HasPrefix(body, []byte(xmp))
	first := !seen[kind]
	if kind == "iTXt" {
		first = !seen[xmp]
		seen[xmp] = seen[xmp] || isXMP
	}
	seen[kind] = true
	switch kind {
	case "eXIf":
		if first {
			c.meta.EXIF = bytes.Clone(bytes.TrimPrefix(body, []byte("Exif\x00\x00"))) // some writers keep the prefix that JPEG needs
		}
	case "iCCP":
		if first {
			c.meta.ICC = profilePNG(body)
		}
	case "pHYs":
		if first && len(body) == 9 {
			c.meta.Density = physPNG(body)
		}
	case "iTXt", "tEXt", "zTXt":
		switch {
		case isXMP && first:
			c.meta.XMP = xmpPNG(body)
		case isXMP || bytes.HasPrefix(body, []byte(profile)):
			// A profile as text is ImageMagick's way for EXIF before there was eXIf:
			// its orientation would turn the picture once more.
		default:
			c.keepChunk(whole)
		}
	case "sRGB", "gAMA", "cHRM", "cICP", "mDCV", "cLLI":
		if first {
			c.keepChunk(whole)
		}
	}
}

// keepChunk keeps a chunk for a PNG that is made of this one.
func (c *container) keepChunk(whole []byte) {
	if len(c.meta.Chunks)+len(whole) <= maxMetadata {
		c.meta.Chunks = append(c.meta.Chunks, whole...)
	}
}

// physPNG reads pHYs: samples a unit across and down, and whether that is a metre.
func physPNG(body []byte) Density {
	d := Density{X: float64(binary.BigEndian.Uint32(body)), Y: float64(binary.BigEndian.Uint32(body[4:]))}
	if body[8] == 1 {
		d = Density{d.X / 100, d.Y / 100, PerCentimetre}
	}
	if !d.valid() {
		return Density{}
	}
	return d
}

func (c *container) headerPNG(body []byte) {
	c.W = int(min(binary.BigEndian.Uint32(body), 1<<31-1))
	c.H = int(min(binary.BigEndian.Uint32(body[4:]), 1<<31-1))
	if body[8] == 16 {
		c.Depth = 16
	}
	const colour, alpha = 2, 4 // bits of the colour type
	c.Planes = 1
	if body[9]&colour != 0 {
		c.Planes = 3
	}
	c.Alpha = c.Alpha || body[9]&alpha != 0
}

// profilePNG unpacks iCCP: a name, a zero, the method 0 and the deflated profile.
func profilePNG(body []byte) []byte {
	_, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) < 1 || rest[0] != 0 {
		return nil
	}
	return inflate(rest[1:])
}

// xmpPNG reads an iTXt chunk that holds XMP: a keyword, flags, language and
// translation, each ended by a zero, and the text.
func xmpPNG(body []byte) []byte {
	rest, ok := bytes.CutPrefix(body, []byte("XML:com.adobe.xmp\x00"))
	if !ok || len(rest) < 2 {
		return nil
	}
	packed := rest[0] == 1
	_, rest, ok = bytes.Cut(rest[2:], []byte{0})
	if !ok {
		return nil
	}
	_, rest, ok = bytes.Cut(rest, []byte{0})
	switch {
	case !ok:
		return nil
	case packed:
		return inflate(rest)
	}
	return bytes.Clone(rest)
}

// inflate unpacks a zlib stream, or returns nil where it is damaged or larger
// than metadata are. It unpacks twice and only counts the first time, so that what
// unpacks to too much takes no memory.
func inflate(packed []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	size, err := io.Copy(io.Discard, io.LimitReader(z, maxMetadata+1))
	if err != nil || size > maxMetadata {
		return nil
	}
	if err := z.(zlib.Resetter).Reset(bytes.NewReader(packed), nil); err != nil {
		return nil
	}
	out := make([]byte, size)
	if _, err := io.ReadFull(z, out); err != nil {
		return nil
	}
	return out
}

func decodePNG(data []byte, c *container) (*Image, error) {
	src, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, asUnsupported[png.UnsupportedError](err)
	}
	m := FromImage(src)
	if c.Planes == 1 && !m.Grey() { // grey with opacity, which the library gives as RGB
		m.Planes = m.Planes[:1]
	}
	return m, nil
}
