package pix

import (
	"bytes"
	"fmt"
	"image"

	"golang.org/x/image/tiff"
)

// planesTIFF reads what the library does not know: grey with opacity, CMYK, and
// planes that are stored one after the other. All of them are grey pictures to
// it: samples that alternate make one that is as many times as wide, and planes
// are pictures of their own. For each, a directory that says so is put behind the
// file, and the library unpacks the strips or tiles.
func planesTIFF(t *tiffBlock, p *page) (*Image, error) {
	w, h := p.widthPixels, p.heightPixels
	all := make([][]uint16, p.samples)
	if p.planar == 2 {
		for s := range all {
			grey, err := t.greyPage(p, 1, s*p.blocks)
			if err != nil {
				return nil, err
			}
			all[s] = grey.Planes[0]
		}
	} else {
		wide, err := t.greyPage(p, p.samples, 0)
		if err != nil {
			return nil, err
		}
		p.undoPredictor(wide)
		for s := range all {
			all[s] = make([]uint16, w*h)
			for i := range all[s] {
				all[s][i] = wide.Planes[0][i*p.samples+s]
			}
		}
	}

	m := &Image{W: w, H: h, Planes: all[:p.colours], Meta: Meta{Depth: p.bits}}
	switch p.photometric {
	case 0:
		for i, v := range m.Planes[0] {
			m.Planes[0][i] = 65535 - v
		}
	case 5:
		m.Planes = inksToRGB(m.Planes)
	}
	if p.alpha != 0 {
		m.Alpha = all[p.colours]
	}
	if p.alpha == 1 {
		for _, plane := range m.Planes {
			for i, v := range plane {
				plane[i] = straight(uint32(v), uint32(m.Alpha[i]), 65535)
			}
		}
	}
	return m, nil
}

// greyPage decodes the strips or tiles from number first on as a grey picture
// that is times as wide as the page. The predictor, which the library would take
// to run from each sample to the next, is left in where times is more than 1.
func (t *tiffBlock) greyPage(p *page, times, first int) (*Image, error) {
	dir, _, err := t.dir(p.at)
	if err != nil {
		return nil, err
	}
	data := t.data
	lists := map[uint16]uint32{}
	for _, tag := range []uint16{p.offsetTag, p.countTag} {
		if p.blocks > 1 {
			lists[tag] = uint32(len(data))
		}
		e, _ := find(dir, tag)
		for i := range p.blocks {
			v, ok := t.uint(e, first+i)
			if !ok {
				return nil, fmt.Errorf("%w: this tiff lists too few strips or tiles", ErrCorrupt)
			}
			if p.blocks == 1 {
				lists[tag] = v
			} else {
				data = t.order.AppendUint32(data, v)
			}
		}
	}
	predictor := p.predictor
	if times > 1 {
		predictor = 1
	}
	if uint64(len(data)) > 1<<32-200 {
		return nil, fmt.Errorf("%w: a TIFF file of 4 GB", ErrLimit)
	}
	at := uint32(len(data))
	type field struct {
		tag, kind    uint16
		count, value uint32
	}
	n := uint32(p.blocks)
	fields := []field{
		{tagWidth, typeLong, 1, uint32(p.widthPixels * times)},
		{tagHeight, typeLong, 1, uint32(p.heightPixels)},
		{tagBits, typeShort, 1, uint32(p.bits)},
		{tagCompression, typeShort, 1, p.compression},
		{tagPhotometric, typeShort, 1, 1},
	}
	if p.offsetTag == tagStripOffsets {
		rows := p.rowsPerStrip
		if rows == 0 {
			rows = uint32(p.heightPixels)
		}
		fields = append(fields, field{tagStripOffsets, typeLong, n, lists[tagStripOffsets]}, field{tagRowsPerStrip, typeLong, 1, rows},
			field{tagStripCounts, typeLong, n, lists[tagStripCounts]}, field{tagPredictor, typeShort, 1, predictor})
	} else {
		fields = append(fields, field{tagPredictor, typeShort, 1, predictor},
			field{tagTileWidth, typeLong, 1, p.tileWidth * uint32(times)}, field{tagTileHeight, typeLong, 1, p.tileHeight},
			field{tagTileOffsets, typeLong, n, lists[tagTileOffsets]}, field{tagTileCounts, typeLong, n, lists[tagTileCounts]})
	}
	data = t.order.AppendUint16(data, uint16(len(fields)))
	for _, f := range fields {
		data = putEntry(data, t.order, f.tag, f.kind, f.count, f.value)
	}
	data = t.order.AppendUint32(data, 0)
	t.order.PutUint32(data[4:], at)
	src, err := tiff.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, asUnsupported[tiff.UnsupportedError](err)
	}
	switch src.(type) {
	case *image.Gray, *image.Gray16:
		return FromImage(src), nil
	}
	return nil, fmt.Errorf("%w: this tiff does not come out as %d samples of %d bits", ErrCorrupt, p.samples, p.bits)
}

// undoPredictor adds up the differences that were stored instead of the samples
// (TIFF 6.0, section 14): each from the same channel of the pixel before it in
// the row of its strip or tile.
func (p *page) undoPredictor(wide *Image) {
	if p.predictor != 2 {
		return
	}
	block := wide.W
	if p.tileWidth > 0 && p.tileHeight > 0 {
		block = int(p.tileWidth) * p.samples
	}
	for y := range wide.H {
		row := wide.Planes[0][y*wide.W : (y+1)*wide.W]
		for x := range row {
			if x%block < p.samples {
				continue
			}
			if p.bits == 8 { // as times 257, sums wrap at 8 bits
				row[x] = uint16(uint8(row[x]) + uint8(row[x-p.samples]))
				row[x] *= 257
			} else {
				row[x] += row[x-p.samples]
			}
		}
	}
}

// inksToRGB converts cyan, magenta, yellow and black, 65535 being full ink, by
// R = (1-C)(1-K) and so on.
func inksToRGB(inks [][]uint16) [][]uint16 {
	for i, k := range inks[3] {
		light := 65535 - uint32(k)
		for _, ink := range inks[:3] {
			ink[i] = uint16(((65535-uint32(ink[i]))*light + 32767) / 65535)
		}
	}
	return inks[:3]
}
