package pix

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/image/tiff"
)

var tiffCodec = codec{
	name: "tiff",
	ext:  ".tif",
	sniff: func(head []byte) bool {
		for _, magic := range []string{"II*\x00", "MM\x00*", "II+\x00", "MM\x00+"} {
			if bytes.HasPrefix(head, []byte(magic)) {
				return true
			}
		}
		return false
	},
	scan:   scanTIFF,
	decode: decodeTIFF,
	encode: encodeTIFF,
	cost: func(h Header) (decode, encode int64) {
		// Reading: the library's picture of up to four channels, the opacity that
		// may turn out to be none, and one strip, which may be the whole file.
		// Writing: the packed strips, which need their sizes before the directory.
		n := int64(h.W) * int64(h.H) * int64(h.Depth) / 8
		samples := int64(h.Planes)
		if h.Alpha {
			samples++
		}
		return 4*n + 2*samples*n + 2*int64(h.W)*int64(h.H) + 1<<20, samples*n + samples*n/64 + 4<<20
	},
}

// Tags of TIFF 6.0 and its supplements.
const (
	tagNewSubfileType = 254
	tagSubfileType    = 255
	tagWidth          = 256
	tagHeight         = 257
	tagBits           = 258
	tagCompression    = 259
	tagPhotometric    = 262
	tagFillOrder      = 266
	tagStripOffsets   = 273
	tagSamples        = 277
	tagRowsPerStrip   = 278
	tagStripCounts    = 279
	tagPlanar         = 284
	tagPredictor      = 317
	tagTileWidth      = 322
	tagTileHeight     = 323
	tagTileOffsets    = 324
	tagTileCounts     = 325
	tagExtraSamples   = 338
	tagSampleFormat   = 339
	tagXMP            = 700
	tagIPTC           = 33723
	tagPhotoshop      = 34377
	tagICC            = 34675
	tagDNGVersion     = 50706
)

// page is the layout of the samples of one directory.
type page struct {
	at                                uint32 // offset of the directory
	bits, samples, colours            int
	photometric, planar, predictor    uint32
	compression, rowsPerStrip         uint32
	tileWidth, tileHeight             uint32
	alpha                             uint32 // 0: none, 1: multiplied into the colours, 2: straight
	offsetTag, countTag               uint16
	widthPixels, heightPixels, blocks int // blocks: strips or tiles of one plane
}

// scanTIFF follows the chain of directories. Smaller versions of a page
// (NewSubfileType bit 0) do not count as pages, wherever they stand; masks do.
func scanTIFF(data []byte, whole bool) (*container, error) {
	t, err := openTIFF(data)
	if err != nil {
		return nil, err
	}
	if len(data) >= 10 && string(data[8:10]) == "CR" {
		return nil, errRaw
	}
	var main []entry
	c := &container{}
	seen, fields := map[uint32]bool{}, 0
	for at := t.first; at != 0; {
		if seen[at] {
			return nil, fmt.Errorf("%w: the directories of this tiff go round in a circle", ErrCorrupt)
		}
		seen[at] = true
		entries, next, err := t.dir(at)
		if err != nil {
			return nil, err
		}
		if fields += 1 + len(entries); fields > 1<<20 { // overlapping directories could make a small file take hours
			return nil, fmt.Errorf("%w: this tiff has over a million fields", ErrCorrupt)
		}
		if _, raw := find(entries, tagDNGVersion); raw {
			return nil, errRaw
		}
		reduced := t.findUint(entries, tagNewSubfileType, 0)&1 != 0 || t.findUint(entries, tagSubfileType, 0) == 2
		if !reduced {
			if c.Frames == 0 {
				main, c.page.at = entries, at
			}
			c.Frames++
		}
		at = next
	}
	switch {
	case c.Frames == 0 && len(seen) > 0:
		return nil, errRaw
	case c.Frames == 0:
		return nil, fmt.Errorf("%w: this tiff holds no picture", ErrCorrupt)
	}
	if err := c.pageTIFF(t, main); err != nil {
		return nil, err
	}
	if whole {
		c.metaTIFF(t, main)
	}
	return c, nil
}

var errRaw = fmt.Errorf("%w: a camera's raw file: develop it to TIFF or JPEG first", ErrUnsupported)

