package pix

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// smallGIF is a still GIF of the given size.
func smallGIF(t testing.TB, w, h, frames int) []byte {
	t.Helper()
	g := &gif.GIF{}
	for f := range frames {
		p := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White, color.RGBA{R: 200, A: 255}, color.RGBA{}})
		for i := range p.Pix {
			p.Pix[i] = uint8((i*i/3 + f) % 4)
		}
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 1)
	}
	var buf bytes.Buffer
	if err := gif.EncodeAll(&buf, g); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// smallFiles holds a small file of every format, and of some of their kinds.
func smallFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"gif": smallGIF(t, 9, 7, 1)}
	for _, format := range []string{"jpeg", "png", "tiff", "bmp", "webp"} {
		files[format] = stored(t, scene(9, 7, 3, 8, false), format)
	}
	files["png16"] = encoded(t, scene(5, 3, 1, 16, true), "png")
	files["tiff16"] = encoded(t, scene(5, 3, 1, 16, true), "tiff")
	files["bmp32"] = encoded(t, scene(5, 3, 3, 8, true), "bmp")
	return files
}

// TestErrors checks which error a file that cannot be read gives, and that the
// message says what it must.
func TestErrors(t *testing.T) {
	t.Parallel()
	png := encoded(t, scene(4, 4, 3, 8, false), "png")
	huge := []byte("\x89PNG\r\n\x1a\n" + chunk("IHDR", be32(60000, 60000)+"\x08\x02\x00\x00\x00") + chunk("IDAT", "x"))
	arithmetic := bytes.Replace(encoded(t, scene(8, 8, 3, 8, false), "jpeg"), []byte{0xff, 0xc0}, []byte{0xff, 0xc9}, 1)
	arithmetic = bytes.Replace(arithmetic, []byte{0xff, 0xc1}, []byte{0xff, 0xc9}, 1)
	for _, c := range []struct {
		name string
		data []byte
		lim  Limits
		want error
		says string
	}{
		{"empty", nil, Limits{}, ErrEmpty, "empty"},
		{"text", []byte("Dear diary, this is a photo.jpg, honestly.\n"), Limits{}, ErrFormat, "jpeg, png"},
		{"text that begins as BMP", []byte("BMW makes cars, and this text is long enough"), Limits{}, ErrFormat, "none of"},
		{"huge header", huge, Limits{}, ErrLimit, "60000x60000"},
		{"huge header and nothing else", huge[:33], Limits{}, ErrLimit, "60000x60000"},
		{"huge header, cut in the next chunk", huge[:40], Limits{}, ErrLimit, "60000x60000"},
		{"pixels over the limit", png, Limits{MaxPixels: 15}, ErrLimit, "4x4"},
		{"a small limit in megapixels", png, Limits{MaxPixels: 15}, ErrLimit, "1.6e-05 megapixels, the limit is 1.5e-05"},
		{"bytes over the limit", png, Limits{MaxBytes: int64(len(png) - 1)}, ErrLimit, "bytes"},
		{"no size", []byte("\x89PNG\r\n\x1a\n" + chunk("IHDR", be32(0, 4)+"\x08\x02\x00\x00\x00") + chunk("IEND", "")), Limits{}, ErrCorrupt, "0x4"},
		{"wrong checksum", bytes.Replace(png, []byte("IEND\xae"), []byte("IEND\xaf"), 1), Limits{}, ErrCorrupt, "checksum"},
		{"arithmetic JPEG", arithmetic, Limits{}, ErrUnsupported, "baseline"},
		{"BigTIFF", []byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00"), Limits{}, ErrUnsupported, "BigTIFF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode(bytes.NewReader(c.data), c.lim)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v and %q", err, c.want, c.says)
			}
		})
	}
}

// TestExactLimits accepts what just fits.
func TestExactLimits(t *testing.T) {
	t.Parallel()
	data := encoded(t, scene(4, 4, 3, 8, false), "png")
	if _, err := Decode(bytes.NewReader(data), Limits{MaxPixels: 16, MaxBytes: int64(len(data))}); err != nil {
		t.Error(err)
	}
}

// TestReaderError passes on what the reader says, so that callers can tell a
// broken disk from a broken file.
func TestReaderError(t *testing.T) {
	t.Parallel()
	data := encoded(t, scene(4, 4, 3, 8, false), "png")
	cause := errors.New("disk on fire")
	r := io.MultiReader(bytes.NewReader(data[:20]), iotest.ErrReader(cause))
	if _, err := Decode(r, Limits{}); !errors.Is(err, cause) || errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want %v and not %v", err, cause, ErrCorrupt)
	}
}

// TestHugeHeaderStopsReading refuses a hostile header before the rest is read.
func TestHugeHeaderStopsReading(t *testing.T) {
	t.Parallel()
	head := "\x89PNG\r\n\x1a\n" + chunk("IHDR", be32(60000, 60000)+"\x08\x02\x00\x00\x00") + chunk("IDAT", strings.Repeat("x", firstRead))
	after := &countingReader{}
	if _, err := Decode(io.MultiReader(strings.NewReader(head), after), Limits{}); !errors.Is(err, ErrLimit) {
		t.Fatalf("got %v, want %v", err, ErrLimit)
	}
	if after.n > 0 {
		t.Errorf("read %d bytes behind the header", after.n)
	}
}

