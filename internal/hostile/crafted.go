package hostile

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"io"
	"slices"
	"strings"
	"sync"
)

// zeros are n bytes that need no memory.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// bombSize is what the bombs of metadata unpack to.
const bombSize = 36 << 20

// Crafted are files made by hand, each against one weakness. Few of them are
// pictures that can be read.
func Crafted() []File { return slices.Clone(crafted()) }

// crafted packs hundreds of megabytes of zeros, so it does that once.
var crafted = sync.OnceValue(func() []File {
	list := []File{
		{"nothing.png", nil},
		{"zeros.jpg", make([]byte, 1000)},
		{"text.tif", []byte("Dear Sir or Madam,\nplease find attached no picture at all.\n")},
	}
	add := func(name string, data ...string) { list = append(list, File{name, []byte(strings.Join(data, ""))}) }
	list = append(list,
		File{"magic.png", []byte(pngMagic)},
		File{"magic.jpg", []byte("\xff\xd8\xff")},
		File{"magic.gif", []byte("GIF89a")},
		File{"magic.tif", []byte("II*\x00\x08\x00\x00\x00")},
		File{"big.tif", []byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00")},
		File{"magic.webp", []byte("RIFF\x04\x00\x00\x00WEBP")},
		File{"magic.bmp", append([]byte("BM"), make([]byte, 60)...)},
	)
	craftedPNG(add)
	craftedJPEG(add)
	craftedTIFF(add)
	craftedWebP(add)

	two := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.White})
	add("animated.gif", string(encode(func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{two, two}, Delay: []int{1, 1}})
	})))
	add("huge-screen.gif", "GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;")
	add("endless.gif", "GIF89a\x04\x00\x04\x00\x00\x00\x00", strings.Repeat("!\xfe\x01x\x00", 5000))
	bmpHeader := func(w, h, bits, colours uint32) string {
		var b []byte
		for _, v := range []uint32{54, 0, 54, 40, w, h, 1 | bits<<16, 0, 0, 2835, 2835, colours, 0} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		return "BM" + string(b)
	}
	add("huge.bmp", bmpHeader(0x7fffffff, 0x7fffffff, 24, 0))
	add("negative.bmp", bmpHeader(0x80000000, 4, 24, 0), "0123")
	add("lowest-height.bmp", bmpHeader(1, 0x80000000, 24, 0), "0123")
	add("huge-palette.bmp", bmpHeader(4, 4, 8, 0xffffffff), "0123456789abcdef")
	add("no-samples.bmp", bmpHeader(900, 900, 32, 0))
	return list
})

