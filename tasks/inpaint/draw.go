package inpaint

import (
	"image"
	"math"
	"math/rand/v2"

	"github.com/cae-restore/restore/pix"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// line marks what is within half a width of a chain of points.
func (m holes) line(points [][2]float64, width float64) {
	r := width / 2
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		dx, dy := b[0]-a[0], b[1]-a[1]
		length := dx*dx + dy*dy
		x0, x1 := int(math.Floor(min(a[0], b[0])-r)), int(math.Ceil(max(a[0], b[0])+r))
		y0, y1 := int(math.Floor(min(a[1], b[1])-r)), int(math.Ceil(max(a[1], b[1])+r))
		for y := max(0, y0); y <= min(m.h-1, y1); y++ {
			for x := max(0, x0); x <= min(m.w-1, x1); x++ {
				px, py := float64(x)-a[0], float64(y)-a[1]
				t := 0.
				if length > 0 {
					t = min(max((px*dx+py*dy)/length, 0), 1)
				}
				ex, ey := px-t*dx, py-t*dy
				if ex*ex+ey*ey <= max(r*r, 0.25) {
					m.at[y*m.w+x] = 1
				}
			}
		}
	}
}

// scratch marks a line of 1 to 3 samples' width that bends a little.
func (m holes) scratch(rng *rand.Rand) {
	size := float64(max(m.w, m.h))
	m.walk(rng, 1+2*rng.Float64(), between(rng, 0.1, 0.6)*min(size, 600), 24, 0.12)
}

// stroke marks a line of 8 to 20 samples' width that turns, as one made with a
// brush does.
func (m holes) stroke(rng *rand.Rand) {
	m.walk(rng, between(rng, 8, 20), between(rng, 20, 120), 14, 0.7)
}

// walk marks a line of a length in steps, each of which turns by a random angle of
// that standard deviation.
func (m holes) walk(rng *rand.Rand, width, length, step, turn float64) {
	at := [2]float64{rng.Float64() * float64(m.w), rng.Float64() * float64(m.h)}
	angle := 2 * math.Pi * rng.Float64()
	points := [][2]float64{at}
	for ; length > 0; length -= step {
		s := min(step, length)
		at = [2]float64{at[0] + s*math.Cos(angle), at[1] + s*math.Sin(angle)}
		points = append(points, at)
		angle += turn * rng.NormFloat64()
	}
	m.line(points, width)
}

// box marks a rectangle with sides from lo to hi that lies wholly in the picture
// where that is large enough.
func (m holes) box(rng *rand.Rand, lo, hi int) {
	w, h := min(m.w, lo+rng.IntN(hi-lo+1)), min(m.h, lo+rng.IntN(hi-lo+1))
	x0, y0 := rng.IntN(m.w-w+1), rng.IntN(m.h-h+1)
	for y := y0; y < y0+h; y++ {
		for x := x0; x < x0+w; x++ {
			m.at[y*m.w+x] = 1
		}
	}
}

// blob marks an irregular spot of a radius: a circle that bulges here and there.
func (m holes) blob(rng *rand.Rand, radius float64) {
	cx, cy := rng.Float64()*float64(m.w), rng.Float64()*float64(m.h)
	var phase, depth [3]float64
	for i := range phase {
		phase[i], depth[i] = 2*math.Pi*rng.Float64(), 0.3*rng.Float64()
	}
	reach := int(2*radius) + 1
	for y := max(0, int(cy)-reach); y <= min(m.h-1, int(cy)+reach); y++ {
		for x := max(0, int(cx)-reach); x <= min(m.w-1, int(cx)+reach); x++ {
			dx, dy := float64(x)-cx, float64(y)-cy
			angle, r := math.Atan2(dy, dx), radius
			for i := range phase {
				r *= 1 + depth[i]*math.Sin(float64(i+1)*angle+phase[i])
			}
			if dx*dx+dy*dy <= max(r*r, 0.25) {
				m.at[y*m.w+x] = 1
			}
		}
	}
}

// text marks a line of random letters, each sample of them scale samples wide.
func (m holes) text(rng *rand.Rand, scale int) {
	letters := make([]byte, 4+rng.IntN(12))
	for i := range letters {
		letters[i] = byte('!' + rng.IntN('z'-'!'))
	}
	face := basicfont.Face7x13
	w, h := 7*len(letters), 13
	stencil := image.NewAlpha(image.Rect(0, 0, w, h))
	d := font.Drawer{Dst: stencil, Src: image.Opaque, Face: face, Dot: fixed.P(0, face.Ascent)}
	d.DrawString(string(letters))
	x0 := rng.IntN(m.w+w*scale/2) - w*scale/2
	y0 := rng.IntN(m.h+h*scale/2) - h*scale/2
	for y := max(0, y0); y < min(m.h, y0+h*scale); y++ {
		for x := max(0, x0); x < min(m.w, x0+w*scale); x++ {
			if stencil.AlphaAt((x-x0)/scale, (y-y0)/scale).A > 127 {
				m.at[y*m.w+x] = 1
			}
		}
	}
}

// shape marks what is opaque of a part of a picture, in any orientation.
func (m holes) shape(rng *rand.Rand, from *pix.Image) {
	if from.Alpha == nil {
		return
	}
	turn, flip := rng.IntN(2) == 1, [2]bool{rng.IntN(2) == 1, rng.IntN(2) == 1}
	fw, fh := from.W, from.H
	if turn {
		fw, fh = fh, fw
	}
	x0, y0 := rng.IntN(m.w+fw-1)-fw+1, rng.IntN(m.h+fh-1)-fh+1
	for y := max(0, y0); y < min(m.h, y0+fh); y++ {
		for x := max(0, x0); x < min(m.w, x0+fw); x++ {
			u, v := x-x0, y-y0
			if flip[0] {
				u = fw - 1 - u
			}
			if flip[1] {
				v = fh - 1 - v
			}
			if turn {
				u, v = v, u
			}
			if from.Alpha[v*from.W+u] >= leastOpaque {
				m.at[y*m.w+x] = 1
			}
		}
	}
}

// leastOpaque is the opacity from which on an overlay counts as damage.
const leastOpaque = 65535 / 8

// between draws evenly from lo to hi.
func between(rng *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*rng.Float64() }
