package main

import (
	"image"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/gofont/gosmallcaps"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The typefaces that there are.
var (
	regular   = parseFont(goregular.TTF)
	bold      = parseFont(gobold.TTF)
	medium    = parseFont(gomedium.TTF)
	italic    = parseFont(goitalic.TTF)
	mono      = parseFont(gomono.TTF)
	smallCaps = parseFont(gosmallcaps.TTF)
)

type faceOf = opentype.Font

func parseFont(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil { // the fonts are part of the program
		panic(err)
	}
	return f
}

// typeface is a font in a size in pixels.
func typeface(f *opentype.Font, size float64) font.Face {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err)
	}
	return face
}

// mask is a raster of coverages, 0 to 1.
type mask struct {
	w, h int
	a    []float32
}

func newMask(w, h int) *mask { return &mask{w, h, make([]float32, w*h)} }

// at returns the coverage of the pixel that holds a place; outside there is none.
func (m *mask) at(x, y float64) float64 {
	if x < 0 || y < 0 || x >= float64(m.w) || y >= float64(m.h) {
		return 0
	}
	return float64(m.a[int(y)*m.w+int(x)])
}

// write sets text with its baseline beginning at x, y, in pixels, and adds
// spacing between letters. It returns the x at which the text ends.
func (m *mask) write(face font.Face, x, y, spacing float64, text string) float64 {
	dot := fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6(y * 64)}
	last := rune(-1)
	for _, r := range text {
		if last >= 0 {
			dot.X += face.Kern(last, r) + fixed.Int26_6(spacing*64)
		}
		last = r
		bounds, glyph, at, advance, ok := face.Glyph(dot, r)
		dot.X += advance
		if !ok {
			continue
		}
		alpha := glyph.(*image.Alpha)
		for gy := bounds.Min.Y; gy < bounds.Max.Y; gy++ {
			for gx := bounds.Min.X; gx < bounds.Max.X; gx++ {
				if gx < 0 || gy < 0 || gx >= m.w || gy >= m.h {
					continue
				}
				c := float32(alpha.AlphaAt(at.X+gx-bounds.Min.X, at.Y+gy-bounds.Min.Y).A) / 255
				i := gy*m.w + gx
				m.a[i] = max(m.a[i], c)
			}
		}
	}
	return float64(dot.X) / 64
}

// width is the length of a text in pixels.
func width(face font.Face, spacing float64, text string) float64 {
	return newMask(0, 0).write(face, 0, 0, spacing, text)
}

// centre sets text around x.
func (m *mask) centre(face font.Face, x, y, spacing float64, text string) {
	m.write(face, x-width(face, spacing, text)/2, y, spacing, text)
}
