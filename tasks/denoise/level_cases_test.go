package denoise

import (
	"math"
	"math/rand/v2"

	"github.com/cae-restore/restore/tasks/internal/degrade"
)

// levelCase is a damaged picture and what the estimator is to say of it.
type levelCase struct {
	degrade.Patch
	level float64 // standard deviation of white noise, root mean square of other damage; 0..255
	white bool
}

// randomCase draws a part of a picture, or now and then a drawn scene, and
// damage for it.
func randomCase(rng *rand.Rand, photo degrade.Patch) levelCase {
	c := damagedPart(rng, photo)
	if rng.Float64() < 0.06 {
		frame(rng, c.Patch)
	}
	return c
}

// frame covers the edges of a picture with one colour: what was put there after
// the damage does not count.
func frame(rng *rand.Rand, p degrade.Patch) {
	colour := [3]float32{float32(rng.IntN(256)) / 255, float32(rng.IntN(256)) / 255, float32(rng.IntN(256)) / 255}
	if u := rng.Float64(); u < 0.7 {
		v := float32(int(3*u/0.7)) / 2 // black, grey or white
		colour = [3]float32{v, v, v}
	}
	width := int(0.22 * rng.Float64() * float64(min(p.W, p.H)))
	for c, plane := range p.Planes {
		for i := range plane {
			if x, y := i%p.W, i/p.W; min(x, y, p.W-1-x, p.H-1-y) < width {
				plane[i] = colour[c]
			}
		}
	}
}

func damagedPart(rng *rand.Rand, photo degrade.Patch) levelCase {
	clean := part(rng, photo)
	if rng.Float64() < 0.14 {
		clean = randomScene(rng, clean.W, clean.H)
	}
	if rng.Float64() < 0.22 {
		clean = clean.Luma()
	}
	if rng.Float64() < 0.3 {
		degrade.DrawEnlarge(rng).Apply(rng, clean)
	}
	degrade.EightBit{}.Apply(rng, clean)
	among := func(lo, hi float64) float64 { return lo * math.Pow(hi/lo, rng.Float64()) }
	store := func(least int) degrade.JPEG {
		j := degrade.DrawJPEG(rng, least, 97)
		if rng.Float64() < 0.75 { // few files are cut after decoding
			j.X, j.Y = 0, 0
		}
		return j
	}
	p := clean.Clone()
	var after degrade.Sequence // done to the noisy picture, not to the clean one
	switch kind := rng.Float64(); {
	case kind < 0.2: // clean
		return levelCase{Patch: p}
	case kind < 0.4:
		sigma := 55 * rng.Float64()
		if rng.Float64() < 0.4 {
			sigma = among(0.5, 12)
		}
		degrade.Gaussian{Sigma: sigma}.Apply(rng, p)
		if rng.Float64() < 0.6 {
			degrade.EightBit{}.Apply(rng, p)
		}
		return levelCase{p, sigma, true}
	case kind < 0.5:
		degrade.Gaussian{Sigma: among(2, 50)}.Apply(rng, p)
		after = degrade.Sequence{store(50)}
	case kind < 0.64:
		after = degrade.Sequence{store(30)}
	case kind < 0.86:
		degrade.DrawCamera(rng, 2e-5, 0.03).Apply(rng, p)
		if rng.Float64() < 0.2 {
			degrade.DrawBlotches(rng).Apply(rng, p)
		}
		if rng.Float64() < 0.25 {
			e := degrade.DrawEnlarge(rng)
			e.Apply(rng, p)
			e.Apply(rng, clean)
		}
		if rng.Float64() < 0.4 {
			after = degrade.Sequence{store(60)}
		}
	default:
		degrade.DrawGrain(rng).Apply(rng, p)
		if rng.Float64() < 0.4 {
			after = degrade.Sequence{store(60)}
		}
	}
	degrade.EightBit{}.Apply(rng, p)
	after.Apply(rng, p)
	return levelCase{p, 255 * degrade.Level(p, clean), false}
}

// part cuts a random part of 160 to 480 samples a side out of a photograph, half
// of the time on the grid of the photograph's own JPEG.
func part(rng *rand.Rand, photo degrade.Patch) degrade.Patch {
	size := 160 + rng.IntN(321)
	p := degrade.Patch{W: min(photo.W, size), H: min(photo.H, size)}
	x, y := rng.IntN(photo.W-p.W+1), rng.IntN(photo.H-p.H+1)
	if rng.Float64() < 0.5 {
		x, y = x&^7, y&^7
	}
	for _, plane := range photo.Planes {
		cut := make([]float32, 0, p.W*p.H)
		for r := range p.H {
			cut = append(cut, plane[(y+r)*photo.W+x:][:p.W]...)
		}
		p.Planes = append(p.Planes, cut)
	}
	return p
}

// randomScene is a picture that no camera took: areas of one colour, gradients,
// waves.
func randomScene(rng *rand.Rand, w, h int) degrade.Patch {
	base, slope := 255*rng.Float64(), 100*rng.NormFloat64()
	type wave struct{ x, y, height, bend, phase float64 }
	var waves []wave
	for range rng.IntN(4) {
		waves = append(waves, wave{1.2 * rng.NormFloat64(), 1.2 * rng.NormFloat64(), 45 * rng.Float64(), 3 * rng.Float64(), 7 * rng.Float64()})
	}
	tile, step := 1e9, 120*rng.Float64()
	if rng.Float64() < 0.4 {
		tile = 8 + 60*rng.Float64()
	}
	return patchOf(draw(w, h, func(x, y int) float64 {
		fx, fy := float64(x), float64(y)
		v := base + slope*(fx+fy)/float64(w+h)
		for _, a := range waves {
			v += a.height * math.Sin(fx*a.x+fy*a.y+a.bend*math.Sin(fx/30)+a.phase)
		}
		if (int(fx/tile)+int(fy/tile))%2 == 1 {
			v += step
		}
		return v
	}), w, h)
}
