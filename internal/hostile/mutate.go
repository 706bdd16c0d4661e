package hostile

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// cut yields the file ended early: within its first bytes, at random places and
// just before its end.
func (m *mutator) cut() bool {
	size := len(m.seed.Data)
	at := []int{size - 1, size - 2, size - 4, size - 12}
	for n := 0; n < min(size, 64); n += 5 {
		at = append(at, n)
	}
	for range 12 {
		at = append(at, m.rng.IntN(size))
	}
	for _, n := range at {
		if n >= 0 && !m.give("cut", bytes.Clone(m.seed.Data[:n])) {
			return false
		}
	}
	return true
}

// place is a random offset, most often where headers are: at either end.
func (m *mutator) place() int {
	size := len(m.seed.Data)
	switch m.rng.IntN(3) {
	case 0:
		return m.rng.IntN(min(size, 128))
	case 1:
		return size - 1 - m.rng.IntN(min(size, 192))
	}
	return m.rng.IntN(size)
}

// flip yields the file with one bit or several turned over.
func (m *mutator) flip() bool {
	for i := range 32 {
		data := bytes.Clone(m.seed.Data)
		for range 1 + i/24*7 {
			data[m.place()] ^= 1 << m.rng.IntN(8)
		}
		if !m.give("flip", data) {
			return false
		}
	}
	return true
}

// extremes are the numbers that arithmetic on sizes goes wrong with.
var extremes = []uint32{0, 1, 2, 0x7fff, 0x8000, 0xffff, 0x10000, 0x3fffffff, 0x40000001, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff}

// lie yields the file with an extreme number in place of two or four bytes, in
// both orders.
func (m *mutator) lie() bool {
	size := len(m.seed.Data)
	for i := range 40 {
		data, v := bytes.Clone(m.seed.Data), extremes[m.rng.IntN(len(extremes))]
		at := max(0, min(m.place()&^1, size-4))
		switch {
		case size < 4:
			return true
		case i%4 == 0:
			binary.LittleEndian.PutUint16(data[at:], uint16(v))
		case i%4 == 1:
			binary.BigEndian.PutUint16(data[at:], uint16(v))
		case i%4 == 2:
			binary.LittleEndian.PutUint32(data[at:], v)
		default:
			binary.BigEndian.PutUint32(data[at:], v)
		}
		if !m.give("lie", data) {
			return false
		}
	}
	return true
}

// spans yields the file with some bytes left out, doubled, or set to zero.
func (m *mutator) spans() bool {
	for i := range 12 {
		from := m.place()
		to := min(len(m.seed.Data), from+1+m.rng.IntN(64))
		data, span := bytes.Clone(m.seed.Data), bytes.Clone(m.seed.Data[from:to])
		switch i % 3 {
		case 0:
			data = slices.Delete(data, from, to)
		case 1:
			data = slices.Insert(data, to, span...)
		default:
			clear(data[from:to])
		}
		if !m.give("span", data) {
			return false
		}
	}
	return true
}

// foreign yields the file mixed with others: garbage or a whole file of another
// format behind or before it, and the first bytes of every format.
func (m *mutator) foreign() bool {
	garbage := make([]byte, 300)
	for i := range garbage {
		garbage[i] = byte(m.rng.Uint32())
	}
	mixed := [][]byte{
		slices.Concat(m.seed.Data, garbage),
		slices.Concat(m.seed.Data, m.other.Data),
		slices.Concat(m.seed.Data, m.seed.Data),
		slices.Concat(garbage[:16], m.seed.Data),
		slices.Concat(m.other.Data[:len(m.other.Data)/2], m.seed.Data),
	}
	for _, magic := range []string{"\xff\xd8\xff\xe0", "\x89PNG\r\n\x1a\n", "II*\x00", "MM\x00*", "II+\x00", "GIF89a", "BM", "RIFF\xff\xff\xff\xffWEBPVP8L"} {
		data := bytes.Clone(m.seed.Data)
		copy(data, magic)
		mixed = append(mixed, data)
	}
	for _, data := range mixed {
		if !m.give("mix", data) {
			return false
		}
	}
	return true
}

// pieces yields the file with each part of its structure left out or doubled,
// and with each of the numbers that describe the part lying. Checksums of PNG are
// made right again, so that the lie gets behind them.
func (m *mutator) pieces() bool {
	for _, p := range structure(m.seed.Data) {
		data := m.seed.Data
		part := data[p.from:p.to]
		if !p.fixed && (!m.give("drop", slices.Concat(data[:p.from], data[p.to:])) ||
			!m.give("twice", slices.Concat(data[:p.to], part, data[p.to:]))) {
			return false
		}
		for _, f := range p.fields {
			for _, v := range extremes {
				if f.size == 2 && v > 0xffff || m.rng.IntN(2) == 0 {
					continue
				}
				lying := bytes.Clone(data)
				f.put(lying, v)
				if p.crc {
					fitCRC(lying[p.from:p.to])
				}
				if !m.give("field", lying) {
					return false
				}
			}
		}
	}
	return true
}
