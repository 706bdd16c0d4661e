package modelfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Write writes f with elements of type d. The same file gives the same bytes:
// tensors stand in the order given, keys of the metadata are sorted. The header
// is padded so that the data begins at a multiple of 8 bytes.
//
// A File that Read would not take back is an error that wraps ErrFormat, and
// nothing has been written: names that stand twice or are not UTF-8, data that
// does not fit its shape, weights that are not finite or, as F16, above 65504.
func Write(w io.Writer, f *File, d DType) error {
	if d.size() == 0 {
		return fmt.Errorf("%w: elements of type %q: there are F32 and F16", ErrFormat, d)
	}
	head, err := makeHeader(f, d)
	if err != nil {
		return err
	}
	for i := range f.Tensors {
		if err := checkData(&f.Tensors[i], d); err != nil {
			return err
		}
	}
	out := bufio.NewWriterSize(w, 64<<10)
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(len(head)))
	out.Write(b[:]) // bufio keeps the first error until Flush
	out.Write(head)
	for _, t := range f.Tensors {
		for _, v := range t.Data {
			if d == F16 {
				binary.LittleEndian.PutUint16(b[:], ToHalf(v))
			} else {
				binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
			}
			out.Write(b[:d.size()])
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("model file: %w", err)
	}
	return nil
}

// makeHeader returns the JSON with its padding.
func makeHeader(f *File, d DType) ([]byte, error) {
	texts, err := f.Metadata.texts()
	if err != nil {
		return nil, err
	}
	if len(texts) > maxKeys {
		return nil, fmt.Errorf("%w: %d keys of metadata, at most %d are allowed", ErrFormat, len(texts), maxKeys)
	}
	var b bytes.Buffer
	b.WriteByte('{')
	if len(texts) > 0 {
		b.WriteString(`"` + metadataKey + `":{`)
		for i, key := range slices.Sorted(maps.Keys(texts)) {
			if !utf8.ValidString(key) || !utf8.ValidString(texts[key]) {
				return nil, fmt.Errorf("%w: metadata %q is not UTF-8", ErrFormat, key)
			}
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(key) + ":" + quote(texts[key]))
		}
		b.WriteByte('}')
	}
	seen := make(map[string]bool, len(f.Tensors))
	at := int64(0)
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if err := checkShape(t); err != nil {
			return nil, err
		}
		if seen[t.Name] {
			return nil, fmt.Errorf("%w: tensor %q stands twice", ErrFormat, t.Name)
		}
		seen[t.Name] = true
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		end := at + int64(len(t.Data))*d.size()
		fmt.Fprintf(&b, `%s:{"dtype":"%s","shape":[`, quote(t.Name), d)
		for j, dim := range t.Shape {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Itoa(dim))
		}
		fmt.Fprintf(&b, `],"data_offsets":[%d,%d]}`, at, end)
		at = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > maxHeader {
		return nil, fmt.Errorf("%w: a header of %d bytes, at most %d are allowed", ErrFormat, b.Len(), maxHeader)
	}
	return b.Bytes(), nil
}

func checkShape(t *Tensor) error {
	switch {
	case t.Name == metadataKey || !utf8.ValidString(t.Name):
		return fmt.Errorf("%w: a tensor cannot be called %q", ErrFormat, t.Name)
	case len(t.Shape) > maxDims:
		return fmt.Errorf("%w: tensor %q: %d dimensions, at most %d are allowed", ErrFormat, t.Name, len(t.Shape), maxDims)
	}
	dims := make([]int64, len(t.Shape))
	for i, d := range t.Shape {
		dims[i] = int64(d)
	}
	count, err := product(dims)
	if err != nil {
		return fmt.Errorf("%w: tensor %q: %w", ErrFormat, t.Name, err)
	}
	if count != int64(len(t.Data)) {
		return fmt.Errorf("%w: tensor %q: shape %v wants %d elements, there are %d", ErrFormat, t.Name, t.Shape, count, len(t.Data))
	}
	return nil
}

func checkData(t *Tensor, d DType) error {
	for i, v := range t.Data {
		if !finite(v) {
			return fmt.Errorf("%w: tensor %q: weight %d is %v", ErrFormat, t.Name, i, v)
		}
		if d == F16 && ToHalf(v)&0x7c00 == 0x7c00 {
			return fmt.Errorf("%w: tensor %q: weight %d is %v, more than F16 holds (65504): write the file as F32", ErrFormat, t.Name, i, v)
		}
	}
	return nil
}

// quote writes a text as JSON.
func quote(s string) string {
	text, err := marshal(s)
	if err != nil { // strings always have a JSON
		panic(err)
	}
	return text
}
