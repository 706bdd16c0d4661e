package denoise

import (
	"math"
	"math/rand/v2"

	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/degrade"
)

// The recipe by which patches are damaged for the photographic models;
// docs/degradations.md has it as a table.
const (
	enlargedPatches = 1. / 3 // of all patches are enlarged first: see degrade.Enlarge

	// Kinds of damage, as shares of all patches; the rest is a random mixture.
	plainPatches    = 0.11 // Gaussian noise alone, a fifth of it rounded to 8 bits
	cleanPatches    = 0.06 // none at all: what is clean is to stay so
	jpegPatches     = 0.46 // JPEG alone, half of it of worstQuality to strongQuality
	sensorPatches   = 0.14 // camera noise
	blotchedPatches = 0.07 // camera noise with blotches of colour
	grainPatches    = 0.05 // film grain
	whitePatches    = 0.03 // Gaussian noise, then as the others

	// Noise other than plain is compressed in this share of cases, so that
	// about three patches in four are JPEG; what is not is rounded to 8 bits in
	// most cases, as files are.
	compressedShare = 0.7
	wholeShare      = 0.8

	leastQuality, mostQuality   = 30, 95 // of JPEG
	worstQuality, strongQuality = 20, 60 // of strong JPEG

	// Photon noise of cameras, see degrade.Camera: from hardly visible to a
	// root mean square of about 25 of 255.
	leastShot, mostShot = 3e-5, 8e-3
)

// photoPair damages a patch by the recipe of the photographic models. The target
// is the patch as it was before the damage (enlarged or grey, where it was made
// so).
func photoPair(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
	clean := degrade.FromImage(s.Image)
	if rng.Float64() < greyShare {
		clean = clean.Luma()
	}
	if rng.Float64() < enlargedPatches {
		degrade.DrawEnlarge(rng).Apply(rng, clean)
	}
	noisy := clean.Clone()
	drawDamage(rng).Apply(rng, noisy)
	told := tellLevel(rng, degrade.Level(noisy, clean))
	return tasks.Example{W: clean.W, H: clean.H, Input: inputsOf(noisy, told), Target: clean.InColour()}, nil
}

// drawDamage draws what happens to a patch.
func drawDamage(rng *rand.Rand) degrade.Sequence {
	var damage degrade.Sequence
	u := rng.Float64()
	chosen := func(share float64) bool { u -= share; return u < 0 }
	switch {
	case chosen(plainPatches):
		damage = degrade.Sequence{degrade.DrawGaussian(rng, trainSigma)}
		if rng.Float64() < cameraShare {
			damage = append(damage, degrade.EightBit{})
		}
		return damage
	case chosen(cleanPatches):
		return nil
	case chosen(jpegPatches):
		if rng.IntN(2) == 0 {
			return degrade.Sequence{degrade.DrawJPEG(rng, worstQuality, strongQuality)}
		}
		return degrade.Sequence{degrade.DrawJPEG(rng, leastQuality, mostQuality)}
	case chosen(sensorPatches):
		damage = degrade.Sequence{degrade.DrawCamera(rng, leastShot, mostShot)}
	case chosen(blotchedPatches):
		damage = degrade.Sequence{degrade.DrawCamera(rng, leastShot, mostShot), degrade.DrawBlotches(rng)}
	case chosen(grainPatches):
		damage = degrade.Sequence{degrade.DrawGrain(rng)}
	case chosen(whitePatches):
		damage = degrade.Sequence{degrade.DrawGaussian(rng, trainSigma/2)}
	default:
		damage = drawMixture(rng)
	}
	switch {
	case rng.Float64() < compressedShare:
		damage = append(damage, degrade.DrawJPEG(rng, leastQuality, mostQuality))
	case rng.Float64() < wholeShare:
		damage = append(damage, degrade.EightBit{})
	}
	return damage
}

// drawMixture draws at least two kinds of noise, in the order in which a scanned
// or copied photograph gets them: film, sensor, what the camera leaves of it, and
// whatever else.
func drawMixture(rng *rand.Rand) degrade.Sequence {
	for {
		var damage degrade.Sequence
		if rng.IntN(2) == 0 {
			damage = append(damage, degrade.DrawGrain(rng))
		}
		if rng.IntN(2) == 0 {
			damage = append(damage, degrade.DrawCamera(rng, leastShot, mostShot))
		}
		if rng.IntN(2) == 0 {
			damage = append(damage, degrade.DrawBlotches(rng))
		}
		if rng.IntN(2) == 0 {
			damage = append(damage, degrade.DrawGaussian(rng, trainSigma/4))
		}
		if len(damage) > 1 {
			return damage
		}
	}
}

// How wrong the level is that the network is told, as shares of all patches.
// Levels are measured in use, and measured worst where the damage is not
// noise: so the network should believe what it sees more than what it is told.
const (
	nearShare  = 0.50 // off by a factor of exp(N(0, nearMiss))
	farShare   = 0.25 // off by a factor of exp(N(0, farMiss))
	wrongShare = 0.10 // anything from 0 to wrongLevel, whatever the damage; the rest is right

	nearMiss, farMiss = 0.2, 0.6
	wrongLevel        = 20. / 255

	// No factor makes a level of nothing: where there is no damage, texture
	// that was taken for noise is what goes wrong, and that in this share.
	falseAlarms = 0.5
)

// tellLevel returns what the network is told where the level is truth (1.0 is
// white).
func tellLevel(rng *rand.Rand, truth float64) float64 {
	u := rng.Float64()
	switch {
	case truth == 0:
		if u < falseAlarms {
			truth = wrongLevel * rng.Float64()
		}
	case u < nearShare:
		truth *= math.Exp(nearMiss * rng.NormFloat64())
	case u < nearShare+farShare:
		truth *= math.Exp(farMiss * rng.NormFloat64())
	case u < nearShare+farShare+wrongShare:
		truth = wrongLevel * rng.Float64()
	}
	return min(truth, maxSigma/255.)
}

// inputsOf returns the network's inputs for a patch and a level, where 1.0 is
// white.
func inputsOf(p degrade.Patch, level float64) [][]float32 {
	told := make([]float32, p.W*p.H)
	fill(told, float32(level))
	return append(p.InColour()[:3:3], told)
}
