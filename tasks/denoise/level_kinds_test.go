package denoise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks/internal/degrade"
)

// noiseKind is a kind of damage whose level is to be measured.
type noiseKind string

const (
	unclipped   noiseKind = "white, unclipped" // floats, the project's noise protocol
	rounded     noiseKind = "white, 8 bit"     // clipped and rounded to 8 bits
	greyRounded noiseKind = "white, grey"      // green alone, clipped and rounded
	jpeg90      noiseKind = "white, JPEG 90"   // clipped, rounded, stored as JPEG, 4:2:0
	jpeg70      noiseKind = "white, JPEG 70"   // the same at quality 70
	cameraNoise noiseKind = "camera"           // sensor noise, demosaiced
	cameraJPEG  noiseKind = "camera, JPEG 85"  // the same stored as JPEG, 4:2:0
	coarseNoise noiseKind = "camera, enlarged" // the same enlarged by 1.5, the picture too
	filmGrain   noiseKind = "film grain"
	jpegAlone   noiseKind = "JPEG alone" // 4:2:0; the amount is the quality
)

// damage returns a damaged copy of a picture, and the number that the estimator
// is to say. amount is the standard deviation of white noise, the root mean
// square of other noise before JPEG, or the quality of JPEG, the scale 0 to 255.
// That number is amount for white noise in floats, 8 bits and grey, also where it
// was clipped; for the others it is the root mean square of what was done to the
// samples.
func damage(kind noiseKind, clean degrade.Patch, amount float64, seed uint64) (damaged degrade.Patch, level float64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	if kind == greyRounded {
		clean.Planes = clean.Planes[1:2]
	}
	p := clean.Clone()
	switch kind {
	case unclipped, rounded, greyRounded, jpeg90, jpeg70:
		degrade.Gaussian{Sigma: amount}.Apply(rng, p)
	case cameraNoise, cameraJPEG:
		p = withCamera(rng, clean, amount)
	case coarseNoise:
		p = withCamera(rng, clean, amount)
		e := degrade.Enlarge{Factor: 1.5, X: 0.5, Y: 0.5}
		clean = clean.Clone()
		e.Apply(rng, clean)
		e.Apply(rng, p)
	case filmGrain:
		g := degrade.DrawGrain(rng)
		g.Sigma = amount
		g.Apply(rng, p)
	}
	if kind != unclipped {
		degrade.EightBit{}.Apply(rng, p)
	}
	quality := map[noiseKind]int{jpeg90: 90, jpeg70: 70, cameraJPEG: 85, jpegAlone: int(amount)}[kind]
	if quality > 0 {
		degrade.JPEG{Quality: quality, Chroma: degrade.Chroma420}.Apply(rng, p)
	}
	switch kind {
	case unclipped, rounded, greyRounded:
		return p, amount
	}
	return p, 255 * degrade.Level(p, clean)
}

// withCamera adds the noise of a random camera, scaled to a root mean square of
// level.
func withCamera(rng *rand.Rand, clean degrade.Patch, level float64) degrade.Patch {
	c, seed := degrade.DrawCamera(rng, 0.002, 0.002), rng.Uint64()
	for range 3 {
		p := clean.Clone()
		c.Apply(rand.New(rand.NewPCG(seed, 2)), p)
		got := 255 * degrade.Level(p, clean)
		if got == 0 || math.Abs(got-level) < 0.03*level {
			return p
		}
		c.Shot *= (level / got) * (level / got)
		c.Read *= level / got
	}
	p := clean.Clone()
	c.Apply(rand.New(rand.NewPCG(seed, 2)), p)
	return p
}

// measure damages planes on the 0..255 scale and estimates their level.
func measure(kind noiseKind, planes [][]float32, w, h int, amount float64, seed uint64) float64 {
	p, _ := damage(kind, patchOf(planes, w, h), amount, seed)
	return estimateLevel(p.Planes, w, h)
}

// patchOf is a patch of planes on the 0..255 scale.
func patchOf(planes [][]float32, w, h int) degrade.Patch {
	p := degrade.Patch{W: w, H: h, Planes: planes}.Clone()
	for _, plane := range p.Planes {
		for i := range plane {
			plane[i] /= 255
		}
	}
	return p
}

func readPatch(t *testing.T, path string) degrade.Patch {
	t.Helper()
	p, err := openPatch(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func openPatch(path string) (degrade.Patch, error) {
	f, err := os.Open(path)
	if err != nil {
		return degrade.Patch{}, err
	}
	defer f.Close()
	m, err := pix.Decode(f, pix.DefaultLimits)
	if err != nil {
		return degrade.Patch{}, fmt.Errorf("%s: %w", path, err)
	}
	return degrade.Patch{W: m.W, H: m.H, Planes: degrade.FromImage(m).InColour()}.Clone(), nil
}
