package pipeline

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// shifted is a picture all of whose samples are those of m, moved by n 8-bit
// steps.
func shifted(m *pix.Image, n int) *pix.Image {
	out := m.Like()
	for p := range m.Planes {
		for i, v := range m.Planes[p] {
			out.Planes[p][i] = uint16(int(v) + n*257)
		}
	}
	return out
}

// The step adds 16. Where the input lies 24 below its original, the error falls
// from 24 to 8; PSNR is 20 log10(255/error).
func TestRunTruth(t *testing.T) {
	t.Parallel()
	clean := picture(16, 16, 3, 1)
	for i := range clean.Planes {
		for k := range clean.Planes[i] {
			clean.Planes[i][k] = max(clean.Planes[i][k], 24*257)
		}
	}
	bad := encoded(t, shifted(clean, -24), "png")
	in := tree(t, map[string][]byte{
		"sub/a.png": bad, "sub/other.png": bad, "two.png": bad, "none.png": bad, "size.png": bad, "broken.png": bad,
		"near.png": encoded(t, shifted(clean, -16), "png"),
	})
	truth := tree(t, map[string][]byte{
		"sub/a.png": encoded(t, clean, "png"), "sub/other.TIF": encoded(t, clean, "tiff"), "sub/other.txt": []byte("notes"),
		"two.tif": encoded(t, clean, "tiff"), "two.bmp": encoded(t, clean, "bmp"),
		"size.png": png(t, 1), "broken.png": []byte("x"), "near.png": encoded(t, clean, "png"),
	})
	j := job{inputs: []string{in}, options: Options{Truth: truth}}
	report := j.must(t)
	db := func(n float64) float64 { return 20 * math.Log10(255/n) }
	want := map[string]Score{"sub/a.png": {db(24), db(8)}, "sub/other.png": {db(24), db(8)}, "near.png": {db(16), math.Inf(1)}}
	says := map[string]string{
		"two.png": "several clean originals", "none.png": "no clean original", "size.png": "", "broken.png": "not a picture",
	}
	for _, res := range report.Results {
		s, ok := want[res.Item.Rel]
		var note string
		for _, n := range res.Notes {
			if n.Step == "truth" {
				note = fmt.Sprint(n.Value)
			}
		}
		switch {
		case res.Outcome != Restored:
			t.Errorf("%s: %v", res.Item.Rel, res.Err)
		case ok && (res.Truth == nil || !near(res.Truth.Before, s.Before) || !near(res.Truth.After, s.After) || note != ""):
			t.Errorf("%s: %v, note %q, want %v", res.Item.Rel, res.Truth, note, s)
		case !ok && (res.Truth != nil || note == "" || !strings.Contains(note, says[res.Item.Rel])):
			t.Errorf("%s: %v, note %q, want one that says %q", res.Item.Rel, res.Truth, note, says[res.Item.Rel])
		}
	}
	if mean, n := report.Truth(); n != 2 || !near(mean.Before, db(24)) || !near(mean.After, db(8)) {
		t.Errorf("mean %v of %d", mean, n)
	}
}

func near(a, b float64) bool { return a == b || math.Abs(a-b) < 1e-6 }

// What counts is the file as it was written: a coarse JPEG is further from its
// original than the picture that went into it.
func TestRunTruthAfterEncoding(t *testing.T) {
	t.Parallel()
	clean := picture(32, 32, 3, 1)
	in := tree(t, map[string][]byte{"a.png": encoded(t, clean, "png")})
	j := job{
		inputs: []string{in}, specs: []*tasks.Spec{specOf("leave", leave)},
		options: Options{Truth: in, Format: "jpeg", Quality: 10},
	}
	report := j.must(t)
	s := report.Results[0].Truth
	if s == nil || !math.IsInf(s.Before, 1) || s.After > 40 {
		t.Fatalf("got %v", s)
	}
	written, err := pix.PSNR(clean, read(t, filepath.Join(j.out, "a.jpg")))
	if err != nil || !near(written, s.After) {
		t.Errorf("%v dB reported, the file has %v, %v", s.After, written, err)
	}
	j.options.Format = ""
	if s := j.must(t).Results[0].Truth; s == nil || !math.IsInf(s.After, 1) {
		t.Errorf("of a copy: %v", s)
	}
	if mean, n := report.Truth(); n != 0 {
		t.Errorf("a mean %v over %d scores, though none is finite", mean, n)
	}
}
