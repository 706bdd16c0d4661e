package inpaint

import (
	_ "embed" // the shipped weights
	"math/rand/v2"

	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/degrade"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

//go:embed fill.safetensors
var weights []byte

// network is an autoencoder that sees a picture whose holes are filled by a
// membrane, and the mask, and says what to correct.
var network = neural.Autoencoder(neural.Config{
	Inputs:  []neural.Input{{Name: "image", Planes: 3}, {Name: "mask", Planes: 1}},
	Out:     3,
	Shuffle: 2,
	Widths:  []int{48, 64, 112, 160},
	Down:    []int{1, 1, 1, 2},
	Up:      []int{1, 1, 1},
	Skip:    neural.SkipAdd,
	Head:    neural.HeadResidual,
})

// overlays is the name of the asset folder of damage whose shapes holes get.
const overlays = "overlays"

func models() []tasks.Model {
	m := tasks.Model{
		Name:    "fill",
		Summary: "the default: fills scratches, writing and patches of any size",
		Weights: weights,
		Network: network,
		Loss:    "l1",
		Limits:  "continues what leads into a hole; what was wholly inside, such as a face, it cannot know. Holes of some width become smooth",
		Assets:  []string{overlays},
		Pair:    pair,
	}
	blank := neural.UntrainedOnce(network)
	m.Cost = func(w, h, workers int) int64 { return costOf(blank(), w, h, 3, workers) }
	m.ScoreOptions = func() any { return defaultScore() }
	m.Score = score
	return []tasks.Model{m}
}

// How the patches of a training get their holes: shares of all patches.
const (
	overlayPatches = 0.25 // the shapes of one to three overlays of damage, where there are some; of the others:
	scratchPatches = 0.30 // one to eight scratches
	strokePatches  = 0.25 // one to three brush strokes
	boxPatches     = 0.20 // one to three boxes of leastBox to mostBox
	blobPatches    = 0.10 // spots of dust
	textPatches    = 0.07 // writing; the rest has some of everything

	leastBox, mostBox = 8, 26

	// Of the patches with strokes and boxes so many show a hole that a coarser
	// scale has filled before: it may be up to deepBox large.
	deepShare = 0.4
	deepBox   = 64

	// Holes are drawn so many times for each patch: see chooseHoles.
	holesToChoose = 3

	// What is round a hole is not always clean: so many of the patches have noise
	// or JPEG artefacts there, and are to be filled without.
	noisyShare = 0.25
	greyShare  = 0.12 // are turned grey first
	largeShare = 0.25 // are enlarged first: see degrade.Enlarge

	// mostWeight bounds how much more a sample in a hole counts where there are few
	// of them. Without, patches with a thin scratch would hardly count.
	mostWeight = 16
)

// pair makes holes in a patch. What is outside of them does not count.
func pair(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
	w, h := s.Image.W, s.Image.H
	clean := degrade.FromImage(s.Image)
	clean = degrade.Patch{W: w, H: h, Planes: clean.InColour()}.Clone() // grey ones get three planes of their own
	if rng.Float64() < largeShare {
		degrade.DrawEnlarge(rng).Apply(rng, clean)
	}
	if rng.Float64() < greyShare {
		grey := clean.Luma()
		for p := range clean.Planes {
			copy(clean.Planes[p], grey.Planes[0])
		}
	}
	shapes, _ := tasks.SplitAssets(s.Assets[overlays])
	mask, deep := chooseHoles(rng, clean, shapes)
	seen := clean.Clone()
	if rng.Float64() < noisyShare {
		spoil(rng, seen)
	}
	v := &window{w: w, h: h, planes: seen.Planes, hole: mask.at}
	if deep {
		v.guess = imitate(rng, seen, mask)
		for i, d := range v.hole {
			if d != 0 {
				v.hole[i] = 2
			}
		}
	}
	v.fill()
	e := tasks.Example{W: w, H: h, Input: append(v.planes[:3:3], make([]float32, w*h)), Target: clean.Planes, Weight: make([]float32, w*h)}
	weight := min(mostWeight, float32(w*h)/float32(len(v.list)))
	for _, i := range v.list {
		e.Input[3][i], e.Weight[i] = 1, weight
	}
	return e, nil
}

// chooseHoles draws the holes of a patch several times and takes those where there
// is most to be found out: much of a photograph is so smooth that the membrane
// says all. It also tells whether a coarser scale has filled them before.
func chooseHoles(rng *rand.Rand, p degrade.Patch, shapes []tasks.Asset) (best holes, deep bool) {
	most := -1.
	for tries := 0; tries < holesToChoose || most < 0; tries++ {
		if tries > 20 {
			shapes = nil // they may be empty
		}
		m, d := drawHoles(rng, p.W, p.H, shapes)
		if detail := detailIn(p, m); detail > most {
			best, deep, most = m, d, detail
		}
	}
	return best, deep
}

// detailIn is by how much neighbours differ in the holes, in the mean; -1 where
// there are no holes.
func detailIn(p degrade.Patch, m holes) float64 {
	var sum float64
	n := 0
	green := p.Planes[1]
	for y := 1; y < p.H; y++ {
		for x := 1; x < p.W; x++ {
			i := y*p.W + x
			if m.at[i] == 0 {
				continue
			}
			dx, dy := green[i]-green[i-1], green[i]-green[i-p.W]
			sum += float64(max(dx, -dx) + max(dy, -dy))
			n++
		}
	}
	if n == 0 {
		return -1
	}
	return sum / float64(n)
}

// drawHoles draws the holes of a patch, and whether they are of those that a
// coarser scale has filled before.
func drawHoles(rng *rand.Rand, w, h int, shapes []tasks.Asset) (m holes, deep bool) {
	m = newHoles(w, h)
	if len(shapes) > 0 && rng.Float64() < overlayPatches {
		for range 1 + rng.IntN(3) {
			m.shape(rng, shapes[rng.IntN(len(shapes))].Image)
		}
		return m.dilate(rng.IntN(3)), false
	}
	some := func(n int, draw func()) {
		for range 1 + rng.IntN(n) {
			draw()
		}
	}
	scratch := func() { m.scratch(rng) }
	blob := func() { m.blob(rng, between(rng, 0.7, 6)) }
	switch u := rng.Float64(); {
	case u < scratchPatches:
		some(8, scratch)
	case u < scratchPatches+strokePatches:
		deep = rng.Float64() < deepShare
		some(3, func() { m.stroke(rng) })
	case u < scratchPatches+strokePatches+boxPatches:
		if deep = rng.Float64() < deepShare; deep {
			m.box(rng, mostBox, min(deepBox, w/2))
		} else {
			some(3, func() { m.box(rng, leastBox, mostBox) })
		}
	case u < scratchPatches+strokePatches+boxPatches+blobPatches:
		some(12, blob)
	case u < scratchPatches+strokePatches+boxPatches+blobPatches+textPatches:
		some(2, func() { m.text(rng, 1+rng.IntN(3)) })
	default:
		some(3, scratch)
		some(4, blob)
		m.stroke(rng)
	}
	return m, deep
}

// spoil adds what scans and cameras add.
func spoil(rng *rand.Rand, p degrade.Patch) {
	switch rng.IntN(3) {
	case 0:
		degrade.DrawGaussian(rng, 20).Apply(rng, p)
	case 1:
		degrade.DrawGrain(rng).Apply(rng, p)
	default:
		degrade.DrawJPEG(rng, 40, 95).Apply(rng, p)
	}
}

// imitate makes what a coarser scale may have said of the holes of a patch: the
// patch at half its size, where the holes are right only in part.
func imitate(rng *rand.Rand, p degrade.Patch, mask holes) [][]float32 {
	cw, ch := (p.W+1)/2, (p.H+1)/2
	small := mask.halved()
	right := float32(rng.Float64()) // how much of what is there the coarser scale has found
	guess := make([][]float32, len(p.Planes))
	for k, plane := range p.Planes {
		half := make([]float32, cw*ch)
		for y := range ch {
			for x := range cw {
				x1, y1 := min(2*x+1, p.W-1), min(2*y+1, p.H-1)
				half[y*cw+x] = (plane[2*y*p.W+2*x] + plane[2*y*p.W+x1] + plane[y1*p.W+2*x] + plane[y1*p.W+x1]) / 4
			}
		}
		v := &window{w: cw, h: ch, planes: [][]float32{append([]float32(nil), half...)}, hole: small.at}
		v.fill()
		for i, d := range small.at {
			if d != 0 {
				half[i] = right*half[i] + (1-right)*v.planes[0][i]
			}
		}
		guess[k] = make([]float32, p.W*p.H)
		for y := range p.H {
			for x := range p.W {
				guess[k][y*p.W+x] = bilinear(half, cw, ch, x, y)
			}
		}
	}
	return guess
}
