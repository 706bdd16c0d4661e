package pix

import (
	"encoding/binary"
	"fmt"
	"image"
	"io"

	"github.com/gen2brain/jpegli"
)

// DefaultQuality is the quality of JPEG files where EncodeOptions says none.
const DefaultQuality = 95

func encodeJPEG(w io.Writer, m *Image, c carried, o EncodeOptions) (err error) {
	if m.Alpha != nil {
		return fmt.Errorf("%w: JPEG cannot hold opacity: write PNG instead", ErrUnsupported)
	}
	if m.W > 65535 || m.H > 65535 {
		return fmt.Errorf("%w: %dx%d pixels, and JPEG goes up to 65535 each way: write PNG instead", ErrLimit, m.W, m.H)
	}
	if int64(m.W)*int64(m.H) > 250_000_000 { // the encoder's memory has 32-bit addresses
		return fmt.Errorf("%w: %dx%d pixels are more than the JPEG encoder's memory holds: write PNG instead", ErrLimit, m.W, m.H)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the JPEG encoder failed (%v): write PNG instead", p)
		}
	}()
	var src image.Image
	if m.Grey() {
		grey := image.NewGray(image.Rect(0, 0, m.W, m.H))
		for i, v := range m.Planes[0] {
			grey.Pix[i] = to8(v)
		}
		src = grey
	} else {
		src = m.toNRGBA()
	}
	quality := o.Quality
	if quality == 0 {
		quality = DefaultQuality
	}
	out := &jpegOutput{w: w, head: c.headJPEG()}
	err = jpegli.Encode(out, src, &jpegli.EncodingOptions{
		Quality:              quality,
		ChromaSubsampling:    image.YCbCrSubsampleRatio444,
		ProgressiveLevel:     0,     // higher levels take several times the memory
		OptimizeCoding:       false, // it often takes three pairs of codes, and baseline has two: jpegOutput does it
		AdaptiveQuantization: true,
	})
	if err != nil {
		return err
	}
	return out.close()
}

// headJPEG returns what stands at the start of a JPEG: SOI, JFIF, and the segments
// of metadata. EXIF wants to be the first segment and so does JFIF; readers look
// for both in the order in which they stand here, which is that of most programs.
func (c carried) headJPEG() []byte {
	unit, x, y := c.density.jfif()
	out := []byte{0xff, 0xd8}
	add := func(marker byte, parts ...[]byte) {
		size := 2
		for _, p := range parts {
			size += len(p)
		}
		out = binary.BigEndian.AppendUint16(append(out, 0xff, marker), uint16(size))
		for _, p := range parts {
			out = append(out, p...)
		}
	}
	add(0xe0, []byte{'J', 'F', 'I', 'F', 0, 1, 2, unit, byte(x >> 8), byte(x), byte(y >> 8), byte(y), 0, 0})
	if c.exif != nil {
		add(0xe1, []byte(exifIdentifier), c.exif)
	}
	if c.xmp != nil {
		add(0xe1, []byte(xmpIdentifier), c.xmp)
	}
	if c.icc != nil {
		n := (len(c.icc) + maxICCSegment - 1) / maxICCSegment
		for i := range n {
			part := c.icc[i*maxICCSegment:]
			add(0xe2, []byte(iccIdentifier), []byte{byte(i + 1), byte(n)}, part[:min(len(part), maxICCSegment)])
		}
	}
	// Readers put together what is spread over several segments.
	for r := resourceIPTC(c.iptc); len(r) > 0; {
		n := min(len(r), maxIPTCSegment)
		add(0xed, []byte(iptcIdentifier), r[:n])
		r = r[n:]
	}
	return append(out, c.segments...)
}

// jpegOutput passes on what the encoder writes, with another beginning and better
// codes. The encoder writes all at once, from memory of its own; should it not, the
// parts are collected until close.
type jpegOutput struct {
	w    io.Writer
	head []byte
	done bool
	buf  []byte
}

func (j *jpegOutput) Write(p []byte) (int, error) {
	if j.buf == nil {
		if s, err := parseJPEG(p); err == nil {
			if err := s.writeOptimal(j.w, j.head); err != errStream {
				j.done = true
				return len(p), err
			}
		}
	}
	j.buf = append(j.buf, p...)
	return len(p), nil
}

func (j *jpegOutput) close() error {
	if j.done {
		return nil
	}
	s, err := parseJPEG(j.buf)
	if err == nil {
		err = s.writeOptimal(j.w, j.head)
	}
	if err == errStream {
		return fmt.Errorf("the JPEG encoder wrote what cannot be read: write PNG instead")
	}
	return err
}
