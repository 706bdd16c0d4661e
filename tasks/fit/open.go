package fit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/tasks"
)

// open checks everything that can be checked before the first step.
func (r *run) open(ctx context.Context) error {
	o := &r.o
	if len(o.Model.Network) == 0 || o.Model.Pair == nil {
		return fmt.Errorf("the model %s cannot be trained by this program", o.Model.Name)
	}
	if o.Decay > 0 && o.Resume == "" {
		return fmt.Errorf("%w: a decay branches off a checkpoint: say which one to resume", ErrOptions)
	}
	if o.Config.Freeze != "" && o.Resume == "" && o.From == "" {
		return fmt.Errorf("%w: to freeze the %s keeps random weights as they are: say which model to start from", ErrOptions, o.Config.Freeze)
	}
	if err := r.spare(); err != nil {
		return err
	}
	if o.Memory == 0 {
		o.Memory = 4 << 30
	}
	if o.Config.Loss == "" {
		o.Config.Loss = o.Model.Loss
	}
	net, err := r.network()
	if err != nil {
		return err
	}
	if m := net.Footprint().Multiple; o.Config.Height%m != 0 || o.Config.Width%m != 0 {
		return fmt.Errorf("%w: patches of %dx%d samples; this network takes multiples of %d", ErrOptions, o.Config.Width, o.Config.Height, m)
	}
	if o.Config.Freeze == train.FreezeEncoder {
		if _, err := net.Encoder(); err != nil {
			return fmt.Errorf("%w: the encoder of %s cannot be frozen: %w", ErrOptions, o.From, err)
		}
	}
	r.net = net
	r.x = cae.NewExec(ctx, cae.Runner(o.Env.Run), o.Env.Workers)
	companions, err := openAssets(ctx, o.Env, o.Model, o.Assets)
	if err != nil {
		return err
	}
	if r.data, err = OpenDataset(o.Data, o.Config.Width, o.Memory); err != nil {
		return err
	}
	r.data.assets = companions
	if len(o.Val) > 0 {
		if r.val, err = OpenDataset(o.Val, 8, o.Memory/4); err != nil {
			return err
		}
		r.val.assets = companions
	}
	if err := os.MkdirAll(o.Out, 0o777); err != nil {
		return fmt.Errorf("the folder for the training cannot be made: %w", err)
	}
	removeLeftovers(o.Out, r.names())
	if r.val != nil {
		if n, example := shared(r.data, r.val); n > 0 {
			r.emit(Event{Kind: "warning", Text: fmt.Sprintf("%d of the %d pictures to score on are among those to learn from, %s is one: the score will flatter", n, r.val.Len(), example)})
		}
	}
	for _, text := range append(companions.warnings, companions.missing(o.Model)) {
		if text != "" {
			r.emit(Event{Kind: "warning", Text: text})
		}
	}
	err = r.data.Preload(ctx, o.Env)
	r.warn()
	if err != nil {
		return err
	}
	r.emit(Event{Kind: "data", Pictures: r.data.Len()})
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.trainer, err = r.makeTrainer(); err != nil {
		return err
	}
	if r.source, err = r.newBatches(r.trainer.Config()); err != nil {
		return err
	}
	if r.log, err = openLog(filepath.Join(o.Out, LogName), r.done()); err != nil {
		return err
	}
	for _, e := range r.early {
		r.log.write(e)
	}
	r.early = nil
	return nil
}

func (r *run) newBatches(c train.Config) (*batches, error) {
	out, err := r.net.OutShape(1, c.Height, c.Width)
	if err != nil {
		return nil, err
	}
	return &batches{data: r.data, model: r.o.Model, config: c, inputs: r.net.Inputs(), out: out.C}, nil
}

// network is the one to start from: resumed, warm or new.
func (r *run) network() (*cae.Network, error) {
	switch {
	case r.o.Resume != "":
		c, err := train.OpenCheckpoint(r.o.Resume)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(c.Memo, &r.memo); err != nil {
			return nil, fmt.Errorf("%s: %w", r.o.Resume, err)
		}
		if r.o.Decay > 0 { // a branch: the trunk's checkpoint stays as it is
			if c.Config.Schedule != train.Constant {
				return nil, fmt.Errorf("%w: its schedule is %s, whose rate falls by itself; only one with a constant rate can branch off", ErrOptions, c.Config.Schedule)
			}
			c.Config.Schedule, c.Config.DecayFrom, c.Config.Steps = train.Constant, max(1, c.Done), c.Done+r.o.Decay
			r.memo.Best = nil // of the trunk's weights
		}
		r.o.Config, r.saved = c.Config, c
		return c.Net, nil
	case r.o.From != "":
		file, size, err := r.o.Env.OpenModel(r.o.From)
		if err != nil {
			return nil, fmt.Errorf("%w %q: %w", tasks.ErrModel, r.o.From, err)
		}
		net, f, err := cae.Load(file, size)
		if err != nil {
			return nil, fmt.Errorf("%w %q: %w", tasks.ErrModel, r.o.From, err)
		}
		r.memo.Before = f.Metadata.Card
		return net, nil
	}
	net, err := cae.Parse(r.o.Model.Network)
	if err != nil {
		return nil, err
	}
	net.Init(r.o.Config.Seed)
	return net, nil
}

func (r *run) makeTrainer() (*train.Trainer, error) {
	if r.saved != nil {
		return r.saved.Trainer(r.x)
	}
	if r.o.Config.Steps == 0 {
		n, err := r.stepsFor(r.ctx, r.o.Minutes)
		if err != nil {
			return nil, err
		}
		r.o.Config.Steps = n
	}
	// A run that is all warm-up learns nothing.
	r.o.Config.Warmup = min(r.o.Config.Warmup, r.o.Config.Steps/10)
	return train.New(r.net, r.x, r.o.Config)
}

// spare refuses to write over a training that is not the one to be resumed.
func (r *run) spare() error {
	path := filepath.Join(r.o.Out, CheckpointName)
	there, err := os.Stat(path)
	if err != nil || r.o.Overwrite {
		return nil // what is wrong with the folder shows when it is written to
	}
	if r.o.Resume != "" {
		own, err := os.Stat(r.o.Resume)
		if err != nil {
			return fmt.Errorf("%w: the checkpoint to resume: %w", ErrOptions, err)
		}
		if os.SameFile(own, there) {
			return nil
		}
		if model, err := os.Stat(r.modelPath()); err == nil && os.SameFile(own, model) {
			return fmt.Errorf("%w: %s is the model; the checkpoint to resume is %s beside it", ErrOptions, r.o.Resume, CheckpointName)
		}
	}
	return fmt.Errorf("%w: %s holds a training already; resume it, or choose another folder", ErrOptions, r.o.Out)
}
