package pix

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestToImage gives the type that fits and comes back the same.
func TestToImage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		planes, depth int
		alpha         bool
		want          image.Image
	}{
		{1, 8, false, &image.Gray{}}, {1, 16, false, &image.Gray16{}},
		{3, 8, false, &image.NRGBA{}}, {3, 16, false, &image.NRGBA64{}},
		{3, 8, true, &image.NRGBA{}}, {3, 16, true, &image.NRGBA64{}},
	} {
		m := scene(13, 7, c.planes, c.depth, c.alpha)
		out := m.ToImage()
		if out.ColorModel() != c.want.ColorModel() {
			t.Errorf("%d planes of %d bits: got %T, want %T", c.planes, c.depth, out, c.want)
		}
		back := FromImage(out)
		same(t, back, m)
		if back.Meta.Depth != c.depth {
			t.Errorf("%T came back with %d bits", out, back.Meta.Depth)
		}
	}
}

// TestRound8 rounds to the nearest 8-bit value.
func TestRound8(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Uint16().Draw(t, "sample")
		if d := int(v) - int(to8(v))*257; d < -128 || d > 128 {
			t.Fatalf("%d becomes %d, which is %d off", v, to8(v), d)
		}
	})
}

// TestFromImage reads each type of the library, with bounds that do not begin at
// 0, as its own At method does.
func TestFromImage(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	big := image.Rect(0, 0, 9, 8)
	part := image.Rect(2, 3, 7, 8)
	noise := func(b []byte) {
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
	}
	grey, grey16 := image.NewGray(big), image.NewGray16(big)
	nrgba, nrgba64 := image.NewNRGBA(big), image.NewNRGBA64(big)
	rgba, rgba64 := image.NewRGBA(big), image.NewRGBA64(big)
	cmyk, ycbcr := image.NewCMYK(big), image.NewYCbCr(big, image.YCbCrSubsampleRatio444)
	alpha := image.NewNYCbCrA(big, image.YCbCrSubsampleRatio444)
	palette := image.NewPaletted(big, color.Palette{color.NRGBA{R: 9, G: 80, B: 7, A: 3}, color.Black, color.White})
	greys := image.NewPaletted(big, color.Palette{color.Gray{Y: 40}, color.Black})
	for _, pix := range [][]byte{grey.Pix, grey16.Pix, nrgba.Pix, nrgba64.Pix, cmyk.Pix, ycbcr.Y, ycbcr.Cb, ycbcr.Cr, alpha.Y, alpha.Cb, alpha.Cr, alpha.A} {
		noise(pix)
	}
	for y := range 8 {
		for x := range 9 {
			rgba.Set(x, y, nrgba.At(x, y)) // a premultiplied colour must not exceed its opacity
			rgba64.Set(x, y, nrgba64.At(x, y))
			palette.SetColorIndex(x, y, uint8(rng.IntN(3)))
			greys.SetColorIndex(x, y, uint8(rng.IntN(2)))
		}
	}
	for _, c := range []struct {
		src           image.Image
		planes, depth int
	}{
		{grey.SubImage(part), 1, 8}, {grey16.SubImage(part), 1, 16},
		{nrgba.SubImage(part), 3, 8}, {nrgba64.SubImage(part), 3, 16},
		{rgba.SubImage(part), 3, 8}, {rgba64.SubImage(part), 3, 16},
		{palette.SubImage(part), 3, 8}, {greys.SubImage(part), 1, 8},
		{cmyk.SubImage(part), 3, 8}, {ycbcr.SubImage(part), 3, 8}, {alpha.SubImage(part), 3, 8},
		{struct{ image.Image }{nrgba64.SubImage(part)}, 3, 16}, // a type that is not known
		{struct{ image.Image }{grey.SubImage(part)}, 1, 8},
	} {
		m := FromImage(c.src)
		if m.W != 5 || m.H != 5 || len(m.Planes) != c.planes || m.Meta.Depth != c.depth {
			t.Errorf("%T: got %dx%d, %d planes, %d bits", c.src, m.W, m.H, len(m.Planes), m.Meta.Depth)
			continue
		}
		for i := range 25 {
			r, g, b, a := c.src.At(2+i%5, 3+i/5).RGBA()
			opacity := uint32(65535)
			if m.Alpha != nil {
				opacity = uint32(m.Alpha[i])
			}
			for k, want := range [4]uint32{r, g, b, a} {
				got := opacity
				if k < 3 {
					got = uint32(m.channel(k)[i]) * opacity / 65535
				}
				// Some types compute at 16 bits what this package has at 8.
				if max(got, want)-min(got, want) > 257 {
					t.Fatalf("%T: channel %d of sample %d is %d, want %d", c.src, k, i, got, want)
				}
			}
		}
	}
}

// TestChroma interpolates subsampled chroma: a ramp stays a ramp, where repeated
// samples would be steps.
func TestChroma(t *testing.T) {
	t.Parallel()
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio440,
		image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		const w, h = 33, 29
		fx, fy := factors(ratio)
		src := image.NewYCbCr(image.Rect(0, 0, w, h), ratio)
		for i := range src.Y {
			src.Y[i] = 128
		}
		for i := range src.Cr {
			// The value at the centre of what the chroma sample covers.
			x, y := float64(i%src.CStride*fx)+float64(fx-1)/2, float64(i/src.CStride*fy)+float64(fy-1)/2
			src.Cb[i], src.Cr[i] = 128, uint8(100+x+y+0.5)
		}
		m := FromImage(src)
		for y := 4; y < h-4; y++ {
			for x := 4; x < w-4; x++ {
				want, _, _ := color.YCbCrToRGB(128, 128, uint8(100+x+y))
				if d := int(to8(m.Planes[0][y*w+x])) - int(want); d < -2 || d > 2 {
					t.Fatalf("%v: red at %d,%d is %d off", ratio, x, y, d)
				}
			}
		}
		// A part of the picture comes out as the same part of the whole.
		part := FromImage(src.SubImage(image.Rect(9, 6, 20, 17)))
		inner := part.Crop(4, 4, 3, 3)
		same(t, inner, m.Crop(13, 10, 3, 3))
	}
}

// TestVideoRange checks the ends of the range that WebP uses.
func TestVideoRange(t *testing.T) {
	t.Parallel()
	for _, c := range [][6]uint8{
		{16, 128, 128, 0, 0, 0}, {235, 128, 128, 255, 255, 255}, {0, 128, 128, 0, 0, 0},
		{81, 90, 240, 254, 0, 0}, {145, 54, 34, 0, 255, 1}, {41, 240, 110, 0, 0, 255},
	} {
		r, g, b := videoToRGB(c[0], c[1], c[2])
		if [3]uint8{r, g, b} != [3]uint8(c[3:]) {
			t.Errorf("%v: got %d %d %d, want %v", c[:3], r, g, b, c[3:])
		}
	}
}

// TestJPEGKinds reads what other encoders write: subsampled, grey and CMYK.
func TestJPEGKinds(t *testing.T) {
	t.Parallel()
	m := scene(40, 24, 3, 8, false)
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, m.ToImage(), &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	if db, err := PSNR(decoded(t, buf.Bytes()), m); err != nil || db < 28 {
		t.Errorf("subsampled: %.1f dB (%v), want 28", db, err)
	}
	grey := scene(40, 24, 1, 8, false)
	buf.Reset()
	if err := jpeg.Encode(&buf, grey.ToImage(), nil); err != nil {
		t.Fatal(err)
	}
	if got := decoded(t, buf.Bytes()); !got.Grey() {
		t.Error("grey came out in colour")
	}
}
