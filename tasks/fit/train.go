package fit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/tasks"
)

// TrainOptions say what to train, on what and how.
type TrainOptions struct {
	Spec  *tasks.Spec
	Model *tasks.Model
	Data  []string // folders of clean pictures to learn from
	Val   []string // folders to score on while training; may be empty
	Out   string   // folder for checkpoint, model and log; made where missing

	Config    train.Config  // steps (0: from Minutes), batch, patch, rate and the rest
	Minutes   float64       // length of the run where Config.Steps is 0
	Overwrite bool          // write over a training that is in Out
	Resume    string        // checkpoint to go on from; its own Config counts
	Decay     int64         // with Resume: let the rate fall to 0 over so many steps and end there
	From      string        // model to start from instead of random weights
	Every     time.Duration // between checkpoints
	Score     time.Duration // between scores
	Memory    int64         // bytes of samples to keep in memory; 0: 4 GiB
	Command   string        // for the model card
	Licence   string        // likewise: SPDX identifier of the weights' licence
	Env       tasks.Env
	Log       func(Event) // called from one goroutine
}

// ErrOptions marks options of a training that do not fit each other or what is
// there.
var ErrOptions = errors.New("unusable options")

// Names of the files in Out.
const (
	CheckpointName = "checkpoint.safetensors"
	LogName        = "log.jsonl"
)

// How the score during a training is made quick: so many pictures, cut to their
// middle.
const (
	scorePictures = 32
	scoreSide     = 192
)

// Train trains the model until its steps are done or ctx ends, and returns the
// path of the model file, which holds the averaged weights as F16. Checkpoints
// and model files appear whole or not at all, so a killed run can be resumed
// from its last checkpoint and then equals an uninterrupted one.
func Train(ctx context.Context, o TrainOptions) (string, error) {
	r := &run{o: o, start: time.Now()}
	if err := r.open(ctx); err != nil {
		return "", err
	}
	defer r.log.close()
	err := r.loop(ctx)
	if err != nil && ctx.Err() == nil {
		return "", err
	}
	if serr := r.save(); serr != nil {
		return "", serr
	}
	return r.modelPath(), ctx.Err()
}

type run struct {
	o       TrainOptions
	net     *cae.Network
	x       *cae.Exec
	trainer *train.Trainer
	data    *Dataset
	val     *Dataset
	source  *batches
	log     *logFile
	start   time.Time
	memo    memo
	saved   *train.Checkpoint // that the run goes on from
}

func (r *run) modelPath() string {
	return filepath.Join(r.o.Out, r.o.Model.Name+".safetensors")
}

// open checks everything that can be checked before the first step.
func (r *run) open(ctx context.Context) error {
	o := &r.o
	if len(o.Model.Network) == 0 || o.Model.Pair == nil {
		return fmt.Errorf("the model %s cannot be trained by this program", o.Model.Name)
	}
	if o.Decay > 0 && o.Resume == "" {
		return fmt.Errorf("%w: a decay branches off a checkpoint: say which one to resume", ErrOptions)
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
	r.net = net
	r.x = cae.NewExec(ctx, cae.Runner(o.Env.Run), o.Env.Workers)
	if r.data, err = OpenDataset(o.Data, o.Config.Width, o.Memory); err != nil {
		return err
	}
	if len(o.Val) > 0 {
		if r.val, err = OpenDataset(o.Val, 8, o.Memory/4); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(o.Out, 0o777); err != nil {
		return fmt.Errorf("the folder for the training cannot be made: %w", err)
	}
	r.emit(Event{Kind: "data", Pictures: r.data.Len()})
	if err := r.data.Preload(ctx, o.Env); err != nil {
		return err
	}
	if r.trainer, err = r.makeTrainer(); err != nil {
		return err
	}
	out, err := r.net.OutShape(1, o.Config.Height, o.Config.Width)
	if err != nil {
		return err
	}
	r.source = &batches{data: r.data, model: o.Model, config: r.trainer.Config(), inputs: r.net.Inputs(), out: out.C}
	r.log, err = openLog(filepath.Join(o.Out, LogName), r.trainer.Done())
	return err
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
		n, err := r.stepsFor(r.o.Minutes)
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

// loop takes the steps that are left.
func (r *run) loop(ctx context.Context) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	source := r.source.ahead(inner, r.trainer.Done())
	c := r.trainer.Config()
	meter := newMeter(c)
	saved, scored := time.Now(), time.Now()
	for r.trainer.Done() < c.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		next := <-source
		if next.err != nil {
			return next.err
		}
		s, err := r.trainer.Step(next.batch)
		if err != nil {
			return err
		}
		if e, ok := meter.add(s); ok {
			r.emit(e)
		}
		last := r.trainer.Done() == c.Steps
		if r.val != nil && (last || r.o.Score > 0 && time.Since(scored) >= r.o.Score) {
			if err := r.measure(ctx); err != nil {
				return err
			}
			scored = time.Now()
		}
		if r.o.Every > 0 && time.Since(saved) >= r.o.Every {
			if err := r.save(); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	return nil
}

// measure scores the averaged weights on the middle of some pictures.
func (r *run) measure(ctx context.Context) error {
	var file bytes.Buffer
	if err := r.write(&file, modelfile.F32); err != nil {
		return err
	}
	env := r.o.Env
	env.OpenModel = func(string) (io.ReaderAt, int64, error) {
		return bytes.NewReader(file.Bytes()), int64(file.Len()), nil
	}
	t, err := r.o.Model.Score(ctx, env, "training", r.val.Centres(scorePictures, scoreSide), r.o.Model.ScoreOptions())
	if err != nil {
		return err
	}
	r.emit(Event{Kind: "score", Step: r.trainer.Done(), Score: t.Score, Table: &t})
	return nil
}
