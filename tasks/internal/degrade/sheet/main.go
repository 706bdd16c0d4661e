// Command sheet draws the pictures of docs/degradations.md: the same part of a
// sample picture, damaged in each of the ways of the package degrade, every sample
// shown as 2x2.
//
//	go generate ./tasks/internal/degrade
//
// The same bytes come out on amd64. Other architectures round some sums
// differently, so there it leaves the pictures as they are.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks/internal/degrade"
)

func main() {
	log.SetFlags(0)
	out := flag.String("o", "docs", "`folder` to write into")
	from := flag.String("from", "../../../samples/clean/still-life.jpg", "`picture` to damage")
	flag.Parse()
	if runtime.GOARCH != "amd64" {
		fmt.Println("sheet: the pictures are those of amd64, and stay as they are")
		return
	}
	for _, s := range sheets {
		data, err := s.render(*from)
		if err != nil {
			log.Fatal("sheet: ", err)
		}
		if err := os.WriteFile(filepath.Join(*out, s.file), data, 0o644); err != nil {
			log.Fatal("sheet: ", err)
		}
	}
}

// The part of the picture that is shown, in its own samples, and how it is set.
const (
	partX, partY = 342, 228
	partW, partH = 88, 66
	zoom         = 2
	columns      = 4
	gap, caption = 6, 18
)

// sheet is one picture of the documentation: tiles in rows.
type sheet struct {
	file  string
	tiles []tile
}

// tile is one way to damage the part.
type tile struct {
	caption string
	damage  degrade.Degradation
}

// camera is a camera with middling parameters at a level of photon noise.
func camera(shot float64, malvar bool) degrade.Camera {
	return degrade.Camera{
		Shot: shot, Read: 1.2 * shot, Red: 1.9, Blue: 1.6, Tone: 0.6, Malvar: malvar,
		Matrix: [3][3]float64{{1.55, -0.5, -0.05}, {-0.2, 1.5, -0.3}, {0, -0.45, 1.45}},
	}
}

var white, black = degrade.Tone{0.95, 0.95, 0.95}, degrade.Tone{0.08, 0.08, 0.08}

var sheets = []sheet{
	{"degradations-noise.png", []tile{
		{"clean", degrade.Sequence{}},
		{"Gaussian, 10", degrade.Gaussian{Sigma: 10}},
		{"Gaussian, 25", degrade.Gaussian{Sigma: 25}},
		{"Gaussian, 50", degrade.Gaussian{Sigma: 50}},
		{"camera, bilinear, 0.002", camera(0.002, false)},
		{"camera, Malvar, 0.002", camera(0.002, true)},
		{"camera, Malvar, 0.008", camera(0.008, true)},
		{"blotches, 6, size 8", degrade.Blotches{Sigma: 6, Size: 8, Shadow: 0.4}},
		{"grain, 15, size 1.3", degrade.Grain{Sigma: 15, Size: 1.3}},
		{"colour grain, 15, size 2", degrade.Grain{Sigma: 15, Size: 2, Colour: 0.7}},
		{"camera and blotches", degrade.Sequence{camera(0.003, true), degrade.Blotches{Sigma: 5, Size: 6, Shadow: 0.4}}},
		{"grain and camera", degrade.Sequence{degrade.Grain{Sigma: 12, Size: 2, Colour: 0.4}, camera(0.002, true)}},
	}},
	{"degradations-other.png", []tile{
		{"JPEG 30, 4:2:0", degrade.JPEG{Quality: 30, Chroma: degrade.Chroma420}},
		{"JPEG 30, 4:4:4, moved", degrade.JPEG{Quality: 30, Chroma: degrade.Chroma444, X: 4, Y: 4}},
		{"JPEG 70, 4:2:2", degrade.JPEG{Quality: 70, Chroma: degrade.Chroma422}},
		{"camera, JPEG 60, 4:2:0", degrade.Sequence{camera(0.004, true), degrade.JPEG{Quality: 60, Chroma: degrade.Chroma420}}},
		{"enlarged 1.3 times", degrade.Enlarge{Factor: 1.3, X: 0.5, Y: 0.5}},
		{"enlarged 2 times", degrade.Enlarge{Factor: 2, X: 0.5, Y: 0.5}},
		{"enlarged, camera, JPEG 70", degrade.Sequence{degrade.Enlarge{Factor: 2, X: 0.5, Y: 0.5}, camera(0.003, true), degrade.JPEG{Quality: 70, Chroma: degrade.Chroma420}}},
		{"fading", degrade.Fading{Density: [3]float64{0.45, 0.75, 0.6}}},
		{"yellowing", degrade.Yellowing{Strength: 0.8, Uneven: 0.3, Size: 30}},
		{"low contrast", degrade.LowContrast{Black: 0.2, White: 0.75}},
		{"all three, grain", degrade.Sequence{
			degrade.Grain{Sigma: 10, Size: 1.8, Colour: 0.3}, degrade.Fading{Density: [3]float64{0.45, 0.75, 0.6}},
			degrade.LowContrast{Black: 0.12, White: 0.9}, degrade.Yellowing{Strength: 0.6, Uneven: 0.3, Size: 30},
		}},
	}},
	{"degradations-damage.png", []tile{
		{"scratches along a film", degrade.Scratches{Count: 4, Angle: 1.57, Spread: 0.003, Length: 150, Width: 1.3, Tone: white, Opacity: 0.8}},
		{"scratches, broken", degrade.Scratches{Count: 5, Angle: 0.5, Spread: 0.2, Length: 80, Width: 1.6, Bend: 0.1, Gaps: 0.5, Tone: white, Opacity: 0.9}},
		{"creases", degrade.Creases{Count: 2, Angle: 0.1, Width: 2, Gaps: 0.3, Shade: 0.12, Reach: 8, Tone: white, Opacity: 0.9}},
		{"hairs", degrade.Hairs{Count: 3, Length: 80, Width: 1.4, Curl: 3, Tone: black, Opacity: 0.85}},
		{"dust, 40, size 1", degrade.Dust{Density: 40, Size: 1, Tone: white, Opacity: 0.9}},
		{"dust in a place", degrade.Dust{Density: 500, Size: 0.8, Cluster: 15, Tone: black, Opacity: 0.9}},
		{"blots", degrade.Blots{Count: 3, Radius: 8, Rough: 0.3, Tone: white, Uneven: 0.03, Opacity: 1}},
		{"stain, 0.5, rim 0.5", degrade.Stains{Count: 1, Radius: 25, Rough: 0.25, Soft: 4, Tone: degrade.Tone{0.5, 0.38, 0.2}, Strength: 0.5, Uneven: 0.2, Rim: 0.5}},
	}},
}

