package pix

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/jpeg"
)

var jpegCodec = codec{
	name:   "jpeg",
	ext:    ".jpg",
	sniff:  func(head []byte) bool { return bytes.HasPrefix(head, []byte{0xff, 0xd8, 0xff}) },
	scan:   scanJPEG,
	decode: decodeJPEG,
	encode: encodeJPEG,
	cost: func(h Header) (decode, encode int64) {
		n := int64(h.W+16) * int64(h.H+16)
		// Reading: progressive files keep their coefficients, 4 bytes each, beside
		// the 8-bit planes, and a bit each while they are checked, of four components
		// at most. Writing: the picture with 8 bits a sample twice, what jpegli takes,
		// and the old memory while that grows. It depends on what there is to write:
		// 10 to 20 bytes a pixel were measured for smooth pictures of 1 to 100
		// megapixels, 23 with noise of level 25, 33 with noise of level 100, and 4.9
		// for smooth grey ones; at quality 100 up to half as much again.
		each := int64(31)
		if h.Planes == 1 {
			each = 12
		}
		return int64(h.Planes)*n*5 + n/2, each*n + 12<<20
	},
}

// scanJPEG walks the segments up to the first scan (ITU-T T.81, annex B).
func scanJPEG(data []byte, whole bool) (*container, error) {
	c := &container{Header: Header{Frames: 1, Depth: 8}, meta: Meta{Depth: 8}}
	var icc iccParts
	var photoshop []byte
	short := fmt.Errorf("%w: this jpeg ends within its header", ErrCorrupt)
	for at := 2; ; {
		// Fill bytes, and garbage between segments that libjpeg passes over, too.
		for at < len(data) && data[at] != 0xff {
			at++
		}
		for at < len(data) && data[at] == 0xff {
			at++
		}
		if at >= len(data) {
			return nil, short
		}
		marker := data[at]
		at++
		if marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd8 {
			continue // no segments
		}
		if marker == 0xd9 {
			return nil, fmt.Errorf("%w: this jpeg ends before its picture", ErrCorrupt)
		}
		if at+2 > len(data) {
			return nil, short
		}
		length := int(binary.BigEndian.Uint16(data[at:]))
		if length < 2 || at+length > len(data) {
			return nil, short
		}
		body := data[at+2 : at+length]
		at += length
		switch {
		case marker == 0xda: // SOS
			if c.W == 0 {
				return nil, fmt.Errorf("%w: this jpeg has no frame header", ErrCorrupt)
			}
			if whole && scansJPEG(data[at-length-2:]) > maxScans {
				return nil, fmt.Errorf("%w: a JPEG whose picture comes in over %d scans: save it as a baseline one", ErrUnsupported, maxScans)
			}
			c.meta.ICC = icc.join()
			c.meta.IPTC = iptcOf(photoshop)
			if c.cmyk {
				c.meta.ICC = nil // it is for CMYK; the samples will be RGB
			}
			return c, nil
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc: // SOF
			if err := c.frameHeader(marker, body); err != nil {
				return nil, err
			}
		case marker == 0xe0:
			if rest, ok := bytes.CutPrefix(body, []byte("JFIF\x00")); ok && len(rest) >= 7 && rest[2] <= 2 {
				c.meta.Density = Density{float64(binary.BigEndian.Uint16(rest[3:])), float64(binary.BigEndian.Uint16(rest[5:])), DensityUnit(rest[2])}
				if !c.meta.Density.valid() || c.meta.Density == (Density{1, 1, AspectOnly}) { // which says nothing
					c.meta.Density = Density{}
				}
			}
		case marker == 0xfe: // COM
			c.meta.Segments = append(c.meta.Segments, data[at-length-2:at]...)
		case marker == 0xe1:
			if rest, ok := bytes.CutPrefix(body, []byte("Exif\x00")); ok && len(rest) > 1 && c.meta.EXIF == nil {
				c.meta.EXIF = bytes.Clone(rest[1:]) // a byte of padding, mostly 0
			} else if rest, ok := bytes.CutPrefix(body, []byte("http://ns.adobe.com/xap/1.0/\x00")); ok && c.meta.XMP == nil {
				c.meta.XMP = bytes.Clone(rest)
			}
		case marker == 0xe2:
			if rest, ok := bytes.CutPrefix(body, []byte("ICC_PROFILE\x00")); ok {
				icc.add(rest)
			} else if rest, ok := bytes.CutPrefix(body, []byte("MPF\x00")); ok {
				c.Frames = max(c.Frames, mpfFrames(rest))
			}
		case marker == 0xed:
			if rest, ok := bytes.CutPrefix(body, []byte("Photoshop 3.0\x00")); ok {
				photoshop = append(photoshop, rest...)
			}
		}
	}
}

