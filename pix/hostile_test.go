package pix

import (
	"bytes"
	"errors"
	"io"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/cae-restore/restore/internal/hostile"
)

// sentinels are the errors of which Decode's wrap one.
var sentinels = []error{ErrEmpty, ErrFormat, ErrUnsupported, ErrCorrupt, ErrLimit, ErrFrames}

func ours(err error) bool {
	for _, own := range sentinels {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

// TestHostileSeeds reads the files that the corpus is made from: were they no
// good, the corpus would test little.
func TestHostileSeeds(t *testing.T) {
	t.Parallel()
	for _, f := range hostile.Seeds() {
		m, err := Decode(bytes.NewReader(f.Data), Limits{})
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		if m.W*m.H != hostile.Width*hostile.Height {
			t.Errorf("%s: %dx%d pixels", f.Name, m.W, m.H)
		}
		if lowest, highest := levels(m); lowest == highest && f.Name != "lossy.webp" {
			t.Errorf("%s: all of it is %d", f.Name, lowest)
		}
	}
}

func levels(m *Image) (lowest, highest uint16) {
	lowest = 65535
	for _, plane := range append(m.Planes, m.Alpha) {
		for _, v := range plane {
			lowest, highest = min(lowest, v), max(highest, v)
		}
	}
	return lowest, highest
}

// TestHostile reads the whole corpus: each file is a picture that is whole, or an
// error of ours, and never takes more memory than its size and the limits
// allow. The bound is on all the bytes that are allocated on the way, those too
// that the collector frees at once, so it bounds the work as well.
//
// Not parallel: it watches the whole process.
func TestHostile(t *testing.T) {
	lim := Limits{MaxPixels: 1 << 20, MaxBytes: 4 << 20}
	var pictures, errs int
	for f := range hostile.Corpus(1) {
		if readHostile(t, f.Name, f.Data, lim) {
			pictures++
		} else {
			errs++
		}
	}
	t.Logf("%d pictures, %d errors", pictures, errs)
	if pictures < 500 || errs < 2000 {
		t.Errorf("%d pictures and %d errors: the corpus is not what it was", pictures, errs)
	}
}

// TestHostileReasons checks what is said of files that are costly rather than
// damaged: were they read after all, TestHostile might still find them cheap enough
// at their size.
func TestHostileReasons(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{}
	for _, f := range hostile.Crafted() {
		files[f.Name] = f.Data
	}
	for _, c := range []struct {
		name string
		want error
		says string
	}{
		{"many-scans.jpg", ErrUnsupported, "over 100 scans"},
		{"strips.tif", ErrUnsupported, "20000 strips"},
		{"wide-tiles.tif", ErrUnsupported, "larger than the picture"},
		{"tile-of-4G.tif", ErrUnsupported, "larger than the picture"},
		{"no-samples.tif", ErrCorrupt, "4294967295 bytes"},
		{"circle.tif", ErrCorrupt, "circle"},
		{"two-headers.png", ErrCorrupt, "two header chunks"},
		{"two-headers.webp", ErrCorrupt, "behind another"},
		{"header-behind.webp", ErrCorrupt, "behind the picture"},
		{"small-outside.webp", ErrCorrupt, "8x8"},
		{"huge-screen.gif", ErrLimit, "65535x65535"},
		{"lowest-height.bmp", ErrLimit, "1x2147483648"},
	} {
		_, err := Decode(bytes.NewReader(files[c.name]), Limits{})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s of %d bytes: got %v, want %v and %q", c.name, len(files[c.name]), err, c.want, c.says)
		}
	}
	if _, err := Decode(&sparse{1 << 40}, Limits{}); !errors.Is(err, ErrLimit) {
		t.Errorf("a file of a terabyte: got %v, want %v", err, ErrLimit)
	}
}

// sparse says how long it is and fails the test where it is read.
type sparse struct{ size int }

func (s *sparse) Len() int                 { return s.size }
func (s *sparse) Read([]byte) (int, error) { return 0, errors.New("it was read") }

// readHostile reads a file that is not to be trusted and reports whether it is a
// picture. It fails the test as TestHostile says.
func readHostile(t *testing.T, name string, data []byte, lim Limits) bool {
	t.Helper()
	before := allocated()
	h, headErr := DecodeHeader(bytes.NewReader(data), lim)
	m, err := Decode(bytes.NewReader(data), lim)
	if got, most := allocated()-before, mostBytes(data, h, headErr); got > most {
		t.Errorf("%s: %d bytes of %v (%v) take %d bytes, want at most %d", name, len(data), h, err, got, most)
	}
	if err != nil {
		if !ours(err) {
			t.Errorf("%s: not one of our errors: %v", name, err)
		}
		return false
	}
	if headErr != nil {
		t.Errorf("%s: the picture is good, the header is not: %v", name, headErr)
	}
	whole(t, name, m, h)
	return true
}

// allocated is how many bytes the process has allocated so far.
func allocated() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// mostBytes is what reading header and picture of a file may allocate in all, per
// byte of the file, per pixel and per strip or tile; and once the most that
// metadata may unpack to.
func mostBytes(data []byte, h Header, headErr error) int64 {
	most := 64*int64(len(data)) + 4<<20
	if headErr != nil {
		return most
	}
	decode, _ := Cost(h)
	most += 2*decode + 16*int64(h.W)*int64(h.H)
	switch h.Format {
	case "png":
		most += 2 * maxMetadata // a profile and a text
	case "tiff":
		// Each begins with new tables of the decoder.
		if c, err := scanTIFF(data, true); err == nil {
			most += (48 << 10) * int64(c.page.blocks) * int64(c.page.samples)
		}
	}
	return most
}

// whole checks that a picture is what its header says, with samples throughout.
func whole(t *testing.T, name string, m *Image, h Header) {
	t.Helper()
	if m.W*m.H != h.W*h.H || h.Format != m.Meta.Format || h.Depth != m.Meta.Depth || h.Planes < len(m.Planes) || m.Alpha != nil && !h.Alpha {
		t.Errorf("%s: header %+v, picture of %dx%d in %d planes, %+v", name, h, m.W, m.H, len(m.Planes), m.Meta)
	}
	for _, plane := range append(m.Planes, m.Alpha) {
		if plane != nil && len(plane) != m.W*m.H {
			t.Errorf("%s: a plane of %d samples in a picture of %dx%d", name, len(plane), m.W, m.H)
		}
	}
	if err := Encode(io.Discard, m, EncodeOptions{Format: "png"}); err != nil {
		t.Errorf("%s: it can be read but not written: %v", name, err)
	}
}
