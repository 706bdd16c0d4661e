package pix

import (
	"fmt"
)

// jpegScan is a scan of a JPEG: the blocks of one component in their order, or those of
// several by MCUs (ITU-T T.81, A.2).
type jpegScan struct {
	*jpegCheck
	parts  []scanPart
	across int // MCUs side by side
	mcus   int
	height int // of an MCU, in rows of the picture
	band   band
	low    uint // bits that later scans add to the coefficients
	refine bool // whether it adds a bit to what earlier scans have
}

// scanPart is a component of a scan.
type scanPart struct {
	*checkComponent
	dc, ac *huffmanDecoder
	h, v   int // blocks of an MCU
	last   int // DC coefficient, as coded
	bright int // the largest that it may be, and the smallest below 0
}

// scan goes through a scan with the given SOS segment, whose samples begin at the given
// place. It returns where they end.
func (c *jpegCheck) scan(body []byte, at int) (int, error) {
	s, err := c.scanHeader(body)
	if err != nil {
		return at, err
	}
	c.scans++
	for mcu := 0; ; {
		end := entropyEnd(c.data, at)
		raw := c.data[at:end]
		last := s.mcus
		if c.interval > 0 {
			last = min(last, mcu+c.interval)
		}
		r := bitReader{data: raw}
		s.band.run = 0
		for i := range s.parts {
			s.parts[i].last = 0
		}
		for ; mcu < last; mcu++ {
			if err := s.mcu(&r, mcu); err != nil {
				if err == errShort && end == len(c.data) {
					return end, s.damage(mcu, "the file ends there")
				}
				return end, s.damage(mcu, err.Error())
			}
		}
		if s.band.run > 0 {
			return end, s.damage(mcu-1, "a run of blocks goes on behind the last one")
		}
		if left := leftOver(&r, raw); left > 0 {
			if mcu == s.mcus {
				return end, s.tooMuch(left, len(raw))
			}
			return end, s.damage(mcu-1, fmt.Sprintf("bytes too many before a restart marker: %d", left))
		}
		if mcu == s.mcus {
			return end, nil
		}
		for at = end; at < len(c.data) && c.data[at] == 0xff; {
			at++
		}
		number := (mcu/c.interval - 1) % 8
		if at == len(c.data) || c.data[at] != byte(0xd0+number) {
			return end, s.damage(mcu, fmt.Sprintf("restart marker %d is missing", number))
		}
		at++
	}
}

// scanHeader reads SOS.
func (c *jpegCheck) scanHeader(body []byte) (*jpegScan, error) {
	if len(body) < 1 || len(body) != 4+2*int(body[0]) || int(body[0]) > len(c.components) || body[0] == 0 {
		return nil, errStream
	}
	n := int(body[0])
	s := &jpegScan{jpegCheck: c, band: band{ss: 0, se: 63}}
	if c.progressive {
		last := body[1+2*n:]
		s.band.ss, s.band.se, s.refine = int(last[0]), int(last[1]), last[2]>>4 > 0
		s.low = uint(last[2] & 15)
		if s.band.ss > s.band.se || s.band.se > 63 || s.band.ss == 0 && s.band.se > 0 || s.band.ss > 0 && n > 1 {
			return nil, errStream
		}
	}
	for part := body[1 : 1+2*n]; len(part) > 0; part = part[2:] {
		dc, ac := part[1]>>4, part[1]&15
		p := scanPart{}
		for i := range c.components {
			if c.components[i].id == part[0] {
				p.checkComponent = &c.components[i]
			}
		}
		needsDC := s.band.ss == 0 && !s.refine
		needsAC := s.band.se > 0
		if p.checkComponent == nil || dc > 3 || ac > 3 || needsDC && !c.defined[0][dc] || needsAC && !c.defined[1][ac] {
			return nil, errStream
		}
		p.dc, p.ac, p.h, p.v = &c.codes[0][dc], &c.codes[1][ac], p.checkComponent.h, p.checkComponent.v
		p.seen = p.seen || needsDC
		// Samples of 8 bits give coefficients of up to 1024, and encoders round. A quarter
		// more is for those that sharpen.
		p.bright = 1280/max(1, c.quant[p.table])>>s.low + 1
		s.parts = append(s.parts, p)
	}
	across, down := c.mcus()
	s.height = 8 * c.vmax
	if n == 1 {
		p := &s.parts[0]
		s.height = 8 * c.vmax / p.v
		across, down, p.h, p.v = p.blocks, p.rows, 1, 1
		c.noteAlone(p.checkComponent)
	}
	s.across, s.mcus = across, across*down
	return s, nil
}

