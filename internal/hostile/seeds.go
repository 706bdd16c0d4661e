package hostile

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"

	"github.com/gen2brain/jpegli"
	"golang.org/x/image/bmp"
)

// Width and Height are the sizes of all seeds but the smallest ones: whole blocks
// of every format, few enough for thousands of files.
const Width, Height = 32, 24

// Seeds are good pictures, one of every kind of every format that can be read.
func Seeds() []File {
	var list []File
	add := func(name string, data []byte) { list = append(list, File{name, data}) }
	box := image.Rect(0, 0, Width, Height)
	opaque, glass := image.NewNRGBA(box), image.NewNRGBA(box)
	deep, grey, grey16 := image.NewNRGBA64(box), image.NewGray(box), image.NewGray16(box)
	for y := range Height {
		for x := range Width {
			r, g, b, a := uint8(x*7), uint8(y*9), uint8(x*y), uint8(30+x*6)
			opaque.SetNRGBA(x, y, color.NRGBA{r, g, b, 255})
			glass.SetNRGBA(x, y, color.NRGBA{r, g, b, a})
			deep.SetNRGBA64(x, y, color.NRGBA64{uint16(x * 2001), uint16(y * 2500), uint16(x * y * 80), 65535 - uint16(x)})
			grey.SetGray(x, y, color.Gray{r ^ g})
			grey16.SetGray16(x, y, color.Gray16{uint16(x*1999 + y)})
		}
	}
	few := image.NewPaletted(box, color.Palette{color.Black, color.White, color.NRGBA{200, 9, 9, 255}, color.NRGBA{}})
	many := image.NewPaletted(box, palette.Plan9)
	draw.Draw(few, box, glass, image.Point{}, draw.Src)
	draw.Draw(many, box, opaque, image.Point{}, draw.Src)

	exif, icc, xmp := EXIF(6), "not a profile, but nobody looks", "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
	base := encode(func(b *bytes.Buffer) error { return jpeg.Encode(b, opaque, nil) })
	plain := encode(func(b *bytes.Buffer) error { return jpeg.Encode(b, grey, nil) })
	add("base.jpg", base)
	add("grey.jpg", plain)
	add("meta.jpg", withSegments(base, segment(0xe1, "Exif\x00\x00"+exif), segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+xmp),
		segment(0xe2, "ICC_PROFILE\x00\x01\x01"+icc), segment(0xed, "Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x04iptc")))
	add("progressive.jpg", encode(func(b *bytes.Buffer) error {
		return jpegli.Encode(b, opaque, &jpegli.EncodingOptions{Quality: 90, ProgressiveLevel: 2, ChromaSubsampling: image.YCbCrSubsampleRatio420})
	}))
	add("inks.jpg", inksJPEG(plain))

	for name, m := range map[string]image.Image{"rgb": opaque, "alpha": glass, "deep": deep, "grey": grey, "grey16": grey16, "few": few, "many": many} {
		add(name+".png", encode(func(b *bytes.Buffer) error { return png.Encode(b, m) }))
	}
	add("interlaced.png", interlacedPNG(grey))
	add("meta.png", withChunks(encode(func(b *bytes.Buffer) error { return png.Encode(b, opaque) }),
		chunk("iCCP", "name\x00\x00"+deflated(strings.NewReader(icc))), chunk("eXIf", exif),
		chunk("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+deflated(strings.NewReader(xmp)))))

	for name, m := range map[string]image.Image{"rgb": opaque, "alpha": glass, "grey": grey, "many": many} {
		add(name+".bmp", encode(func(b *bytes.Buffer) error { return bmp.Encode(b, m) }))
	}
	add("still.gif", encode(func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{few}, Delay: []int{0}})
	}))
	add("many.gif", encode(func(b *bytes.Buffer) error { return gif.Encode(b, many, nil) }))

	lossless := losslessWebP(glass)
	add("lossless.webp", riff(lossless))
	add("lossy.webp", riff(lossyWebP(Width, Height)))
	add("meta.webp", riff(vp8x(0x2c, Width, Height), riffChunk("ICCP", icc), lossless, riffChunk("EXIF", exif), riffChunk("XMP ", xmp)))
	add("alpha.webp", riff(vp8x(0x10, Width, Height), riffChunk("ALPH", "\x00"+strings.Repeat("a", Width*Height)), lossyWebP(Width, Height)))
	list = append(list, tiffSeeds()...)
	sortFiles(list)
	return list
}

// encode runs an encoder that cannot fail on pictures of ours.
func encode(f func(b *bytes.Buffer) error) []byte {
	var b bytes.Buffer
	if err := f(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// segment is a JPEG segment with its marker and length.
func segment(marker byte, body string) string {
	return string([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}) + body
}

// withSegments puts segments behind the start marker.
func withSegments(file []byte, segments ...string) []byte {
	return []byte(string(file[:2]) + strings.Join(segments, "") + string(file[2:]))
}

// inksJPEG makes a JPEG of four components out of one with a single component,
// whose only scan becomes that of all four.
func inksJPEG(grey []byte) []byte {
	out := []byte(string(grey[:2]) + segment(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x00"))
	for at := 2; ; {
		n := 2 + int(binary.BigEndian.Uint16(grey[at+2:]))
		switch body := grey[at+4 : at+n]; grey[at+1] {
		case 0xc0:
			out = append(out, segment(0xc0, string(body[:5])+"\x04\x01\x11\x00\x02\x11\x00\x03\x11\x00\x04\x11\x00")...)
		case 0xda:
			scan := grey[at+n : len(grey)-2]
			for c := range byte(4) {
				out = append(out, segment(0xda, string([]byte{1, c + 1, 0, 0, 63, 0}))...)
				out = append(out, scan...)
			}
			return append(out, 0xff, 0xd9)
		default:
			out = append(out, grey[at:at+n]...)
		}
		at += n
	}
}
