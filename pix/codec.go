package pix

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// codec is one file format. Adding one is a file that defines its codec and a
// line in the table below.
type codec struct {
	name, ext string

	// sniff tells whether a file beginning with head is of this format.
	sniff func(head []byte) bool

	// scan reads the structure of a file, without its samples: the facts of the
	// header and the metadata. It trusts no length. With whole unset, data may be
	// only the beginning of the file, and the header's facts are enough: it stops
	// once it has them, and an error means that more is needed.
	scan func(data []byte, whole bool) (*container, error)

	// decode reads the samples of a file that scan accepted and whose Frames
	// is 1. It may fill in Depth; the rest of Meta is taken from the container.
	decode func(data []byte, c *container) (*Image, error)

	// encode writes a picture with what is to be carried over; nil where the format
	// can only be read.
	encode func(w io.Writer, m *Image, c carried, o EncodeOptions) error

	// cost is what Cost returns.
	cost func(h Header) (decode, encode int64)
}

// codecs in the order in which they are asked.
var codecs = []*codec{&jpegCodec, &pngCodec, &tiffCodec, &webpCodec, &gifCodec, &bmpCodec}

// container is what scan found.
type container struct {
	Header
	meta        Meta
	orientation int  // EXIF's 1..8; 0 where the file does not say
	cmyk        bool // JPEG: four components
	animated    bool // WebP: an animation
	page        page // TIFF: the directory of the picture
}

// Header says what a file holds, as far as that is known without decoding it.
type Header struct {
	Format string // as in Meta
	W, H   int    // as stored: an EXIF orientation of 5 to 8 swaps them in the decoded picture
	Depth  int    // 8 or 16
	Planes int    // 1 or 3; a palette counts as 3 even where Decode finds only greys in it
	Alpha  bool   // whether the file can hold opacity
	Frames int    // pages or frames; Decode wants exactly one
}

// Limits bound what a file may ask for. Zero fields mean those of DefaultLimits.
type Limits struct {
	MaxPixels int64 // width times height
	MaxBytes  int64 // of the file
}

// DefaultLimits admits any photograph of today's cameras and most scans.
var DefaultLimits = Limits{MaxPixels: 250_000_000, MaxBytes: 2 << 30}

// Errors that Decode, DecodeHeader and Encode wrap. What wraps ErrUnsupported
// says what to do.
var (
	ErrEmpty       = errors.New("the file is empty")
	ErrFormat      = errors.New("not a picture in a format that can be read")
	ErrUnsupported = errors.New("this kind of picture is not supported")
	ErrCorrupt     = errors.New("the file is damaged or incomplete")
	ErrLimit       = errors.New("the picture is too large")
	ErrFrames      = errors.New("the file holds several pictures")
)

// formats lists the names of the codecs, or of those that can write.
func formats(writable bool) string {
	var names []string
	for _, c := range codecs {
		if !writable || c.encode != nil {
			names = append(names, c.name)
		}
	}
	return strings.Join(names, ", ")
}

// writable returns the codec that writes a format. The error says what can be
// written.
func writable(name string) (*codec, error) {
	c := codecFor(alias(name))
	switch {
	case c == nil:
		return nil, fmt.Errorf("%w: no format %q to write: choose one of %s", ErrUnsupported, name, formats(true))
	case c.encode == nil:
		return nil, fmt.Errorf("%w: %s can be read but not written: choose one of %s", ErrUnsupported, c.name, formats(true))
	}
	return c, nil
}

func codecFor(name string) *codec {
	for _, c := range codecs {
		if c.name == name {
			return c
		}
	}
	return nil
}

// Cost estimates, on the high side, how many bytes decoding and encoding a
// picture (at the default quality) take at their peak beside the planes
// themselves (2 bytes a sample) and the encoded file, for a picture of the header's size, depth and planes. An
// unknown format costs what the dearest one does.
func Cost(h Header) (decode, encode int64) {
	for _, c := range codecs {
		if c.name != h.Format && codecFor(h.Format) != nil {
			continue
		}
		d, e := c.cost(h)
		decode, encode = max(decode, d), max(encode, e)
	}
	return decode, encode
}

// check refuses headers that no decoder should see.
func (h Header) check(lim Limits) error {
	switch {
	case h.W <= 0 || h.H <= 0:
		return fmt.Errorf("%w: its header says %dx%d pixels", ErrCorrupt, h.W, h.H)
	case int64(h.W) > lim.MaxPixels/int64(h.H):
		return fmt.Errorf("%w: %dx%d pixels are %s megapixels, the limit is %s: raise the limit, or scale the picture down first",
			ErrLimit, h.W, h.H, megapixels(float64(h.W)*float64(h.H)), megapixels(float64(lim.MaxPixels)))
	case h.Frames > 1:
		return fmt.Errorf("%w: %d pages or frames: split it into one file each", ErrFrames, h.Frames)
	}
	return nil
}

// megapixels is a number of pixels as text: four digits, or all that stand
// before the point.
func megapixels(pixels float64) string {
	if mp := pixels / 1e6; mp < 1000 {
		return fmt.Sprintf("%.4g", mp)
	}
	return fmt.Sprintf("%.0f", pixels/1e6)
}
