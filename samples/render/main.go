// Command render draws the sample pictures of this project: each scene once
// clean and once as a noisy camera would have taken it; some also as an old print,
// whole and damaged, or with writing across them and a mask of it.
//
//	go run ./samples/render            writes the folders clean, noisy, undamaged,
//	                                   damaged, masked and masks of samples
//	go run ./samples/render -only lake what there is of one scene
//
// The same program gives the same bytes on amd64 (other architectures round
// some sums differently).
package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"log"
	"os"
	"path/filepath"
)

// scene is one sample picture.
type scene struct {
	file   string // its ending is the format, of both versions
	w, h   int
	grey   bool
	draw   func(w, h int) *picture
	camera sensor
	level  float64 // of the noise in the 8-bit values, as root mean square
}

var scenes = []scene{
	{"lake.jpg", 768, 512, false, lake, sensor{shot: 0.0147, read: 0.004, seed: 1}, 20},
	{"still-life.jpg", 720, 540, false, stillLife, sensor{shot: 0.029, read: 0.004, seed: 2}, 27},
	{"street.jpg", 720, 540, false, street, sensor{shot: 0.012, read: 0.004, seed: 5}, 17},
	{"branches.jpg", 640, 480, false, branches, sensor{shot: 0.0227, read: 0.004, seed: 3}, 22},
	{"page.jpg", 600, 800, false, page, sensor{shot: 0.01, read: 0.004, seed: 6}, 14},
	{"knit.png", 640, 480, true, knit, sensor{shot: 0.035, read: 0.004, seed: 4}, 25},
}

func main() {
	log.SetFlags(0)
	dir := flag.String("o", "samples", "folder to write the folders of pictures into")
	only := flag.String("only", "", "name of the one `scene` to draw")
	flag.Parse()
	done := 0
	for _, s := range scenes {
		name := s.file[:len(s.file)-len(filepath.Ext(s.file))]
		if *only != "" && *only != name {
			continue
		}
		if err := s.write(*dir); err != nil {
			log.Fatal(err)
		}
		done++
	}
	if done == 0 {
		log.Fatalf("render: there is no scene %q", *only)
	}
}

// Qualities of the JPEG files: the clean ones hardly lose anything, the noisy
// ones are as cameras write them.
const (
	cleanQuality = 95
	noisyQuality = 92
)

// maskMargin is by how many pixels masks reach beyond what they are to hide.
const maskMargin = 2

// version is a file of a scene.
type version struct {
	path    string // below the folder of the samples
	p       *picture
	grey    bool
	quality int
}

// versions draws the scene and what is made of it.
func (s scene) versions() []version {
	clean := s.draw(s.w, s.h)
	list := []version{
		{"clean/" + s.file, clean, s.grey, cleanQuality},
		{"noisy/" + s.file, s.camera.expose(clean, s.grey), s.grey, noisyQuality},
	}
	if t, ok := prints[s.file]; ok {
		whole := t.develop(clean)
		list = append(list,
			version{"undamaged/" + s.file, whole, s.grey, cleanQuality},
			version{"damaged/" + s.file, t.wear(whole), s.grey, noisyQuality})
	}
	if t, ok := writings[s.file]; ok {
		letters := t.letters(s.w, s.h)
		name := s.file[:len(s.file)-len(filepath.Ext(s.file))]
		list = append(list,
			version{"masked/" + s.file, letters.over(clean, hex(0xf4efe2)), s.grey, noisyQuality},
			version{"masks/" + name + ".png", letters.around(maskMargin), true, 0})
	}
	return list
}

// write draws the scene and writes all its versions.
func (s scene) write(dir string) error {
	for _, f := range s.versions() {
		data, err := compress(f.p.encode(f.grey), filepath.Ext(f.path), f.quality)
		if err != nil {
			return fmt.Errorf("%s: %w", s.file, err)
		}
		path := filepath.Join(dir, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s  %dx%d, %d KB\n", path, s.w, s.h, (len(data)+500)/1000)
	}
	return nil
}

// compress returns the picture as a file of the format that ext names.
func compress(m image.Image, ext string, quality int) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch ext {
	case ".jpg":
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: quality})
	case ".png":
		err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, m)
	default:
		err = fmt.Errorf("no encoder for %q", ext)
	}
	return b.Bytes(), err
}
