package pix

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// FuzzDecode: whatever the bytes, there is a picture that is whole, or an error of
// ours.
func FuzzDecode(f *testing.F) {
	for _, data := range smallFiles(f) {
		f.Add(data)
	}
	png := encoded(f, scene(4, 4, 3, 8, false), "png")
	f.Add(withChunks(f, png, "IDAT", chunk("iCCP", "n\x00\x00"+deflated("profile")), chunk("eXIf", exifBlock(6))))
	f.Add(withSegments(encoded(f, scene(8, 8, 1, 8, false), "jpeg"), segment(0xe1, "Exif\x00\x00"+exifBlock(8)),
		segment(0xe2, "ICC_PROFILE\x00\x01\x01abc"), segment(0xed, "Photoshop 3.0\x00"+photoshop("iptc"))))
	f.Add(layTIFF(scene(5, 4, 1, 16, true), true, 1, 2, false))
	f.Add(layTIFF(scene(20, 4, 3, 8, false), false, 2, 1, true))
	f.Add(tiffFile(binary.LittleEndian, []string{"abcd"}, greyTIFF(2, 2, 8), greyTIFF(2, 2, 8)))
	lim := Limits{MaxPixels: 1 << 16, MaxBytes: 1 << 20}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, headErr := DecodeHeader(bytes.NewReader(data), lim)
		m, err := Decode(bytes.NewReader(data), lim)
		if err != nil {
			for _, own := range []error{ErrEmpty, ErrFormat, ErrUnsupported, ErrCorrupt, ErrLimit, ErrFrames} {
				if errors.Is(err, own) {
					return
				}
			}
			t.Fatalf("not one of our errors: %v", err)
		}
		if headErr != nil {
			t.Fatalf("the picture is good, the header is not: %v", headErr)
		}
		if m.W*m.H != h.W*h.H || h.Format != m.Meta.Format || h.Depth != m.Meta.Depth || h.Planes < len(m.Planes) {
			t.Fatalf("header %+v, picture of %dx%d, %+v", h, m.W, m.H, m.Meta)
		}
		for _, plane := range append(m.Planes, m.Alpha) {
			if plane != nil && len(plane) != m.W*m.H {
				t.Fatalf("a plane of %d samples in a picture of %dx%d", len(plane), m.W, m.H)
			}
		}
	})
}

// FuzzTIFFBlock reads arbitrary bytes as EXIF and as the directory of a page, and
// what it copies must be readable again.
func FuzzTIFFBlock(f *testing.F) {
	f.Add([]byte(exifBlock(6)))
	f.Add(tiffFile(binary.LittleEndian, []string{"abcd"}, greyTIFF(2, 2, 8, raw(315, 2, "an artist\x00"), long(tagExif, 8), long(tagGPS, 12))))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := exifOrientation(data); o < 0 || o > 8 {
			t.Fatalf("orientation %d", o)
		}
		if n := mpfFrames(data); n < 1 {
			t.Fatalf("%d frames", n)
		}
		b, err := openTIFF(data)
		if err != nil {
			return
		}
		dir, _, err := b.dir(b.first)
		if err != nil {
			return
		}
		block := b.exif(dir)
		if block == nil {
			return
		}
		if len(block) > 2*maxMetadata {
			t.Fatalf("%d bytes of EXIF from %d", len(block), len(data))
		}
		if got, want := exifOrientation(block), exifOrientation(data); got != want {
			t.Fatalf("orientation %d, in the copy %d", want, got)
		}
		again, err := openTIFF(block)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := again.dir(again.first); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzBlocks reads arbitrary bytes as the other blocks of metadata.
func FuzzBlocks(f *testing.F) {
	f.Add([]byte(photoshop("an iptc block")))
	f.Add([]byte("name\x00\x00" + deflated("profile")))
	f.Add([]byte("XML:com.adobe.xmp\x00\x01\x00en\x00title\x00" + deflated("<x/>")))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := iptcOf(data); !strings.Contains(string(data), string(got)) {
			t.Fatalf("%q is not in the resources", got)
		}
		if got := profilePNG(data); len(got) > maxMetadata {
			t.Fatalf("a profile of %d bytes", len(got))
		}
		if got := xmpPNG(data); len(got) > maxMetadata {
			t.Fatalf("XMP of %d bytes", len(got))
		}
	})
}
