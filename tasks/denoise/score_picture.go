package denoise

import (
	"context"
	"math"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/degrade"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

// bench is what a picture goes through to be scored: all trials.
type bench struct {
	env     tasks.Env
	model   *neural.Model
	options *ScoreOptions
	trials  []trial
}

// abreastBytes is what the trials of a picture that run at the same time may
// take together: as much as the network may for a large picture alone.
const abreastBytes = 1 << 30

// picture scores one picture: a result for each trial.
//
// Trials run side by side, since much of one, such as drawing camera noise,
// can use one core only. For large pictures that would take too much memory, and
// is of little use, as the network keeps all cores busy most of the time: of
// those fewer run at once, down to one. No result depends on how many do.
func (b *bench) picture(ctx context.Context, s tasks.Sample) ([]result, error) {
	clean := degrade.FromImage(s.Image)
	seed := noiseSeed(b.options.Seed, s.Name)
	results := make([]result, len(b.trials))
	abreast := b.abreast(clean.W, clean.H)
	for first := 0; first < len(b.trials); first += abreast {
		err := b.env.Run(ctx, min(abreast, len(b.trials)-first), func(_, i int) (err error) {
			results[first+i], err = b.run(ctx, b.trials[first+i], clean, seed)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// abreast is how many trials of a picture of w*h samples are handed out together.
func (b *bench) abreast(w, h int) int {
	limit := int64(abreastBytes)
	if b.env.Memory > 0 {
		limit = b.env.Memory
	}
	// Noisy and restored planes, and that of the level, beside the network's own.
	each := b.model.Cost(w, h, b.env.Workers) + int64(w)*int64(h)*(3+3+1)*4
	n := int(max(1, limit/each))
	if n >= b.env.Workers {
		return len(b.trials) // no more than one a worker run at a time anyway
	}
	return n
}

// runner shares work inside a trial out over the cores that have none.
func (b *bench) runner(ctx context.Context) pix.Runner {
	return func(n int, f func(i int)) error {
		return b.env.Run(ctx, n, func(_, i int) error {
			f(i)
			return nil
		})
	}
}

// run damages a picture, restores it as the task would, and measures.
func (b *bench) run(ctx context.Context, t trial, clean degrade.Patch, seed uint64) (result, error) {
	var r result
	noisy, level, err := t.damage(b.runner(ctx), clean, seed)
	if err != nil {
		return r, err
	}
	truth := clean.InColour()
	before, err := pix.PSNRPlanes(noisy.InColour(), truth, 1)
	if err != nil {
		return r, err
	}
	d := decision{level: level, share: 1, clean: level < leastLevel}
	if told := b.options.Strength; !told.True {
		d = told.Strength.decide(func() float64 { return t.measure(noisy) })
		r.miss = math.Abs(d.measured - level)
	}
	out := noisy
	if !d.clean {
		to := neural.NewPlanes(clean.W, clean.H, 3)
		from := &neural.Planes{W: clean.W, H: clean.H, Data: inputsOf(noisy, d.level/255)}
		if err := b.model.Stream(ctx, b.env, from, to); err != nil {
			return r, err
		}
		out = degrade.Patch{W: clean.W, H: clean.H, Planes: to.Data}
		keep(out, noisy, float32(d.share))
	}
	for _, plane := range out.Planes {
		for i, v := range plane {
			plane[i] = min(max(v, 0), 1)
		}
	}
	after, err := pix.PSNRPlanes(out.InColour(), truth, 1)
	if err != nil {
		return r, err
	}
	if r.ssim, err = pix.SSIMPlanes(b.runner(ctx), out.InColour(), truth, clean.W, clean.H, 1); err != nil {
		return r, err
	}
	r.input, r.psnr = min(before, mostPSNR), min(after, mostPSNR)
	return r, nil
}

// keep leaves out with share of the correction and the rest of what was before, as
// the task does, which also gives what has no colour none.
func keep(out, before degrade.Patch, share float32) {
	old := before.InColour()
	for i := range out.Planes[0] {
		if before.Grey() {
			mean := (out.Planes[0][i] + out.Planes[1][i] + out.Planes[2][i]) / 3
			out.Planes[0][i], out.Planes[1][i], out.Planes[2][i] = mean, mean, mean
		}
		for p, plane := range out.Planes {
			plane[i] = old[p][i]*(1-share) + plane[i]*share
		}
	}
}
