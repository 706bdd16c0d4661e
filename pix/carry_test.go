package pix

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// cameraFile is a JPEG with all metadata, stored lying on its side.
func cameraFile(t testing.TB, order bothOrders, planes int) []byte {
	m := scene(24, 16, planes, 8, false)
	m.Meta.Density = Density{300, 150, PerInch}
	icc := profile("RGB ")
	if planes == 1 {
		icc = profile("GRAY")
	}
	return withSegments(encoded(t, m, "jpeg"),
		segment(0xe1, exifIdentifier+cameraEXIF(order, 6, 24, 16)), segment(0xe1, xmpIdentifier+packet("6")),
		segment(0xe2, iccIdentifier+"\x01\x01"+icc), segment(0xed, iptcIdentifier+photoshop(iptcBlock("a headline"))),
		segment(0xfe, "a comment"))
}

// values reads an EXIF block into one value for each tag, of all its directories.
func values(t *testing.T, block []byte) map[uint16]string {
	t.Helper()
	b, err := openTIFF(block)
	if err != nil {
		t.Fatal(err)
	}
	out := map[uint16]string{}
	var read func(at uint32)
	read = func(at uint32) {
		dir, next, err := b.dir(at)
		if err != nil {
			t.Fatal(err)
		}
		if next != 0 {
			t.Errorf("a directory follows that at %d", at)
		}
		for _, e := range dir {
			if pointer(e.tag) {
				v, _ := b.uint(e, 0)
				read(v)
				continue
			}
			if v, ok := b.uint(e, 0); ok {
				out[e.tag] = fmt.Sprint(v)
			} else if e.kind == typeRational {
				out[e.tag] = fmt.Sprint(b.order.Uint32(e.value), "/", b.order.Uint32(e.value[4:]))
			} else {
				out[e.tag] = strings.TrimRight(string(e.value), "\x00")
			}
		}
	}
	read(b.first)
	return out
}

// TestCarry writes a picture with all metadata in every format and reads them back
// from there, in both byte orders.
func TestCarry(t *testing.T) {
	t.Parallel()
	for _, order := range byteOrders {
		for _, planes := range []int{1, 3} {
			for _, depth := range []int{8, 16} {
				for _, format := range []string{"jpeg", "png", "tiff"} {
					t.Run(fmt.Sprintf("order=%s/planes=%d/depth=%d/format=%s", order, planes, depth, format), func(t *testing.T) {
						t.Parallel()
						m := decoded(t, cameraFile(t, order, planes))
						if m.W != 16 || m.H != 24 {
							t.Fatalf("read %dx%d samples, want them upright", m.W, m.H)
						}
						m.Meta.Depth = depth
						data := encoded(t, m, format)
						got := decoded(t, data)
						if got.W != m.W || got.H != m.H {
							t.Fatalf("got %dx%d samples, want %dx%d: it was turned twice", got.W, got.H, m.W, m.H)
						}
						if format != "jpeg" {
							want := m
							if depth == 8 {
								want = FromImage(m.shallow(8).ToImage())
							}
							same(t, got, want)
						}
						if want := m.Meta.IPTC; format != "png" && (want == nil || !bytes.Equal(got.Meta.IPTC, want)) {
							t.Errorf("IPTC is %q, want %q", got.Meta.IPTC, want)
						}
						exif := values(t, got.Meta.EXIF)
						for tag, want := range map[uint16]string{
							271: "Maker", 272: "A model", 36867: "2001:02:03 04:05:06", 42036: "a lens of 50 mm",
							tagOrientation: "1", tagPixelX: "16", tagPixelY: "24", 2: "52/1",
							// the axes changed places
							tagXResolution: "150/1", tagYResolution: "300/1",
						} {
							if exif[tag] != want {
								t.Errorf("tag %d is %q, want %q", tag, exif[tag], want)
							}
						}
						if format == "jpeg" != strings.Contains(string(got.Meta.Segments), "a comment") {
							t.Errorf("segments are %q", got.Meta.Segments)
						}
						if note := exif[tagMakerNote]; !strings.HasPrefix(note, "NOTE") {
							t.Errorf("maker notes are %q", note)
						}
						// Offsets in maker notes count from the start of the block, and in
						// TIFF of the file.
						block := got.Meta.EXIF
						if format == "tiff" {
							block = data
						}
						if at, want := bytes.Index(block, []byte("NOTE")), bytes.Index(m.Meta.EXIF, []byte("NOTE")); at != want {
							t.Errorf("maker notes are at %d, and were at %d", at, want)
						}
						if bytes.Contains(got.Meta.EXIF, []byte("thumbnail")) {
							t.Error("the thumbnail is still there")
						}
						if !bytes.Equal(got.Meta.ICC, m.Meta.ICC) {
							t.Errorf("a profile of %d bytes, want %d", len(got.Meta.ICC), len(m.Meta.ICC))
						}
						want := strings.NewReplacer(`Orientation="6"`, `Orientation="1"`, "9999", "16", "8888", "24").Replace(packet("6"))
						if string(got.Meta.XMP) != want {
							t.Errorf("XMP is %q, want %q", got.Meta.XMP, want)
						}
						if got := got.Meta.Density.in(PerInch); got != (Density{150, 300, PerInch}) {
							t.Errorf("density is %v", got)
						}
					})
				}
			}
		}
	}
}

