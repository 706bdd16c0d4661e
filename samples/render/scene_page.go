package main

import (
	"math"
	"strings"

	"golang.org/x/image/font"
)

// page is a scanned page of an old magazine: text in many sizes, a photograph,
// a stamp, a ring from a cup; the book did not lie flat.
func page(w, h int) *picture {
	const n = 3 // letters are set finer than the picture by this
	s := &sheet{ink: newMask(w*n, h*n), unit: float64(w*n) / 600}
	s.compose()
	photo := lake(int(s.box[2]*float64(w)/600), int(s.box[3]*float64(w)/600))
	stamp := newMask(int(170*s.unit), int(56*s.unit))
	stamp.centre(typeface(bold, 21*s.unit), 85*s.unit, 25*s.unit, 2*s.unit, "ARCHIVE")
	stamp.centre(typeface(medium, 11*s.unit), 85*s.unit, 43*s.unit, 1*s.unit, "shelf 27 · copy 2")

	out := render(w, h, n, func(x, y float64) vec {
		px, py := x*600/float64(w), y*600/float64(w)
		// The sheet lies a little askew and curves down into the fold on the left.
		curve := math.Exp(-px / 34)
		qx := px + 0.016*(py-400) - 9*curve
		qy := py - 0.016*(px-300) - 10*curve*(py-400)/400
		fibre := fbm(qx*1.3, qy*1.3, 3, 2001)
		c := hex(0xe7dcc0).times(1 + 0.035*fibre + 0.05*fbm(qx/110, qy/110, 5, 2011))
		// Foxing, and the browning of the edges.
		spot := step(0.36, 0.52, fbm(qx/9, qy/9, 3, 2021)+0.2*fbm(qx/90, qy/90, 3, 2031))
		c = c.mix(hex(0xb98d55), 0.4*spot)
		edge := min(min(610-px, py+6), 806-py)
		c = c.mix(hex(0xc09a62), 0.5*math.Exp(-edge/26))
		// Print does not lie evenly on rough paper.
		density := s.ink.at(qx*s.unit, qy*s.unit) * clamp(0.88+0.5*fibre, 0, 1)
		if u, v := (qx-s.box[0])/s.box[2], (qy-s.box[1])/s.box[3]; u > 0 && v > 0 && u < 1 && v < 1 {
			g := clamp(luminance(photo.at(u*float64(photo.w), v*float64(photo.h)))*1.15, 0, 1)
			c = vec{0.045, 0.040, 0.038}.mix(c, g*(0.96+0.25*fibre))
		}
		c = c.mix(vec{0.026, 0.023, 0.022}, density)
		// The stamp, at an angle.
		sx, sy := qx-318, qy-712
		sx, sy = 0.985*sx-0.17*sy, 0.985*sy+0.17*sx
		frame := max(math.Abs(sx-85)-85, math.Abs(sy-28)-28)
		worn := step(-0.25, 0.15, fbm(qx/4, qy/4, 4, 2041))
		if a := max(stamp.at(sx*s.unit, sy*s.unit), step(1.1, 0.7, math.Abs(frame+1.5))); a > 0 {
			c = c.mix(c.mul(hex(0xb0303a)), 0.85*a*worn)
		}
		// The ring of a cup.
		ring := math.Abs(math.Hypot(qx-498, qy-96)-62) + 1.5*fbm(qx/14, qy/14, 4, 2051)
		c = c.times(1 - 0.22*step(3.2, 0.8, ring)*step(-0.4, 0.3, fbm(qx/40, qy/40, 3, 2061)))
		// Shade of the fold and of the scanner's lamp.
		return c.times((1 - 0.75*math.Exp(-px/17)) * (0.93 + 0.07*step(0, 420, px)))
	})
	// No tone curve: a scanner has none. Paper stays just below white.
	return out
}

// sheet is a page of 600 by 800 units while it is being set.
type sheet struct {
	ink  *mask
	unit float64
	box  [4]float64 // x, y, width and height of the photograph
}

