// Package degrade spoils clean photographs in the ways that cameras, films,
// file formats and time do, to make pairs for training and for scoring.
//
// Each kind of damage is a struct of its parameters with a method Apply, and a
// function that draws the parameters at random. docs/degradations.md shows them
// all. Samples are float32 with 1.0 as white, encoded as sRGB. Nothing is clipped
// or rounded unless the type says so. The same generator in the same state
// gives the same result.
package degrade

//go:generate go run ./sheet -o ../../../docs

import (
	"math"
	"math/rand/v2"
)

// Patch is a picture or a part of one: a plane (grey) or three (red, green and
// blue, in that order) of W*H samples in rows from the top. The planes are
// different memory.
type Patch struct {
	W, H   int
	Planes [][]float32
}

// Degradation damages a patch in place. All randomness beyond its own
// parameters, such as the noise itself, comes from rng.
type Degradation interface {
	Apply(rng *rand.Rand, p Patch)
}

// Sequence is degradations one after another.
type Sequence []Degradation

// Apply implements Degradation.
func (s Sequence) Apply(rng *rand.Rand, p Patch) {
	for _, d := range s {
		d.Apply(rng, p)
	}
}

// Grey reports whether the patch has one plane.
func (p Patch) Grey() bool { return len(p.Planes) == 1 }

// Clone returns a copy that shares no memory with p.
func (p Patch) Clone() Patch {
	out := Patch{W: p.W, H: p.H, Planes: make([][]float32, len(p.Planes))}
	for i, plane := range p.Planes {
		out.Planes[i] = append([]float32(nil), plane...)
	}
	return out
}

// Luma returns a grey copy of the patch: 0.299 red + 0.587 green + 0.114 blue
// (ITU-R BT.601).
func (p Patch) Luma() Patch {
	if p.Grey() {
		return p.Clone()
	}
	grey := make([]float32, p.W*p.H)
	for i := range grey {
		grey[i] = luma(p.Planes[0][i], p.Planes[1][i], p.Planes[2][i])
	}
	return Patch{W: p.W, H: p.H, Planes: [][]float32{grey}}
}

func luma(r, g, b float32) float32 { return 0.299*r + 0.587*g + 0.114*b }

// Level is the root mean square of a-b over all samples of all planes, with 1.0
// as white. The two patches have the same shape; those without samples give 0.
func Level(a, b Patch) float64 {
	var sum float64
	n := 0
	for i, plane := range a.Planes {
		other := b.Planes[i]
		for j, v := range plane {
			d := float64(v - other[j])
			sum += d * d
		}
		n += len(plane)
	}
	if n == 0 {
		return 0
	}
	return math.Sqrt(sum / float64(n))
}

// between draws evenly from lo to hi.
func between(rng *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*rng.Float64() }

// logBetween draws from lo to hi so that the logarithm is even: as many from 1 to
// 2 as from 2 to 4.
func logBetween(rng *rand.Rand, lo, hi float64) float64 {
	return lo * math.Pow(hi/lo, rng.Float64())
}

func clip(v float32) float32 { return min(max(v, 0), 1) }