// render draws the sheet as a PNG file.
func (s sheet) render(from string) ([]byte, error) {
	clean, err := part(from)
	if err != nil {
		return nil, err
	}
	rows := (len(s.tiles) + columns - 1) / columns
	const w, h = partW*zoom + gap, partH*zoom + caption + gap
	m := image.NewRGBA(image.Rect(0, 0, columns*w+gap, rows*h+gap))
	draw.Draw(m, m.Bounds(), image.White, image.Point{}, draw.Src)
	for i, t := range s.tiles {
		p := clean.Clone()
		t.damage.Apply(rand.New(rand.NewPCG(uint64(i), 1)), p)
		degrade.EightBit{}.Apply(nil, p)
		x, y := gap+i%columns*w, gap+i/columns*h
		show(m, x, y, p)
		d := font.Drawer{Dst: m, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(x, y+partH*zoom+13)}
		d.DrawString(t.caption)
	}
	var file bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, m)
	return file.Bytes(), err
}

// show draws a patch of 8-bit samples, enlarged, with its corner at (x0, y0).
func show(m *image.RGBA, x0, y0 int, p degrade.Patch) {
	for y := range p.H * zoom {
		for x := range p.W * zoom {
			i := y/zoom*p.W + x/zoom
			at := func(k int) uint8 { return uint8(p.Planes[k][i]*255 + 0.5) }
			m.SetRGBA(x0+x, y0+y, color.RGBA{at(0), at(1), at(2), 255})
		}
	}
}

// part reads the part of a picture that is shown.
func part(file string) (degrade.Patch, error) {
	r, err := os.Open(file)
	if err != nil {
		return degrade.Patch{}, err
	}
	defer r.Close()
	m, err := pix.Decode(r, pix.DefaultLimits)
	if err != nil {
		return degrade.Patch{}, fmt.Errorf("%s: %w", file, err)
	}
	if m.Grey() || m.W < partX+partW || m.H < partY+partH {
		return degrade.Patch{}, fmt.Errorf("%s: it takes a picture in colour of at least %dx%d samples", file, partX+partW, partY+partH)
	}
	p := degrade.Patch{W: partW, H: partH}
	for _, plane := range m.Planes {
		to := make([]float32, 0, partW*partH)
		for y := partY; y < partY+partH; y++ {
			for _, v := range plane[y*m.W+partX : y*m.W+partX+partW] {
				to = append(to, float32(v)/65535)
			}
		}
		p.Planes = append(p.Planes, to)
	}
	return p, nil
}
