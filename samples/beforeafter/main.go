// Command beforeafter puts crops of pictures before and after side by side, a
// row for each picture:
//
//	go run ./samples/beforeafter -o docs/before-after.jpg samples/noisy out
//	go run ./samples/beforeafter -o docs/old-photo.jpg -size 480 -crop lake.jpg:528,160 -crop still-life.jpg:290,310 samples/damaged out/old
package main

import (
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/disintegration/imaging"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

func main() {
	log.SetFlags(0)
	out := flag.String("o", "before-after.jpg", "picture to write; its ending is the format")
	crops := cropList{
		{"still-life.jpg", image.Pt(390, 250)},
		{"street.jpg", image.Pt(345, 330)},
		{"branches.jpg", image.Pt(500, 170)},
	}
	flag.Func("crop", "`NAME:X,Y`: file and middle of its crop, instead of the usual three; may be repeated", crops.add())
	size := flag.Int("size", 360, "width of a crop in pixels; its height is two thirds of that")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: beforeafter [-o FILE] [-size N] [-crop NAME:X,Y]... BEFORE AFTER")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	m, err := compose(flag.Arg(0), flag.Arg(1), crops, *size)
	if err == nil {
		err = imaging.Save(m, *out, imaging.JPEGQuality(90))
	}
	if err != nil {
		log.Fatalf("beforeafter: %v", err)
	}
}

// crop is a part of a picture: its file in both folders and its middle.
type crop struct {
	file   string
	middle image.Point
}

type cropList []crop

// add returns what takes in values of the flag. The first one replaces the list.
func (l *cropList) add() func(string) error {
	first := true
	return func(value string) error {
		name, at, ok := strings.Cut(value, ":")
		xs, ys, ok2 := strings.Cut(at, ",")
		x, err := strconv.Atoi(xs)
		y, err2 := strconv.Atoi(ys)
		if !ok || !ok2 || err != nil || err2 != nil || name == "" {
			return errors.New("want NAME:X,Y, such as lake.jpg:300,200")
		}
		if first {
			*l, first = nil, false
		}
		*l = append(*l, crop{name, image.Pt(x, y)})
		return nil
	}
}

const (
	divider = 4  // pixels between the halves
	between = 10 // pixels between the rows
)

// compose draws the rows.
func compose(before, after string, crops []crop, width int) (image.Image, error) {
	if width < 60 || len(crops) == 0 {
		return nil, fmt.Errorf("%d crops of width %d: want at least one, and a width of 60", len(crops), width)
	}
	height := width * 2 / 3
	all := imaging.New(2*width+divider, len(crops)*(height+between)-between, color.White)
	for i, c := range crops {
		y := i * (height + between)
		for side, folder := range []string{before, after} {
			part, err := open(filepath.Join(folder, c.file), c.middle, width, height)
			if err != nil {
				return nil, err
			}
			x := side * (width + divider)
			all = imaging.Paste(all, part, image.Pt(x, y))
			if err := label(all, x, y+height, []string{"before", "after"}[side]); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// open reads a picture and cuts out the part around middle, moved so that it lies within.
func open(path string, middle image.Point, w, h int) (image.Image, error) {
	m, err := imaging.Open(path, imaging.AutoOrientation(true))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b := m.Bounds()
	if b.Dx() < w || b.Dy() < h {
		return nil, fmt.Errorf("%s: %dx%d is smaller than a crop of %dx%d: choose a smaller -size", path, b.Dx(), b.Dy(), w, h)
	}
	x := min(max(middle.X-w/2, 0), b.Dx()-w)
	y := min(max(middle.Y-h/2, 0), b.Dy()-h)
	return imaging.Crop(m, image.Rect(x, y, x+w, y+h).Add(b.Min)), nil
}

// label writes a word on a dark ground into the lower left corner at x, y.
func label(m *image.NRGBA, x, y int, text string) error {
	ttf, err := opentype.Parse(gomedium.TTF)
	if err != nil {
		return err
	}
	face, err := opentype.NewFace(ttf, &opentype.FaceOptions{Size: 14, DPI: 72})
	if err != nil {
		return err
	}
	d := font.Drawer{Dst: m, Src: image.White, Face: face, Dot: fixed.P(x+8, y-8)}
	ground := image.Rect(x, y-24, x+16+d.MeasureString(text).Ceil(), y)
	draw.Draw(m, ground, image.NewUniform(color.NRGBA{A: 170}), image.Point{}, draw.Over)
	d.DrawString(text)
	return nil
}