func craftedPNG(add func(name string, data ...string)) {
	end := chunk("IEND", "")
	idat := func(n int64) string { return chunk("IDAT", deflated(zeros(n))) }
	bomb := deflated(zeros(bombSize))
	add("huge.png", pngMagic, header(0xffffffff, 0xffffffff, 8, 2, 0), idat(1), end)
	add("wide.png", pngMagic, header(0x7fffffff, 1, 8, 2, 0), idat(1), end)
	add("tall-interlaced.png", pngMagic, header(1, 0x7fffffff, 16, 6, 1), idat(1), end)
	add("none-wide.png", pngMagic, header(0, 4, 8, 2, 0), idat(1), end)
	add("no-samples.png", pngMagic, header(900, 900, 16, 6, 0), end)
	add("too-few-samples.png", pngMagic, header(900, 900, 16, 6, 1), idat(100), end)
	add("too-many-samples.png", pngMagic, header(4, 4, 8, 0, 0), idat(bombSize), end)
	add("bomb-profile.png", pngMagic, header(4, 4, 8, 0, 0), chunk("iCCP", "n\x00\x00"+bomb), idat(1), end)
	add("bombs-profile.png", pngMagic, header(4, 4, 8, 0, 0), strings.Repeat(chunk("iCCP", "n\x00\x00"+bomb), 20), idat(1), end)
	// Just below what metadata may be, many times over.
	large := deflated(zeros(30 << 20))
	add("many-profiles.png", pngMagic, header(4, 4, 8, 0, 0), strings.Repeat(chunk("iCCP", "n\x00\x00"+large), 20), idat(20), end)
	add("many-texts.png", pngMagic, header(4, 4, 8, 0, 0), strings.Repeat(chunk("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+large), 20), idat(20), end)
	add("bomb-text.png", pngMagic, header(4, 4, 8, 0, 0), chunk("zTXt", "Comment\x00\x00"+bomb), chunk("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+bomb), idat(1), end)
	add("two-headers.png", pngMagic, header(30000, 30000, 8, 2, 0), header(4, 4, 8, 2, 0), idat(1), end)
	add("second-header-huge.png", pngMagic, header(4, 4, 8, 0, 0), idat(1), header(60000, 60000, 8, 0, 0), end)
	add("no-palette.png", pngMagic, header(4, 4, 8, 3, 0), idat(20), end)
	add("huge-palette.png", pngMagic, header(4, 4, 8, 3, 0), chunk("PLTE", strings.Repeat("rgb", 5000)), idat(20), end)
	add("chunk-to-the-moon.png", pngMagic, header(4, 4, 8, 0, 0), be32(0xffffffff), "IDAT", "x")
	add("chunk-of-2G.png", pngMagic, header(4, 4, 8, 0, 0), be32(0x7fffffff), "iCCP", "x")
	add("empty-chunks.png", pngMagic, header(4, 4, 8, 0, 0), strings.Repeat(chunk("IDAT", ""), 20000), end)
	add("animated.png", pngMagic, header(4, 4, 8, 0, 0), chunk("acTL", be32(0xffffffff, 0)), idat(20), end)
	add("animated-of-none.png", pngMagic, header(4, 4, 8, 0, 0), chunk("fcTL", ""), chunk("acTL", be32(0, 0)), idat(1), end)
}

func craftedJPEG(add func(name string, data ...string)) {
	frame := func(kind byte, w, h uint16, components string) string {
		n := len(components) / 3
		return segment(kind, "\x08"+string([]byte{byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(n)})+components)
	}
	quant := segment(0xdb, "\x00"+strings.Repeat("\x01", 64))
	// One code, of one bit: for no difference, and for the end of a block.
	tables := segment(0xc4, "\x00\x01"+strings.Repeat("\x00", 15)+"\x00") + segment(0xc4, "\x10\x01"+strings.Repeat("\x00", 15)+"\x00")
	scan := segment(0xda, "\x01\x01\x00\x00\x3f\x00")
	one := "\x01\x11\x00"
	add("huge.jpg", "\xff\xd8", quant, frame(0xc0, 65535, 65535, one), tables, scan, "\x00\xff\xd9")
	add("no-samples.jpg", "\xff\xd8", quant, frame(0xc2, 900, 900, one), tables, scan, "\xff\xd9")
	add("none-high.jpg", "\xff\xd8", quant, frame(0xc0, 9, 0, one), tables, scan, "\xff\xd9")
	add("two-frames.jpg", "\xff\xd8", quant, frame(0xc0, 65535, 65535, one), frame(0xc0, 8, 8, one), tables, scan, "\x00\xff\xd9")
	add("odd-factors.jpg", "\xff\xd8", quant, frame(0xc0, 8, 8, "\x01\x44\x00\x02\x31\x00\x03\x13\x00"), tables, scan, "\x00\xff\xd9")
	add("no-tables.jpg", "\xff\xd8", frame(0xc0, 8, 8, one), scan, "\x00\xff\xd9")
	add("nine-components.jpg", "\xff\xd8", quant, frame(0xc0, 8, 8, strings.Repeat(one, 9)), tables, scan, "\x00\xff\xd9")
	// Each scan goes over the whole picture again for a few bytes.
	again := segment(0xda, "\x01\x01\x00\x01\x3f\x00") + strings.Repeat("\x00", 20)
	add("many-scans.jpg", "\xff\xd8", quant, frame(0xc2, 900, 900, one), tables, segment(0xda, "\x01\x01\x00\x00\x00\x00"), strings.Repeat("\x00", 1600), strings.Repeat(again, 3000), "\xff\xd9")
	add("markers.jpg", "\xff\xd8", strings.Repeat("\xff\xe0\x00\x02", 20000))
	add("profile-in-255-parts.jpg", "\xff\xd8", strings.Repeat(segment(0xe2, "ICC_PROFILE\x00\x01\xff"+strings.Repeat("p", 60000)), 30), frame(0xc0, 8, 8, one), scan)
}

func craftedWebP(add func(name string, data ...string)) {
	lossless := func(w, h uint32) string {
		return riffChunk("VP8L", "\x2f"+string(binary.LittleEndian.AppendUint32(nil, w-1|(h-1)<<14))+strings.Repeat("\x00", 30))
	}
	file := func(name string, chunks ...string) { add(name, string(riff(chunks...))) }
	file("huge-lossy.webp", lossyWebP(16383, 16383))
	file("huge-lossless.webp", lossless(16384, 16384))
	file("small-outside.webp", vp8x(0, 8, 8), lossless(16384, 16384))
	file("header-behind.webp", lossless(16384, 16384), vp8x(0, 8, 8))
	file("two-headers.webp", vp8x(0x10, 16384, 16384), riffChunk("ALPH", "\x01"+strings.Repeat("\x00", 30)), vp8x(0, 8, 8), lossyWebP(8, 8))
	file("huge-canvas.webp", vp8x(0x10, 1<<24, 1<<24), riffChunk("ALPH", "\x00a"), lossyWebP(8, 8))
	file("no-samples.webp", vp8x(0, 900, 900))
	file("short-header.webp", riffChunk("VP8X", "\x10\x00\x00"), lossyWebP(8, 8))
	file("animated.webp", vp8x(2, 8, 8), riffChunk("ANIM", "\x00\x00\x00\x00\x00\x00"), strings.Repeat(riffChunk("ANMF", strings.Repeat("\x00", 16)+lossyWebP(8, 8)), 2))
	add("longer-than-it-is.webp", "RIFF\xff\xff\xff\xffWEBP", lossyWebP(8, 8))
	add("partition-of-2G.webp", "RIFF\xff\xff\xff\x7fWEBPVP8 \xf0\xff\xff\x7f", lossyWebP(8, 8)[8:])
}
