package pix

import (
	"errors"
	"fmt"
	"strings"
)

// maxXMP bounds the XMP that is rewritten, which takes a second for some megabytes:
// packed, such a text can come in a file of a few kilobytes.
const maxXMP = 4 << 20

// carried is what of a picture's metadata goes into a file.
type carried struct {
	exif, xmp, iptc, icc []byte
	density              Density
	chunks               []byte // of a PNG
	segments             []byte // of a JPEG
}

// Sizes that segments of JPEG can hold beside their identifiers (ITU-T T.81, B.2.4.6:
// 65535 bytes with the length).
const (
	maxSegment     = 65535 - 2
	exifIdentifier = "Exif\x00\x00"
	xmpIdentifier  = "http://ns.adobe.com/xap/1.0/\x00"
	iccIdentifier  = "ICC_PROFILE\x00"
	iptcIdentifier = "Photoshop 3.0\x00"
	maxICCSegment  = maxSegment - len(iccIdentifier) - 2
	maxIPTCSegment = maxSegment - len(iptcIdentifier)
)

// carry makes of m's metadata what a file of the named format is to hold of them.
// It tells note what is left out, and why.
func (m *Image) carry(format string, note func(string)) carried {
	lost := func(what, why string) {
		if note != nil {
			note(fmt.Sprintf("%s not carried over: %s", what, why))
		}
	}
	var c carried
	if m.Meta.EXIF != nil {
		var err error
		if c.exif, err = rewriteEXIF(m.Meta.EXIF, m.W, m.H); errors.Is(err, ErrCorrupt) || errors.Is(err, ErrUnsupported) {
			lost("EXIF", "it is damaged in the input")
		}
	}
	if m.Meta.ICC != nil {
		var why string
		planes := len(m.Planes)
		if m.paletted() {
			planes = 3
		}
		if c.icc, why = profileFor(m.Meta.ICC, planes); c.icc == nil {
			lost("the ICC profile", why)
		}
	}
	if len(m.Meta.XMP) <= maxXMP {
		// An orientation that stands in XMP alone was not applied, and stays.
		c.xmp = rewriteXMP(m.Meta.XMP, m.W, m.H, exifOrientation(m.Meta.EXIF) != 0)
	} else {
		lost("XMP", fmt.Sprintf("its %d bytes are more than the %d MB that are looked through", len(m.Meta.XMP), maxXMP>>20))
	}
	c.iptc = m.Meta.IPTC
	if m.Meta.Density.valid() {
		c.density = m.Meta.Density
	}
	switch format {
	case "jpeg":
		if c.exif = shortEXIF(c.exif, maxSegment-len(exifIdentifier), lost); len(c.xmp) > maxSegment-len(xmpIdentifier) {
			lost("XMP", fmt.Sprintf("its %d bytes are more than JPEG holds: write PNG or TIFF to keep it", len(c.xmp)))
			c.xmp = nil
		}
		if len(c.icc) > 255*maxICCSegment {
			lost("the ICC profile", fmt.Sprintf("its %d bytes are more than JPEG holds: write PNG or TIFF to keep it", len(c.icc)))
			c.icc = nil
		}
		c.segments = m.Meta.Segments
	case "png":
		if c.iptc != nil {
			lost("IPTC", "PNG has no place for it: write JPEG or TIFF to keep it")
			c.iptc = nil
		}
		c.chunks = m.Meta.Chunks
	case "tiff":
	default:
		var names []string
		for _, part := range []struct {
			name string
			data []byte
		}{{"EXIF", c.exif}, {"XMP", c.xmp}, {"IPTC", c.iptc}, {"the ICC profile", c.icc}} {
			if part.data != nil {
				names = append(names, part.name)
			}
		}
		if names != nil {
			lost(strings.Join(names, ", "), strings.ToUpper(format)+" has no place for metadata: write JPEG, PNG or TIFF to keep them")
		}
		return carried{}
	}
	if format != "png" && c.icc == nil {
		if text := chunkColours(m.Meta.Chunks); text != "" {
			lost("the colour space of the PNG ("+text+")", "the picture will be taken for sRGB: write PNG to keep it")
		}
	}
	return c
}

// shortEXIF brings an EXIF block to a length: first it is put together anew without
// what no directory points to, then without maker notes, then it goes.
func shortEXIF(block []byte, limit int, lost func(what, why string)) []byte {
	if len(block) <= limit {
		return block
	}
	t, err := openTIFF(block)
	if err != nil { // rewriteEXIF has read it
		return nil
	}
	for _, leaveOut := range []uint16{0, tagMakerNote} {
		t.leaveOut = leaveOut
		dir, _, err := t.dir(t.first)
		if err != nil {
			return nil
		}
		b := append([]byte(nil), block[:4]...)
		if b, ok := t.copyDir(t.order.AppendUint32(b, 8), dir, 0); ok && len(b) <= limit {
			if leaveOut != 0 {
				lost("the maker notes of EXIF", "JPEG holds 64 KB of EXIF: write PNG or TIFF to keep them")
			}
			return b
		}
	}
	lost("EXIF", fmt.Sprintf("its %d bytes are more than JPEG holds: write PNG or TIFF to keep it", len(block)))
	return nil
}
