package pix

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// TestFrames refuses files of several pictures, with their number, and reads
// those where what stands beside the picture is none.
func TestFrames(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	png := encoded(t, scene(4, 4, 3, 8, false), "png")
	jpeg := encoded(t, scene(8, 8, 3, 8, false), "jpeg")
	webp := plainWebP(scene(4, 4, 3, 8, false))
	frame := riffChunk("ANMF", strings.Repeat("\x00", 16)+string(webp[12:]))
	animation := chunk("acTL", be32(3, 0))
	control := chunk("fcTL", be32(0, 4, 4, 0, 0)+"\x00\x01\x00\x01\x00\x00")
	one := greyTIFF(2, 2, 8)
	thumb := append([]tiffField{long(tagNewSubfileType, 1)}, greyTIFF(1, 1, 8)...)
	mask := append([]tiffField{long(tagNewSubfileType, 4)}, greyTIFF(2, 2, 8)...)
	mpf := func(kind uint32) string {
		entry := string(le.AppendUint32(nil, kind)) + strings.Repeat("\x00", 12)
		return segment(0xe2, "MPF\x00"+string(tiffFile(le, nil, []tiffField{raw(0xb002, 7, entry+entry)})))
	}
	for _, c := range []struct {
		name   string
		data   []byte
		frames int
		err    error
	}{
		{"gif of one", smallGIF(t, 4, 4, 1), 1, nil},
		{"gif of three", smallGIF(t, 4, 4, 3), 3, ErrFrames},
		{"png animation of three", withChunks(t, png, "IDAT", animation, control), 3, ErrFrames},
		{"png animation of three and a still", withChunks(t, png, "IDAT", animation), 4, ErrFrames},
		{"png animation of one", withChunks(t, png, "IDAT", chunk("acTL", be32(1, 0)), control), 1, nil},
		{"webp animation", riffFile(riffChunk("VP8X", "\x02\x00\x00\x00\x03\x00\x00\x03\x00\x00"), riffChunk("ANIM", "\x00\x00\x00\x00\x00\x00"), frame, frame), 2, ErrFrames},
		{"webp animation of one", riffFile(riffChunk("VP8X", "\x02\x00\x00\x00\x03\x00\x00\x03\x00\x00"), riffChunk("ANIM", "\x00\x00\x00\x00\x00\x00"), frame), 0, ErrUnsupported},
		{"tiff of one", tiffFile(le, []string{"abcd"}, one), 1, nil},
		{"tiff of two", tiffFile(le, []string{"abcd"}, one, one), 2, ErrFrames},
		{"tiff with a mask", tiffFile(le, []string{"abcd"}, one, mask), 2, ErrFrames},
		{"tiff with a thumbnail", tiffFile(le, []string{"abcd"}, one, thumb), 1, nil},
		{"tiff with a thumbnail first", tiffFile(le, []string{"abcd"}, thumb, one), 1, nil},
		{"tiff of thumbnails", tiffFile(le, []string{"abcd"}, thumb, thumb), 0, ErrUnsupported},
		{"jpeg stereo pair", withSegments(jpeg, mpf(0x020002)), 2, ErrFrames},
		{"jpeg with a preview", withSegments(jpeg, mpf(0x010001)), 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, err := DecodeHeader(bytes.NewReader(c.data), Limits{})
			if !errors.Is(err, c.err) || h.Frames != c.frames {
				t.Errorf("DecodeHeader: %d frames and %v, want %d and %v", h.Frames, err, c.frames, c.err)
			}
			if _, err := Decode(bytes.NewReader(c.data), Limits{}); !errors.Is(err, c.err) {
				t.Errorf("Decode: %v, want %v", err, c.err)
			}
		})
	}
}

// TestTIFFCircle stops at directories that point back.
func TestTIFFCircle(t *testing.T) {
	t.Parallel()
	data := tiffFile(binary.LittleEndian, []string{"abcd"}, greyTIFF(2, 2, 8))
	first := binary.LittleEndian.Uint32(data[4:])
	binary.LittleEndian.PutUint32(data[first+2+9*12:], first)
	if _, err := Decode(bytes.NewReader(data), Limits{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want %v", err, ErrCorrupt)
	}
}

// TestGIFPlace puts a frame that is smaller than the screen in its place.
func TestGIFPlace(t *testing.T) {
	t.Parallel()
	data := smallGIF(t, 2, 2, 1)
	whole := decoded(t, data)
	at := bytes.LastIndexByte(data[:len(data)-2], 0x2c)
	data[6], data[8] = 5, 4       // screen
	data[at+1], data[at+3] = 2, 1 // place
	m := decoded(t, data)
	if m.W != 5 || m.H != 4 || m.Alpha == nil {
		t.Fatalf("got %dx%d, opacity %v", m.W, m.H, m.Alpha)
	}
	part := m.Crop(2, 1, 2, 2)
	part.dropOpaque()
	same(t, part, whole)
	if m.Alpha[0] != 0 || m.Alpha[4] != 0 {
		t.Error("the screen round the frame is not transparent")
	}
}
