package pix

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// A jpegCheck walks through the coded samples of a JPEG and finds whether they are
// what its headers say (ITU-T T.81, annexes B, F and G). Most decoders make a picture of
// whatever they find: where a code is no longer the right one they go on with the
// wrong ones, and what is left over behind the last block they pass over. Half a file
// would be a whole picture.
//
// Beside the file it takes 8 bytes for each block of a progressive JPEG.
type jpegCheck struct {
	data        []byte
	w, h        int
	hmax, vmax  int // the largest sampling factors
	progressive bool
	components  []checkComponent
	codes       [2][4]huffmanDecoder // DC and AC
	defined     [2][4]bool
	quant       [4]int // steps of the DC coefficients, by table
	interval    int    // MCUs between two restart markers, or 0
	scans       int    // so far
	unsupported error  // what is good but not for the decoder that follows
}

// checkComponent is a component of the frame.
type checkComponent struct {
	id, table    byte     // table: of quantisation
	h, v         int      // sampling factors
	blocks, rows int      // that hold samples of the picture
	stride       int      // blocks in a row with those that fill up the last MCU
	nonzero      []uint64 // progressive: for each block a bit for each coefficient that is not zero
	seen         bool     // whether a scan has begun it
}

// checkJPEG reports damage of the coded samples as ErrCorrupt, and as ErrUnsupported
// what is good and would be read wrongly all the same. What is wrong with the headers
// is the decoder's to say: there it returns errStream.
func checkJPEG(data []byte) error {
	c := &jpegCheck{data: data}
	for at := 2; ; {
		end := entropyEnd(data, at)
		if c.scans > 0 {
			// What is no segment here may have been a scan.
			if gap := data[at:end]; leftOver(&bitReader{data: gap}, gap) > 0 {
				return fmt.Errorf("%w: %d bytes of this jpeg stand where a segment should begin, and may have been a part of the picture", ErrCorrupt, len(gap))
			}
		}
		at = end
		for at < len(data) && data[at] == 0xff {
			at++
		}
		if at == len(data) {
			return errStream
		}
		marker := data[at]
		at++
		if marker == 0xd9 {
			return c.finish()
		}
		if marker >= 0xd0 && marker <= 0xd7 { // one too many; some encoders end with it
			continue
		}
		if at+2 > len(data) {
			return errStream
		}
		size := int(binary.BigEndian.Uint16(data[at:]))
		if size < 2 || at+size > len(data) {
			return errStream
		}
		body := data[at+2 : at+size]
		at += size
		var err error
		switch {
		case marker >= 0xc0 && marker <= 0xc2:
			err = c.frame(body, marker == 0xc2)
		case marker == 0xc4:
			err = c.tables(body)
		case marker == 0xdb:
			err = c.steps(body)
		case marker == 0xdd && len(body) == 2:
			c.interval = int(binary.BigEndian.Uint16(body))
		case marker == 0xda:
			at, err = c.scan(body, at)
		}
		if err != nil {
			return err
		}
	}
}

// entropyEnd finds the marker that ends coded samples: the first 0xff that is not
// followed by 0, or the end of the file.
func entropyEnd(data []byte, at int) int {
	for {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 {
			return len(data)
		}
		at += i
		if at+1 == len(data) || data[at+1] != 0 {
			return at
		}
		at += 2
	}
}

// frame reads SOF.
func (c *jpegCheck) frame(body []byte, progressive bool) error {
	if c.components != nil || len(body) < 6 || len(body) != 6+3*int(body[5]) || body[5] == 0 || body[5] > 4 {
		return errStream
	}
	c.h, c.w = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if c.w == 0 || c.h == 0 {
		return errStream
	}
	c.progressive, c.hmax, c.vmax = progressive, 1, 1
	for f := body[6:]; len(f) > 0; f = f[3:] {
		p := checkComponent{id: f[0], h: int(f[1] >> 4), v: int(f[1] & 15), table: f[2]}
		if len(body) == 6+3 { // a single component has no MCUs of several blocks, whatever its factors
			p.h, p.v = 1, 1
		}
		if p.h < 1 || p.h > 4 || p.v < 1 || p.v > 4 || p.table > 3 {
			return errStream
		}
		c.hmax, c.vmax = max(c.hmax, p.h), max(c.vmax, p.v)
		c.components = append(c.components, p)
	}
	across, down := c.mcus()
	for i := range c.components {
		p := &c.components[i]
		p.blocks = ceilDiv(ceilDiv(c.w*p.h, c.hmax), 8)
		p.rows = ceilDiv(ceilDiv(c.h*p.v, c.vmax), 8)
		p.stride = across * p.h
		if progressive {
			p.nonzero = make([]uint64, p.stride*down*p.v)
		}
	}
	return nil
}

// mcus is how many MCUs of all components lie side by side and one below the other.
func (c *jpegCheck) mcus() (across, down int) {
	return ceilDiv(c.w, 8*c.hmax), ceilDiv(c.h, 8*c.vmax)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// tables reads DHT.
func (c *jpegCheck) tables(body []byte) error {
	return huffmanTables(body, func(class, id byte, counts [16]byte, symbols []byte) error {
		c.defined[class][id] = true
		if !c.codes[class][id].set(counts, symbols) {
			return fmt.Errorf("%w: a table of this jpeg has more codes than there are", ErrCorrupt)
		}
		return nil
	})
}

// steps reads DQT.
func (c *jpegCheck) steps(body []byte) error {
	for len(body) > 0 {
		wide, table := int(body[0]>>4), body[0]&15
		if wide > 1 || table > 3 || len(body) < 1+64<<wide {
			return errStream
		}
		c.quant[table] = int(body[1])
		if wide > 0 {
			c.quant[table] = int(binary.BigEndian.Uint16(body[1:]))
		}
		body = body[1+64<<wide:]
	}
	return nil
}

// finish says what is missing at the end of the picture.
func (c *jpegCheck) finish() error {
	if c.scans == 0 {
		return errStream
	}
	for i := range c.components {
		if !c.components[i].seen {
			return fmt.Errorf("%w: the samples of component %d of this jpeg are missing", ErrCorrupt, i+1)
		}
	}
	return c.unsupported
}

// maxPadding is how many bytes, all 0 or all 255, may stand between the last block of
// a scan and the marker behind it: some cameras write them.
const maxPadding = 64

// leftOver counts the bytes that r has not read of raw, which goes up to a marker; 0
// where they are padding: 1 bits up to the next byte (ITU-T T.81, F.1.2.3), or 0 bits as
// some encoders have it, and perhaps such bytes. Zeros that reach back into what was
// read are none: so ends a file that was filled up with them.
func leftOver(r *bitReader, raw []byte) int {
	part := r.n % 8
	left := int(r.n/8) + len(r.data)
	bits, _ := r.bits(part)
	if bits != 0 && bits != 1<<part-1 {
		return left + 1
	}
	if left == 0 {
		return 0
	}
	first, _ := r.bits(8)
	if first != 0 && first != 255 || first == 0 && len(raw)-len(bytes.TrimRight(raw, "\x00")) > maxPadding {
		return left
	}
	for n := 1; n <= maxPadding; n++ {
		next, more := r.bits(8)
		if !more {
			return 0
		}
		if next != first {
			break
		}
	}
	return left
}