// TestNotes names what is left out, and why; what fits is written without a word.
func TestNotes(t *testing.T) {
	t.Parallel()
	whole := decoded(t, cameraFile(t, byteOrders[0], 3)).Meta
	for _, c := range []struct {
		name, format string
		planes       int
		change       func(*Meta)
		says         []string
	}{
		{"all of it", "tiff", 3, func(*Meta) {}, nil},
		{"all of it in JPEG", "jpeg", 3, func(*Meta) {}, nil},
		{"nothing in BMP", "bmp", 3, func(m *Meta) { *m = Meta{Depth: 8} }, nil},
		{"BMP", "bmp", 3, func(*Meta) {}, []string{"EXIF, XMP, IPTC, the ICC profile", "BMP has no place"}},
		{"IPTC in PNG", "png", 3, func(*Meta) {}, []string{"IPTC", "PNG has no place"}},
		{"no EXIF", "jpeg", 3, func(m *Meta) { m.EXIF = []byte("II*\x00 and so on") }, []string{"EXIF", "damaged"}},
		{"no profile", "jpeg", 3, func(m *Meta) { m.ICC = []byte("profile") }, []string{"ICC", "damaged"}},
		{"profile of CMYK", "jpeg", 3, func(m *Meta) { m.ICC = []byte(profile("CMYK")) }, []string{"ICC", `"CMYK"`, "RGB"}},
		{"grey profile", "png", 3, func(m *Meta) { m.ICC, m.IPTC = []byte(profile("GRAY")), nil }, []string{"ICC", `"GRAY"`, "RGB"}},
		{"profile with tables", "tiff", 1, func(m *Meta) { m.ICC = []byte(strings.ReplaceAll(profile("RGB "), "bTRC", "A2B0")) }, []string{"ICC", "grey"}},
		{"long XMP", "jpeg", 3, func(m *Meta) { m.XMP = append(m.XMP, make([]byte, 65536)...) }, []string{"XMP", "more than JPEG holds"}},
		{"long XMP in PNG", "png", 3, func(m *Meta) { m.XMP, m.IPTC = append(m.XMP, make([]byte, 65536)...), nil }, nil},
		{"long maker notes", "jpeg", 3, func(m *Meta) {
			m.EXIF = tiffFile(byteOrders[0], []string{dirAt(byteOrders[0], 8, 0, ascii(36867, "a date"), raw(tagMakerNote, typeUndefined, strings.Repeat("n", 70000)))},
				[]tiffField{ascii(271, "Maker"), long(tagExif, 8)})
		}, []string{"maker notes", "64 KB"}},
		{"long description", "jpeg", 3, func(m *Meta) {
			m.EXIF = tiffFile(byteOrders[0], nil, []tiffField{ascii(270, strings.Repeat("d", 70000))})
		}, []string{"EXIF", "more than JPEG holds"}},
		{"gamma", "jpeg", 3, func(m *Meta) { m.ICC, m.Chunks = nil, []byte(chunk("gAMA", be32(100000))) }, []string{"gamma 1/1", "sRGB"}},
		{"gamma beside a profile", "jpeg", 3, func(m *Meta) { m.Chunks = []byte(chunk("gAMA", be32(100000))) }, nil},
		{"gamma of sRGB", "tiff", 3, func(m *Meta) { m.ICC, m.Chunks = nil, []byte(chunk("gAMA", be32(45455))) }, nil},
		{"Display P3", "tiff", 3, func(m *Meta) { m.ICC, m.Chunks = nil, []byte(chunk("cICP", "\x0c\x0d\x00\x01")) }, []string{"cICP 12/13"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := scene(8, 8, c.planes, 8, false)
			m.Meta = whole
			c.change(&m.Meta)
			var notes []string
			var file bytes.Buffer
			if err := Encode(&file, m, EncodeOptions{Format: c.format, Note: func(s string) { notes = append(notes, s) }}); err != nil {
				t.Fatal(err)
			}
			if c.says == nil && notes != nil || c.says != nil && len(notes) != 1 {
				t.Fatalf("got the notes %q, want %q", notes, c.says)
			}
			for _, want := range c.says {
				if !strings.Contains(notes[0], want) {
					t.Errorf("got the note %q, want %q in it", notes[0], want)
				}
			}
			decoded(t, file.Bytes())
		})
	}
}

