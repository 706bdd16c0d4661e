package segment

import (
	"math"
	"math/rand/v2"

	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/degrade"
)

// The recipe by which patches become damaged prints; docs/degradations.md has it
// as a table.
const (
	enlargedPatches = 1. / 3 // of all patches are enlarged first: see degrade.Enlarge
	soundPatches    = 0.40   // have no damage: what looks like it is to be left alone
	mostCovers      = 5      // a patch has 1 to so many pieces of damage, fewer more often

	// The print, as shares of all patches.
	greyPrints     = 0.25 // are black-and-white
	sepiaPrints    = 0.15 // are black-and-white in colours of brown
	fadedPrints    = 0.25 // each dye, or all of the grey, has lost density
	yellowedPrints = 0.20 // of those in colour
	flatPrints     = 0.30 // have low contrast

	// The scan, as shares of all patches.
	grainScans  = 0.25
	noisyScans  = 0.20 // noise of a sensor
	whiteScans  = 0.20 // weak Gaussian noise
	jpegScans   = 0.60 // the others are rounded to 8 bits
	leastShot   = 3e-5 // see degrade.Camera
	mostShot    = 1e-3
	mostSigma   = 8.
	leastJPEG   = 40
	mostJPEG    = 97
	overlaid    = 0.6  // of the damage is overlays, where there are some of its kind
	dark        = 0.25 // of the overlays are inverted: they come in white
	creaseShare = 0.2  // of the scratches that are generated are creases

	// Scales of overlays: samples of the picture for one of the overlay. Stains and
	// blots are large: on a patch they should have an edge.
	leastScale, mostScale           = 0.5, 1.6
	leastLargeScale, mostLargeScale = 0.2, 0.7
)

// kindShares are the chances of the kinds of damage.
var kindShares = [kindCount]float64{0.27, 0.25, 0.22, 0.12, 0.14}

// source is where damage comes from.
type source struct {
	overlays overlays
	overlaid float64 // share of overlays, where there are some of a kind
	dark     float64 // share of overlays that are inverted
}

// cover draws one piece of damage for w*h samples.
func (s *source) cover(rng *rand.Rand, w, h int) (kind, degrade.Cover) {
	k, u := scratch, rng.Float64()
	for ; k < kindCount; k++ {
		if u -= kindShares[k-1]; u < 0 {
			break
		}
	}
	if folders := s.overlays[k-1]; len(folders) > 0 && rng.Float64() < s.overlaid {
		list := folders[rng.IntN(len(folders))]
		least, most := leastScale, mostScale
		if k == stain || k == blot {
			least, most = leastLargeScale, mostLargeScale
		}
		return k, degrade.DrawOverlay(rng, list[rng.IntN(len(list))].Image, w, h, least, most, s.dark)
	}
	switch k {
	case scratch:
		if rng.Float64() < creaseShare {
			return k, degrade.DrawCreases(rng)
		}
		return k, degrade.DrawScratches(rng)
	case dust:
		return k, degrade.DrawDust(rng)
	case hair:
		return k, degrade.DrawHairs(rng)
	case stain:
		return k, degrade.DrawStains(rng)
	}
	return k, degrade.DrawBlots(rng)
}

// drawPrint draws what time did to a print. A grey patch stays one.
func drawPrint(rng *rand.Rand, grey bool) degrade.Sequence {
	var s degrade.Sequence
	if rng.Float64() < fadedPrints {
		s = append(s, degrade.DrawFading(rng))
	}
	if !grey && rng.Float64() < yellowedPrints {
		s = append(s, degrade.DrawYellowing(rng))
	}
	if rng.Float64() < flatPrints {
		s = append(s, degrade.DrawLowContrast(rng))
	}
	return s
}

// drawScan draws what scanning and storing adds.
func drawScan(rng *rand.Rand) degrade.Sequence {
	var s degrade.Sequence
	if rng.Float64() < grainScans {
		s = append(s, degrade.DrawGrain(rng))
	}
	switch u := rng.Float64(); {
	case u < noisyScans:
		s = append(s, degrade.DrawCamera(rng, leastShot, mostShot))
	case u < noisyScans+whiteScans:
		s = append(s, degrade.DrawGaussian(rng, mostSigma))
	}
	if rng.Float64() < jpegScans {
		return append(s, degrade.DrawJPEG(rng, leastJPEG, mostJPEG))
	}
	return append(s, degrade.EightBit{})
}

