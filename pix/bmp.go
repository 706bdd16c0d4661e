package pix

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"golang.org/x/image/bmp"
)

var bmpCodec = codec{
	name: "bmp",
	ext:  ".bmp",
	sniff: func(head []byte) bool {
		// Two letters are little to go by: the reserved fields and the size of the
		// header that follows must fit, too.
		return len(head) >= 18 && string(head[:2]) == "BM" && binary.LittleEndian.Uint32(head[6:]) == 0 &&
			binary.LittleEndian.Uint32(head[14:]) >= 12 && binary.LittleEndian.Uint32(head[14:]) <= 124
	},
	scan:   scanBMP,
	decode: decodeBMP,
	encode: encodeBMP,
	cost: func(h Header) (decode, encode int64) {
		n := int64(h.W) * int64(h.H)
		return 6*n + 1<<20, 4*n + 1<<20
	},
}

func scanBMP(data []byte, _ bool) (*container, error) {
	if len(data) < 14+40 {
		if len(data) >= 18 && binary.LittleEndian.Uint32(data[14:]) < 40 {
			return nil, errOldBMP
		}
		return nil, fmt.Errorf("%w: this bmp ends within its header", ErrCorrupt)
	}
	if binary.LittleEndian.Uint32(data[14:]) < 40 {
		return nil, errOldBMP
	}
	c := &container{Header: Header{Depth: 8, Planes: 3, Frames: 1}}
	c.W = int(int32(binary.LittleEndian.Uint32(data[18:])))
	c.H = int(int32(binary.LittleEndian.Uint32(data[22:])))
	c.H = max(c.H, -c.H) // negative where the rows begin at the top
	c.Alpha = binary.LittleEndian.Uint16(data[28:]) == 32
	return c, nil
}

var errOldBMP = fmt.Errorf("%w: a BMP with the header of OS/2: save it as PNG", ErrUnsupported)

func decodeBMP(data []byte, _ *container) (*Image, error) {
	src, err := bmp.Decode(bytes.NewReader(data))
	if errors.Is(err, bmp.ErrUnsupported) {
		return nil, fmt.Errorf("%w: a BMP that is compressed, or of 16 bits a pixel: save it as PNG", ErrUnsupported)
	}
	if err != nil {
		return nil, err
	}
	m := FromImage(src)
	for _, a := range m.Alpha {
		if a != 0 {
			return m, nil
		}
	}
	m.Alpha = nil // many writers leave the fourth byte at 0: nobody means a picture that is all transparent
	return m, nil
}

func encodeBMP(w io.Writer, m *Image, _ carried, _ EncodeOptions) error {
	const v4 = 14 + 108 // both headers
	if int64(m.W) > math.MaxInt32 || int64(m.H) > math.MaxInt32 || int64(m.W) > (math.MaxUint32-v4-1024)/4/int64(m.H) {
		return fmt.Errorf("%w: %dx%d pixels, and BMP goes up to 4 GB: write PNG instead", ErrLimit, m.W, m.H)
	}
	src := m.shallow(8)
	if m.Alpha == nil {
		return bmp.Encode(w, src.ToImage())
	}
	// The library writes opacity under a header that has no place for it, so that
	// readers pass over it: BITMAPV4HEADER says where it is.
	size := 4 * m.W * m.H
	b := []byte("BM")
	for _, v := range []uint32{
		uint32(v4 + size), 0, v4, 108, uint32(m.W), uint32(m.H), 32<<16 | 1, 3 /* masks */, uint32(size),
		2835, 2835, 0, 0, 0xff0000, 0xff00, 0xff, 0xff000000, 0x73524742, /* sRGB */
	} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, make([]byte, v4-len(b))...) // end points and gammas, unused for sRGB
	if _, err := w.Write(b); err != nil {
		return err
	}
	row := make([]byte, 4*m.W)
	for y := m.H - 1; y >= 0; y-- {
		o := y * m.W
		for x := range m.W {
			p := row[4*x : 4*x+4]
			p[0], p[1], p[2], p[3] = to8(m.channel(2)[o+x]), to8(m.channel(1)[o+x]), to8(m.channel(0)[o+x]), to8(m.Alpha[o+x])
		}
		if _, err := w.Write(row); err != nil {
			return err
		}
	}
	return nil
}