// maxScans is far beyond what any encoder makes of a progressive picture. Each scan
// goes over all of it for as little as a dozen bytes, so a small file could keep a
// decoder busy for hours.
const maxScans = 100

// scansJPEG counts the scans up to the end of the picture. Within the samples no
// marker follows 0xff (ITU-T T.81, B.1.1.5).
func scansJPEG(data []byte) (n int) {
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+4 > len(data) {
			return n
		}
		marker := data[i+1]
		switch {
		case marker == 0xd9: // EOI
			return n
		case marker == 0xff:
			data = data[i+1:]
			continue
		case marker <= 1 || marker >= 0xd0 && marker <= 0xd8: // a stuffed byte, RST: no segments
			data = data[i+2:]
			continue
		case marker == 0xda:
			n++
		}
		data = data[min(len(data), i+2+int(binary.BigEndian.Uint16(data[i+2:]))):]
	}
}

// frameHeader reads SOF.
func (c *container) frameHeader(marker byte, body []byte) error {
	if len(body) < 6 {
		return fmt.Errorf("%w: this jpeg has a short frame header", ErrCorrupt)
	}
	if marker > 0xc2 {
		return fmt.Errorf("%w: a lossless, hierarchical or arithmetic-coded JPEG (SOF%d): save it as a baseline or progressive one", ErrUnsupported, marker-0xc0)
	}
	if body[0] != 8 {
		return fmt.Errorf("%w: a JPEG of %d bits: save it as 8-bit JPEG or as TIFF", ErrUnsupported, body[0])
	}
	c.H, c.W = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	switch body[5] {
	case 1:
		c.Planes = 1
	case 3, 4:
		c.Planes, c.cmyk = 3, body[5] == 4
	default:
		return fmt.Errorf("%w: a JPEG of %d components: save it in grey or RGB", ErrUnsupported, body[5])
	}
	if c.W == 0 || c.H == 0 {
		return fmt.Errorf("%w: the header of this jpeg says %dx%d pixels", ErrCorrupt, c.W, c.H)
	}
	return nil
}

// iccParts collects a profile that is spread over several APP2 segments (ICC.1,
// annex B.4).
type iccParts struct {
	parts [256][]byte
	total int
}

func (p *iccParts) add(body []byte) {
	if len(body) < 2 {
		return
	}
	p.parts[body[0]] = body[2:]
	p.total = int(body[1])
}

// join returns the profile, or nil where a part of it is missing.
func (p *iccParts) join() []byte {
	var out []byte
	for i := 1; i <= p.total; i++ {
		if p.parts[i] == nil {
			return nil
		}
		out = append(out, p.parts[i]...)
	}
	return out
}

// mpfFrames counts the pictures of a Multi-Picture Format index (CIPA DC-007)
// that are of the same standing: panoramas, stereo pairs and views from several
// angles. Thumbnails, previews and gain maps, which phones append, do not count.
func mpfFrames(block []byte) int {
	t, err := openTIFF(block)
	if err != nil {
		return 1
	}
	entries, _, err := t.dir(t.first)
	if err != nil {
		return 1
	}
	const tagEntries, size = 0xb002, 16
	list, _ := find(entries, tagEntries)
	frames := 0
	for v := list.value; len(v) >= size; v = v[size:] {
		if t.order.Uint32(v)&0xff0000 == 0x020000 {
			frames++
		}
	}
	return max(1, frames)
}

func decodeJPEG(data []byte, c *container) (*Image, error) {
	if err := checkJPEG(data); err != nil && err != errStream {
		return nil, err
	}
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, asUnsupported[jpeg.UnsupportedError](err)
	}
	return FromImage(src), nil
}
