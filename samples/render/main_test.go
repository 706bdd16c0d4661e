package main

import (
	"bytes"
	"image"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// small draws a scene at a sixth of its size.
func (s scene) small() *picture { return s.draw(s.w/6, s.h/6) }

// drawn holds the small scenes, each drawn once, by file.
var drawn = func() map[string]func() *picture {
	m := map[string]func() *picture{}
	for _, s := range scenes {
		m[s.file] = sync.OnceValue(s.small)
	}
	return m
}()

// Two drawings of a scene are the same to the last bit, and so are their files.
func TestScenesAreDeterministic(t *testing.T) {
	t.Parallel()
	for _, s := range scenes {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			one, two := drawn[s.file](), s.small()
			for i := range one.pix {
				if one.pix[i] != two.pix[i] {
					t.Fatalf("pixel %d is %v, and %v when drawn again", i, one.pix[i], two.pix[i])
				}
			}
			a, b := file(t, s, s.camera.expose(one, s.grey)), file(t, s, s.camera.expose(two, s.grey))
			if !bytes.Equal(a, b) {
				t.Error("the noisy files differ")
			}
		})
	}
}

// A scene is a picture: finite, within its range, with light and shade and with
// detail between neighbours.
func TestScenesShowSomething(t *testing.T) {
	t.Parallel()
	for _, s := range scenes {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			p := drawn[s.file]()
			var sum, square, edges float64
			for i, c := range p.pix {
				for _, v := range []float64{c.X, c.Y, c.Z} {
					if !(v >= 0 && v <= 1.5) {
						t.Fatalf("pixel %d is %v", i, c)
					}
				}
				v := float64(to8(luminance(c)))
				sum, square = sum+v, square+v*v
				if i > 0 {
					edges += math.Abs(v - float64(to8(luminance(p.pix[i-1]))))
				}
				if s.grey && (c.X != c.Y || c.Y != c.Z) {
					t.Fatalf("pixel %d of a grey scene is %v", i, c)
				}
			}
			n := float64(len(p.pix))
			mean := sum / n
			spread, edge := math.Sqrt(square/n-mean*mean), edges/n
			if mean < 50 || mean > 205 || spread < 20 || edge < 2 {
				t.Errorf("mean %.0f, standard deviation %.0f, mean step between neighbours %.1f: too dark, too bright or too flat", mean, spread, edge)
			}
		})
	}
}

// The level of the noise is the one that the README states.
func TestNoiseLevels(t *testing.T) {
	t.Parallel()
	for _, s := range scenes {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			clean := drawn[s.file]()
			got := rms(clean.encode(s.grey), s.camera.expose(clean, s.grey).encode(s.grey))
			t.Logf("%.1f", got)
			if math.Abs(got-s.level) > 0.12*s.level {
				t.Errorf("the noise has a level of %.1f, not of about %.0f", got, s.level)
			}
			if s.level < 12 || s.level > 35 {
				t.Errorf("a level of %.0f is not between 12 and 35", s.level)
			}
		})
	}
}

// The variance in linear light is shot times the signal plus read squared.
func TestSensor(t *testing.T) {
	t.Parallel()
	s := sensor{shot: 0.002, read: 0.01, seed: 5}
	for _, level := range []float64{0.1, 0.4, 0.7} {
		p := newPicture(200, 200)
		for i := range p.pix {
			p.pix[i] = vec{level, level, level}
		}
		var sum, square float64
		for _, c := range s.expose(p, false).pix {
			sum, square = sum+c.Y-level, square+(c.Y-level)*(c.Y-level)
		}
		n := float64(len(p.pix))
		got, want := square/n, s.shot*level+s.read*s.read
		if math.Abs(got/want-1) > 0.05 || math.Abs(sum/n) > 0.001 {
			t.Errorf("at %v: variance %.6f, want %.6f; mean error %.5f", level, got, want, sum/n)
		}
	}
}

// The files in the repository are those that write makes, under the same names.
func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := scene{"knit.png", 64, 48, true, knit, sensor{shot: 0.01, seed: 1}, 0}
	if err := s.write(dir); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"clean", "noisy"} {
		data, err := os.ReadFile(filepath.Join(dir, folder, "knit.png"))
		if err != nil {
			t.Fatal(err)
		}
		m, format, err := image.Decode(bytes.NewReader(data))
		if err != nil || format != "png" || m.Bounds() != image.Rect(0, 0, 64, 48) {
			t.Errorf("%s: %v, %v, %v", folder, format, m.Bounds(), err)
		}
	}
	if err := (scene{file: "x.gif", w: 8, h: 8, draw: knit}).write(dir); err == nil {
		t.Error("a format without an encoder was written")
	}
}

// Prints and writings belong to scenes, are the same whenever they are made, and
// cover a part of the picture only. A mask holds all that the writing covers.
func TestPrintsAndWritings(t *testing.T) {
	t.Parallel()
	byFile := map[string]scene{}
	for _, s := range scenes {
		byFile[s.file] = s
	}
	for name, old := range prints {
		if _, ok := byFile[name]; !ok {
			t.Fatalf("there is no scene %s", name)
		}
		old.grain = 0
		whole := old.develop(drawn[name]())
		one, two := old.wear(whole), old.wear(whole)
		changed := 0
		for i := range one.pix {
			if one.pix[i] != two.pix[i] {
				t.Fatalf("%s: pixel %d is %v, and %v when worn again", name, i, one.pix[i], two.pix[i])
			}
			if math.Abs(toSRGB(one.pix[i].Y)-toSRGB(whole.pix[i].Y)) > 0.05 {
				changed++
			}
		}
		if share := float64(changed) / float64(len(one.pix)); share < 0.005 || share > 0.2 {
			t.Errorf("%s: %.1f %% is damaged, want some, and less than a fifth", name, 100*share)
		}
	}
	for name, text := range writings {
		s, ok := byFile[name]
		if !ok {
			t.Fatalf("there is no scene %s", name)
		}
		clean := drawn[name]()
		letters := text.letters(clean.w, clean.h)
		covered, hole := letters.over(clean, vec{1, 0, 1}), letters.around(1).encode(true)
		n := 0
		for i := range clean.pix {
			if covered.pix[i] == clean.pix[i] {
				continue
			}
			n++
			if r, _, _, _ := hole.At(i%clean.w, i/clean.w).RGBA(); r != 65535 {
				t.Fatalf("%s: pixel %d is written on and not in the mask", s.file, i)
			}
		}
		if share := float64(n) / float64(len(clean.pix)); share < 0.02 || share > 0.3 {
			t.Errorf("%s: %.1f %% is written on", name, 100*share)
		}
	}
}

// All versions of a scene are written, each below its folder.
func TestVersions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := scene{"street.jpg", 120, 90, false, street, sensor{shot: 0.01, seed: 1}, 0}
	if err := s.write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"clean/street.jpg", "noisy/street.jpg", "masked/street.jpg", "masks/street.png"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func file(t *testing.T, s scene, p *picture) []byte {
	t.Helper()
	data, err := compress(p.encode(s.grey), filepath.Ext(s.file), noisyQuality)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// rms is the root mean square difference of two pictures, 0 to 255.
func rms(a, b image.Image) float64 {
	var sum, n float64
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r0, g0, b0, _ := a.At(x, y).RGBA()
			r1, g1, b1, _ := b.At(x, y).RGBA()
			for _, d := range []float64{float64(r0) - float64(r1), float64(g0) - float64(g1), float64(b0) - float64(b1)} {
				sum, n = sum+d*d, n+1
			}
		}
	}
	return math.Sqrt(sum/n) / 257
}
