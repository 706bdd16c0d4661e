package pipeline

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
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

// target is the path of an output, or empty where the sink refuses the item.
func (r *run) target(item Item, ending string) string {
	b, err := r.sink.Begin(context.Background(), item)
	if err != nil {
		return ""
	}
	defer b.Abort()
	return b.Path(r.Suffix + ending)
}

// process does all that is done to one item.
func (r *run) process(ctx context.Context, item Item) (res Result) {
	res = Result{Item: item, Outcome: Failed}
	defer func() {
		if v := recover(); v != nil {
			res.Outcome, res.Err = Failed, &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	in, err := openInput(item, r.Limits)
	if err != nil {
		res.Err = err
		if noPicture := errors.Is(err, pix.ErrFormat) || errors.Is(err, pix.ErrEmpty); noPicture && !item.Named && !hasPictureEnding(item.Rel) {
			res.Outcome, res.Err = Ignored, nil
		}
		return res
	}
	defer in.Close()
	item.Size, item.ModTime, item.Mode = in.info.Size(), in.info.ModTime(), in.info.Mode()
	res.Err = r.restore(ctx, item, in, &res)
	if res.Err != nil {
		res.Outcome, res.Output = Failed, ""
	}
	return res
}

// restore takes an opened picture through the chain into the sink.
func (r *run) restore(ctx context.Context, item Item, in *input, res *Result) error {
	format, ending, err := outputEnding(in.header, item, r.Format)
	if err != nil {
		return err
	}
	batch, err := r.sink.Begin(ctx, item)
	if err != nil {
		return err
	}
	defer batch.Abort()
	suffix := r.Suffix + ending
	exists, err := r.exists(batch, suffix, item)
	if err != nil {
		return err
	}
	res.Output = batch.Path(suffix)
	if exists && !r.Overwrite {
		res.Outcome = Skipped
		return nil
	}

	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	picture, err := pix.Decode(in, r.Limits)
	if err != nil {
		return err
	}
	res.W, res.H = picture.W, picture.H
	frame, err := r.chain.Process(ctx, &tasks.Frame{Name: item.Rel, Image: picture})
	if err != nil {
		return err
	}
	res.Notes = frame.Notes

	var written *pix.Image
	if !frame.Changed && format == in.header.Format {
		res.Outcome, written = Copied, picture
		err = copyFile(batch, suffix, in)
	} else {
		res.Outcome = Restored
		written, err = writePicture(batch, suffix, frame.Image, pix.EncodeOptions{Format: format, Quality: r.Quality})
	}
	if err != nil {
		return err
	}
	for _, extra := range slices.Sorted(maps.Keys(frame.Outputs)) {
		o := pix.EncodeOptions{Format: endings[strings.ToLower(filepath.Ext(extra))], Quality: r.Quality}
		if _, err := writePicture(batch, r.Suffix+extra, frame.Outputs[extra], o); err != nil {
			return fmt.Errorf("%s: %w", extra, err)
		}
	}
	if r.truth != nil {
		score, notes := r.truth.score(item.Rel, picture, written, r.Limits)
		res.Truth, res.Notes = score, append(slices.Clip(res.Notes), notes...)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.commit(batch, res)
}

// commit gives the files their names. A file that has appeared since exists
// looked stays, and the item counts as skipped.
func (r *run) commit(batch Batch, res *Result) error {
	err := batch.Commit(r.Overwrite)
	if !r.Overwrite && errors.Is(err, fs.ErrExist) {
		res.Outcome, res.Truth = Skipped, nil
		return nil
	}
	return err
}

// exists looks whether the output is there already, and refuses one that would
// take the place of an input.
func (r *run) exists(batch Batch, suffix string, item Item) (bool, error) {
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

// copyFile copies the input as it is.
func copyFile(batch Batch, suffix string, in *input) error {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	out, err := batch.Create(suffix)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, inputReader{in})
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
func writePicture(batch Batch, suffix string, m *pix.Image, o pix.EncodeOptions) (*pix.Image, error) {
	out, err := batch.Create(suffix)
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriterSize(out, 1<<16)
	if err = pix.Encode(w, m, o); err == nil {
		err = w.Flush()
	}
	if err != nil {
		return nil, outputError(err)
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return nil, outputError(err)
	}
	// What was written is ours: the limits for inputs do not hold for it.
	back, err := pix.Decode(out, pix.Limits{MaxPixels: 1 << 60, MaxBytes: 1 << 60})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReadBack, err)
	}
	if back.W != m.W || back.H != m.H {
		return nil, fmt.Errorf("%w: it has %dx%d pixels instead of %dx%d", ErrReadBack, back.W, back.H, m.W, m.H)
	}
	return back, nil
}