// pageTIFF reads the layout of the samples and refuses what cannot be read.
func (c *container) pageTIFF(t *tiffBlock, dir []entry) error {
	p := &c.page
	unsupported := func(what string, v uint32) error {
		return fmt.Errorf("%w: a TIFF with %s %d: save it with 8 or 16 bits in grey or RGB, uncompressed or with LZW or deflate", ErrUnsupported, what, v)
	}
	w, h := t.findUint(dir, tagWidth, 0), t.findUint(dir, tagHeight, 0)
	c.W, c.H = int(min(w, 1<<31-1)), int(min(h, 1<<31-1))
	p.widthPixels, p.heightPixels = c.W, c.H
	if w == 0 || h == 0 {
		return fmt.Errorf("%w: its header says %dx%d pixels", ErrCorrupt, w, h)
	}
	samples := t.findUint(dir, tagSamples, 1)
	if samples < 1 || samples > 5 {
		return unsupported("a number of samples a pixel of", samples)
	}
	p.samples = int(samples)
	bits := uint32(1)
	if e, ok := find(dir, tagBits); ok {
		for i := range int(min(e.count, 8)) {
			v, ok := t.uint(e, i)
			if !ok {
				return fmt.Errorf("%w: this tiff does not say how many bits its samples have", ErrCorrupt)
			}
			if i > 0 && v != bits {
				return unsupported("different bits a sample, among them", v)
			}
			bits = v
		}
	}
	p.bits = int(bits)
	if bits != 8 && bits != 16 && (bits != 1 || samples != 1) {
		return unsupported("bits a sample of", bits)
	}
	if f := t.findUint(dir, tagSampleFormat, 1); f != 1 {
		return unsupported("the sample format", f)
	}
	p.compression = t.findUint(dir, tagCompression, 1)
	switch p.compression {
	case 1, 2, 3, 4, 5, 8, 32773, 32946:
	default:
		return unsupported("the compression", p.compression)
	}
	fax := p.compression >= 2 && p.compression <= 4
	if f := t.findUint(dir, tagFillOrder, 1); f != 1 && !fax {
		return unsupported("the fill order", f)
	}
	if p.predictor = t.findUint(dir, tagPredictor, 1); p.predictor != 1 && p.predictor != 2 {
		return unsupported("the predictor", p.predictor)
	}
	if p.planar = t.findUint(dir, tagPlanar, 1); samples == 1 {
		p.planar = 1
	}
	if p.planar != 1 && p.planar != 2 {
		return unsupported("the planar configuration", p.planar)
	}

	p.photometric = t.findUint(dir, tagPhotometric, 1)
	c.Planes, p.colours = 3, 3
	switch p.photometric {
	case 0, 1:
		c.Planes, p.colours = 1, 1
	case 2:
	case 3:
		p.colours = 1
		if bits == 16 {
			return unsupported("a palette and bits a sample of", bits)
		}
	case 5:
		p.colours = 4
	default:
		return unsupported("the photometric interpretation", p.photometric)
	}
	switch extra := p.samples - p.colours; {
	case extra == 0:
	case extra == 1 && p.photometric != 3:
		p.alpha = t.findUint(dir, tagExtraSamples, 0)
		if p.alpha != 1 && p.alpha != 2 {
			return fmt.Errorf("%w: a TIFF with a channel beside its colours that is no opacity: flatten it first", ErrUnsupported)
		}
		c.Alpha = true
	default:
		return unsupported("a number of samples a pixel of", samples)
	}
	c.Depth = 8
	if bits == 16 {
		c.Depth = 16
	}
	return p.blocksTIFF(t, dir)
}

