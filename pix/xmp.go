package pix

import (
	"bytes"
	"regexp"
	"strconv"
)

// What an XMP packet says of the file that it stood in, by the names that
// everybody uses (XMP specification, parts 1 to 3).
var (
	xmpOrientation = xmpNumber("tiff:Orientation")
	xmpWidth       = xmpNumber("(?:tiff:ImageWidth|exif:PixelXDimension)")
	xmpHeight      = xmpNumber("(?:tiff:ImageLength|exif:PixelYDimension)")
	xmpThumbnails  = regexp.MustCompile(`(?s)<(xmp|xap):Thumbnails[\s>].*?</(?:xmp|xap):Thumbnails>`)
	xmpExtended    = regexp.MustCompile(`\sxmpNote:HasExtendedXMP\s*=\s*(?:"[^"]*"|'[^']*')|<xmpNote:HasExtendedXMP>[^<]*</xmpNote:HasExtendedXMP>`)
)

// xmpNumber matches a property with a whole number, as an attribute or as an
// element; the number is what stands between the two groups.
func xmpNumber(name string) *regexp.Regexp {
	return regexp.MustCompile(`(\s` + name + `\s*=\s*["']\s*|<` + name + `>\s*)[0-9]+(\s*["'<])`)
}

// rewriteXMP returns an XMP packet for a picture of w by h samples: the orientation
// is 1 where the picture was turned upright, sizes that are there become w and h,
// thumbnails of the old picture go, and so does the name of a second packet, which
// is not kept. All else stays as it is, in packets of UTF-16 or UTF-32 everything.
func rewriteXMP(packet []byte, w, h int, upright bool) []byte {
	if len(packet) == 0 {
		return nil
	}
	if upright {
		packet = xmpOrientation.ReplaceAll(packet, []byte("${1}1${2}"))
	}
	for _, p := range []struct {
		number *regexp.Regexp
		v      int
	}{{xmpWidth, w}, {xmpHeight, h}} {
		packet = p.number.ReplaceAll(packet, []byte("${1}"+strconv.Itoa(p.v)+"${2}"))
	}
	packet = xmpThumbnails.ReplaceAll(packet, nil)
	return bytes.Clone(xmpExtended.ReplaceAll(packet, nil))
}
