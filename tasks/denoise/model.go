package denoise

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/degrade"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

// network is an autoencoder that sees a picture and its noise level, and says
// what to correct.
func network(widths, down, up []int) []byte {
	return neural.Autoencoder(neural.Config{
		Inputs:  []neural.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}},
		Out:     3,
		Shuffle: 2,
		Widths:  widths,
		Down:    down,
		Up:      up,
		Skip:    neural.SkipAdd,
		Head:    neural.HeadResidual,
	})
}

// The two sizes: see the study in docs/quality.md.
var (
	fastNetwork = network([]int{48, 64, 112}, []int{1, 1, 1}, []int{1, 1})
	bestNetwork = network([]int{64, 128, 192}, []int{2, 2, 2}, []int{1, 1})
)

// models are the networks of the task, the default first. Each size is there
// twice: trained on plain Gaussian noise, and on what real photographs have.
func models() []tasks.Model {
	list := make([]tasks.Model, 4)
	list[0] = gaussian("fast", "the default: Gaussian noise of standard deviation 0 to 55, in colour and grey", fastNetwork, fastWeights)
	list[1] = gaussian("best", "the same with a larger network, for those who can wait", bestNetwork, bestWeights)
	list[2] = photographic("fast-photo", "noise of cameras and films, JPEG artefacts; used in place of fast where the strength is measured", fastNetwork, fastPhotoWeights)
	list[3] = photographic("best-photo", "the same with the network of best", bestNetwork, bestPhotoWeights)
	for i := range list {
		list[i].Loss = "l1"
		list[i].Score = func(ctx context.Context, env tasks.Env, name string, samples iter.Seq2[tasks.Sample, error], options any) (tasks.Table, error) {
			return score(ctx, env, list, name, samples, options.(*ScoreOptions))
		}
	}
	return list
}

// gaussian is a model that is trained on Gaussian noise.
func gaussian(name, summary string, network, weights []byte) tasks.Model {
	return tasks.Model{
		Name:         name,
		Summary:      summary,
		Weights:      weights,
		Network:      network,
		Limits:       "trained on white Gaussian noise only: noise of cameras that is correlated between neighbouring samples, JPEG artefacts and film grain come out less well",
		Cost:         neural.CostOf(network),
		Pair:         pair,
		ScoreOptions: func() any { return defaultScore(Noises{Gaussian}, Qualities{0}) },
	}
}

// photographic is a model that is trained on what real photographs have.
func photographic(name, summary string, network, weights []byte) tasks.Model {
	return tasks.Model{
		Name:         name,
		Summary:      summary,
		Weights:      weights,
		Network:      network,
		Limits:       "trained on simulated noise of cameras and films and on JPEG of quality 20 to 95: plain Gaussian noise comes out less well than with the model for it, and so does what a camera has smoothed or sharpened strongly",
		Cost:         neural.CostOf(network),
		Pair:         photoPair,
		ScoreOptions: func() any { return defaultScore(Noises{Camera, NoNoise}, Qualities{0, 50}) },
	}
}

// photoSuffix makes the name of the photographic model of a Gaussian one's.
const photoSuffix = "-photo"

// weightsFor returns the name of the model to open where name was asked for: a
// strength that is measured wants the photographic weights of that size, where
// they are shipped. Models named otherwise, and files, serve every strength.
func weightsFor(models []tasks.Model, name string, measured bool) string {
	if !measured {
		return name
	}
	short := strings.TrimPrefix(name, "denoise:")
	if name == "denoise" {
		short = models[0].Name
	}
	for _, m := range models {
		if m.Name == short+photoSuffix && m.Weights != nil {
			return m.Name
		}
	}
	return name
}

// How the patches of a training of the Gaussian models are damaged.
const (
	trainSigma  = 55  // levels are drawn evenly from 0 to this
	greyShare   = 0.1 // of the patches are turned grey first
	cameraShare = 0.2 // are clipped and rounded to 8 bits after the noise, as files are

	// Of weak noise there is more than its part, since what it hides is fine.
	weakShare = 0.15 // of the patches have noise of 0 to weakSigma
	weakSigma = 8

	// Who gives a number gives it roughly. Without these patches a network that
	// is told too much shifts colours.
	missShare = 0.15 // of the patches are told a level off by a factor of exp(N(0, missBy))
	missBy    = 0.5
	idleShare = 0.03 // have no noise and are told any level
)

// pair adds Gaussian noise of a random level to a patch.
func pair(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
	clean := degrade.FromImage(s.Image)
	if rng.Float64() < greyShare {
		clean = clean.Luma()
	}
	noise, told := drawGaussian(rng)
	noisy := clean.Clone()
	noise.Apply(rng, noisy)
	if rng.Float64() < cameraShare {
		degrade.EightBit{}.Apply(rng, noisy)
	}
	return tasks.Example{W: clean.W, H: clean.H, Input: inputsOf(noisy, told/255), Target: clean.InColour()}, nil
}

// drawGaussian draws noise and the level that the network is told, on the scale
// of 0 to 255.
func drawGaussian(rng *rand.Rand) (noise degrade.Gaussian, told float64) {
	most := float64(trainSigma)
	if rng.Float64() < weakShare {
		most = weakSigma
	}
	noise = degrade.DrawGaussian(rng, most)
	switch u := rng.Float64(); {
	case u < missShare:
		return noise, min(noise.Sigma*math.Exp(missBy*rng.NormFloat64()), maxSigma)
	case u < missShare+idleShare:
		return degrade.Gaussian{}, trainSigma * rng.Float64()
	}
	return noise, noise.Sigma
}
