package denoise

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks/internal/degrade"
)

func serially(n int, f func(i int)) error {
	for i := range n {
		f(i)
	}
	return nil
}

func backwards(n int, f func(i int)) error {
	return serially(n, func(i int) { f(n - 1 - i) })
}

// damaged is what damage returns where nothing can go wrong.
func damaged(t *testing.T, c trial, clean degrade.Patch, seed uint64) (degrade.Patch, float64) {
	t.Helper()
	noisy, level, err := c.damage(serially, clean, seed)
	if err != nil {
		t.Fatal(err)
	}
	return noisy, level
}

// TestTrialDamage: the noise is drawn anew for each seed and is the same however
// the work is shared out, has 8 bits where it should, and grey stays grey; the
// level is what was added.
func TestTrialDamage(t *testing.T) {
	t.Parallel()
	clean := degrade.FromImage(scenery(20, 2*noiseRows+10))
	for _, c := range []trial{{Camera, 0, 0}, {Camera, 0, 50}, {Gaussian, 10, 50}, {Gaussian, 10, 0}, {NoNoise, 0, 50}} {
		a, level := damaged(t, c, clean, 1)
		whole := a.Clone()
		degrade.EightBit{}.Apply(nil, whole)
		if eight := degrade.Level(a, whole) == 0; eight != c.rounded() {
			t.Errorf("%v: of 8 bits: %v", c, eight)
		}
		want := 255 * degrade.Level(a, clean)
		if c.rounded() && level != want || math.Abs(level-want) > 0.3 || level < 1 {
			t.Errorf("%v: the level is %g, the damage %g", c, level, want)
		}
		if b, _ := damaged(t, c, clean, 2); c.noise != NoNoise && degrade.Level(a, b) == 0 {
			t.Errorf("%v: another seed gives the same", c)
		}
		if b, _, err := c.damage(backwards, clean, 1); err != nil || degrade.Level(a, b) != 0 {
			t.Errorf("%v: another order of the work gives something else (%v)", c, err)
		}
		if grey, _ := damaged(t, c, clean.Luma(), 1); !grey.Grey() {
			t.Errorf("%v: grey became coloured", c)
		}
	}
	stopped := errors.New("stopped")
	if _, _, err := (trial{Gaussian, 10, 0}).damage(func(int, func(int)) error { return stopped }, clean, 1); !errors.Is(err, stopped) {
		t.Errorf("work that is cut short gives %v", err)
	}
}

// TestNoiseSeed holds the seeds to the published definition of FNV-1a, and the
// noise of neighbouring names, levels, planes and runs of rows to have nothing in
// common.
func TestNoiseSeed(t *testing.T) {
	t.Parallel()
	hash := uint64(0xcbf29ce484222325)
	for _, c := range []byte("7/a/b.jpg") {
		hash = (hash ^ uint64(c)) * 0x100000001b3
	}
	if got := noiseSeed(7, "a/b.jpg"); got != hash {
		t.Errorf("the seed is %x, want %x", got, hash)
	}
	const side = noiseRows
	flat := degrade.Patch{W: side, H: 2 * side, Planes: make([][]float32, 3)}
	for k := range flat.Planes {
		flat.Planes[k] = make([]float32, 2*side*side)
	}
	noise := map[string][]float32{}
	for name, c := range map[string]struct {
		sigma float64
		seed  uint64
	}{
		"a":            {25, noiseSeed(1, "dir/a.jpg")},
		"b":            {25, noiseSeed(1, "dir/b.jpg")},
		"a, 26":        {26, noiseSeed(1, "dir/a.jpg")},
		"a, seed 2":    {25, noiseSeed(2, "dir/a.jpg")},
		"a, elsewhere": {25, noiseSeed(1, "a.jpg")},
	} {
		p, _ := damaged(t, trial{Gaussian, c.sigma, 0}, flat, c.seed)
		for k, plane := range p.Planes {
			for half := range 2 {
				noise[name+", plane "+string(rune('0'+k))+", half "+string(rune('0'+half))] = plane[half*side*side : (half+1)*side*side]
			}
		}
	}
	for one, a := range noise {
		for other, b := range noise {
			if one >= other {
				continue
			}
			var ab, aa, bb float64
			for i := range a {
				ab += float64(a[i]) * float64(b[i])
				aa += float64(a[i]) * float64(a[i])
				bb += float64(b[i]) * float64(b[i])
			}
			if r := ab / math.Sqrt(aa*bb); math.Abs(r) > 5/math.Sqrt(float64(len(a))) {
				t.Errorf("the noise of %s and of %s has the correlation %.3f", one, other, r)
			}
		}
	}
}

// TestCameraInput measures the mean PSNR of the pictures with camera noise over
// many seeds on photographs, which the recipe is fitted to. It needs
// RESTORE_DATA.
func TestCameraInput(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("half a minute of work")
	}
	files, err := filepath.Glob(filepath.Join(os.Getenv("RESTORE_DATA"), "photos", "val", "*.jpg"))
	if err != nil || os.Getenv("RESTORE_DATA") == "" || len(files) == 0 {
		t.Skip("RESTORE_DATA names no folder with photos/val")
	}
	const seeds = 8
	var mean [seeds]float64
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := pix.Decode(f, pix.Limits{})
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		clean := degrade.FromImage(m)
		for k := range mean {
			_, level := damaged(t, trial{Camera, 0, 0}, clean, noiseSeed(k+1, filepath.Base(file)))
			mean[k] += -20 * math.Log10(level/255) / float64(len(files))
		}
	}
	whole := 0.
	for _, v := range mean {
		whole += v / seeds
	}
	t.Logf("%d pictures, seeds 1 to %d: %.2f dB, on average %.2f dB", len(files), seeds, mean, whole)
	if mean[0] < 33.2 || mean[0] > 33.6 || math.Abs(whole-33.4) > 0.2 {
		t.Errorf("the noisy pictures have %.2f dB by the seed that is used, %.2f dB on average, want 33.4", mean[0], whole)
	}
}
