package main

// writing is a text across a picture, one line below the other.
type writing struct {
	lines []string
	size  float64 // of the letters, in shares of the picture's height
}

// writings are the scenes that there are with something written across them, by
// file.
var writings = map[string]writing{
	"street.jpg": {lines: []string{"Greetings from", "Mill Lane"}, size: 0.14},
}

// letters is where the picture is covered.
func (t writing) letters(w, h int) *mask {
	m := newMask(w, h)
	size := t.size * float64(h)
	face := typeface(italic, size)
	for i, line := range t.lines {
		y := float64(h)/2 + size*(1.15*float64(i)-0.575*float64(len(t.lines)-1)+0.35)
		m.centre(face, float64(w)/2, y, 0, line)
	}
	return m
}

// over returns the picture with the letters on it.
func (m *mask) over(p *picture, ink vec) *picture {
	out := newPicture(p.w, p.h)
	for i, c := range p.pix {
		out.pix[i] = c.mix(ink, float64(m.a[i]))
	}
	return out
}

// around is what is white in a mask of the letters: all that they touch, and what
// is at most margin pixels from it, as JPEG blurs their edges.
func (m *mask) around(margin int) *picture {
	out := newPicture(m.w, m.h)
	rows(m.h, func(y int) {
		for x := range m.w {
			for dy := -margin; dy <= margin; dy++ {
				for dx := -margin; dx <= margin; dx++ {
					if dx*dx+dy*dy <= margin*margin && m.at(float64(x+dx), float64(y+dy)) > 0 {
						out.pix[y*m.w+x] = vec{1, 1, 1}
					}
				}
			}
		}
	})
	return out
}