const (
	article = `The first morning the water was so still that the mountains stood twice in it, once above the
shore and once below, and none of us could have said which of the two was the better likeness. We had
brought three plates for the camera and used them all before breakfast. Two were spoilt by our own
impatience. The third is the one you see here: it lay for sixty years between the pages of an atlas,
lost a corner to the damp, and still holds every reed of that shore. A photograph is a patient witness.
It forgets colours first, then the faint clouds, and last of all the edge of a roof against the sky. Dust
settles on it, a thumb leaves its mark, the paper turns the brown of weak tea. Yet what the light once
wrote there can often be read again, if one knows how light writes. A ridge does not end in the middle
of the air. A wall of bricks goes on behind the scratch. Grain is restless and the picture is calm, and by
that alone an attentive eye can tell them apart. Our boatman, who had rowed surveyors and painters
and once a bishop, thought little of cameras. The lake, he said, would look the same next year. He was
right about the lake. The mill is gone, the poplars were felled in the dry summer, and the boat house has
been a tea room twice. We went back in the autumn to stand on the same stone, and held the plate up
against the view. The ridge fitted to a hair.`

	article2 = `What follows is a short account of how the plates were cleaned, written for those who keep such things in
boxes of their own. Nothing in it needs more than daylight, a soft brush and time. First of all: leave
the original alone. Whatever you do, do it to a copy, and keep the copy beside its source, so that those
who come later and know more than we do can begin again where we began.`
)

// compose sets the page.
func (s *sheet) compose() {
	s.text(smallCaps, 13, 62, 52, 2, "The Lakeland Quarterly")
	s.text(italic, 12, 478, 52, 0, "Autumn 1953")
	s.rule(60, 60, 546, 1.2)
	s.text(bold, 46, 58, 112, 0.5, "Sixty Years")
	s.text(bold, 46, 58, 158, 0.5, "in an Atlas")
	s.text(italic, 17, 60, 184, 0, "How a spoilt plate gave back its mountains")
	s.rule(60, 196, 546, 0.6)
	s.box = [4]float64{60, 208, 486, 236}
	s.text(italic, 9.5, 60, 457, 0, "The lake at half past six in the morning. Plate 3, cleaned; the lower right corner is missing in the original.")
	const top, wide, gap = 482, 234, 18
	drop := typeface(bold, 44*s.unit)
	s.ink.write(drop, 60*s.unit, (top+23)*s.unit, 0, "T")
	words := strings.Fields(article)
	words[0] = "he" // behind the large initial
	rest := s.column(words, 60, top, wide, 768, 36, 3)
	y := s.columnEnd(rest, 60+wide+gap, top, wide)
	s.text(bold, 12, 60+wide+gap, y+14, 0.3, "On brushes and daylight")
	s.column(strings.Fields(article2), 60+wide+gap, y+28, wide, 700, 0, 0)
	s.rule(60, 776, 546, 0.6)
	s.text(regular, 10, 60, 788, 0, "27")
	s.text(mono, 7, 478, 788, 0, "LQ-53-4-027")
}

const (
	bodySize = 9.6
	leading  = 12.2
)

// column sets justified text until y reaches bottom and returns the words that are
// left. The first lines lines are indented.
func (s *sheet) column(words []string, x, y, wide, bottom, indent float64, lines int) []string {
	face := typeface(regular, bodySize*s.unit)
	space := width(face, 0, " ")
	for ; len(words) > 0 && y < bottom; y += leading {
		left, room := x, wide*s.unit
		if lines > 0 {
			left, room = x+indent, room-indent*s.unit
			lines--
		}
		n, sum := fit(face, words, room, space)
		stretch := space
		if n < len(words) && n > 1 {
			stretch = (room - sum) / float64(n-1)
		}
		at := left * s.unit
		for _, word := range words[:n] {
			at = s.ink.write(face, at, y*s.unit, 0, word) + stretch
		}
		words = words[n:]
	}
	return words
}

// columnEnd sets all the words and returns the y below them.
func (s *sheet) columnEnd(words []string, x, y, wide float64) float64 {
	face := typeface(regular, bodySize*s.unit)
	lines := 0
	for rest := words; len(rest) > 0; lines++ {
		n, _ := fit(face, rest, wide*s.unit, width(face, 0, " "))
		rest = rest[n:]
	}
	s.column(words, x, y, wide, math.Inf(1), 0, 0)
	return y + float64(lines)*leading
}

// fit counts the words that a line has room for, at least one, and sums their
// widths without spaces.
func fit(face font.Face, words []string, room, space float64) (n int, sum float64) {
	for n < len(words) {
		w := width(face, 0, words[n])
		if n > 0 && sum+w+float64(n)*space*0.85 > room {
			break
		}
		sum += w
		n++
	}
	return n, sum
}

func (s *sheet) text(f *faceOf, size, x, y, spacing float64, text string) {
	s.ink.write(typeface(f, size*s.unit), x*s.unit, y*s.unit, spacing*s.unit, text)
}

// rule is a line from x0 to x1, thick units high.
func (s *sheet) rule(x0, y, x1, thick float64) {
	for py := int(y * s.unit); float64(py) < (y+thick)*s.unit; py++ {
		for px := int(x0 * s.unit); float64(px) < x1*s.unit; px++ {
			s.ink.a[py*s.ink.w+px] = 1
		}
	}
}
