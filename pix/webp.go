package pix

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"

	"golang.org/x/image/webp"
)

// webpCodec reads still WebPs, with and without loss. Nothing is written: no
// encoder in pure Go writes valid files for all pictures. nativewebp v0.9.3 uses
// codes of 16 bits for ordinary photographs where VP8L allows 15, and other
// decoders refuse those files.
var webpCodec = codec{
	name: "webp",
	ext:  ".webp",
	sniff: func(head []byte) bool {
		return len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP"
	},
	scan:   scanWebP,
	decode: decodeWebP,
	cost: func(h Header) (decode, encode int64) {
		// The decoder's picture, its transforms and the opacity.
		n := int64(h.W+16) * int64(h.H+16)
		return 14*n + 4<<20, 0
	},
}

// scanWebP walks the chunks of the RIFF container (RFC 9649).
func scanWebP(data []byte, whole bool) (*container, error) {
	if len(data) < 12 {
		return nil, fmt.Errorf("%w: this webp ends within its header", ErrCorrupt)
	}
	end := 8 + int64(binary.LittleEndian.Uint32(data[4:]))
	if whole && end > int64(len(data)) {
		return nil, fmt.Errorf("%w: this webp ends after %d of %d bytes", ErrCorrupt, len(data), end)
	}
	c := &container{Header: Header{Depth: 8, Planes: 3}}
	extended := false
	body := data[12:min(end, int64(len(data)))]
	for len(body) >= 8 {
		kind, size := string(body[:4]), int64(binary.LittleEndian.Uint32(body[4:]))
		body = body[8:]
		part := body[:min(size, int64(len(body)))]
		switch kind {
		case "VP8X":
			if len(part) < 10 {
				return nil, fmt.Errorf("%w: the header chunk of this webp is too short", ErrCorrupt)
			}
			if extended || c.Frames > 0 { // a reader would believe the other one, or the picture
				return nil, fmt.Errorf("%w: the header chunk of this webp stands behind another or behind the picture", ErrCorrupt)
			}
			extended = true
			c.Alpha = part[0]&0x10 != 0
			c.W = 1 + int(part[4]) + int(part[5])<<8 + int(part[6])<<16
			c.H = 1 + int(part[7]) + int(part[8])<<8 + int(part[9])<<16
			c.animated = part[0]&0x02 != 0
		case "VP8 ", "VP8L":
			c.Frames++
			b := container{}
			if !b.bitstreamSize(kind, part) {
				return nil, fmt.Errorf("%w: the picture chunk of this webp is damaged", ErrCorrupt)
			}
			switch {
			case c.W == 0:
				c.W, c.H = b.W, b.H
			case b.W != c.W || b.H != c.H:
				return nil, fmt.Errorf("%w: this webp holds a picture of %dx%d pixels where its header says %dx%d", ErrCorrupt, b.W, b.H, c.W, c.H)
			}
			c.Alpha = c.Alpha || b.Alpha // it decides, whatever the header chunk says
		case "ANMF":
			c.Frames++
		case "ICCP":
			c.meta.ICC = complete(part, size)
		case "EXIF":
			block := complete(part, size)
			// Some writers keep the prefix that JPEG needs.
			c.meta.EXIF = bytes.TrimPrefix(block, []byte("Exif\x00\x00"))
		case "XMP ":
			c.meta.XMP = complete(part, size)
		}
		body = body[min(size+size&1, int64(len(body))):]
	}
	switch {
	case c.W == 0:
		return nil, fmt.Errorf("%w: this webp holds no picture", ErrCorrupt)
	case !whole && (c.animated || c.Frames == 0): // its frames must be counted, and the picture's own size compared
		return nil, fmt.Errorf("%w: more of this webp is needed", ErrCorrupt)
	case c.animated && c.Frames == 1:
		return nil, fmt.Errorf("%w: a WebP animation of one frame: save it as a still picture", ErrUnsupported)
	case c.Frames == 0 && whole:
		return nil, fmt.Errorf("%w: this webp holds no picture", ErrCorrupt)
	case !c.animated:
		c.Frames = 1
	}
	return c, nil
}

// complete copies a metadata chunk, or returns nil where a part of it is missing.
func complete(part []byte, size int64) []byte {
	if int64(len(part)) < size || size == 0 {
		return nil
	}
	return bytes.Clone(part)
}

// bitstreamSize reads width and height from a VP8 frame header (RFC 6386, section
// 9.1) or a VP8L one.
func (c *container) bitstreamSize(kind string, part []byte) bool {
	if kind == "VP8 " {
		if len(part) < 10 || string(part[3:6]) != "\x9d\x01\x2a" {
			return false
		}
		c.W = int(binary.LittleEndian.Uint16(part[6:])) & 0x3fff
		c.H = int(binary.LittleEndian.Uint16(part[8:])) & 0x3fff
		return true
	}
	if len(part) < 5 || part[0] != 0x2f {
		return false
	}
	bits := binary.LittleEndian.Uint32(part[1:])
	c.W, c.H = 1+int(bits&0x3fff), 1+int(bits>>14&0x3fff)
	c.Alpha = bits>>28&1 != 0
	return true
}

func decodeWebP(data []byte, c *container) (*Image, error) {
	src, err := webp.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var m *Image
	switch s := src.(type) {
	case *image.YCbCr:
		m = fromYCbCr(s, true)
	case *image.NYCbCrA:
		m = fromYCbCr(&s.YCbCr, true)
		m.Alpha = alphaOf(s)
	default:
		m = FromImage(src)
	}
	if !c.Alpha {
		m.Alpha = nil // the header says that the fourth channel is unused
	}
	return m, nil
}
