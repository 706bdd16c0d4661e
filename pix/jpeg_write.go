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
	return jpegli.Encode(&jpegSplicer{w: w, head: c.headJPEG()}, src, &jpegli.EncodingOptions{
		Quality:              quality,
		ChromaSubsampling:    image.YCbCrSubsampleRatio444,
		ProgressiveLevel:     0, // higher levels take several times the memory
		OptimizeCoding:       true,
		AdaptiveQuantization: true,
	})
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

// jpegSplicer passes a JPEG on with another beginning: head takes the place of SOI
// and of a JFIF segment behind it.
type jpegSplicer struct {
	w     io.Writer
	head  []byte // nil once it is written
	start []byte // of the JPEG, as far as it is needed to know where it goes on
}

func (s *jpegSplicer) Write(p []byte) (int, error) {
	if s.head == nil {
		return s.w.Write(p)
	}
	// Four bytes tell whether there is a JFIF segment, two more how long it is.
	used := min(len(p), max(0, 6-len(s.start)))
	s.start = append(s.start, p[:used]...)
	if len(s.start) < 6 {
		return len(p), nil
	}
	skip := 2
	if s.start[2] == 0xff && s.start[3] == 0xe0 {
		skip += 2 + int(binary.BigEndian.Uint16(s.start[4:]))
	}
	if missing := skip - len(s.start); missing > 0 {
		n := min(missing, len(p)-used)
		s.start = append(s.start, p[used:used+n]...)
		if used += n; n < missing {
			return len(p), nil
		}
	}
	for _, part := range [][]byte{s.head, s.start[skip:], p[used:]} {
		if _, err := s.w.Write(part); err != nil {
			return 0, err
		}
	}
	s.head, s.start = nil, nil
	return len(p), nil
}
