package pix

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"
)

// TestCost compares the estimate with all the bytes that are allocated on the
// way, of which the collector frees a part before the peak. Not parallel: it
// watches the whole process.
func TestCost(t *testing.T) {
	allocated := func(f func()) int64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	encoded(t, New(1, 1, 3), "jpeg") // starts the encoder's runtime, once for the process
	for _, format := range []string{"jpeg", "png", "tiff", "bmp", "webp"} {
		for _, kind := range []struct{ planes, depth int }{{1, 8}, {3, 8}, {3, 16}} {
			name := fmt.Sprintf("format=%s/planes=%d/depth=%d", format, kind.planes, kind.depth)
			m := scene(700, 500, kind.planes, kind.depth, false)
			h := Header{Format: format, W: m.W, H: m.H, Depth: kind.depth, Planes: kind.planes}
			if _, encode := Cost(h); format != "webp" { // which is not written
				if got := allocated(func() {
					if err := Encode(io.Discard, m, EncodeOptions{Format: format}); err != nil {
						t.Fatal(err)
					}
				}); got > 3*encode/2 {
					t.Errorf("%s: writing allocates %d bytes, the estimate is %d", name, got, encode)
				}
			}

			data := stored(t, m, format)
			h, err := DecodeHeader(bytes.NewReader(data), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			decode, _ := Cost(h)
			var out *Image
			got := allocated(func() { out = decoded(t, data) })
			got -= int64(len(data)) + int64(2*len(out.Planes)*out.W*out.H)
			if got > 3*decode/2 {
				t.Errorf("%s: reading allocates %d bytes beside planes and file, the estimate is %d", name, got, decode)
			}
		}
	}
	var dearest int64
	h := Header{W: 3000, H: 2000, Depth: 8, Planes: 3}
	for _, c := range codecs {
		h.Format = c.name
		decode, _ := Cost(h)
		dearest = max(dearest, decode)
	}
	h.Format = "heic"
	if decode, _ := Cost(h); decode != dearest {
		t.Errorf("an unknown format costs %d bytes, the dearest known one %d", decode, dearest)
	}
}
