package pix

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/cae-restore/restore/internal/hostile"
)

// Whatever the bytes, there is a picture that is whole, or an error of ours, and
// no more memory is taken than its size and the limits allow. A target for each
// format, so that none of them starves the others.

func FuzzJPEG(f *testing.F) { fuzzFormat(f, ".jpg") }
func FuzzPNG(f *testing.F)  { fuzzFormat(f, ".png") }
func FuzzTIFF(f *testing.F) { fuzzFormat(f, ".tif") }
func FuzzWebP(f *testing.F) { fuzzFormat(f, ".webp") }
func FuzzGIF(f *testing.F)  { fuzzFormat(f, ".gif") }
func FuzzBMP(f *testing.F)  { fuzzFormat(f, ".bmp") }

func fuzzFormat(f *testing.F, ending string) {
	for _, file := range append(hostile.Seeds(), hostile.Crafted()...) {
		if strings.HasSuffix(file.Name, ending) && len(file.Data) < 16<<10 {
			f.Add(file.Data)
		}
	}
	lim := Limits{MaxPixels: 1 << 16, MaxBytes: 1 << 20}
	f.Fuzz(func(t *testing.T, data []byte) { readHostile(t, "this file", data, lim) })
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
		if got := rewriteXMP(data, 10, 20, true); len(got) > 2*len(data) {
			t.Fatalf("XMP of %d bytes becomes one of %d", len(data), len(got))
		}
		for _, planes := range []int{1, 3} {
			got, why := profileFor(data, planes)
			if (got == nil) != (why != "") {
				t.Fatalf("a profile of %d bytes and the reason %q", len(got), why)
			}
			if got == nil {
				continue
			}
			if again, why := profileFor(got, planes); !bytes.Equal(again, got) {
				t.Fatalf("the profile for %d planes is none for them: %s", planes, why)
			}
		}
	})
}
