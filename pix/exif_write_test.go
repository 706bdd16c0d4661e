package pix

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestRewriteEXIF changes what follows the picture and no other byte.
func TestRewriteEXIF(t *testing.T) {
	t.Parallel()
	for _, order := range byteOrders {
		plain := tiffFile(order, []string{"abcdef"}, []tiffField{raw(270, 2, "text\x00"), short(tagOrientation, 1)})
		for _, c := range []struct {
			name     string
			in, want []byte
		}{
			{"nothing to do", plain, plain},
			{"no orientation", tiffFile(order, nil, []tiffField{ascii(270, "text")}), tiffFile(order, nil, []tiffField{ascii(270, "text")})},
			{"orientation as a LONG", tiffFile(order, nil, []tiffField{long(tagOrientation, 3)}), tiffFile(order, nil, []tiffField{short(tagOrientation, 1)})},
			{"orientation as text", tiffFile(order, nil, []tiffField{raw(tagOrientation, 2, "6\x00")}), tiffFile(order, nil, []tiffField{short(tagOrientation, 1)})},
			{"two orientations", tiffFile(order, nil, []tiffField{short(tagOrientation, 3), short(tagOrientation, 8)}),
				tiffFile(order, nil, []tiffField{short(tagOrientation, 1), short(tagOrientation, 1)})},
			{"sizes", tiffFile(order, nil, []tiffField{short(tagWidth, 9), long(tagHeight, 9)}), tiffFile(order, nil, []tiffField{long(tagWidth, 70000), long(tagHeight, 50)})},
			{"a turn by half", tiffFile(order, nil, []tiffField{short(tagOrientation, 3), rational(tagXResolution, 1, 2), rational(tagYResolution, 3, 4)}),
				tiffFile(order, nil, []tiffField{short(tagOrientation, 1), rational(tagXResolution, 1, 2), rational(tagYResolution, 3, 4)})},
			// what stands behind the second directory belongs to somebody
			{"a thumbnail amid the block", append(tiffFile(order, nil, []tiffField{ascii(270, "text")}, []tiffField{short(259, 6)}), "left"...),
				append(unlinked(order, tiffFile(order, nil, []tiffField{ascii(270, "text")}, []tiffField{short(259, 6)})), "left"...)},
			{"a thumbnail at the end", tiffFile(order, nil, []tiffField{ascii(270, "text")}, []tiffField{short(259, 6), ascii(271, "old")}),
				tiffFile(order, nil, []tiffField{ascii(270, "text")})},
			{"a thumbnail beyond", beyond(order, tiffFile(order, nil, []tiffField{ascii(270, "text")})), tiffFile(order, nil, []tiffField{ascii(270, "text")})},
		} {
			got, err := rewriteEXIF(c.in, 70000, 50)
			if err != nil || !bytes.Equal(got, c.want) {
				t.Errorf("%s, %s: got %q (%v), want %q", c.name, order, got, err, c.want)
			}
		}
	}
}

// unlinked takes the link to the second directory out of a block whose first one is
// at 8.
func unlinked(order bothOrders, block []byte) []byte {
	n := int(order.Uint16(block[8:]))
	order.PutUint32(block[8+2+12*n:], 0)
	return block
}

// beyond makes that link point to nowhere.
func beyond(order bothOrders, block []byte) []byte {
	n := int(order.Uint16(block[8:]))
	order.PutUint32(block[8+2+12*n:], 1<<31)
	return block
}

// TestHostileEXIF drops blocks that are made to mislead, or makes sense of them,
// and never fails because of them.
func TestHostileEXIF(t *testing.T) {
	t.Parallel()
	const header = "II*\x00\x08\x00\x00\x00"
	order := byteOrders[0]
	for _, c := range []struct {
		name, block string
		dropped     bool
	}{
		{"empty", "", true},
		{"only a header", header, true},
		{"no header", "nothing of the kind", true},
		{"BigTIFF", "II+\x00\x08\x00\x00\x00", true},
		{"a directory beyond the end", "II*\x00\xff\xff\xff\xff", true},
		{"more fields than bytes", header + "\xff\xff", true},
		{"a directory on the header", "II*\x00\x00\x00\x00\x00", true},
		{"a huge count", header + dirAt(order, 8, 0, tiffField{tag: tagOrientation, kind: typeShort, numbers: []uint32{6}}) + "\xff\xff\xff\xff", false},
		{"EXIF is the first directory", header + dirAt(order, 8, 0, short(tagOrientation, 6), long(tagExif, 8), long(tagGPS, 8)), false},
		{"the thumbnail is the first directory", header + dirAt(order, 8, 8, short(tagOrientation, 6), long(tagExif, 1<<31)), false},
		{"the thumbnail overlaps", header + dirAt(order, 8, 12, short(tagOrientation, 6), short(tagOrientation, 7)), false},
		{"a field of four gigabytes", header + dirAt(order, 8, 0, short(tagOrientation, 6)) + strings.Repeat("\xff", 40), false},
	} {
		for _, format := range []string{"jpeg", "png", "tiff"} {
			m := scene(4, 6, 3, 8, false)
			m.Meta.EXIF = []byte(c.block)
			var notes []string
			var file bytes.Buffer
			if err := Encode(&file, m, EncodeOptions{Format: format, Note: func(s string) { notes = append(notes, s) }}); err != nil {
				t.Errorf("%s in %s: %v", c.name, format, err)
				continue
			}
			got := decoded(t, file.Bytes())
			if got.W != m.W || got.H != m.H {
				t.Errorf("%s in %s: the picture is turned", c.name, format)
			}
			if dropped := len(notes) == 1; dropped != c.dropped {
				t.Errorf("%s in %s: notes %q", c.name, format, notes)
			}
		}
	}
}

