package pipeline

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"slices"
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
	mask *input // nil where it has none, and once closed
	res  Result

	format, suffix string            // of the output
	key            string            // of the ledger
	why            string            // it has to be done, as far as the ledger tells
	same           bool              // with Options.Keep: its outputs were made of what the input holds
	maker          string            // key of the item whose output has the name of this one's
	claimed        []string          // names that no other item in flight may have
	input          identity          // of what was read
	maskName       string            // path of the mask
	maskID         *identity         // of the mask that was read; nil where there is none, and without a ledger
	hashes         map[string]string // of what was written, by suffix
	placed         bool              // whether it holds a place in the pool
	bytes          int64             // of memory that it needs, 0 where nobody counts
	admitted       bool              // whether it holds them
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
	if current, err := p.consult(); current || err != nil {
		if err != nil {
			p.fail(err)
		}
		return false
	}
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
	if more {
		if err = p.openMask(); err == nil {
			err = p.measure()
		}
		if err != nil {
			p.fail(err)
			return false
		}
	}
	if more && r.DryRun {
		p.res.Outcome = Planned
		return false
	}
	return more
}

// fail makes err what became of the item.
func (p *photo) fail(err error) {
	p.res.Outcome, p.res.Err, p.res.Output, p.res.Extras, p.res.Why = Failed, err, "", nil, ""
}

// enter waits for memory, and then for a place in the pool: while it waits for
// the one, others compute. With an error, which is that of ctx, the photo may
// hold what it came by; close gives it back.
func (p *photo) enter(ctx context.Context) error {
	if !p.admitted {
		if err := p.run.budget.take(ctx, p.bytes); err != nil {
			return err
		}
		p.admitted = true
	}
	if p.placed {
		return nil
	}
	err := p.run.Pool.Enter(ctx)
	p.placed = err == nil
	return err
}

// leave gives memory and the place in the pool back: the pictures are needed no
// longer, and what follows waits for the disk.
func (p *photo) leave() {
	if p.admitted {
		p.admitted = false
		p.run.budget.give(p.bytes)
	}
	if p.placed {
		p.placed = false
		p.run.Pool.Leave()
	}
}

// close gives back all that the photo holds.
func (p *photo) close() {
	p.leave()
	p.release()
}

// release gives back what the item needs to come again, or to be moved: its file
// and the names of its outputs. The place in the pool stays, so that no other
// picture begins before the outcome of this one is known.
func (p *photo) release() {
	p.unclaim()
	if p.in != nil {
		p.in.Close()
		p.in = nil
	}
	if p.mask != nil {
		p.mask.Close()
		p.mask = nil
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
			p.fail(outOfSpace(err, "the outputs", planned.dir()))
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
	given := &tasks.Frame{Name: p.item.Rel, Image: picture}
	if p.mask != nil {
		mask, err := p.readMask(picture)
		if err != nil {
			return err
		}
		given.Planes = map[string]*pix.Plane{MaskPlane: mask}
	}
	frame, err := r.chain.Process(ctx, given)
	if err != nil {
		return err
	}
	p.res.Notes = frame.Notes
	if p.hashes = nil; r.records != nil {
		p.hashes = map[string]string{}
	}
	batch, err := r.sink.Begin(ctx, p.item)
	if err != nil {
		return err
	}
	defer batch.Abort()
	if !r.keepsInput() {
		picture = nil // its memory is another's from here on
	}
	written, err := p.write(batch, frame)
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
	if r.records != nil {
		if p.input, err = in.identify(); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return p.commit(batch)
}

// write writes the output and the extra files of the chain. It returns the
// picture as the output reads, or of a chain that keeps pictures the overlay.
func (p *photo) write(batch Batch, frame *tasks.Frame) (written *pix.Image, err error) {
	r, image, outputs := p.run, frame.Image, frame.Outputs
	if r.chain.Keeps() {
		p.res.Outcome = Examined
		return p.writeExtras(batch, outputs)
	}
	if !frame.Changed && p.format == p.in.header.Format {
		p.res.Outcome, written = Copied, image
		err = copyFile(batch, p.suffix, p.in, p.hashes)
	} else {
		p.res.Outcome = Restored
		p.res.Notes = slices.Clip(p.res.Notes)
		left := func(text string) {
			p.res.Notes = append(p.res.Notes, tasks.Note{Step: "output", Key: "left_out", Value: text})
		}
		written, err = writePicture(batch, p.suffix, image, pix.EncodeOptions{Format: p.format, Quality: r.Quality, Note: left}, p.hashes)
	}
	if err != nil {
		return nil, err
	}
	_, err = p.writeExtras(batch, outputs)
	return written, err
}
