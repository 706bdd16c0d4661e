package pix

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/gif"
)

// gifCodec reads still GIFs. There is nothing to write: a palette of 256 colours
// holds no restored photograph.
var gifCodec = codec{
	name: "gif",
	ext:  ".gif",
	sniff: func(head []byte) bool {
		return bytes.HasPrefix(head, []byte("GIF87a")) || bytes.HasPrefix(head, []byte("GIF89a"))
	},
	scan:   scanGIF,
	decode: decodeGIF,
	cost: func(h Header) (decode, encode int64) {
		// The indices, and the frame beside the screen where it does not fill it.
		return 9*int64(h.W)*int64(h.H) + 1<<20, 0
	},
}

// scanGIF walks the blocks to the trailer: only there is it certain how many
// frames there are (GIF89a, appendix A).
func scanGIF(data []byte, _ bool) (*container, error) {
	short := fmt.Errorf("%w: this gif ends before its trailer", ErrCorrupt)
	if len(data) < 13 {
		return nil, short
	}
	c := &container{Header: Header{
		W: int(binary.LittleEndian.Uint16(data[6:])), H: int(binary.LittleEndian.Uint16(data[8:])),
		Depth: 8, Planes: 3, Alpha: true,
	}}
	at := 13 + colourTable(data[10])
	// blocks passes over sub-blocks, each with a length byte before it, up to an
	// empty one.
	blocks := func() {
		for at < len(data) && data[at] != 0 {
			at += 1 + int(data[at])
		}
		at++
	}
	for {
		if at >= len(data) {
			return nil, short
		}
		switch data[at] {
		case 0x21: // extension
			at += 2
			blocks()
		case 0x2c: // image
			if at+10 > len(data) {
				return nil, short
			}
			at += 10 + colourTable(data[at+9]) + 1 // and the byte of LZW's code size
			blocks()
			c.Frames++
		case 0x3b:
			if c.Frames == 0 {
				return nil, fmt.Errorf("%w: this gif holds no picture", ErrCorrupt)
			}
			return c, nil
		default:
			return nil, fmt.Errorf("%w: this gif has an unknown block 0x%02x", ErrCorrupt, data[at])
		}
	}
}

// colourTable is the length in bytes of the colour table that the flags announce.
func colourTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (1 + flags&7)
}

// decodeGIF puts the frame in its place on the screen; what it leaves free is
// transparent.
func decodeGIF(data []byte, c *container) (*Image, error) {
	src, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	frame := FromImage(src)
	at := src.Bounds()
	if at == image.Rect(0, 0, c.W, c.H) {
		return frame, nil
	}
	m := New(c.W, c.H, len(frame.Planes))
	m.Alpha = make([]uint16, c.W*c.H)
	for y := range frame.H {
		to, from := (at.Min.Y+y)*m.W+at.Min.X, y*frame.W
		for p := range m.Planes {
			copy(m.Planes[p][to:to+frame.W], frame.Planes[p][from:])
		}
		for x := range frame.W {
			m.Alpha[to+x] = 65535
			if frame.Alpha != nil {
				m.Alpha[to+x] = frame.Alpha[from+x]
			}
		}
	}
	return m, nil
}
