package pix

import (
	"encoding/binary"
	"io"
	"slices"
)

// shortCode is the length of the codes that are found at once. Longer ones are rare,
// and tables for all 16 bits would not stay in the processor's nearest cache.
const shortCode = 10

// huffmanDecoder finds the symbol of a code. The zero value has no codes.
type huffmanDecoder struct {
	// For each beginning of shortCode bits, the symbol and the length of its code;
	// length 0 where the code is longer or there is none.
	short [1 << shortCode]struct{ symbol, length byte }

	// The codes of each length, taken as the first of 16 bits, lie below its end and
	// not below that of the length before. From the symbol at base on, they stand
	// for one symbol after the other.
	end     [17]uint32
	base    [17]int
	symbols [256]byte
}

// newHuffmanDecoder makes the codes of a DHT table (ITU-T T.81, annex C); nil where
// there are more than fit.
func newHuffmanDecoder(counts [16]byte, symbols []byte) *huffmanDecoder {
	d := new(huffmanDecoder)
	if !d.set(counts, symbols) {
		return nil
	}
	return d
}

// set replaces the codes by those of a DHT table, with as many symbols as the
// counts say. It returns false where there are more than fit.
func (d *huffmanDecoder) set(counts [16]byte, symbols []byte) bool {
	*d = huffmanDecoder{}
	if len(symbols) > len(d.symbols) {
		return false
	}
	copy(d.symbols[:], symbols)
	at, next := 0, 0
	for i, n := range counts {
		length, size := i+1, 1<<(15-i)
		d.base[length] = next
		for range n {
			if at+size > 1<<16 {
				return false
			}
			if length <= shortCode {
				for j := range size >> (16 - shortCode) {
					e := &d.short[at>>(16-shortCode)+j]
					e.symbol, e.length = symbols[next], byte(length)
				}
			}
			at, next = at+size, next+1
		}
		d.end[length] = uint32(at)
	}
	return true
}

// find returns the symbol that some 16 bits begin with and the length of its code,
// or length 0 where no code begins like that.
func (d *huffmanDecoder) find(next uint16) (symbol, length byte) {
	if e := d.short[next>>(16-shortCode)]; e.length != 0 {
		return e.symbol, e.length
	}
	for l := shortCode + 1; l <= 16; l++ {
		if uint32(next) < d.end[l] {
			return d.symbols[d.base[l]+int((uint32(next)-d.end[l-1])>>(16-l))], byte(l)
		}
	}
	return 0, 0
}

// bitReader reads bits from the highest on, without the zeros that are stuffed
// behind bytes of 255.
type bitReader struct {
	data []byte
	acc  uint64 // the next bits, at the lower end
	n    uint   // so many of them
}

func (r *bitReader) fill() {
	if len(r.data) >= 8 {
		// Where none of the next bytes is 255, as many as there is room for at once.
		next := binary.BigEndian.Uint64(r.data)
		const low, high = 0x0101010101010101, 0x8080808080808080
		if (^next-low)&next&high == 0 {
			bytes := (64 - r.n) / 8
			bits := 8 * min(bytes, 7)
			r.acc, r.n = r.acc<<bits|next>>(64-bits), r.n+bits
			r.data = r.data[bits/8:]
			return
		}
	}
	for r.n <= 48 && len(r.data) > 0 {
		b := r.data[0]
		r.data = r.data[1:]
		if b == 0xff {
			if len(r.data) == 0 || r.data[0] != 0 { // a marker
				r.data = nil
				return
			}
			r.data = r.data[1:]
		}
		r.acc, r.n = r.acc<<8|uint64(b), r.n+8
	}
}

// next returns the next 16 bits, with zeros behind the last, without reading them.
func (r *bitReader) next() uint16 {
	if r.n < 32 {
		r.fill()
	}
	if r.n >= 16 {
		return uint16(r.acc >> (r.n - 16))
	}
	return uint16(r.acc << (16 - r.n))
}

// symbol reads a symbol and the bits behind it, as many as its lower half says.
func (r *bitReader) symbol(d *huffmanDecoder) (symbol byte, extra uint32, ok bool) {
	symbol, code := d.find(r.next())
	length, bits := uint(code), uint(symbol&15)
	if length == 0 || length+bits > r.n {
		return 0, 0, false
	}
	r.n -= length + bits
	return symbol, uint32(r.acc>>r.n) & (1<<bits - 1), true
}

