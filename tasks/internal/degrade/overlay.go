package degrade

import (
	"math"
	"math/rand/v2"

	"github.com/cae-restore/restore/pix"
)

// Overlay lays a picture with opacity on a patch: out = patch*(1-a) + overlay*a,
// a being its opacity times Strength.
type Overlay struct {
	Image    *pix.Image // with opacity, which says what is damage; it is not changed
	X, Y     float64    // where its middle comes to lie, in samples of the patch
	Scale    float64    // samples of the patch for one of the overlay; above 0
	Turn     int        // 0..7: quarter turns, and from 4 on mirrored before them
	Strength float64    // 0 to 1
	Invert   bool       // white becomes black
}

// DrawOverlay draws any orientation, a scale from least to most, evenly in its
// logarithm, a strength of 0.75 to 1, and a place such that a damaged sample of
// the overlay (of opacity 0.25 and more) lies anywhere within w*h samples. In a
// share dark of the cases it is inverted.
func DrawOverlay(rng *rand.Rand, m *pix.Image, w, h int, least, most, dark float64) Overlay {
	o := Overlay{
		Image: m, Scale: logBetween(rng, least, most), Turn: rng.IntN(8), Strength: between(rng, 0.75, 1), Invert: rng.Float64() < dark,
	}
	u, v := float64(m.W)/2, float64(m.H)/2
	if len(m.Alpha) > 0 {
		// Most overlays are empty for the greater part: one of 100 samples
		// damaged needs some hundred tries.
		for range 4000 {
			if i := rng.IntN(len(m.Alpha)); m.Alpha[i] >= 65535/4 {
				u, v = float64(i%m.W), float64(i/m.W)
				break
			}
		}
	}
	// How far that sample lies from the overlay's middle, in the patch.
	x, y := o.toPatch(u-float64(m.W-1)/2, v-float64(m.H-1)/2)
	o.X, o.Y = float64(w)*rng.Float64()-x, float64(h)*rng.Float64()-y
	return o
}

// toPatch turns a distance in the overlay into one in the patch; toOverlay is its
// inverse.
func (o Overlay) toPatch(u, v float64) (x, y float64) {
	if o.Turn >= 4 {
		u = -u
	}
	for range o.Turn & 3 {
		u, v = -v, u
	}
	return u * o.Scale, v * o.Scale
}

func (o Overlay) toOverlay(x, y float64) (u, v float64) {
	u, v = x/o.Scale, y/o.Scale
	for range o.Turn & 3 {
		u, v = v, -u
	}
	if o.Turn >= 4 {
		u = -u
	}
	return u, v
}

// Apply implements Degradation. It draws nothing.
func (o Overlay) Apply(rng *rand.Rand, p Patch) { o.Cover(rng, p) }

// Cover implements Cover. The overlay is interpolated bilinearly; where it is made
// smaller, each sample is the mean of those that it stands for.
func (o Overlay) Cover(_ *rand.Rand, p Patch) []float32 {
	cover := make([]float32, p.W*p.H)
	m := o.Image
	hx, hy := o.toPatch(float64(m.W)/2, float64(m.H)/2)
	hx, hy = math.Abs(hx)+1, math.Abs(hy)+1
	points := int(math.Ceil(1/o.Scale - 0.01)) // a side
	at := o.between
	if points > 1 {
		at = o.nearest
	}
	share := 1 / float32(points*points)
	strength := float32(o.Strength)
	for y := max(0, int(o.Y-hy)); y <= min(p.H-1, int(o.Y+hy)+1); y++ {
		for x := max(0, int(o.X-hx)); x <= min(p.W-1, int(o.X+hx)+1); x++ {
			var a float32
			var colour [3]float32 // times the opacity
			for k := range points * points {
				dx := (float64(k%points)+0.5)/float64(points) - 0.5
				dy := (float64(k/points)+0.5)/float64(points) - 0.5
				u, v := o.toOverlay(float64(x)+dx-o.X, float64(y)+dy-o.Y)
				at(u+float64(m.W-1)/2, v+float64(m.H-1)/2, share, &a, &colour)
			}
			if a == 0 {
				continue
			}
			if o.Invert {
				for k := range colour {
					colour[k] = a - colour[k]
				}
			}
			i := y*p.W + x
			cover[i] = a * strength
			if p.Grey() {
				colour[0] = luma(colour[0], colour[1], colour[2])
			}
			for k, plane := range p.Planes {
				plane[i] = plane[i]*(1-cover[i]) + colour[k]*strength
			}
		}
	}
	return cover
}

// between adds share times the overlay at a place to opacity and colour. Beyond
// its edges it is empty.
func (o *Overlay) between(u, v float64, share float32, a *float32, colour *[3]float32) {
	x, y := math.Floor(u), math.Floor(v)
	fx, fy := float32(u-x), float32(v-y)
	o.add(int(x), int(y), share*(1-fx)*(1-fy), a, colour)
	o.add(int(x)+1, int(y), share*fx*(1-fy), a, colour)
	o.add(int(x), int(y)+1, share*(1-fx)*fy, a, colour)
	o.add(int(x)+1, int(y)+1, share*fx*fy, a, colour)
}

// nearest adds share times the sample at a place.
func (o *Overlay) nearest(u, v float64, share float32, a *float32, colour *[3]float32) {
	o.add(int(math.Floor(u+0.5)), int(math.Floor(v+0.5)), share, a, colour)
}

func (o *Overlay) add(x, y int, opacity float32, a *float32, colour *[3]float32) {
	m := o.Image
	if x < 0 || y < 0 || x >= m.W || y >= m.H {
		return
	}
	i := y*m.W + x
	if m.Alpha != nil {
		if m.Alpha[i] == 0 {
			return
		}
		opacity *= float32(m.Alpha[i]) / 65535
	}
	*a += opacity
	for p := range colour {
		colour[p] += opacity * float32(m.Planes[p%len(m.Planes)][i]) / 65535
	}
}