// blocksTIFF reads how the samples are divided into strips or tiles.
func (p *page) blocksTIFF(t *tiffBlock, dir []entry) error {
	w, h := uint64(p.widthPixels), uint64(p.heightPixels)
	p.tileWidth, p.tileHeight = t.findUint(dir, tagTileWidth, 0), t.findUint(dir, tagTileHeight, 0)
	p.rowsPerStrip = t.findUint(dir, tagRowsPerStrip, 0)
	var blocks, each uint64 // each: pixels of one
	if p.tileWidth > 0 && p.tileHeight > 0 {
		p.offsetTag, p.countTag = tagTileOffsets, tagTileCounts
		tw, th := uint64(p.tileWidth), uint64(p.tileHeight)
		blocks, each = ((w+tw-1)/tw)*((h+th-1)/th), tw*th
	} else {
		p.offsetTag, p.countTag = tagStripOffsets, tagStripCounts
		rows := uint64(p.rowsPerStrip)
		if rows == 0 || rows > h {
			rows = h
		}
		blocks, each = (h+rows-1)/rows, w*rows
	}
	// What a decoder must unpack beside the picture, and how often it must begin:
	// thousands of blocks can share the same few bytes.
	if padded := blocks * each; padded/16 > w*h+1<<18 {
		return fmt.Errorf("%w: a TIFF whose tiles are much larger than the picture: save it with smaller ones", ErrUnsupported)
	}
	if blocks > 1024+w*h/64 {
		return fmt.Errorf("%w: a TIFF of %d strips or tiles of a few pixels each: save it with larger ones", ErrUnsupported, blocks)
	}
	need := blocks
	if p.planar == 2 {
		need *= uint64(p.samples)
	}
	for _, tag := range []uint16{p.offsetTag, p.countTag} {
		if e, _ := find(dir, tag); uint64(e.count) < need || e.value == nil {
			return fmt.Errorf("%w: this tiff lists %d of its %d strips or tiles", ErrCorrupt, e.count, need)
		}
	}
	p.blocks = int(blocks)
	return nil
}

// checkCounts refuses strips or tiles that share so many bytes that reading them
// would take long: each can be said to be the whole file. Blank tiles do share
// theirs in some files.
func (p *page) checkCounts(t *tiffBlock) error {
	dir, _, err := t.dir(p.at)
	if err != nil {
		return err
	}
	counts, _ := find(dir, p.countTag)
	var packed uint64
	for i := range int(counts.count) {
		n, _ := t.uint(counts, i)
		packed += uint64(n)
	}
	if packed/64 > uint64(len(t.data)) {
		return fmt.Errorf("%w: this tiff says that its strips or tiles have %d bytes", ErrCorrupt, packed)
	}
	return nil
}

// metaTIFF reads the metadata that stand in a page's directory.
func (c *container) metaTIFF(t *tiffBlock, dir []entry) {
	if o := t.findUint(dir, tagOrientation, 0); o <= 8 {
		c.orientation = int(o)
	}
	block := func(tag uint16) []byte {
		e, _ := find(dir, tag)
		if len(e.value) == 0 || len(e.value) > maxMetadata {
			return nil
		}
		return bytes.Clone(e.value)
	}
	c.meta.XMP, c.meta.IPTC = block(tagXMP), block(tagIPTC)
	if c.meta.IPTC == nil {
		c.meta.IPTC = iptcOf(block(tagPhotoshop))
	}
	if c.page.photometric != 5 { // a profile for CMYK does not fit the RGB that comes out
		c.meta.ICC = block(tagICC)
	}
	c.meta.EXIF = t.exif(dir)
	c.meta.Density = t.density(dir)
}

func decodeTIFF(data []byte, c *container) (*Image, error) {
	p := &c.page
	t, err := openTIFF(data)
	if err != nil {
		return nil, err
	}
	if err := p.checkCounts(t); err != nil {
		return nil, err
	}
	// What the library reads rightly it reads by itself; the rest it reads as
	// grey pictures, see planesTIFF.
	simple := p.planar == 1 && (p.samples == 1 || p.photometric == 2)
	if !simple {
		return planesTIFF(t, p)
	}
	// It looks at the first directory only, which may be a thumbnail.
	t.order.PutUint32(data[4:], p.at)
	src, err := tiff.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, asUnsupported[tiff.UnsupportedError](err)
	}
	return FromImage(src), nil
}

// putEntry appends a field of up to 4 bytes, or of one LONG.
func putEntry(b []byte, order binary.AppendByteOrder, tag, kind uint16, count, value uint32) []byte {
	b = order.AppendUint16(b, tag)
	b = order.AppendUint16(b, kind)
	b = order.AppendUint32(b, count)
	if kind == typeShort && count == 1 {
		return order.AppendUint16(order.AppendUint16(b, uint16(value)), 0)
	}
	return order.AppendUint32(b, value)
}
