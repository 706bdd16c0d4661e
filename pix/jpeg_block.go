package pix

import "math/bits"

// codeError is what is wrong with the code of a block. Where a bit flips, the codes
// that follow are mostly good ones of other symbols, so it tends to show blocks later.
type codeError string

const (
	errCode    codeError = "no code begins like this"
	errShort   codeError = "the data end within a block"
	errSymbol  codeError = "a code that has no meaning here"
	errOutside codeError = "a coefficient beyond the end of its block"
	errRange   codeError = "a block far darker or brighter than samples can be"
)

func (e codeError) Error() string { return string(e) }

// wrong says why a symbol could not be read.
func (r *bitReader) wrong(d *huffmanDecoder) error {
	if _, length := d.find(r.next()); length == 0 && r.n >= 16 {
		return errCode
	}
	return errShort
}

// maxDC is the longest difference of two DC coefficients of 8-bit samples, in bits
// (ITU-T T.81, table F.1).
const maxDC = 11

// block reads a block of a sequential JPEG (ITU-T T.81, F.2.2) and calls f, where
// there is one, with every symbol: whether it is one of AC, and the bits behind it, as
// many as the lower four bits of the symbol say. It returns how far the DC coefficient is
// from that of the component's block before. The error is a codeError, or f's.
func (r *bitReader) block(dc, ac *huffmanDecoder, f func(ac bool, symbol byte, extra uint32) error) (difference int, err error) {
	symbol, extra, ok := r.symbol(dc)
	if !ok {
		return 0, r.wrong(dc)
	}
	if symbol > maxDC {
		return 0, errSymbol
	}
	difference = extend(symbol, extra)
	if f != nil {
		if err := f(false, symbol, extra); err != nil {
			return 0, err
		}
	}
	for k := 1; k < 64; {
		symbol, extra, ok := r.symbol(ac)
		if !ok {
			return 0, r.wrong(ac)
		}
		if f != nil {
			if err := f(true, symbol, extra); err != nil {
				return 0, err
			}
		}
		switch run := int(symbol >> 4); {
		case symbol&15 != 0:
			k += run + 1
		case symbol == 0: // the rest is zero
			return difference, nil
		case run == 15:
			k += 16
		default:
			return 0, errSymbol
		}
		if k > 64 {
			return 0, errOutside
		}
	}
	return difference, nil
}

// extend is the number that so many bits stand for (ITU-T T.81, F.2.2.1, EXTEND).
func extend(size byte, bits uint32) int {
	if size > 0 && bits>>(size-1) == 0 {
		return int(bits) - 1<<size + 1
	}
	return int(bits)
}

// A band is the part of a block's coefficients that a scan of a progressive JPEG
// codes: those from ss to se in zigzag order (ITU-T T.81, G.1.1.1.1).
type band struct {
	ss, se int
	run    int // so many blocks, from the next on, have no new coefficients (EOBRUN)
}

// first reads the band of a block in the first scan that codes it (ITU-T T.81,
// G.1.2.2), ss being above 0, and adds to nonzero, bit by coefficient, those that it
// finds. The error is a codeError.
func (b *band) first(r *bitReader, ac *huffmanDecoder, nonzero *uint64) error {
	if b.run > 0 {
		b.run--
		return nil
	}
	for k := b.ss; k <= b.se; k++ {
		symbol, ok := r.code(ac)
		if !ok {
			return r.wrong(ac)
		}
		skip, size := int(symbol>>4), uint(symbol&15)
		if size == 0 && skip < 15 {
			return b.end(r, skip)
		}
		if k += skip; k > b.se {
			return errOutside
		}
		if size > 0 {
			if _, ok := r.bits(size); !ok {
				return errShort
			}
			*nonzero |= 1 << k
		}
	}
	return nil
}

// end reads how many blocks, of which this is the first, end here.
func (b *band) end(r *bitReader, size int) error {
	extra, ok := r.bits(uint(size))
	if !ok {
		return errShort
	}
	b.run = 1<<size + int(extra) - 1
	return nil
}

// refine reads the band of a block in a later scan, which adds a bit to each
// coefficient that is not zero and codes those that no longer are (ITU-T T.81,
// G.1.2.3). The error is a codeError.
func (b *band) refine(r *bitReader, ac *huffmanDecoder, nonzero *uint64) error {
	k := b.ss
	// pass goes on to the zero coefficient that has so many others before it, or beyond
	// the band, over a bit for each coefficient that is not zero.
	pass := func(zeros int) bool {
		for ; k <= b.se; k++ {
			if *nonzero>>k&1 != 0 {
				if _, ok := r.bits(1); !ok {
					return false
				}
			} else if zeros--; zeros < 0 {
				break
			}
		}
		return true
	}
	for ; b.run == 0 && k <= b.se; k++ {
		symbol, ok := r.code(ac)
		if !ok {
			return r.wrong(ac)
		}
		skip, size := int(symbol>>4), symbol&15
		if size > 1 {
			return errSymbol
		}
		if size == 0 && skip < 15 {
			if err := b.end(r, skip); err != nil {
				return err
			}
			b.run++ // the rest of this block is still to be read
			break
		}
		if size == 1 {
			if _, ok := r.bits(1); !ok { // the sign
				return errShort
			}
		}
		if !pass(skip) {
			return errShort
		}
		if k > b.se {
			return errOutside
		}
		if size == 1 {
			*nonzero |= 1 << k
		}
	}
	if b.run > 0 {
		b.run--
		if more := *nonzero >> k << (63 - b.se + k); !r.skip(bits.OnesCount64(more)) {
			return errShort
		}
	}
	return nil
}