// TestEXIFEffort bounds the work on a block of as many fields as there can be, each
// a part of the thumbnail's directory that stands before the next.
func TestEXIFEffort(t *testing.T) {
	t.Parallel()
	order := byteOrders[1]
	var fields []tiffField
	for range 65535 {
		fields = append(fields, raw(1, typeByte, "123456"))
	}
	block := []byte("MM\x00*\x00\x00\x00\x08" + dirAt(order, 8, 8+18, short(tagOrientation, 6)))
	block = append(block, dirAt(order, uint32(len(block)), 0, fields...)...)
	got, err := rewriteEXIF(block, 1, 1)
	if err != nil || len(got) != 8+18 {
		t.Errorf("%d bytes of %d left (%v), want 26", len(got), len(block), err)
	}
}

// FuzzRewriteEXIF: a block that is upright, has one directory at the top and is no
// longer than before, or an error of ours.
func FuzzRewriteEXIF(f *testing.F) {
	for _, order := range byteOrders {
		f.Add([]byte(cameraEXIF(order, 6, 4000, 3000)))
		f.Add([]byte(exifBlock(8)))
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		before := bytes.Clone(block)
		got, err := rewriteEXIF(block, 24, 16)
		if !bytes.Equal(block, before) {
			t.Fatal("the block itself was changed")
		}
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnsupported) {
				t.Fatalf("not one of our errors: %v", err)
			}
			return
		}
		if o := exifOrientation(got); o > 1 || len(got) > len(block) {
			t.Fatalf("orientation %d in %d bytes of %d", o, len(got), len(block))
		}
		again, err := rewriteEXIF(got, 24, 16)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("a second time changes it: %v", err)
		}
		m := &Image{W: 24, H: 16, Planes: New(24, 16, 1).Planes, Meta: Meta{Depth: 8, EXIF: block}}
		for _, format := range []string{"png", "tiff"} {
			var file bytes.Buffer
			if err := Encode(&file, m, EncodeOptions{Format: format}); err != nil {
				t.Fatal(err)
			}
			if back, err := Decode(&file, Limits{}); err != nil || back.W != 24 {
				t.Fatalf("%s: %v", format, err)
			}
		}
		c := m.carry("jpeg", nil)
		if len(c.exif) > 65527 {
			t.Fatalf("%d bytes for a segment of JPEG", len(c.exif))
		}
	})
}

func TestRewriteXMP(t *testing.T) {
	t.Parallel()
	for i, c := range []struct{ in, want string }{
		{`<a tiff:Orientation = '8' b="1"/>`, `<a tiff:Orientation = '1' b="1"/>`},
		{`<tiff:Orientation>6</tiff:Orientation>`, `<tiff:Orientation>1</tiff:Orientation>`},
		{`<a mytiff:Orientation="8"/>`, `<a mytiff:Orientation="8"/>`},
		{"<a\n tiff:ImageWidth=\"9\"\n exif:PixelYDimension=\"8\">", "<a\n tiff:ImageWidth=\"30\"\n exif:PixelYDimension=\"20\">"},
		{`<a><xmp:Thumbnails><rdf:Alt>abc</rdf:Alt></xmp:Thumbnails><b/></a>`, `<a><b/></a>`},
		{`<a xmpNote:HasExtendedXMP="0123" b="1"/>`, `<a b="1"/>`},
		{"", ""},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			in := []byte(c.in)
			if got := rewriteXMP(in, 30, 20, true); string(got) != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got := rewriteXMP(in, 30, 20, false); strings.Contains(c.in, "Orientation") && string(got) != c.in {
				t.Errorf("not turned: got %s, want %s", got, c.in)
			}
			if string(in) != c.in {
				t.Error("the packet itself was changed")
			}
		})
	}
}
