package pix

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
)

// firstRead is how much of a file is read before its header is looked at. It
// covers the whole header of most files.
const firstRead = 64 << 10

// DecodeHeader reads as much of a file as its header takes and checks it
// against the limits. The format is told by the content. The error wraps
// ErrEmpty, ErrFormat, ErrUnsupported, ErrCorrupt, ErrLimit or ErrFrames, or is
// r's own; with the last two the header is filled in all the same.
func DecodeHeader(r io.Reader, lim Limits) (Header, error) {
	_, _, c, err := open(r, lim)
	if c == nil {
		return Header{}, err
	}
	return c.Header, err
}

// Decode reads a picture and its metadata. The format is told by the content;
// limits are checked before memory is taken. The samples come out as a viewer
// shows them:
//
//   - turned upright by the EXIF orientation;
//   - subsampled chroma interpolated, not repeated;
//   - palettes as RGB, or as grey where all their colours are; 1, 2 and 4 bits
//     scaled to 8;
//   - CMYK as RGB by the plain formula, without its profile, which would be
//     wrong for the result;
//   - opacity not multiplied into the colours, and exact at 16 bits.
//
// A damaged or truncated file is an error, never a part of a picture, and one
// with several pages or frames is refused instead of being cut to the first.
// Errors are those of DecodeHeader.
func Decode(r io.Reader, lim Limits) (*Image, error) {
	buf, format, _, err := open(r, lim)
	if err != nil {
		return nil, err
	}
	if left := min(sizeOf(r), lim.orDefault().MaxBytes); left > 0 {
		buf.Grow(int(left) + 2*bytes.MinRead) // doubling would take up to thrice the file's size
	}
	if err := readUpTo(buf, r, math.MaxInt64, lim); err != nil {
		return nil, err
	}
	data := buf.Bytes()
	// Again over the whole, for the metadata that stand behind the samples.
	c, err := scan(format, data, true)
	if err != nil {
		return nil, err
	}
	if err := c.check(lim.orDefault()); err != nil {
		return nil, err
	}
	m, err := safely(format, func() (*Image, error) { return format.decode(data, c) })
	if err != nil {
		return nil, err
	}
	if m.W != c.W || m.H != c.H {
		return nil, fmt.Errorf("%w: a %s of %dx%d pixels where its header says %dx%d", ErrCorrupt, format.name, m.W, m.H, c.W, c.H)
	}
	depth := m.Meta.Depth
	m.Meta = c.meta
	m.Meta.Format, m.Meta.Depth, m.Meta.Orientation = format.name, depth, c.orientation
	m.dropOpaque()
	if c.orientation >= 5 {
		m.Meta.Density.X, m.Meta.Density.Y = m.Meta.Density.Y, m.Meta.Density.X
	}
	return m.Orient(c.orientation), nil
}

// open reads the beginning of a file, as far as its header takes.
func open(r io.Reader, lim Limits) (*bytes.Buffer, *codec, *container, error) {
	lim = lim.orDefault()
	if size := sizeOf(r); size > lim.MaxBytes { // a sparse file can be huge and take no place
		return nil, nil, nil, tooLong(lim)
	}
	buf := new(bytes.Buffer)
	var format *codec
	for size := int64(firstRead); ; size *= 4 {
		if err := readUpTo(buf, r, size, lim); err != nil {
			return nil, nil, nil, err
		}
		data := buf.Bytes()
		if format == nil {
			if format = sniff(data); format == nil {
				return nil, nil, nil, unknown(data)
			}
		}
		whole := int64(len(data)) < size
		c, err := scan(format, data, false)
		if err != nil && !whole {
			continue
		}
		if err != nil {
			if c, err = scan(format, data, true); err != nil {
				if c != nil && c.W > 0 { // cut short, but the size is known: too large says more
					if e := c.check(lim); errors.Is(e, ErrLimit) {
						err = e
					}
				}
				return nil, nil, nil, err
			}
		}
		return buf, format, c, c.check(lim)
	}
}

func sniff(data []byte) *codec {
	for _, c := range codecs {
		if c.sniff(data) {
			return c
		}
	}
	return nil
}

// unknown says what is wrong with a file of no known format.
func unknown(data []byte) error {
	if len(data) == 0 {
		return ErrEmpty
	}
	return fmt.Errorf("%w: its content is none of %s", ErrFormat, formats(false))
}

// scan calls the codec's own and completes what it found. With an error, what
// was found is incomplete, or nil.
func scan(format *codec, data []byte, whole bool) (*container, error) {
	c, err := safely(format, func() (*container, error) { return format.scan(data, whole) })
	if err != nil {
		return c, err
	}
	c.Format = format.name
	if c.orientation == 0 {
		c.orientation = exifOrientation(c.meta.EXIF)
	}
	if c.meta.Density == (Density{}) {
		c.meta.Density = exifDensity(c.meta.EXIF)
	}
	return c, nil
}

// readUpTo fills buf until it holds size bytes or r ends.
func readUpTo(buf *bytes.Buffer, r io.Reader, size int64, lim Limits) error {
	// One byte more than the limit tells a file that is too long from one that
	// just fits.
	size = min(size, lim.orDefault().MaxBytes+1)
	_, err := io.CopyN(buf, r, size-int64(buf.Len()))
	if err != nil && err != io.EOF {
		return fmt.Errorf("reading the picture: %w", err)
	}
	if lim = lim.orDefault(); int64(buf.Len()) > lim.MaxBytes {
		return tooLong(lim)
	}
	return nil
}

func tooLong(lim Limits) error {
	return fmt.Errorf("%w: the file has more than %d bytes, which is the limit: raise it, or scale the picture down first", ErrLimit, lim.MaxBytes)
}

// sizeOf is about how much there is to read, or 0 where r does not tell.
func sizeOf(r io.Reader) int64 {
	switch f := r.(type) {
	case interface{ Len() int }:
		return int64(f.Len())
	case interface{ Stat() (fs.FileInfo, error) }:
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return info.Size()
		}
	}
	return 0
}

func (l Limits) orDefault() Limits {
	if l.MaxPixels <= 0 {
		l.MaxPixels = DefaultLimits.MaxPixels
	}
	if l.MaxBytes <= 0 {
		l.MaxBytes = DefaultLimits.MaxBytes
	}
	return l
}

// safely turns a panic of a decoder, and any error that is not one of ours, into
// ErrCorrupt: what the decoders say of a file that they cannot read differs from
// one to the next.
func safely[T any](format *codec, f func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the %s decoder failed: %v", ErrCorrupt, format.name, p)
		}
	}()
	result, err = f()
	for _, own := range []error{nil, ErrUnsupported, ErrCorrupt, ErrLimit, ErrFrames, ErrFormat} {
		if errors.Is(err, own) {
			return result, err
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return result, fmt.Errorf("%w: this %s ends too early", ErrCorrupt, format.name)
	}
	return result, fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// asUnsupported marks the error of a decoder as ErrUnsupported where it is of
// the type by which that decoder says so, with what to do.
func asUnsupported[U error](err error) error {
	var u U
	if errors.As(err, &u) {
		return fmt.Errorf("%w: %w: save it as a plain PNG or TIFF", ErrUnsupported, err)
	}
	return err
}
