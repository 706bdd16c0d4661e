package main

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"path"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks/fit"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// A contact sheet has a row for each patch, with a caption below, and three
// columns. All lengths are in pixels.
const (
	sheetZoom    = 2  // pixels of the sheet for one of a patch, either way
	sheetGap     = 12 // between pictures and round them
	sheetHeader  = 52 // title and names of the columns
	sheetCaption = 22
	sheetText    = 14 // size of the font
)

// drawSheet writes patches before and after the network beside the truth, as PNG.
func drawSheet(w io.Writer, title string, list []fit.Comparison) error {
	if len(list) == 0 {
		return errors.New("there is no patch to show")
	}
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return fmt.Errorf("drawing the contact sheet: %w", err)
	}
	face, err := opentype.NewFace(regular, &opentype.FaceOptions{Size: sheetText, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return fmt.Errorf("drawing the contact sheet: %w", err)
	}
	width, height := 0, sheetHeader
	for _, c := range list {
		width = max(width, c.Truth.W*sheetZoom)
		height += c.Truth.H*sheetZoom + sheetCaption + sheetGap
	}
	sheet := image.NewRGBA(image.Rect(0, 0, 3*width+4*sheetGap, height))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	column := func(i int) int { return sheetGap + i*(width+sheetGap) }
	text := func(x, y, room int, s string) {
		d := font.Drawer{Dst: sheet, Src: image.NewUniform(color.Gray{Y: 0x30}), Face: face, Dot: fixed.P(x, y)}
		d.DrawString(shorten(&d, s, room))
	}
	text(column(0), 20, 3*width, title)
	for i, name := range []string{"before", "after", "truth"} {
		text(column(i), sheetHeader-8, width, name)
	}
	y := sheetHeader
	for _, c := range list {
		for i, m := range []*pix.Image{c.Before, c.After, c.Truth} {
			at := image.Rect(column(i), y, column(i)+m.W*sheetZoom, y+m.H*sheetZoom)
			patch := opaque(m)
			xdraw.NearestNeighbor.Scale(sheet, at, patch, patch.Bounds(), draw.Src, nil)
		}
		y += c.Truth.H*sheetZoom + sheetCaption
		text(column(0), y-6, width, psnrText(c.InputPSNR))
		text(column(1), y-6, width, psnrText(c.PSNR))
		text(column(2), y-6, width, path.Base(c.Name))
		y += sheetGap
	}
	return png.Encode(w, sheet)
}

// psnrText is empty where there is nothing to compare.
func psnrText(v float64) string {
	switch {
	case v == 0 || math.IsNaN(v):
		return ""
	case math.IsInf(v, 1):
		return "identical"
	}
	return fmt.Sprintf("%.2f dB", v)
}

// shorten cuts a text to so many pixels.
func shorten(d *font.Drawer, s string, room int) string {
	letters := []rune(s)
	for len(letters) > 0 && d.MeasureString(string(letters)).Ceil() > room {
		letters = letters[:len(letters)-1]
	}
	return string(letters)
}

// opaque is a picture of one or three planes in 8 bits.
func opaque(m *pix.Image) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range m.W * m.H {
		for c := range 3 {
			out.Pix[4*i+c] = uint8((uint32(m.Planes[min(c, len(m.Planes)-1)][i])*255 + 32767) / 65535)
		}
		out.Pix[4*i+3] = 0xff
	}
	return out
}
