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
//
// The file begins with the EXIF block, if there is one, and has its byte order:
// offsets in EXIF count from the start of the block as they do in TIFF from that of
// the file, so all that it holds, maker notes included, stays where it was. Only its
// first directory is replaced by that of the file.
func encodeTIFF(w io.Writer, m *Image, c carried, _ EncodeOptions) error {
	tooLarge := fmt.Errorf("%w: %dx%d pixels, and TIFF goes up to 4 GB: write PNG instead", ErrLimit, m.W, m.H)
	if int64(m.W) > math.MaxUint32 || int64(m.H) > math.MaxUint32 {
		return tooLarge
	}
	head := []byte("II*\x00\x00\x00\x00\x00")
	if len(c.exif) > 0 { // it is whole: rewriteEXIF has read it
		head = append(slices.Clip(c.exif), make([]byte, len(c.exif)%2)...)
	}
	exif, err := openTIFF(head)
	if err != nil {
		return err
	}
	order := exif.order
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
	end := int64(len(head)) // of the header, then of the strips
	for y := 0; y < m.H; y += rowsPerStrip {
		strip.Reset()
		z.Reset(&strip)
		for r := y; r < min(y+rowsPerStrip, m.H); r++ {
			m.packRow(row, r, order)
			difference(row, n, size, order)
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
	dir, err := m.directory(exif, c, uint32(end), uint32(rowsPerStrip), offsets, counts)
	if err != nil {
		return err
	}
	if end+int64(len(dir)) > math.MaxUint32 {
		return tooLarge
	}
	for _, part := range [][]byte{head[:4], order.AppendUint32(nil, uint32(end)), head[8:]} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	for _, part := range append(strips, dir) {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// directory returns the only directory of a file that begins with the given EXIF
// block, to stand at the given offset, with the values that it points to behind it.
func (m *Image) directory(exif *tiffBlock, c carried, at, rowsPerStrip uint32, offsets, counts []uint32) ([]byte, error) {
	order := exif.order
	photometric := uint32(1)
	if !m.Grey() {
		photometric = 2
	}
	fields := []fieldTIFF{
		{tagWidth, typeLong, []uint32{uint32(m.W)}, nil},
		{tagHeight, typeLong, []uint32{uint32(m.H)}, nil},
		{tagBits, typeShort, slices.Repeat([]uint32{uint32(8 * m.bytesPerSample())}, m.channels()), nil},
		{tagCompression, typeShort, []uint32{8}, nil},
		{tagPhotometric, typeShort, []uint32{photometric}, nil},
		{tagStripOffsets, typeLong, offsets, nil},
		{tagSamples, typeShort, []uint32{uint32(m.channels())}, nil},
		{tagRowsPerStrip, typeLong, []uint32{rowsPerStrip}, nil},
		{tagStripCounts, typeLong, counts, nil},
		{tagPlanar, typeShort, []uint32{1}, nil},
		{tagPredictor, typeShort, []uint32{2}, nil},
	}
	if m.Alpha != nil {
		fields = append(fields, fieldTIFF{tagExtraSamples, typeShort, []uint32{2}, nil})
	}
	more, err := c.fieldsTIFF(exif)
	if err != nil {
		return nil, err
	}
	fields = append(fields, more...)
	slices.SortStableFunc(fields, func(a, b fieldTIFF) int { return int(a.tag) - int(b.tag) })
	dir := order.AppendUint16(nil, uint16(len(fields)))
	after := at + 2 + 12*uint32(len(fields)) + 4
	var values []byte
	for _, f := range fields {
		if f.raw != nil && f.kind == fieldWhole {
			dir = append(dir, f.raw...)
			continue
		}
		v, count := f.raw, uint32(len(f.raw))
		if f.raw == nil {
			count = uint32(len(f.values))
			if f.kind == typeRational {
				count /= 2
			}
		}
		for _, x := range f.values {
			if f.kind == typeShort {
				v = order.AppendUint16(v, uint16(x))
			} else {
				v = order.AppendUint32(v, x)
			}
		}
		dir = order.AppendUint16(dir, f.tag)
		dir = order.AppendUint16(dir, f.kind)
		dir = order.AppendUint32(dir, count)
		if len(v) <= 4 {
			dir = append(dir, append(slices.Clip(v), 0, 0, 0, 0)[:4]...)
			continue
		}
		dir = order.AppendUint32(dir, after+uint32(len(values)))
		values = append(values, v...)
		values = append(values, make([]byte, len(v)%2)...)
	}
	return append(order.AppendUint32(dir, 0), values...), nil
}

// difference replaces each sample of a row by its difference from the same
// channel of the pixel before (TIFF 6.0, section 14).
func difference(row []byte, channels, size int, order binary.ByteOrder) {
	if size == 1 {
		for i := len(row) - 1; i >= channels; i-- {
			row[i] -= row[i-channels]
		}
		return
	}
	for i := len(row) - 2; i >= 2*channels; i -= 2 {
		order.PutUint16(row[i:], order.Uint16(row[i:])-order.Uint16(row[i-2*channels:]))
	}
}
