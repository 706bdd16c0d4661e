package denoise

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks/internal/degrade"
)

// trial is one way to damage the pictures that a model is scored on.
type trial struct {
	noise   Noise
	sigma   float64 // of Gaussian noise
	quality int     // of JPEG, or 0 for none
}

// trials are all ways that the options ask for: each kind of noise (Gaussian
// noise at each of its levels) with each JPEG quality.
func (o *ScoreOptions) trials() []trial {
	var list []trial
	for _, noise := range o.Noise {
		levels := []float64{0}
		if noise == Gaussian {
			levels = o.Sigma
		}
		for _, sigma := range levels {
			for _, quality := range o.JPEG {
				list = append(list, trial{noise, sigma, quality})
			}
		}
	}
	return list
}

// String names the damage, such as "gaussian 15 jpeg 70".
func (t trial) String() string {
	words := []string{string(t.noise)}
	if t.noise == Gaussian {
		words = append(words, fmt.Sprint(t.sigma))
	}
	if t.quality > 0 {
		words = append(words, "jpeg", fmt.Sprint(t.quality))
	}
	return strings.Join(words, " ")
}

// Photon noise of the cameras of scoring, see degrade.Camera. With these the
// mean PSNR of the noisy pictures of a varied set of photographs is about that of
// published pairs from real cameras, 33.4 dB. That is the mean over many seeds:
// levels are spread over 11 dB, so by one seed the mean of 88 pictures is off by
// some 0.4 dB. TestCameraInput measures both.
const scoreLeastShot, scoreMostShot = 1.45e-4, 1.9e-3

// noiseSeed makes a seed of that of the options and the name of a picture, its
// path in the folder with slashes: the 64-bit FNV-1a hash of both. So the noise
// of a picture does not depend on which others there are.
func noiseSeed(seed int, name string) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s", seed, name) // a hash never fails
	return h.Sum64()
}

// Streams of random numbers for the noise of one picture.
const cameraStream = 1 << 63

// gaussianStream is that of one piece of Gaussian noise.
func gaussianStream(sigma float64, piece int) uint64 {
	return uint64(sigma*1000)<<32 | uint64(piece)
}

// noiseRows is how many rows of a plane get their noise from one generator.
const noiseRows = 128

// damage returns a damaged copy of a picture, and the level of the damage on the
// scale of 0 to 255: for Gaussian noise as asked for, else the root mean square.
// The same seed gives the same noise. run shares the work out; the error is its.
func (t trial) damage(run pix.Runner, clean degrade.Patch, seed uint64) (noisy degrade.Patch, level float64, err error) {
	noisy = clean.Clone()
	switch t.noise {
	case Gaussian:
		if err := t.addGaussian(run, noisy, seed); err != nil {
			return noisy, 0, err
		}
	case Camera:
		rng := rand.New(rand.NewPCG(seed, cameraStream))
		degrade.DrawCamera(rng, scoreLeastShot, scoreMostShot).Apply(rng, noisy)
		degrade.EightBit{}.Apply(nil, noisy)
	}
	if t.quality > 0 {
		degrade.JPEG{Quality: t.quality, Chroma: degrade.Chroma420}.Apply(nil, noisy)
	} else if t.noise == Gaussian {
		return noisy, t.sigma, nil
	}
	return noisy, 255 * degrade.Level(noisy, clean), nil
}

// addGaussian adds noise to runs of rows, each plane's by themselves and each with
// a generator of its own, so that several cores can share the work.
func (t trial) addGaussian(run pix.Runner, p degrade.Patch, seed uint64) error {
	bands := (p.H + noiseRows - 1) / noiseRows
	return run(bands*len(p.Planes), func(i int) {
		top := i % bands * noiseRows
		rows := min(noiseRows, p.H-top)
		part := p.Planes[i/bands][top*p.W : (top+rows)*p.W]
		rng := rand.New(rand.NewPCG(seed, gaussianStream(t.sigma, i)))
		degrade.Gaussian{Sigma: t.sigma}.Apply(rng, degrade.Patch{W: p.W, H: rows, Planes: [][]float32{part}})
	})
}

// damages reports whether there is anything to restore.
func (t trial) damages() bool { return t.noise != NoNoise || t.quality > 0 }

// rounded reports whether the damaged picture has 8 bits a sample.
func (t trial) rounded() bool { return t.noise != Gaussian || t.quality > 0 }

// measure estimates the level of the noise in a picture that damage returned, as
// the task does for a file with these samples.
func (t trial) measure(p degrade.Patch) float64 {
	if !t.rounded() {
		return estimateLevel(p.Planes, p.W, p.H)
	}
	m := pix.New(p.W, p.H, len(p.Planes))
	for k, plane := range p.Planes {
		for i, v := range plane {
			m.Planes[k][i] = sample(v)
		}
	}
	return EstimateLevel(m)
}
