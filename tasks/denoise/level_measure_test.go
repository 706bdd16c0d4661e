package denoise

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLevelOnPhotographs logs how far EstimateLevel is off on real photographs
// with noise added, and holds the mean error in the project's noise protocol
// under 1.5. RESTORE_DATA names a folder with photos/val, of which every eighth
// picture is taken. RESTORE_SPLIT=val takes all of them (give -timeout 60m on a
// busy machine), RESTORE_SPLIT=train takes 48 of photos/train, to choose
// constants on.
func TestLevelOnPhotographs(t *testing.T) {
	data := os.Getenv("RESTORE_DATA")
	if data == "" {
		t.Skip("set RESTORE_DATA to a folder that holds photos/val to measure on photographs")
	}
	split := os.Getenv("RESTORE_SPLIT")
	files, err := filepath.Glob(filepath.Join(data, "photos", cmp.Or(split, "val"), "*.jpg"))
	if err != nil || len(files) == 0 {
		t.Skipf("RESTORE_DATA=%s holds no photos/%s/*.jpg", data, cmp.Or(split, "val"))
	}
	every := 8
	switch split {
	case "val":
		every = 1
	case "train":
		every = max(1, len(files)/48)
	}
	kinds, sigmas := []noiseKind{unclipped, rounded, jpeg90, greyRounded}, []float64{0, 5, 10, 15, 25, 35, 50}
	errors := make([]levelErrors, len(kinds)*len(sigmas))
	for i := 0; i < len(files); i += every {
		planes, w, h := readPlanes(t, files[i])
		for k := range errors {
			kind, sigma := kinds[k/len(sigmas)], sigmas[k%len(sigmas)]
			errors[k].add(measure(kind, planes, w, h, sigma, uint64(i))-sigma, filepath.Base(files[i]))
		}
	}
	table := &strings.Builder{}
	fmt.Fprintf(table, "%d pictures\n%-10s %5s %6s %6s %6s  worst picture\n", int(errors[0].n), "noise", "sigma", "bias", "mean", "max")
	for k, e := range errors {
		kind, sigma := kinds[k/len(sigmas)], sigmas[k%len(sigmas)]
		fmt.Fprintf(table, "%-10s %5.0f %6.2f %6.2f %6.2f  %s\n", kind, sigma, e.sum/e.n, e.miss/e.n, e.worst, e.name)
		if kind == unclipped && e.miss/e.n > 1.5 {
			t.Errorf("mean error %.2f at sigma %v", e.miss/e.n, sigma)
		}
	}
	t.Log("\n" + table.String())
}

// levelErrors sums up how far estimates are off.
type levelErrors struct {
	n, sum, miss, worst float64
	name                string
}

func (e *levelErrors) add(d float64, name string) {
	e.n, e.sum, e.miss = e.n+1, e.sum+d, e.miss+math.Abs(d)
	if math.Abs(d) > e.worst {
		e.worst, e.name = math.Abs(d), name
	}
}

type noiseKind string

const (
	unclipped   noiseKind = "unclipped"  // floats, the project's noise protocol
	rounded     noiseKind = "8 bit"      // clipped and rounded to 8 bits
	jpeg90      noiseKind = "JPEG 90"    // and stored as JPEG, 4:2:0
	greyRounded noiseKind = "grey 8 bit" // green alone, clipped and rounded
)

// measure adds noise of a kind to planes on the 0..255 scale and estimates it.
func measure(kind noiseKind, planes [][]float32, w, h int, sigma float64, seed uint64) float64 {
	if kind == greyRounded {
		planes = planes[1:2]
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	noisy := make([][]float32, len(planes))
	for c := range planes {
		noisy[c] = make([]float32, w*h)
		for i, v := range planes[c] {
			x := float64(v) + sigma*rng.NormFloat64()
			if kind != unclipped {
				x = math.Round(min(255, max(0, x)))
			}
			noisy[c][i] = float32(x)
		}
	}
	if kind == jpeg90 {
		m := image.NewRGBA(image.Rect(0, 0, w, h))
		for i := range noisy[0] {
			m.SetRGBA(i%w, i/w, color.RGBA{uint8(noisy[0][i]), uint8(noisy[1][i]), uint8(noisy[2][i]), 255})
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
			panic(err)
		}
		back, err := jpeg.Decode(&b)
		if err != nil {
			panic(err)
		}
		noisy = planesFrom(back)
	}
	for _, p := range noisy {
		for i := range p {
			p[i] /= 255
		}
	}
	return estimateLevel(noisy, w, h)
}

func readPlanes(t *testing.T, path string) ([][]float32, int, int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return planesFrom(m), m.Bounds().Dx(), m.Bounds().Dy()
}

// planesFrom returns red, green and blue on the 0..255 scale.
func planesFrom(m image.Image) [][]float32 {
	b := m.Bounds()
	planes := [][]float32{nil, nil, nil}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := m.At(x, y).RGBA()
			planes[0] = append(planes[0], float32(r>>8))
			planes[1] = append(planes[1], float32(g>>8))
			planes[2] = append(planes[2], float32(bl>>8))
		}
	}
	return planes
}