type countingReader struct{ n int }

func (c *countingReader) Read(p []byte) (int, error) { c.n += len(p); return len(p), nil }

// TestTruncated cuts a small file of each format at every length: what comes out
// is the whole picture or an error, and never a panic.
func TestTruncated(t *testing.T) {
	t.Parallel()
	for name, data := range smallFiles(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := decoded(t, data)
			for n := range data {
				m, err := Decode(bytes.NewReader(data[:n]), Limits{})
				if err == nil {
					same(t, m, want)
				} else if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrEmpty) && !errors.Is(err, ErrFormat) {
					t.Fatalf("cut to %d bytes: %v", n, err)
				}
			}
		})
	}
}

// TestHeader compares what DecodeHeader says with what Decode gives, also through
// a reader that gives one byte at a time.
func TestHeader(t *testing.T) {
	t.Parallel()
	for name, data := range smallFiles(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := decoded(t, data)
			h, err := DecodeHeader(iotest.OneByteReader(bytes.NewReader(data)), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			want := Header{Format: m.Meta.Format, W: m.W, H: m.H, Depth: m.Meta.Depth, Planes: len(m.Planes), Alpha: h.Alpha, Frames: 1}
			if h != want {
				t.Errorf("got %+v, want %+v", h, want)
			}
			if m.Alpha != nil && !h.Alpha {
				t.Error("the picture has opacity, the header says it cannot")
			}
		})
	}
}

// TestHeaderReadsLittle stops at the samples of a large file.
func TestHeaderReadsLittle(t *testing.T) {
	t.Parallel()
	m := New(600, 600, 3)
	for i := range m.Planes[0] {
		m.Planes[0][i] = uint16(i * 40503)
	}
	for _, format := range []string{"jpeg", "png", "webp", "bmp"} {
		data := stored(t, m, format)
		r := bytes.NewReader(data)
		if _, err := DecodeHeader(r, Limits{}); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if read := len(data) - r.Len(); read > firstRead {
			t.Errorf("%s: read %d of %d bytes", format, read, len(data))
		}
	}
}

// moduleFile reads a test picture of a module that this one depends on.
func moduleFile(t *testing.T, module, path string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Skipf("the source of the module %s is not at hand: %v", module, err)
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestReadWebP reads back what plainWebP lays out, with and without opacity.
func TestReadWebP(t *testing.T) {
	t.Parallel()
	for _, size := range sizes {
		for _, alpha := range []bool{false, true} {
			m := scene(size[0], size[1], 3, 8, alpha)
			got := decoded(t, plainWebP(m))
			same(t, got, m)
			if got.Meta.Format != "webp" || got.Meta.Depth != 8 {
				t.Errorf("got %s of %d bits, want webp of 8", got.Meta.Format, got.Meta.Depth)
			}
		}
	}
}

// TestLossyWebP compares a lossy WebP with the lossless one of the same picture:
// taken for full range, its colours would be paler by several decibels.
func TestLossyWebP(t *testing.T) {
	t.Parallel()
	want := decoded(t, moduleFile(t, "golang.org/x/image", "testdata/blue-purple-pink.lossless.webp"))
	got := decoded(t, moduleFile(t, "golang.org/x/image", "testdata/blue-purple-pink.lossy.webp"))
	if db, err := PSNR(got, want); err != nil || db < 31 {
		t.Errorf("%.1f dB (%v) from the lossless picture, want 31", db, err)
	}
	if m := decoded(t, moduleFile(t, "golang.org/x/image", "testdata/yellow_rose.lossy-with-alpha.webp")); m.Alpha == nil {
		t.Error("the opacity of a lossy picture is lost")
	}
}

// TestBMPWithoutOpacity reads a fourth byte that is 0 everywhere as unused.
func TestBMPWithoutOpacity(t *testing.T) {
	t.Parallel()
	m := scene(5, 3, 3, 8, true)
	m.Alpha[7] = 0
	data := encoded(t, m, "bmp")
	for i := range 5 * 3 {
		data[14+108+4*i+3] = 0
	}
	m.Alpha = nil
	same(t, decoded(t, data), m)
}

// TestOrientationOfFiles reads the same photograph in the eight EXIF
// orientations, and without one.
func TestOrientationOfFiles(t *testing.T) {
	t.Parallel()
	var upright *Image
	for o := range 9 {
		m := decoded(t, moduleFile(t, "github.com/disintegration/imaging", fmt.Sprintf("testdata/orientation_%d.jpg", o)))
		if m.Meta.Orientation != o {
			t.Errorf("orientation %d is told as %d", o, m.Meta.Orientation)
		}
		if upright == nil {
			upright = m
			continue
		}
		if db, err := PSNR(m, upright); err != nil || db < 30 {
			t.Errorf("orientation %d: %.1f dB (%v) from the upright picture, want 30", o, db, err)
		}
	}
}

// TestDecoderPanics turns a panic into an error.
func TestDecoderPanics(t *testing.T) {
	t.Parallel()
	_, err := safely(&pngCodec, func() (*Image, error) { panic("index out of range") })
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "png") {
		t.Errorf("got %v, want %v", err, ErrCorrupt)
	}
}