// oldPrint turns a patch into an old print: in colour, in sepia or, as one plane,
// black-and-white.
func oldPrint(rng *rand.Rand, p degrade.Patch) degrade.Patch {
	u := rng.Float64()
	switch {
	case p.Grey() || u < greyPrints:
		p = p.Luma()
	case u < greyPrints+sepiaPrints:
		grey := p.Luma().Planes[0]
		p = degrade.Patch{W: p.W, H: p.H, Planes: [][]float32{grey, grey, grey}}.Clone()
		// Silver tones go to brown: powers of the light, as of dyes.
		power := 1 + 0.35*rng.Float64()
		for k, plane := range p.Planes {
			e := math.Pow(power, float64(k-1))
			for i, v := range plane {
				plane[i] = float32(math.Pow(float64(max(v, 0)), e))
			}
		}
	}
	drawPrint(rng, p.Grey()).Apply(rng, p)
	return p
}

// damaged is a patch as an old, damaged print, and what is damaged in it.
type damaged struct {
	patch  degrade.Patch
	covers [kindCount][]float32 // how much of each sample is covered, by kind less 1
	change []float32            // by how much the damage changed a sample, in the plane where that is most
}

// damage makes a print with so many pieces of damage of a clean patch, which is not
// changed.
func (s *source) damage(rng *rand.Rand, clean degrade.Patch, pieces int) damaged {
	d := s.lay(rng, oldPrint(rng, clean.Clone()), pieces)
	drawScan(rng).Apply(rng, d.patch)
	return d
}

// lay lays so many pieces of damage on a print, which is changed.
func (s *source) lay(rng *rand.Rand, print degrade.Patch, pieces int) damaged {
	d := damaged{patch: print, change: make([]float32, print.W*print.H)}
	for k := range d.covers {
		d.covers[k] = make([]float32, print.W*print.H)
	}
	before := d.patch.Clone()
	for range pieces {
		k, c := s.cover(rng, print.W, print.H)
		to := d.covers[k-1]
		for i, v := range c.Cover(rng, d.patch) {
			if v > to[i] {
				to[i] = v
			}
		}
	}
	for p, plane := range d.patch.Planes {
		old := before.Planes[p]
		for i, v := range plane {
			by := v - old[i]
			if by < 0 {
				by = -by
			}
			if by > d.change[i] {
				d.change[i] = by
			}
		}
	}
	return d
}

// What the network is to say, and how much each sample counts.
const (
	damageFrom = 0.25 // cover from which a sample is damaged: the truth in scores

	// Between these covers the target rises from 0 to 1; damageFrom is its middle.
	// So samples at soft edges, where nobody could tell, cost little.
	softFrom, softTo = 0.10, 0.40

	anyWeight    = 2.   // of the plane of any damage
	elsewhere    = 0.05 // weight of the planes of kinds where there is no damage; 1 where there is
	leastSeen    = 0.25 // of the weight is left where damage cannot be seen, as white on white
	seenFrom     = 0.06 // change of a sample that is seen well
	overlaysName = "overlays"
)

// pair makes a damaged print of a clean patch.
func pair(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
	from := source{overlays: overlaysOf(s.Assets[overlaysName], false), overlaid: overlaid, dark: dark}
	clean := degrade.FromImage(s.Image)
	if rng.Float64() < enlargedPatches {
		degrade.DrawEnlarge(rng).Apply(rng, clean)
	}
	pieces := 0
	if rng.Float64() >= soundPatches {
		pieces = 1 + min(rng.IntN(mostCovers), rng.IntN(mostCovers))
	}
	d := from.damage(rng, clean, pieces)
	target, weight := d.truth()
	return tasks.Example{W: clean.W, H: clean.H, Input: d.patch.InColour(), Target: target, Weight: weight}, nil
}

// truth is what the network should say of it: planes of 0 to 1, first that of any
// damage, and the weights of all their samples.
func (d *damaged) truth() (target [][]float32, weight []float32) {
	n := len(d.change)
	target = make([][]float32, 1+kindCount)
	for k := range target {
		target[k] = make([]float32, n)
	}
	for k, cover := range d.covers {
		of, any := target[k+1], target[0]
		for i, c := range cover {
			if c <= softFrom {
				continue // as almost everywhere
			}
			v := min(1, (c-softFrom)/(softTo-softFrom))
			of[i] = v
			if v > any[i] {
				any[i] = v
			}
		}
	}
	weight = make([]float32, n*(1+kindCount))
	seen := weight[:n] // until the end; plane by plane, since their starts meet in the cache
	for i, v := range target[0] {
		if seen[i] = 1; v > 0 {
			seen[i] = leastSeen + (1-leastSeen)*min(1, d.change[i]/seenFrom)
		}
	}
	for k := range kinds {
		of := weight[(k+1)*n:][:n]
		for i, v := range target[0] {
			of[i] = (elsewhere + (1-elsewhere)*v) * seen[i]
		}
	}
	for i := range seen {
		seen[i] *= anyWeight
	}
	return target, weight
}
