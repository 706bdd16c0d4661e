package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// photo is one item on its way through a run. Its stages are prepare (what can be
// told without decoding), enter (memory, and a place in the pool), attempt
// (decode, chain, encode, names) and close.
type photo struct {
	run  *run
	item Item
	in   *input // nil once closed
	res  Result

	format, suffix string // of the output
	replace        bool   // whether the output may take the place of a file that stands there
	placed         bool   // whether it holds a place in the pool
}

// prepare opens the file, reads its header and decides what to do. It returns
// false where that is all, and res says why.
func (p *photo) prepare() (more bool) {
	r := p.run
	defer func() {
		if !more {
			p.close()
		}
		if v := recover(); v != nil {
			p.fail(&PanicError{Value: v, Stack: debug.Stack()})
			more = false
		}
	}()
	in, err := openInput(p.item, r.Limits)
	if err != nil {
		p.fail(err)
		if noPicture := errors.Is(err, pix.ErrFormat) || errors.Is(err, pix.ErrEmpty); noPicture && !p.item.Named && !hasPictureEnding(p.item.Rel) {
			p.res.Outcome, p.res.Err = Ignored, nil
		}
		return false
	}
	p.in = in
	p.item.Size, p.item.ModTime, p.item.Mode = in.info.Size(), in.info.ModTime(), in.info.Mode()
	p.res.Item = p.item
	if more, err = p.decide(); err != nil {
		p.fail(err)
		return false
	}
	if more && r.DryRun {
		p.res.Outcome = Planned
		return false
	}
	return more
}

// decide finds out what the output will be called, and whether it has to be made.
func (p *photo) decide() (more bool, err error) {
	r := p.run
	var ending string
	if p.format, ending, err = outputEnding(p.in.header, p.item, r.Format); err != nil {
		return false, err
	}
	p.suffix = r.Suffix + ending
	batch, err := r.sink.Begin(context.Background(), p.item)
	if err != nil {
		return false, err
	}
	defer batch.Abort()
	exists, err := r.exists(batch, p.suffix, p.item)
	if err != nil {
		return false, err
	}
	p.res.Output, p.replace = batch.Path(p.suffix), r.Overwrite
	switch {
	case !exists:
		p.res.Why = "there is no output yet"
	case r.Overwrite:
		p.res.Why = "its output is to be replaced"
	default:
		p.res.Outcome, p.res.Why = Skipped, "its output is there"
		return false, nil
	}
	return true, nil
}

// fail makes err what became of the item.
func (p *photo) fail(err error) {
	p.res.Outcome, p.res.Err, p.res.Output, p.res.Why = Failed, err, "", ""
}

// enter waits for a place in the pool. With an error, which is that of ctx, the
// photo has none.
func (p *photo) enter(ctx context.Context) error {
	if p.placed {
		return nil
	}
	err := p.run.Pool.Enter(ctx)
	p.placed = err == nil
	return err
}

// leave gives the place in the pool back: what follows waits for the disk.
func (p *photo) leave() {
	if p.placed {
		p.placed = false
		p.run.Pool.Leave()
	}
}

// close gives back all that the photo holds.
func (p *photo) close() {
	p.leave()
	if p.in != nil {
		p.in.Close()
		p.in = nil
	}
}

// pauses before an item with a transient error is tried again.
var pauses = []time.Duration{100 * time.Millisecond, time.Second}

// attempt does the work, again where an error may go away by itself.
func (p *photo) attempt(ctx context.Context) {
	start := time.Now()
	planned := p.res
	for try := 0; ; try++ {
		p.res = planned
		if err := p.try(ctx); err != nil {
			p.fail(err)
		}
		p.res.Seconds = time.Since(start).Seconds()
		if KindOf(p.res.Err) != KindTransient || try == len(pauses) {
			return
		}
		p.leave()
		select {
		case <-time.After(pauses[try]):
		case <-ctx.Done():
			return
		}
	}
}

func (p *photo) try(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	if err := p.enter(ctx); err != nil {
		return err
	}
	return p.restore(ctx)
}

// restore takes the picture through the chain into the sink.
func (p *photo) restore(ctx context.Context) error {
	r, in := p.run, p.in
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	picture, err := pix.Decode(in, r.Limits)
	if err != nil {
		return err
	}
	p.res.W, p.res.H = picture.W, picture.H
	frame, err := r.chain.Process(ctx, &tasks.Frame{Name: p.item.Rel, Image: picture})
	if err != nil {
		return err
	}
	p.res.Notes = frame.Notes

	batch, err := r.sink.Begin(ctx, p.item)
	if err != nil {
		return err
	}
	defer batch.Abort()
	written, err := p.write(batch, picture, frame)
	if err != nil {
		return err
	}
	if r.truth != nil {
		score, notes := r.truth.score(p.item.Rel, picture, written, r.Limits)
		p.res.Truth, p.res.Notes = score, append(slices.Clip(p.res.Notes), notes...)
	}
	if r.Inspect != nil {
		r.Inspect(&p.res, picture, written)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return p.commit(batch)
}

// write writes the output and the extra files of the chain. It returns the
// picture as the output reads.
func (p *photo) write(batch Batch, picture *pix.Image, frame *tasks.Frame) (written *pix.Image, err error) {
	r := p.run
	if !frame.Changed && p.format == p.in.header.Format {
		p.res.Outcome, written = Copied, picture
		err = copyFile(batch, p.suffix, p.in)
	} else {
		p.res.Outcome = Restored
		written, err = writePicture(batch, p.suffix, frame.Image, pix.EncodeOptions{Format: p.format, Quality: r.Quality})
	}
	if err != nil {
		return nil, err
	}
	for _, extra := range slices.Sorted(maps.Keys(frame.Outputs)) {
		o := pix.EncodeOptions{Format: endings[strings.ToLower(filepath.Ext(extra))], Quality: r.Quality}
		if _, err := writePicture(batch, r.Suffix+extra, frame.Outputs[extra], o); err != nil {
			return nil, fmt.Errorf("%s: %w", extra, err)
		}
	}
	return written, nil
}

// commit gives the files their names. Until the disk has them, the place in the
// pool is free for another picture. A file that has appeared since decide looked
// stays, and the item counts as skipped. The end of the context cuts nothing short
// here: what is left to do takes a moment, and the picture is made.
func (p *photo) commit(batch Batch) error {
	r := p.run
	r.pending <- struct{}{}
	defer func() { <-r.pending }()
	p.leave()
	if err := batch.Seal(); err != nil {
		return err
	}
	err := batch.Commit(p.replace)
	if !p.replace && errors.Is(err, fs.ErrExist) {
		p.res.Outcome, p.res.Truth, p.res.Why = Skipped, nil, "its output has appeared meanwhile"
		return nil
	}
	return err
}
