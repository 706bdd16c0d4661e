package pix

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// EncodeOptions say how a picture is written.
type EncodeOptions struct {
	Format  string // "jpeg", "png", "tiff" or "bmp"; empty: Meta.Format
	Quality int    // of JPEG, 1 to 100; 0: DefaultQuality

	// Note is told of each part of the metadata that is not written, and why, in
	// a sentence for the user; nil where nobody asks.
	Note func(text string)
}

// Encode writes a picture. PNG and TIFF have 16 bits a sample where Meta.Depth is
// 16; otherwise, and in the other formats, samples are rounded to 8 bits. JPEG is
// written without chroma subsampling.
//
// A picture with a Meta.Palette becomes a PNG of indices (colour type 3, 8 bits)
// with that palette. In other formats, and with opacity, its colours are written
// as RGB.
//
// The metadata are written as far as the format holds them: EXIF, XMP and
// resolution in JPEG, PNG and TIFF, IPTC in JPEG and TIFF, and the ICC profile in
// all three where it fits the samples. What they say of the file changes with
// it: the orientation is 1, sizes are those of m, thumbnails go. Damaged blocks and
// blocks that the format cannot hold are left out, which o.Note learns; they are
// never an error.
//
// The error
// wraps ErrUnsupported where the format cannot be written or cannot hold the
// picture, and ErrLimit where the picture is too large for it, and says what to
// do; or it is w's own. w may then have got a part.
func Encode(w io.Writer, m *Image, o EncodeOptions) error {
	name := o.Format
	if name == "" {
		name = m.Meta.Format
	}
	c, err := writable(name)
	if err != nil {
		return err
	}
	if o.Quality < 0 || o.Quality > 100 {
		return fmt.Errorf("%w: quality %d: choose one from 1 to 100", ErrUnsupported, o.Quality)
	}
	if m.W <= 0 || m.H <= 0 || len(m.Planes) != 1 && len(m.Planes) != 3 {
		return fmt.Errorf("%w: a picture of %dx%d samples and %d planes: give it samples in 1 or 3 planes", ErrUnsupported, m.W, m.H, len(m.Planes))
	}
	if m.paletted() {
		if err := m.checkPalette(); err != nil {
			return err
		}
		if c != &pngCodec || m.Alpha != nil {
			m = m.Colours()
		}
	}
	return c.encode(w, m, m.carry(c.name, o.Note), o)
}

// OutputFormat says in which format, and with which ending, the result of a
// picture is written: want ("jpeg" or "jpg", "png", "tiff" or "tif", "bmp"),
// or where it is empty the format that the picture was read from. What cannot be
// written as it was read changes:
//
//	read as         written as
//	gif             png (a palette of 256 colours holds no photograph)
//	CMYK jpeg       jpeg, in RGB
//	webp            png (no encoder in pure Go writes valid files for all pictures)
//	16 bits         8 bits in jpeg and bmp; 16 in png and tiff
//	no file         png
//
// Opacity has no place in a JPEG: Encode refuses it. The error names the formats
// that there are.
func OutputFormat(meta Meta, want string) (format, ext string, err error) {
	if want == "" {
		c := codecFor(meta.Format)
		if c == nil || c.encode == nil {
			c = &pngCodec
		}
		return c.name, c.ext, nil
	}
	c, err := writable(want)
	if err != nil {
		return "", "", err
	}
	return c.name, c.ext, nil
}

// alias turns the usual short names into ours.
func alias(name string) string {
	switch name = strings.ToLower(name); name {
	case "jpg":
		return "jpeg"
	case "tif":
		return "tiff"
	}
	return name
}

// WriteFile encodes a picture into a file, and makes the folders that it lies in.
// What has the name is written over. It is for pictures to be looked at: a program
// that is ended meanwhile leaves a part of one.
func WriteFile(name string, m *Image, o EncodeOptions) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	err = Encode(f, m, o)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// NewFolder makes a folder for files of WriteFile. One that holds something already
// is an error, so that nothing is written over.
func NewFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("the folder %s is not empty: choose a new one", dir)
	}
	return err
}
