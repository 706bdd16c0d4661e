package pix

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gen2brain/jpegli"
)

// TestPhotographs finds no damage in the photographs of $RESTORE_DATA/photos, val and
// some of train.
func TestPhotographs(t *testing.T) {
	t.Parallel()
	data := os.Getenv("RESTORE_DATA")
	if data == "" {
		t.Skip("set RESTORE_DATA to a folder that holds photos/val and photos/train to check real files")
	}
	files, _ := filepath.Glob(filepath.Join(data, "photos", "val", "*.jpg"))
	train, _ := filepath.Glob(filepath.Join(data, "photos", "train", "*.jpg"))
	for i := 0; i < len(train); i += max(1, len(train)/200) {
		files = append(files, train[i])
	}
	if len(files) == 0 {
		t.Skipf("RESTORE_DATA=%s holds no photos/val/*.jpg", data)
	}
	for _, name := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkJPEG(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Logf("%d files", len(files))
}

// damageSeeds are photographs of some kinds as far as JPEGs differ.
func damageSeeds(t *testing.T) map[string][]byte {
	t.Helper()
	seeds := map[string][]byte{}
	m, grey := scene(192, 144, 3, 8, false), scene(192, 144, 1, 8, false)
	for name, src := range map[string]image.Image{"grey": grey.ToImage(), "4:2:0": m.ToImage()} {
		var buf bytes.Buffer
		if err := jpeg.Encode(&buf, src, &jpeg.Options{Quality: 85}); err != nil {
			t.Fatal(err)
		}
		seeds[name] = buf.Bytes()
	}
	seeds["ours"] = encoded(t, m, "jpeg")
	for name, o := range map[string]jpegli.EncodingOptions{
		"progressive 4:2:0": {ChromaSubsampling: image.YCbCrSubsampleRatio420, ProgressiveLevel: 2},
		"progressive 4:4:4": {ChromaSubsampling: image.YCbCrSubsampleRatio444, ProgressiveLevel: 1},
		"4:2:2":             {ChromaSubsampling: image.YCbCrSubsampleRatio422, OptimizeCoding: true},
	} {
		var buf bytes.Buffer
		o.Quality = 85
		if err := jpegli.Encode(&buf, m.ToImage(), &o); err != nil {
			t.Fatal(err)
		}
		seeds[name] = buf.Bytes()
	}
	return seeds
}

// TestJPEGZeroFilled finds every file whose end a broken disk or copy filled with zeros.
func TestJPEGZeroFilled(t *testing.T) {
	t.Parallel()
	for name, good := range damageSeeds(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decoded(t, good)
			for part := 4; part < 16; part++ {
				for _, end := range []int{len(good), len(good) - 2} { // with the end marker and without
					bad := bytes.Clone(good)
					clear(bad[len(good)*part/16 : end])
					if _, err := Decode(bytes.NewReader(bad), Limits{}); !errors.Is(err, ErrCorrupt) {
						t.Errorf("zeros from byte %d to %d of %d: got %v, want %v", len(good)*part/16, end, len(good), err, ErrCorrupt)
					}
				}
			}
		})
	}
}

// TestJPEGDamaged finds most files with 40 random bytes among the samples, and about a
// third of those with one. No reader can find all: a byte that changes a coefficient and
// leaves the codes behind it in step makes another good file. After a few wrong codes
// Huffman decoders are mostly in step again, so also where they are not, only the number
// of blocks and their level can tell.
func TestJPEGDamaged(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(6, 40))
	seeds := damageSeeds(t)
	found := map[int]int{}
	const tries = 204
	for _, name := range slices.Sorted(maps.Keys(seeds)) {
		good := seeds[name]
		samples := bytes.Index(good, []byte("\xff\xda")) + 20
		for range tries / len(seeds) {
			for _, n := range []int{1, 40} {
				bad := bytes.Clone(good)
				at := samples + rng.IntN(len(bad)-samples-42)
				for i := range n {
					bad[at+i] ^= byte(1 + rng.IntN(255))
				}
				_, err := Decode(bytes.NewReader(bad), Limits{})
				if errors.Is(err, ErrCorrupt) {
					found[n]++
				} else if err != nil && !errors.Is(err, ErrUnsupported) {
					t.Errorf("%s, %d bytes at %d: %v", name, n, at, err)
				}
			}
		}
	}
	t.Logf("of %d files each: %d with one damaged byte found, %d with 40", tries, found[1], found[40])
	if found[1] < tries/5 || found[40] < tries*6/10 {
		t.Errorf("of %d files each, %d with one damaged byte were found and %d with 40, want %d and %d", tries, found[1], found[40], tries/5, tries*6/10)
	}
}

// BenchmarkJPEG compares the check of a JPEG of 24 megapixels with all of its decoding.
func BenchmarkJPEG(b *testing.B) {
	src := scene(6000, 4000, 3, 8, false).ToImage()
	for kind, write := range map[string]func(io.Writer) error{
		"baseline": func(w io.Writer) error { return jpeg.Encode(w, src, &jpeg.Options{Quality: 90}) },
		"progressive": func(w io.Writer) error {
			return jpegli.Encode(w, src, &jpegli.EncodingOptions{Quality: 90, ChromaSubsampling: image.YCbCrSubsampleRatio420, ProgressiveLevel: 2})
		},
	} {
		var buf bytes.Buffer
		if err := write(&buf); err != nil {
			b.Fatal(err)
		}
		b.Run("kind="+kind+"/step=check", func(b *testing.B) {
			for b.Loop() {
				if err := checkJPEG(buf.Bytes()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(buf.Len())/1e6, "MB")
		})
		b.Run("kind="+kind+"/step=decode", func(b *testing.B) {
			for b.Loop() {
				if _, err := Decode(bytes.NewReader(buf.Bytes()), Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
