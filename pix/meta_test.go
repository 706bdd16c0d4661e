package pix

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func deflated(s string) string {
	var b bytes.Buffer
	z, _ := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

// photoshop wraps an IPTC block among other image resources.
func photoshop(iptc string) string {
	pad := strings.Repeat("\x00", len(iptc)%2)
	return "8BIM\x03\xed\x03abc\x00\x00\x00\x03xyz\x00" + "8BIM\x04\x04\x00\x00" + be32(uint32(len(iptc))) + iptc + pad
}

// TestMetadata finds the same blocks in every container.
func TestMetadata(t *testing.T) {
	t.Parallel()
	exif, xmp, iptc, icc := exifBlock(6), "<x:xmpmeta>a</x:xmpmeta>", "\x1c\x02\x05\x00\x03abc", strings.Repeat("profile ", 20)
	const w, h = 6, 4
	m := scene(w, h, 3, 8, false)
	png, jpeg, webp := encoded(t, m, "png"), encoded(t, m, "jpeg"), plainWebP(m)

	ps := photoshop(iptc)
	const xap = "http://ns.adobe.com/xap/1.0/\x00"
	tiffBlocks := []tiffField{
		short(tagOrientation, 6), raw(tagXMP, typeByte, xmp), raw(tagIPTC, 7, iptc), raw(tagICC, 7, icc),
	}
	grey := strings.Repeat("g", w*h)
	for _, c := range []struct {
		name string
		data []byte
		want Meta
	}{
		{"jpeg", withSegments(jpeg,
			segment(0xe1, "Exif\x00\x00"+exif), segment(0xe1, xap+xmp),
			segment(0xe2, "ICC_PROFILE\x00\x02\x02"+icc[100:]), segment(0xe2, "ICC_PROFILE\x00\x01\x02"+icc[:100]),
			segment(0xed, "Photoshop 3.0\x00"+ps[:20]), segment(0xed, "Photoshop 3.0\x00"+ps[20:]),
		), Meta{Format: "jpeg", EXIF: []byte(exif), XMP: []byte(xmp), IPTC: []byte(iptc), ICC: []byte(icc)}},
		{"jpeg with half a profile", withSegments(jpeg, segment(0xe2, "ICC_PROFILE\x00\x01\x02"+icc)), Meta{Format: "jpeg"}},
		{"png", withChunks(t, png, "IDAT",
			chunk("iCCP", "name\x00\x00"+deflated(icc)), chunk("eXIf", exif), chunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+xmp),
		), Meta{Format: "png", EXIF: []byte(exif), XMP: []byte(xmp), ICC: []byte(icc)}},
		{"png, behind the samples and packed", withChunks(t, png, "IEND",
			chunk("eXIf", exif), chunk("iTXt", "XML:com.adobe.xmp\x00\x01\x00en\x00title\x00"+deflated(xmp)),
		), Meta{Format: "png", EXIF: []byte(exif), XMP: []byte(xmp)}},
		{"webp", extendedWebP(webp, 0x2c, w, h,
			[]string{riffChunk("ICCP", icc)}, []string{riffChunk("EXIF", exif), riffChunk("XMP ", xmp)},
		), Meta{Format: "webp", EXIF: []byte(exif), XMP: []byte(xmp), ICC: []byte(icc)}},
		{"webp with JPEG's prefix", extendedWebP(webp, 0x08, w, h,
			nil, []string{riffChunk("EXIF", "Exif\x00\x00"+exif)},
		), Meta{Format: "webp", EXIF: []byte(exif)}},
		{"tiff", tiffFile(binary.BigEndian, []string{grey}, greyTIFF(w, h, 8, tiffBlocks...)),
			Meta{Format: "tiff", EXIF: []byte(exif), XMP: []byte(xmp), IPTC: []byte(iptc), ICC: []byte(icc)}},
		{"tiff with Photoshop's resources", tiffFile(binary.LittleEndian, []string{grey}, greyTIFF(w, h, 8, raw(tagPhotoshop, 7, ps))),
			Meta{Format: "tiff", IPTC: []byte(iptc)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := decoded(t, c.data)
			c.want.Depth = 8
			if c.want.EXIF != nil {
				c.want.Orientation = 6
			}
			if d := cmp.Diff(c.want, got.Meta); d != "" {
				t.Errorf("metadata differ (-want +got):\n%s", d)
			}
			wantW, wantH := w, h
			if c.want.EXIF != nil { // turned by a quarter
				wantW, wantH = h, w
			}
			if got.W != wantW || got.H != wantH {
				t.Errorf("got %dx%d samples, want %dx%d", got.W, got.H, wantW, wantH)
			}
		})
	}
}

// TestEXIFOfTIFF copies the directories of a TIFF file together, and leaves out
// what describes the file itself.
func TestEXIFOfTIFF(t *testing.T) {
	t.Parallel()
	for _, order := range []interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}{binary.LittleEndian, binary.BigEndian} {
		// The EXIF directory is a blob: its own value stands at a known place.
		lens := "a lens with a long name\x00"
		sub := order.AppendUint16(nil, 1)
		sub = order.AppendUint16(sub, 42036)
		sub = order.AppendUint16(sub, 2)
		sub = order.AppendUint32(sub, uint32(len(lens)))
		sub = order.AppendUint32(sub, 8+4)
		sub = order.AppendUint32(sub, 0)
		data := tiffFile(order, []string{"gggg", lens, string(sub)}, greyTIFF(2, 2, 8,
			raw(315, 2, "an artist\x00"), long(tagExif, 8+4+uint32(len(lens)))))
		block := decoded(t, data).Meta.EXIF

		b, err := openTIFF(block)
		if err != nil {
			t.Fatal(err)
		}
		dir, _, err := b.dir(b.first)
		if err != nil {
			t.Fatal(err)
		}
		if len(dir) != 2 {
			t.Errorf("got %d fields, want the artist and a pointer", len(dir))
		}
		if artist, _ := find(dir, 315); string(artist.value) != "an artist\x00" {
			t.Errorf("got the artist %q", artist.value)
		}
		at := b.findUint(dir, tagExif, 0)
		dir, _, err = b.dir(at)
		if err != nil {
			t.Fatal(err)
		}
		if e, _ := find(dir, 42036); string(e.value) != lens {
			t.Errorf("got the lens %q, want %q", e.value, lens)
		}
	}
}

// TestBombs gives up on metadata that unpack to more than metadata are.
func TestBombs(t *testing.T) {
	t.Parallel()
	if got := inflate([]byte(deflated(strings.Repeat("\x00", maxMetadata+1)))); got != nil {
		t.Errorf("unpacked %d bytes", len(got))
	}
	// Many fields that share the same 8 MB.
	big := strings.Repeat("a", 8<<20)
	fields := greyTIFF(2, 2, 8)
	for range 8 {
		fields = append(fields, raw(315, 2, "12345678"))
	}
	data := tiffFile(binary.LittleEndian, []string{big}, fields)
	dir := int(binary.LittleEndian.Uint32(data[4:])) + 2
	for i := range 8 {
		at := dir + 12*(9+i)
		binary.LittleEndian.PutUint32(data[at+4:], uint32(len(big)))
		binary.LittleEndian.PutUint32(data[at+8:], 8)
	}
	c, err := scanTIFF(data, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.meta.EXIF) > maxMetadata {
		t.Errorf("copied %d bytes", len(c.meta.EXIF))
	}
}
