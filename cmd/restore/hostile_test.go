package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"path/filepath"
	"testing"

	"github.com/cae-restore/restore/tasks/all"
)

// hugePNG is a PNG whose header claims w by h samples, with next to nothing
// behind it.
func hugePNG(w, h uint32) []byte {
	header := []byte("\x00\x00\x00\x00\x00\x00\x00\x00\x08\x02\x00\x00\x00")
	binary.BigEndian.PutUint32(header[0:], w)
	binary.BigEndian.PutUint32(header[4:], h)
	file := []byte("\x89PNG\r\n\x1a\n")
	for _, c := range []struct {
		name string
		data []byte
	}{{"IHDR", header}, {"IDAT", []byte("\x78\x9c\x03\x00\x00\x00\x00\x01")}, {"IEND", nil}} {
		file = binary.BigEndian.AppendUint32(file, uint32(len(c.data)))
		body := append([]byte(c.name), c.data...)
		file = append(file, body...)
		file = binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(body))
	}
	return file
}

// TestBadFiles shows that each kind of bad file is named with what to do, and
// that the picture beside it is restored all the same.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	_, model := trained(t)
	whole := jpegOf(t, painting(40, 30))
	for _, c := range []struct {
		name string
		data []byte
		want []string
	}{
		{"empty.png", nil, []string{"empty", "copy it again"}},
		{"truncated.jpg", whole[:len(whole)/2], []string{"damaged or incomplete", "copy it again"}},
		{"text.jpg", []byte("Dear Sir or Madam,\n"), []string{"not a picture", "--exclude"}},
		{"huge.png", hugePNG(60000, 60000), []string{"60000x60000", "limit", "--max-megapixels"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
			writeFile(t, filepath.Join(in, c.name), c.data)
			writeFile(t, filepath.Join(in, "good.png"), pngOf(t, painting(9, 9)))
			r := restoreWith(t, all.Registry(), "denoise", "--model", model, "--strength", "20", in, "-o", out)
			r.want(t, exitSomeFailed, append(c.want, "failed: "+filepath.Join(in, c.name), "1 restored, 1 failed")...)
			read(t, filepath.Join(out, "good.png"))
			if exists(filepath.Join(out, c.name)) {
				t.Error("an output was written")
			}
		})
	}
}

// TestKindsOfPictures takes every size and kind of sample through denoise.
func TestKindsOfPictures(t *testing.T) {
	t.Parallel()
	_, model := trained(t)
	box := image.Rect(0, 0, 11, 7)
	grey, grey16, colour16 := image.NewGray(box), image.NewGray16(box), image.NewNRGBA64(box)
	pale, glass := image.NewPaletted(box, palette.Plan9), painting(11, 7)
	for y := range 7 {
		for x := range 11 {
			v := uint16(20000 + x*1234 + y*77)
			grey.Set(x, y, color.Gray{uint8(v >> 8)})
			grey16.SetGray16(x, y, color.Gray16{v})
			colour16.SetNRGBA64(x, y, color.NRGBA64{v, v / 2, v + 5, 65535})
			pale.SetColorIndex(x, y, uint8(x*y))
			glass.SetNRGBA(x, y, color.NRGBA{uint8(90 + x), uint8(90 + y), 80, uint8(x * 20)})
		}
	}
	for _, c := range []struct {
		name          string
		image         image.Image
		planes, depth int
	}{
		{"1x1", painting(1, 1), 3, 8},
		{"1x17", painting(1, 17), 3, 8},
		{"23x1", painting(23, 1), 3, 8},
		{"odd", painting(31, 13), 3, 8},
		{"grey", grey, 1, 8},
		{"grey 16 bits", grey16, 1, 16},
		{"16 bits", colour16, 3, 16},
		{"palette", pale, 3, 8},
		{"alpha", glass, 3, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			in, out := filepath.Join(dir, "in.png"), filepath.Join(dir, "out")
			writeFile(t, in, pngOf(t, c.image))
			restoreWith(t, all.Registry(), "denoise", "--model", model, "--strength", "20", in, "-o", out).want(t, exitDone, "1 restored")
			before, after := read(t, in), read(t, filepath.Join(out, "in.png"))
			if after.W != before.W || after.H != before.H || len(after.Planes) != c.planes || after.Meta.Depth != c.depth {
				t.Errorf("%dx%d, %d planes, %d bits; want %dx%d, %d, %d", after.W, after.H, len(after.Planes), after.Meta.Depth, before.W, before.H, c.planes, c.depth)
			}
			if !bytes.Equal(samples(after.Alpha), samples(before.Alpha)) {
				t.Error("the opacity was changed")
			}
			same := true
			for p := range after.Planes {
				same = same && bytes.Equal(samples(after.Planes[p]), samples(before.Planes[p]))
			}
			if same && before.W*before.H > 1 {
				t.Error("not one sample was changed")
			}
		})
	}
}

func samples(plane []uint16) []byte {
	var out []byte
	for _, v := range plane {
		out = binary.BigEndian.AppendUint16(out, v)
	}
	return out
}
