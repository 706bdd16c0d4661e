package pipeline

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/cae-restore/restore/pix"
)

// input is an opened file whose header has been read.
type input struct {
	*os.File
	info   fs.FileInfo
	header pix.Header
}

func openInput(item Item, lim pix.Limits) (*input, error) {
	f, err := os.Open(item.Path)
	if err != nil {
		return nil, err
	}
	in := &input{File: f}
	if in.info, err = f.Stat(); err == nil {
		if !in.info.Mode().IsRegular() {
			err = errors.New("it is no longer a regular file")
		} else {
			in.header, err = pix.DecodeHeader(f, lim)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return in, nil
}

// identify hashes the input. What has changed since it was opened would be
// recorded as what the output was made of: that is an error.
func (in *input) identify() (identity, error) {
	hash, err := hashOf(in)
	if err != nil {
		return identity{}, err
	}
	info, err := in.Stat()
	if err != nil {
		return identity{}, err
	}
	id := identityOf(info, hash)
	if id != identityOf(in.info, hash) {
		return id, fmt.Errorf("it changed while it was read; run again when it is whole")
	}
	return id, nil
}

// outputEnding chooses the format and the ending of an output. The input's own
// ending is kept wherever it fits, in its spelling (".JPG").
func outputEnding(h pix.Header, item Item, want string) (format, ending string, err error) {
	format, ext, err := pix.OutputFormat(pix.Meta{Format: h.Format, Depth: h.Depth}, want)
	if err != nil {
		return "", "", err
	}
	_, own := splitEnding(item.Rel)
	if endings[strings.ToLower(own)] == format || want == "" && format == h.Format {
		return format, own, nil
	}
	return format, ext, nil
}

// expected is outputEnding before the file has been looked at: what the ending
// says counts.
func (r *run) expected(own string) string {
	if own == "" && r.Format == "" {
		return "" // most likely it can be written as it was read
	}
	_, ending, err := outputEnding(pix.Header{Format: endings[strings.ToLower(own)], Depth: 8}, Item{Rel: "x" + own}, r.Format)
	if err != nil {
		return own
	}
	return ending
}

// target is the path of a file of the item, or empty where the sink refuses the item.
func (r *run) target(item Item, suffix string) string {
	b, err := r.sink.Begin(context.Background(), item)
	if err != nil {
		return ""
	}
	defer b.Abort()
	return b.Path(suffix)
}

// exists looks whether the output is there already, and refuses one that would
// take the place of an input or a mask.
func (r *run) exists(batch Batch, suffix string, item Item) (bool, error) {
	if target := batch.Path(suffix); r.masks != nil && r.masks.holds(place(target)) {
		return false, fmt.Errorf("its output would stand among the masks, or take the place of one, %s; choose another output folder", target)
	}
	info, err := batch.Stat(suffix)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	target := batch.Path(suffix)
	inputs := r.inputs
	if inputs == nil {
		inputs = inputPlaces([]Item{item})
	}
	if inputs[place(target)] {
		return false, fmt.Errorf("its output would take the place of an input, %s; choose another output folder, or a suffix", target)
	}
	if info.IsDir() {
		return false, fmt.Errorf("a folder has the name of its output, %s", target)
	}
	return true, nil
}

// hashing returns a writer to out, and a function that puts the hash of what was
// written into hashes. Where hashes is nil, nothing is hashed.
func hashing(out io.Writer, suffix string, hashes map[string]string) (w io.Writer, keep func()) {
	if hashes == nil {
		return out, func() {}
	}
	sum := sha256.New()
	return io.MultiWriter(out, sum), func() { hashes[suffix] = hex.EncodeToString(sum.Sum(nil)) }
}

// copyFile copies the input as it is.
func copyFile(batch Batch, suffix string, in *input, hashes map[string]string) error {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	out, err := batch.Create(suffix)
	if err != nil {
		return err
	}
	w, keep := hashing(out, suffix, hashes)
	defer keep()
	n, err := io.Copy(w, inputReader{in})
	var failed *readError
	if errors.As(err, &failed) {
		return failed.error
	}
	if err != nil {
		return outputError(err)
	}
	if n != in.info.Size() {
		return fmt.Errorf("it changed while it was read: %d bytes instead of %d", n, in.info.Size())
	}
	return nil
}

// inputReader marks the errors of reading, so that those of writing can be told from them.
type inputReader struct{ r io.Reader }

type readError struct{ error }

func (r inputReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		err = &readError{err}
	}
	return n, err
}

// writePicture encodes a picture and decodes what stands in the file then: what
// it returns is what a reader of the output will see.
func writePicture(batch Batch, suffix string, m *pix.Image, o pix.EncodeOptions, hashes map[string]string) (*pix.Image, error) {
	out, err := batch.Create(suffix)
	if err != nil {
		return nil, err
	}
	width, height := m.W, m.H // not m itself, whose memory may be free while it is read back
	hashed, keep := hashing(out, suffix, hashes)
	w := bufio.NewWriterSize(hashed, 1<<16)
	if err = pix.Encode(w, m, o); err == nil {
		err = w.Flush()
	}
	if err != nil {
		return nil, outputError(err)
	}
	keep()
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return nil, outputError(err)
	}
	// What was written is ours: the limits for inputs do not hold for it.
	back, err := pix.Decode(out, pix.Limits{MaxPixels: 1 << 60, MaxBytes: 1 << 60})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReadBack, err)
	}
	if back.W != width || back.H != height {
		return nil, fmt.Errorf("%w: it has %dx%d pixels instead of %dx%d", ErrReadBack, back.W, back.H, width, height)
	}
	return back, nil
}
