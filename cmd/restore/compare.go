package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
)

// comparison is what came out for one pair.
type comparison struct {
	done           bool
	w, h           int
	psnr           float64 // +Inf: equal
	ssim           float64
	largest        float64 // on the scale of 0 to 255
	opacityDiffers bool
	err            error // names the file or files that it is about
}

// all compares all pairs, one a worker; what there is to do in one pair is
// shared out over the workers that are free. Only what ends the run is returned:
// the fault of one pair is in its result.
func (r *comparing) all(ctx context.Context, pool *pipeline.Pool, m *meter) error {
	var reporting sync.Mutex
	return pool.Run(ctx, len(r.pairs), func(_, i int) error {
		res := r.pair(ctx, pool, i)
		kind := pipeline.KindOf(res.err)
		if kind == pipeline.KindCancelled {
			return res.err // cut short
		}
		res.done = true
		r.results[i] = res
		outcome := pipeline.Restored
		if res.err != nil {
			outcome = pipeline.Failed
		}
		reporting.Lock()
		defer reporting.Unlock()
		m.Done(pipeline.Result{Item: r.pairs[i].A, Outcome: outcome, W: res.w, H: res.h})
		if kind == pipeline.KindEnvironment {
			return res.err
		}
		return nil
	})
}

// pair compares the pair i and writes its difference picture.
func (r *comparing) pair(ctx context.Context, pool *pipeline.Pool, i int) (res comparison) {
	defer func() {
		if v := recover(); v != nil {
			res.err = &pipeline.PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	pair := r.pairs[i]
	var images [2]*pix.Image
	paths := [2]string{pair.A.Path, pair.B.Path}
	if res.err = pool.Run(ctx, 2, func(_, side int) (err error) {
		if images[side], err = readPicture(paths[side], r.limits); err != nil {
			return &pipeline.Error{Item: paths[side], Err: err}
		}
		return nil
	}); res.err != nil {
		return res
	}
	a, b := images[0], images[1]
	if a.W != b.W || a.H != b.H {
		res.err = fmt.Errorf("%w: %s has %dx%d samples, %s %dx%d", pix.ErrMismatch,
			pipeline.QuoteName(paths[0]), a.W, a.H, pipeline.QuoteName(paths[1]), b.W, b.H)
		return res
	}
	if a.Grey() != b.Grey() {
		a, b = a.InColour(), b.InColour()
	}
	err := res.measure(ctx, pool, a, b)
	if err == nil && r.sink != nil {
		err = r.write(ctx, pair.A, a, b)
	}
	if err != nil {
		res.err = &pipeline.Error{Kind: pipeline.KindOf(err), Item: pair.A.Path, Err: err}
	}
	return res
}

// measure fills in the figures of two pictures of the same shape. SSIM is the
// mean over the planes, which are computed side by side.
func (res *comparison) measure(ctx context.Context, pool *pipeline.Pool, a, b *pix.Image) error {
	res.w, res.h = a.W, a.H
	res.opacityDiffers = !slices.Equal(a.Alpha, b.Alpha)
	similar := make([]float64, len(a.Planes))
	err := pool.Run(ctx, len(similar)+1, func(_, p int) (err error) {
		if p < len(similar) {
			similar[p], err = pix.SSIM(plane(a, p), plane(b, p))
			return err
		}
		if res.psnr, err = pix.PSNR(a, b); err != nil {
			return err
		}
		most, err := pix.MaxDifference(a, b)
		res.largest = float64(most) / 257
		return err
	})
	for _, v := range similar {
		res.ssim += v / float64(len(similar))
	}
	if math.IsInf(res.psnr, 1) {
		res.ssim = 1 // without the rounding of the sums
	}
	return err
}

// plane is one plane of a picture as a grey picture.
func plane(m *pix.Image, p int) *pix.Image {
	return &pix.Image{W: m.W, H: m.H, Planes: m.Planes[p : p+1]}
}

// write writes the difference picture of a pair, whole or not at all.
func (r *comparing) write(ctx context.Context, item pipeline.Item, a, b *pix.Image) error {
	d, err := pix.Difference(a, b, r.gain, r.signed)
	if err != nil {
		return err
	}
	item.ModTime = time.Time{} // the sink would give it A's; the mode it should have
	batch, err := r.sink.Begin(ctx, item)
	if err != nil {
		return err
	}
	defer batch.Abort()
	out, err := batch.Create(r.suffix)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<16)
	if err = pix.Encode(w, d, pix.EncodeOptions{Format: "png"}); err == nil {
		err = w.Flush()
	}
	switch {
	case errors.Is(err, pix.ErrUnsupported), errors.Is(err, pix.ErrLimit):
		return err
	case err != nil: // of the output, on which no other can be expected to succeed
		return &pipeline.Error{Kind: pipeline.KindEnvironment, Err: fmt.Errorf("the difference picture %s cannot be written: %w", batch.Path(r.suffix), err)}
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return batch.Commit(r.overwrite)
}

// readPicture decodes a file.
func readPicture(path string, lim pix.Limits) (*pix.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return pix.Decode(f, lim)
}