// noteAlone notes what image/jpeg reads wrongly in the scan of a single component of
// several: it counts restart intervals by the MCUs of all components, and takes for the
// blocks of a component those of the one with the largest factors.
func (c *jpegCheck) noteAlone(p *checkComponent) {
	across, down := c.mcus()
	switch {
	case len(c.components) == 1:
	case c.interval > 0 && p.h*p.v > 1 && c.interval < p.blocks*p.rows:
		c.unsupported = fmt.Errorf("%w: a JPEG with restart markers, subsampled colours and a scan of each component: save it as a baseline one", ErrUnsupported)
	case p.blocks != min(across*p.h, ceilDiv(c.w, 8)) || p.rows != min(down*p.v, ceilDiv(c.h, 8)):
		c.unsupported = fmt.Errorf("%w: a JPEG with sampling factors of %dx%d beside %dx%d: save it as a baseline one", ErrUnsupported, p.h, p.v, c.hmax, c.vmax)
	}
}

// mcu reads the blocks of an MCU. The error is a codeError.
func (s *jpegScan) mcu(r *bitReader, mcu int) error {
	x, y := mcu%s.across, mcu/s.across
	for i := range s.parts {
		p := &s.parts[i]
		for j := range p.h * p.v {
			var err error
			switch {
			case !s.progressive:
				var difference int
				if difference, err = r.block(p.dc, p.ac, nil); err == nil {
					err = p.step(difference)
				}
			case s.band.ss == 0 && s.refine:
				if _, ok := r.bits(1); !ok {
					err = errShort
				}
			case s.band.ss == 0:
				if symbol, extra, ok := r.symbol(p.dc); !ok {
					err = r.wrong(p.dc)
				} else if symbol > maxDC {
					err = errSymbol
				} else {
					err = p.step(extend(symbol, extra))
				}
			default:
				nonzero := &p.nonzero[(y*p.v+j/p.h)*p.stride+x*p.h+j%p.h]
				if s.refine {
					err = s.band.refine(r, p.ac, nonzero)
				} else {
					err = s.band.first(r, p.ac, nonzero)
				}
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// step goes on to the next DC coefficient. Each is coded as the difference from the one
// before, so where codes were misread, all that follow have the wrong level.
func (p *scanPart) step(difference int) error {
	p.last += difference
	if p.last > p.bright || -p.last > p.bright {
		return errRange
	}
	return nil
}

// damage says what is wrong with an MCU, or with what stands before it, and how much is
// lost from there on where that is known: where it is the only scan and there is no
// restart marker to go on from.
func (s *jpegScan) damage(mcu int, what string) error {
	row := min(mcu/s.across*s.height+1, s.h)
	var where, lost string
	if s.progressive {
		where = fmt.Sprintf("scan %d of ", s.scans)
	} else if s.interval == 0 && len(s.parts) == len(s.components) {
		lost = fmt.Sprintf("; about %d %% of the picture are lost", max(1, 100*(s.mcus-mcu)/s.mcus))
	}
	return fmt.Errorf("%w: %sthe samples of this jpeg break off at row %d of %d or before (%s)%s", ErrCorrupt, where, row, s.h, what, lost)
}

// tooMuch says that bytes of a scan are left over behind its last block, so codes before
// them were not those that were written.
func (s *jpegScan) tooMuch(left, all int) error {
	var where string
	if s.progressive {
		where = fmt.Sprintf("scan %d of ", s.scans)
	}
	return fmt.Errorf("%w: of %d bytes with samples of %sthis jpeg, %d are left over behind the last row: the picture is damaged somewhere", ErrCorrupt, all, where, left)
}
