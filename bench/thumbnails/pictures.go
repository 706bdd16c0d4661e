package main

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	_ "image/png" // photographs may be PNG
	"math/rand/v2"
	"os"
	"path/filepath"
)

// sizes are what the pictures look like: count thumbnails of side x side, and
// one picture of width x height.
type sizes struct{ count, side, width, height int }

// quality of the JPEG files, that of the program's own outputs.
const quality = 95

// makePictures cuts the pictures in the folder photos. Thumbnails go into the
// folder small as JPEG; the same cuts, one beside the other and from the
// first again where there are too few, make the picture in the folder large.
// The same photographs give the same cuts.
func makePictures(photos, small, large string, z sizes) error {
	for _, dir := range []string{small, large} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			return err
		}
	}
	all, err := readable(photos, z.side)
	if err != nil {
		return err
	}
	mosaic := image.NewRGBA(image.Rect(0, 0, z.width, z.height))
	for i, path := range all {
		m, err := decode(path)
		if err != nil {
			return err
		}
		// A photograph is decoded once, for all the thumbnails that are cut from it.
		for k := i; k < z.count; k += len(all) {
			c := cut(m, z.side, uint64(k))
			if err := writeJPEG(filepath.Join(small, fmt.Sprintf("%04d.jpg", k)), c); err != nil {
				return err
			}
			lay(mosaic, c, k, z.count)
		}
	}
	return writeJPEG(filepath.Join(large, "mosaic.jpg"), mosaic)
}

// readable lists the pictures in a folder of which thumbnails can be cut.
func readable(dir string, side int) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		c, _, err := image.DecodeConfig(f)
		f.Close()
		if err == nil && c.Width >= side && c.Height >= side {
			list = append(list, path)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no JPEG or PNG picture of at least %dx%d samples: name a folder of photographs", dir, side, side)
	}
	return list, nil
}

func decode(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, _, err := image.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// cut returns side x side samples of m, from a place that k determines.
func cut(m image.Image, side int, k uint64) *image.RGBA {
	rng := rand.New(rand.NewPCG(1, k))
	b := m.Bounds()
	at := b.Min.Add(image.Pt(rng.IntN(b.Dx()-side+1), rng.IntN(b.Dy()-side+1)))
	c := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(c, c.Bounds(), m, at, draw.Src)
	return c
}

// lay puts the cut k of count into all its places in the mosaic, whose squares
// are numbered along rows.
func lay(mosaic *image.RGBA, c *image.RGBA, k, count int) {
	side := c.Bounds().Dx()
	cols := (mosaic.Bounds().Dx() + side - 1) / side
	rows := (mosaic.Bounds().Dy() + side - 1) / side
	for at := k; at < cols*rows; at += count {
		to := image.Pt(at%cols*side, at/cols*side)
		draw.Draw(mosaic, c.Bounds().Add(to), c, image.Point{}, draw.Src)
	}
}

func writeJPEG(path string, m image.Image) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return jpeg.Encode(f, m, &jpeg.Options{Quality: quality})
}
