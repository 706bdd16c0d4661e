package pix

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"strings"
	"testing"
)

var sizes = [][2]int{{1, 1}, {1, 7}, {7, 1}, {17, 9}, {64, 33}}

// TestRoundTrip writes pictures of every kind in every format and reads them
// back: exactly where the format has no loss.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"png", "tiff", "jpeg", "bmp"} {
		for _, size := range sizes {
			for _, planes := range []int{1, 3} {
				for _, depth := range []int{8, 16} {
					for _, alpha := range []bool{false, true} {
						if format == "jpeg" && alpha {
							continue // refused, see TestEncodeErrors
						}
						t.Run(fmt.Sprintf("format=%s/size=%dx%d/planes=%d/depth=%d/alpha=%t", format, size[0], size[1], planes, depth, alpha), func(t *testing.T) {
							t.Parallel()
							m := scene(size[0], size[1], planes, depth, alpha)
							got := decoded(t, encoded(t, m, format))
							if format == "jpeg" {
								db, err := PSNR(got, m)
								if err != nil || db < 30 {
									t.Fatalf("%.1f dB (%v) after JPEG, want 30", db, err)
								}
								return
							}
							want := m
							if depth == 16 && format != "png" && format != "tiff" {
								want = FromImage(m.shallow(8).ToImage())
							}
							if planes == 1 && format == "bmp" && alpha { // no such mode
								want.Planes = [][]uint16{want.channel(0), want.channel(1), want.channel(2)}
							}
							same(t, got, want)
							if got.Meta.Format != format || got.Meta.Depth != want.Meta.Depth {
								t.Errorf("got %s of %d bits, want %s of %d", got.Meta.Format, got.Meta.Depth, format, want.Meta.Depth)
							}
						})
					}
				}
			}
		}
	}
}

// TestExactOpacity keeps every colour under every opacity, but for none at all in
// the formats without loss.
func TestExactOpacity(t *testing.T) {
	t.Parallel()
	m := New(256, 256, 3)
	m.Alpha = make([]uint16, 256*256)
	for i := range m.Alpha {
		m.Alpha[i] = uint16(i/256) * 257
		m.Planes[0][i], m.Planes[1][i], m.Planes[2][i] = uint16(i%256)*257, uint16(255-i%256)*257, uint16(i*31%256)*257
	}
	for _, format := range []string{"png", "tiff", "bmp"} {
		same(t, decoded(t, encoded(t, m, format)), m)
	}
	deep := m.shallow(16)
	for i := range m.Alpha {
		m.Planes[0][i] ^= uint16(i * 7)
		m.Alpha[i] ^= uint16(i * 3)
	}
	for _, format := range []string{"png", "tiff"} {
		same(t, decoded(t, encoded(t, deep, format)), deep)
	}
}

// TestEncodeErrors refuses what a format cannot hold, with what to do instead.
func TestEncodeErrors(t *testing.T) {
	t.Parallel()
	wide := &Image{W: 70000, H: 1, Planes: [][]uint16{make([]uint16, 70000)}, Meta: Meta{Depth: 8}}
	for _, c := range []struct {
		name string
		m    *Image
		o    EncodeOptions
		want error
		says string
	}{
		{"opacity in JPEG", scene(2, 2, 3, 8, true), EncodeOptions{Format: "jpeg"}, ErrUnsupported, "PNG"},
		{"wide JPEG", wide, EncodeOptions{Format: "jpeg"}, ErrLimit, "PNG"},
		{"WebP", scene(2, 2, 3, 8, false), EncodeOptions{Format: "webp"}, ErrUnsupported, "webp can be read but not written: choose one of jpeg, png, tiff, bmp"},
		{"WebP as read", &Image{W: 1, H: 1, Planes: New(1, 1, 1).Planes, Meta: Meta{Format: "webp", Depth: 8}}, EncodeOptions{}, ErrUnsupported, "not written"},
		{"GIF", scene(2, 2, 3, 8, false), EncodeOptions{Format: "gif"}, ErrUnsupported, "png"},
		{"no format", scene(2, 2, 3, 8, false), EncodeOptions{}, ErrUnsupported, "png"},
		{"no samples", New(0, 0, 3), EncodeOptions{Format: "png"}, ErrUnsupported, "0x0"},
		{"two planes", New(2, 2, 2), EncodeOptions{Format: "png"}, ErrUnsupported, "2 planes"},
		{"quality", New(2, 2, 3), EncodeOptions{Format: "jpeg", Quality: 101}, ErrUnsupported, "101"},
	} {
		if err := Encode(io.Discard, c.m, c.o); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %v and %q", c.name, err, c.want, c.says)
		}
	}
}