// TestProfiles writes a profile where it fits the samples, whatever its length.
func TestProfiles(t *testing.T) {
	t.Parallel()
	long := profile("RGB ") + strings.Repeat("more of it ", 20000)
	grey := greyProfile([]byte(profile("RGB ")))
	if string(grey[16:20]) != "GRAY" || !bytes.Equal(iccTag(grey, "kTRC"), iccTag([]byte(profile("RGB ")), "gTRC")) || len(grey) != int(grey[2])<<8|int(grey[3]) {
		t.Fatalf("a grey profile of %q", grey)
	}
	for _, c := range []struct {
		name   string
		planes int
		icc    string
		want   string
	}{
		{"RGB", 3, profile("RGB "), profile("RGB ")},
		{"several segments", 3, long, long},
		{"grey", 1, profile("GRAY"), profile("GRAY")},
		{"grey from RGB", 1, profile("RGB "), string(grey)},
		{"CMYK", 3, profile("CMYK"), ""},
	} {
		for _, format := range []string{"jpeg", "png", "tiff"} {
			m := scene(8, 8, c.planes, 8, false)
			m.Meta.ICC = []byte(c.icc)
			if got := decoded(t, encoded(t, m, format)).Meta.ICC; string(got) != c.want {
				t.Errorf("%s in %s: got %d bytes, want %d", c.name, format, len(got), len(c.want))
			}
		}
	}
}

// TestChunks keeps in a PNG what only PNG has, and not in other formats.
func TestChunks(t *testing.T) {
	t.Parallel()
	kept := chunk("gAMA", be32(55000)) + chunk("cHRM", be32(1, 2, 3, 4, 5, 6, 7, 8)) + chunk("tEXt", "Title\x00a title") + chunk("iTXt", "Author\x00\x00\x00\x00\x00somebody")
	data := withChunks(t, encoded(t, scene(8, 8, 3, 8, false), "png"), "IDAT", kept, chunk("tEXt", "Raw profile type exif\x00abc"), chunk("gAMA", be32(1)), chunk("sRGB", "\x00"))
	m := decoded(t, data)
	if want := kept + chunk("sRGB", "\x00"); string(m.Meta.Chunks) != want {
		t.Fatalf("read %q, want %q", m.Meta.Chunks, want)
	}
	if got := decoded(t, encoded(t, m, "png")).Meta.Chunks; !bytes.Equal(got, m.Meta.Chunks) {
		t.Errorf("wrote %q, want %q", got, m.Meta.Chunks)
	}
	m.Meta.ICC = []byte(profile("RGB "))
	if got := decoded(t, encoded(t, m, "png")).Meta.Chunks; string(got) != kept {
		t.Errorf("beside a profile: wrote %q, want %q", got, kept)
	}
	for _, format := range []string{"jpeg", "tiff"} {
		if file := encoded(t, m, format); bytes.Contains(file, []byte("gAMA")) || bytes.Contains(file, []byte("a title")) {
			t.Errorf("chunks of PNG in %s", format)
		}
	}
}

// TestDensity keeps what each format can say of the resolution.
func TestDensity(t *testing.T) {
	t.Parallel()
	for _, d := range []Density{{300, 300, PerInch}, {72, 96, PerInch}, {118, 118, PerCentimetre}, {2, 1, AspectOnly}, {}} {
		for _, format := range []string{"jpeg", "png", "tiff"} {
			m := scene(4, 4, 3, 8, false)
			m.Meta.Density = d
			if got := decoded(t, encoded(t, m, format)).Meta.Density.in(d.Unit); got != d {
				t.Errorf("%v in %s: got %v", d, format, got)
			}
		}
	}
	for _, d := range []Density{{300.5, 118.11, PerCentimetre}, {0.001, 999999, AspectOnly}, {999999, 0.5, PerInch}, {-1, 2, PerInch}, {1e300, 1, PerInch}} {
		for _, format := range []string{"jpeg", "png", "tiff"} {
			m := scene(4, 4, 3, 8, false)
			m.Meta.Density = d
			decoded(t, encoded(t, m, format))
		}
	}
}
