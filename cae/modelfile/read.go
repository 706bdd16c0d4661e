package modelfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Read reads a model file of size bytes. What is at fault in the file is an
// error that wraps ErrFormat: a header that is damaged, too long or says
// something twice; tensors that overlap, leave gaps or do not fit their shapes;
// element types other than F32 and F16; weights that are not finite. Errors of
// r are returned as they are.
//
// It allocates at most four times size, and 1 MiB.
func Read(r io.ReaderAt, size int64) (*File, error) {
	h, begin, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	f := &File{Tensors: h.tensors}
	if f.Metadata, err = parseMetadata(h.metadata); err != nil {
		return nil, err
	}
	if err := h.readData(io.NewSectionReader(r, begin, size-begin), size-begin); err != nil {
		return nil, err
	}
	return f, nil
}

// ReadDType returns how the elements of a model file of size bytes are stored,
// from its header alone: F32 where any tensor is, else F16. Whoever writes the
// file anew with that type loses nothing. The error is as that of Read.
func ReadDType(r io.ReaderAt, size int64) (DType, error) {
	h, _, err := readHeader(r, size)
	if err != nil {
		return "", err
	}
	for _, s := range h.spans {
		if s.dtype == F32 {
			return F32, nil
		}
	}
	return F16, nil
}

// readHeader reads the head of a file. The tensors' bytes begin at begin.
func readHeader(r io.ReaderAt, size int64) (h *header, begin int64, err error) {
	var head [8]byte
	if size < int64(len(head)) {
		return nil, 0, fmt.Errorf("%w: %d bytes are too few for a header", ErrFormat, size)
	}
	if err := readAt(r, head[:], 0); err != nil {
		return nil, 0, err
	}
	n := binary.LittleEndian.Uint64(head[:])
	if n > uint64(size-8) {
		return nil, 0, fmt.Errorf("%w: a header of %d bytes in a file of %d: this is not a safetensors file, or it is cut off", ErrFormat, n, size)
	}
	if n > maxHeader {
		return nil, 0, fmt.Errorf("%w: a header of %d bytes, at most %d are allowed", ErrFormat, n, maxHeader)
	}
	text := make([]byte, n)
	if err := readAt(r, text, 8); err != nil {
		return nil, 0, err
	}
	begin = 8 + int64(n)
	h, err = parseHeader(text, size-begin)
	return h, begin, err
}

// readData fills the tensors. They lie one behind the other, so one pass does.
func (h *header) readData(r io.Reader, size int64) error {
	count := int64(0)
	for _, s := range h.spans {
		count += (s.end - s.begin) / s.dtype.size()
	}
	if count != int64(int(count)) {
		return fmt.Errorf("%w: %d weights are too many for this machine", ErrFormat, count)
	}
	all := make([]float32, count)
	in := bufio.NewReaderSize(r, int(min(size, 64<<10)))
	var buf [4096]byte
	for _, i := range h.order {
		t, s := &h.tensors[i], h.spans[i]
		width := int(s.dtype.size())
		n := int(s.end-s.begin) / width
		t.Data, all = all[:n:n], all[n:]
		for done := 0; done < n; {
			part := t.Data[done:min(n, done+len(buf)/width)]
			b := buf[:len(part)*width]
			if _, err := io.ReadFull(in, b); err != nil {
				return cutOff(err)
			}
			if at := decode(part, b, s.dtype); at >= 0 {
				return fmt.Errorf("%w: tensor %.80q: weight %d is %v", ErrFormat, t.Name, done+at, part[at])
			}
			done += len(part)
		}
	}
	return nil
}

// decode fills dst from its bytes. It returns the place of the first element
// that is not finite, or -1.
func decode(dst []float32, b []byte, d DType) int {
	if d == F16 {
		for i := range dst {
			dst[i] = FromHalf(binary.LittleEndian.Uint16(b[2*i:]))
		}
	} else {
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	}
	return slices.IndexFunc(dst, func(f float32) bool { return !finite(f) })
}

func finite(f float32) bool { return f-f == 0 }

func readAt(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		return cutOff(err)
	}
	return nil
}

// cutOff turns the end of the file, which came before the size that was given,
// into an error of the format.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends before its size: it is cut off", ErrFormat)
	}
	return fmt.Errorf("model file: %w", err)
}