// TestWriterError passes on what the writer says: a full disk must not look like
// a written file.
func TestWriterError(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk full")
	m := scene(40, 30, 3, 8, false)
	for _, format := range []string{"jpeg", "png", "tiff", "bmp"} {
		size := len(encoded(t, m, format))
		for _, room := range []int{0, 3, 20, size / 2, size - 1} {
			if err := Encode(&fullWriter{room, cause}, m, EncodeOptions{Format: format}); !errors.Is(err, cause) {
				t.Errorf("%s with room for %d of %d bytes: got %v, want %v", format, room, size, err, cause)
			}
		}
	}
}

// fullWriter takes so many bytes and then fails.
type fullWriter struct {
	room int
	err  error
}

func (f *fullWriter) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return f.room, f.err
	}
	f.room -= len(p)
	return len(p), nil
}

// TestJPEGChroma writes a component for every sample, and more bytes for more
// quality.
func TestJPEGChroma(t *testing.T) {
	t.Parallel()
	m := scene(64, 64, 3, 8, false)
	size := 0
	for _, quality := range []int{30, 60, 0, 100} { // 0 is 95
		var buf bytes.Buffer
		if err := Encode(&buf, m, EncodeOptions{Format: "jpg", Quality: quality}); err != nil {
			t.Fatal(err)
		}
		if buf.Len() <= size {
			t.Errorf("quality %d takes %d bytes, a lower one %d", quality, buf.Len(), size)
		}
		size = buf.Len()
		src, err := jpeg.Decode(&buf)
		if err != nil {
			t.Fatal(err)
		}
		if ratio := src.(*image.YCbCr).SubsampleRatio; ratio != image.YCbCrSubsampleRatio444 {
			t.Errorf("quality %d: chroma is %v, want 4:4:4", quality, ratio)
		}
	}
}

func TestOutputFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, want, format, ext string }{
		{"jpeg", "", "jpeg", ".jpg"}, {"png", "", "png", ".png"}, {"tiff", "", "tiff", ".tif"},
		{"bmp", "", "bmp", ".bmp"}, {"webp", "", "png", ".png"}, {"webp", "tif", "tiff", ".tif"},
		{"gif", "", "png", ".png"}, {"", "", "png", ".png"},
		{"png", "jpg", "jpeg", ".jpg"}, {"png", "JPEG", "jpeg", ".jpg"}, {"gif", "tif", "tiff", ".tif"},
	} {
		format, ext, err := OutputFormat(Meta{Format: c.from}, c.want)
		if err != nil || format != c.format || ext != c.ext {
			t.Errorf("%q as %q: got %q, %q and %v, want %q and %q", c.from, c.want, format, ext, err, c.format, c.ext)
		}
	}
	for _, want := range []string{"gif", "webp", "WebP", "heic"} {
		if _, _, err := OutputFormat(Meta{Format: "jpeg"}, want); !errors.Is(err, ErrUnsupported) || !strings.HasSuffix(err.Error(), ": choose one of jpeg, png, tiff, bmp") {
			t.Errorf("%q: got %v", want, err)
		}
	}
}
