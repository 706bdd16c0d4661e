package denoise

import (
	"fmt"
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
// published pairs from real cameras, 33.4 dB.
const (
	scoreLeastShot, scoreMostShot = 1.3e-4, 1.7e-3
	cameraStream                  = 1 << 40 // of the generator: Gaussian noise takes its level
)

// damage returns a damaged copy of the picture of that index, and the level of
// the damage on the scale of 0 to 255: for Gaussian noise as asked for, else the
// root mean square.
func (t trial) damage(clean degrade.Patch, seed, index int) (degrade.Patch, float64) {
	generator := func(stream uint64) *rand.Rand {
		return rand.New(rand.NewPCG(uint64(seed)<<32|uint64(index), stream))
	}
	noisy := clean.Clone()
	switch t.noise {
	case Gaussian:
		degrade.Gaussian{Sigma: t.sigma}.Apply(generator(uint64(t.sigma*1000)), noisy)
	case Camera:
		rng := generator(cameraStream)
		degrade.DrawCamera(rng, scoreLeastShot, scoreMostShot).Apply(rng, noisy)
		degrade.EightBit{}.Apply(nil, noisy)
	}
	if t.quality > 0 {
		degrade.JPEG{Quality: t.quality, Chroma: degrade.Chroma420}.Apply(nil, noisy)
	} else if t.noise == Gaussian {
		return noisy, t.sigma
	}
	return noisy, 255 * degrade.Level(noisy, clean)
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
