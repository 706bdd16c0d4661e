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

// makePictures cuts the photographs in a folder into count JPEGs of side x side
// in a new folder, and returns their paths. The same photographs give the same
// pictures.
func makePictures(photos, dir string, count, side int) (files []string, err error) {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(photos)
	if err != nil {
		return nil, err
	}
	var list []image.Image
	for _, e := range entries {
		m, err := load(filepath.Join(photos, e.Name()))
		if err == nil && m.Bounds().Dx() >= side && m.Bounds().Dy() >= side {
			list = append(list, m)
		}
		if len(list) == mostPhotos {
			break
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no JPEG or PNG picture of at least %dx%d samples: name a folder of photographs", photos, side, side)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range count {
		m := list[i%len(list)]
		at := m.Bounds().Min.Add(image.Pt(rng.IntN(m.Bounds().Dx()-side+1), rng.IntN(m.Bounds().Dy()-side+1)))
		c := image.NewRGBA(image.Rect(0, 0, side, side))
		draw.Draw(c, c.Bounds(), m, at, draw.Src)
		name := filepath.Join(dir, fmt.Sprintf("%05d.jpg", i))
		if err := save(name, c); err != nil {
			return nil, err
		}
		files = append(files, name)
	}
	return files, nil
}

// mostPhotos bounds what is held in memory.
const mostPhotos = 40

func load(name string) (image.Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, _, err := image.Decode(f)
	return m, err
}

func save(name string, m image.Image) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return jpeg.Encode(f, m, &jpeg.Options{Quality: 90})
}
