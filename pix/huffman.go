package pix

import (
	"io"
	"slices"
)

// huffmanDecoder gives for any 16 bits the symbol that they begin with and the
// length of its code, or 0 where no code begins like that.
type huffmanDecoder [1 << 16]struct{ symbol, length byte }

// newHuffmanDecoder makes the codes of a DHT table (ITU-T T.81, annex C); nil where
// there are more than fit.
func newHuffmanDecoder(counts [16]byte, symbols []byte) *huffmanDecoder {
	d := new(huffmanDecoder)
	at := 0
	for i, n := range counts {
		for range n {
			size := 1 << (15 - i)
			if at+size > len(d) {
				return nil
			}
			for j := range size {
				d[at+j].symbol, d[at+j].length = symbols[0], byte(i+1)
			}
			at, symbols = at+size, symbols[1:]
		}
	}
	return d
}

// bitReader reads bits from the highest on, without the zeros that are stuffed
// behind bytes of 255.
type bitReader struct {
	data []byte
	acc  uint64 // the next bits, at the lower end
	n    uint   // so many of them
}

func (r *bitReader) fill() {
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

// symbol reads a symbol and the bits behind it.
func (r *bitReader) symbol(d *huffmanDecoder) (symbol byte, extra uint32, ok bool) {
	if r.n < 32 {
		r.fill()
	}
	next := uint16(r.acc)
	if r.n >= 16 {
		next = uint16(r.acc >> (r.n - 16))
	} else {
		next <<= 16 - r.n
	}
	e := d[next]
	length, bits := uint(e.length), uint(e.symbol&15)
	if length == 0 || length+bits > r.n {
		return 0, 0, false
	}
	r.n -= length + bits
	return e.symbol, uint32(r.acc>>r.n) & (1<<bits - 1), true
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
