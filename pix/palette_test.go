package pix

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	stdpng "image/png"
	"slices"
	"strings"
	"testing"
)

// indexed returns a map of indices with a palette of n colours, in which every
// index stands.
func indexed(w, h, n int) *Image {
	m := New(w, h, 1)
	for i := range n {
		m.Meta.Palette = append(m.Meta.Palette, [3]uint8{uint8(i), uint8(255 - i), uint8(7 * i)})
	}
	for i := range m.Planes[0] {
		m.Planes[0][i] = uint16(i*i%n) * 257
	}
	return m
}

// The library reads the indices and the colours of a palette exactly, whatever
// else is in the picture's metadata.
func TestPaletteOfPNG(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		colours int
		change  func(m *Image)
	}{
		{"one colour", 1, nil},
		{"a few", 11, nil},
		{"all", 256, nil},
		{"16 bits", 11, func(m *Image) { m.Meta.Depth = 16 }},
		{"with chunks of the input", 11, func(m *Image) {
			m.Meta.Chunks = []byte("\x00\x00\x00\x01sRGB\x00\xae\xce\x1c\xe9")
			m.Meta.Density = Density{X: 300, Y: 300, Unit: PerInch}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := indexed(23, 17, test.colours)
			if test.change != nil {
				test.change(m)
			}
			data := encoded(t, m, "png")
			src, err := stdpng.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			got, ok := src.(*image.Paletted)
			if !ok {
				t.Fatalf("it is read as %T, not as a picture with a palette", src)
			}
			var palette [][3]uint8
			for _, c := range got.Palette {
				n := color.NRGBAModel.Convert(c).(color.NRGBA)
				palette = append(palette, [3]uint8{n.R, n.G, n.B})
			}
			if !slices.Equal(palette, m.Meta.Palette) {
				t.Errorf("the palette is %v, want %v", palette, m.Meta.Palette)
			}
			for i, v := range m.Planes[0] {
				if index := got.Pix[i/m.W*got.Stride+i%m.W]; uint16(index)*257 != v {
					t.Fatalf("index %d is %d, want %d", i, index, v/257)
				}
			}
			back := decoded(t, data)
			if back.Meta.Palette != nil || !equalSamples(back, m.Colours()) {
				t.Error("it is not decoded to its colours")
			}
		})
	}
}

// equalSamples compares samples; a palette of greys is read as one plane.
func equalSamples(got, want *Image) bool {
	for c := range 3 {
		if !slices.Equal(got.channel(c), want.channel(c)) {
			return false
		}
	}
	return slices.Equal(got.Alpha, want.Alpha)
}

// Other formats, and pictures with opacity, have the colours.
func TestPaletteElsewhere(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"png", "tiff", "bmp", "jpeg"} {
		m := indexed(16, 16, 40)
		if format == "png" {
			m.Alpha = make([]uint16, 16*16)
			m.Alpha[5] = 65535
		}
		back := decoded(t, encoded(t, m, format))
		if format == "jpeg" {
			if len(back.Planes) != 3 {
				t.Errorf("%s has %d planes, want 3", format, len(back.Planes))
			}
			continue
		}
		if !equalSamples(back, m.Colours()) {
			t.Errorf("%s does not hold the colours of the palette", format)
		}
	}
	m := indexed(4, 4, 16)
	if r, g, b, _ := m.ToImage().At(1, 0).RGBA(); r>>8 != 1 || g>>8 != 254 || b>>8 != 7 {
		t.Errorf("ToImage gives %d %d %d for the second colour", r>>8, g>>8, b>>8)
	}
	if plain := New(2, 2, 1); plain.Colours() != plain {
		t.Error("a picture without palette is copied")
	}
}

// What no palette can hold is refused, in words.
func TestPaletteRefused(t *testing.T) {
	t.Parallel()
	planes := New(3, 3, 3)
	planes.Meta.Palette = [][3]uint8{{1, 2, 3}}
	beyond := indexed(5, 4, 3)
	beyond.Planes[0][7] = 3 * 257
	for _, test := range []struct {
		m    *Image
		says string
	}{
		{planes, "3 planes"},
		{indexed(20, 20, 257), "257 colours"},
		{beyond, "the sample at 2, 1 is the index 3, and the palette has 3 colours"},
	} {
		for _, format := range []string{"png", "tiff"} {
			err := Encode(&bytes.Buffer{}, test.m, EncodeOptions{Format: format})
			if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: got %v, want one that says %q", format, err, test.says)
			}
		}
	}
}