// code reads a symbol alone.
func (r *bitReader) code(d *huffmanDecoder) (symbol byte, ok bool) {
	symbol, length := d.find(r.next())
	if length == 0 || uint(length) > r.n {
		return 0, false
	}
	r.n -= uint(length)
	return symbol, true
}

// bits reads up to 16 bits.
func (r *bitReader) bits(n uint) (v uint32, ok bool) {
	if r.n < n {
		r.fill()
	}
	if r.n < n {
		return 0, false
	}
	r.n -= n
	return uint32(r.acc>>r.n) & (1<<n - 1), true
}

// skip passes over any number of bits.
func (r *bitReader) skip(n int) bool {
	for ; n > 0; n -= 16 {
		if _, ok := r.bits(uint(min(n, 16))); !ok {
			return false
		}
	}
	return true
}

// huffmanLengths finds the shortest code of at most 16 bits for symbols that come
// so often, of which none is all ones (ITU-T T.81, K.2): how many codes have each
// length from 1 on, and the symbols in their order.
func huffmanLengths(count [256]int) (lengths [16]byte, symbols []byte) {
	type node struct {
		count   int
		symbols []int // below it
		first   int   // decides between equals
	}
	var nodes []node
	var depth [257]int
	for s, n := range count {
		if n > 0 {
			nodes = append(nodes, node{count: n, symbols: []int{s}, first: s})
		}
	}
	// A symbol that never comes gets the longest code, which would be all ones.
	nodes = append(nodes, node{count: 0, symbols: []int{256}, first: 256})
	for len(nodes) > 1 {
		slices.SortFunc(nodes, func(a, b node) int {
			if a.count != b.count {
				return b.count - a.count
			}
			return a.first - b.first
		})
		a, b := nodes[len(nodes)-2], nodes[len(nodes)-1]
		for _, s := range append(slices.Clone(a.symbols), b.symbols...) {
			depth[s]++
		}
		nodes = append(nodes[:len(nodes)-2], node{count: a.count + b.count, symbols: append(slices.Clone(a.symbols), b.symbols...), first: max(a.first, b.first)})
	}
	var long [258]int // how many codes have each length
	for _, d := range depth {
		if d > 0 {
			long[d]++
		}
	}
	// Of two codes that are too long, one takes the place of their common
	// beginning; the other one and a shorter code become two of the next length.
	for i := len(long) - 1; i > 16; i-- {
		for long[i] > 0 {
			j := i - 2
			for long[j] == 0 {
				j--
			}
			long[i] -= 2
			long[i-1]++
			long[j+1] += 2
			long[j]--
		}
	}
	for i := 16; i > 0; i-- { // the code of the symbol that never comes
		if long[i] > 0 {
			long[i]--
			break
		}
	}
	for s, n := range count {
		if n > 0 {
			symbols = append(symbols, byte(s))
		}
	}
	slices.SortStableFunc(symbols, func(a, b byte) int { return count[b] - count[a] })
	for i := range lengths {
		lengths[i] = byte(long[i+1])
	}
	return lengths, symbols
}

// huffmanCode is the code of each symbol.
type huffmanCode [256]struct {
	bits   uint16
	length uint8
}

func newHuffmanCode(lengths [16]byte, symbols []byte) huffmanCode {
	var h huffmanCode
	code := uint16(0)
	for i, n := range lengths {
		for range n {
			h[symbols[0]].bits, h[symbols[0]].length = code, uint8(i+1)
			symbols = symbols[1:]
			code++
		}
		code <<= 1
	}
	return h
}

// bitWriter writes bits from the highest on, with a zero behind each byte of 255.
type bitWriter struct {
	w   io.Writer
	buf []byte
	acc uint64
	n   uint
}

func (b *bitWriter) put(bits uint64, n uint) error {
	b.acc, b.n = b.acc<<n|bits, b.n+n
	for b.n >= 8 {
		b.n -= 8
		v := byte(b.acc >> b.n)
		if b.buf = append(b.buf, v); v == 0xff {
			b.buf = append(b.buf, 0)
		}
	}
	if len(b.buf) < 64<<10 {
		return nil
	}
	_, err := b.w.Write(b.buf)
	b.buf = b.buf[:0]
	return err
}

// flush fills the last byte up with ones.
func (b *bitWriter) flush() error {
	if b.n > 0 {
		if err := b.put(1<<(8-b.n)-1, 8-b.n); err != nil {
			return err
		}
	}
	_, err := b.w.Write(b.buf)
	return err
}
