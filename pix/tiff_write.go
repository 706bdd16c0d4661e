package pix

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// encodeTIFF writes strips of deflate with horizontal differencing: grey or RGB,
// 8 or 16 bits, with straight opacity where there is some. The library writes
// every colour picture with four channels and deflate without differencing, which
// makes photographs a good deal larger. The strips are packed in memory first: the
// directory, whose place the header names, needs their sizes.
func encodeTIFF(w io.Writer, m *Image, _ EncodeOptions) error {
	tooLarge := fmt.Errorf("%w: %dx%d pixels, and TIFF goes up to 4 GB: write PNG instead", ErrLimit, m.W, m.H)
	if int64(m.W) > math.MaxUint32 || int64(m.H) > math.MaxUint32 {
		return tooLarge
	}
	order := binary.LittleEndian
	n, size := m.channels(), m.bytesPerSample()
	row := make([]byte, m.W*n*size)
	rowsPerStrip := max(1, min(m.H, 256<<10/len(row)))

	var strip bytes.Buffer
	var strips [][]byte
	var offsets, counts []uint32
	z, err := zlib.NewWriterLevel(nil, zlib.DefaultCompression)
	if err != nil {
		return err
	}
	end := int64(8) // of the header, then of the strips
	for y := 0; y < m.H; y += rowsPerStrip {
		strip.Reset()
		z.Reset(&strip)
		for r := y; r < min(y+rowsPerStrip, m.H); r++ {
			m.packRow(row, r, order)
			difference(row, n, size)
			if _, err := z.Write(row); err != nil {
				return err
			}
		}
		if err := z.Close(); err != nil {
			return err
		}
		offsets = append(offsets, uint32(end))
		counts = append(counts, uint32(strip.Len()))
		if strip.Len()%2 != 0 { // strips and directories begin at even offsets
			strip.WriteByte(0)
		}
		strips = append(strips, bytes.Clone(strip.Bytes()))
		if end += int64(strip.Len()); end+int64(8*len(offsets))+1024 > math.MaxUint32 {
			return tooLarge
		}
	}
	if _, err := w.Write(order.AppendUint32([]byte("II*\x00"), uint32(end))); err != nil {
		return err
	}
	strips = append(strips, m.directory(uint32(end), uint32(rowsPerStrip), offsets, counts))
	for _, part := range strips {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// directory returns the only directory of a file, to stand at the given offset,
// with the values that it points to behind it.
func (m *Image) directory(at, rowsPerStrip uint32, offsets, counts []uint32) []byte {
	order := binary.LittleEndian
	photometric := uint32(1)
	if !m.Grey() {
		photometric = 2
	}
	type field struct {
		tag, kind uint16
		values    []uint32
	}
	fields := []field{
		{tagWidth, typeLong, []uint32{uint32(m.W)}},
		{tagHeight, typeLong, []uint32{uint32(m.H)}},
		{tagBits, typeShort, slices.Repeat([]uint32{uint32(8 * m.bytesPerSample())}, m.channels())},
		{tagCompression, typeShort, []uint32{8}},
		{tagPhotometric, typeShort, []uint32{photometric}},
		{tagStripOffsets, typeLong, offsets},
		{tagSamples, typeShort, []uint32{uint32(m.channels())}},
		{tagRowsPerStrip, typeLong, []uint32{rowsPerStrip}},
		{tagStripCounts, typeLong, counts},
		{tagPlanar, typeShort, []uint32{1}},
		{tagPredictor, typeShort, []uint32{2}},
	}
	if m.Alpha != nil {
		fields = append(fields, field{tagExtraSamples, typeShort, []uint32{2}})
	}
	dir := order.AppendUint16(nil, uint16(len(fields)))
	after := at + 2 + 12*uint32(len(fields)) + 4
	var values []byte
	for _, f := range fields {
		var v []byte
		for _, x := range f.values {
			if f.kind == typeShort {
				v = order.AppendUint16(v, uint16(x))
			} else {
				v = order.AppendUint32(v, x)
			}
		}
		dir = order.AppendUint16(dir, f.tag)
		dir = order.AppendUint16(dir, f.kind)
		dir = order.AppendUint32(dir, uint32(len(f.values)))
		if len(v) <= 4 {
			dir = append(dir, append(v, 0, 0, 0, 0)[:4]...)
			continue
		}
		dir = order.AppendUint32(dir, after+uint32(len(values)))
		values = append(values, v...)
	}
	return append(order.AppendUint32(dir, 0), values...)
}

// difference replaces each sample of a row by its difference from the same
// channel of the pixel before (TIFF 6.0, section 14).
func difference(row []byte, channels, size int) {
	if size == 1 {
		for i := len(row) - 1; i >= channels; i-- {
			row[i] -= row[i-channels]
		}
		return
	}
	order := binary.LittleEndian
	for i := len(row) - 2; i >= 2*channels; i -= 2 {
		order.PutUint16(row[i:], order.Uint16(row[i:])-order.Uint16(row[i-2*channels:]))
	}
}
