package fit

import (
	"bytes"
	"context"
	"errors"
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
	Spec   *tasks.Spec
	Model  *tasks.Model
	Data   []string      // folders of clean pictures to learn from
	Val    []string      // folders to score on while training; may be empty
	Assets []AssetFolder // of the model's, for learning and scoring; may be empty
	Out    string        // folder for checkpoint, model and log; made where missing

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
	Program   string        // likewise: name and version of the program
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
// from its last checkpoint and then equals an uninterrupted one. One that is
// resumed after its last step only reports that, by an event "complete".
func Train(ctx context.Context, o TrainOptions) (string, error) {
	r := &run{o: o, ctx: ctx, start: time.Now()}
	if err := r.open(ctx); err != nil {
		return "", err
	}
	defer r.log.close()
	if r.saved != nil && r.done() >= r.trainer.Config().Steps {
		return r.modelPath(), r.complete()
	}
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
	ctx     context.Context
	net     *cae.Network
	x       *cae.Exec
	trainer *train.Trainer
	data    *Dataset
	val     *Dataset
	source  *batches
	log     *logFile
	early   []Event   // from before there was a log
	scored  *valScore // result of the latest score
	start   time.Time
	memo    memo
	saved   *train.Checkpoint // that the run goes on from
}

// done is the number of steps so far.
func (r *run) done() int64 {
	if r.trainer == nil {
		return 0
	}
	return r.trainer.Done()
}

func (r *run) modelPath() string {
	return filepath.Join(r.o.Out, r.o.Model.Name+".safetensors")
}

// complete reports that no step is left to take. The files are written anew only
// where the end of the training was cut short or is wanted in another folder:
// scores that were recorded in the model file stay.
func (r *run) complete() error {
	_, err := os.Stat(filepath.Join(r.o.Out, CheckpointName))
	if err != nil || !r.modelIsWritten() {
		if err := r.save(); err != nil {
			return err
		}
	}
	r.emit(Event{Kind: "complete", Step: r.done(), Steps: r.done(), Path: r.modelPath()})
	return nil
}

// modelIsWritten reports whether the model file is that of the steps so far.
func (r *run) modelIsWritten() bool {
	data, err := os.ReadFile(r.modelPath())
	if err != nil {
		return false
	}
	f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
	return err == nil && f.Metadata.Card.Steps == r.card().Steps
}

// loop takes the steps that are left.
func (r *run) loop(ctx context.Context) error {
	c := r.trainer.Config()
	if r.val != nil && r.o.From != "" && r.saved == nil { // what the training is to improve on
		if err := r.measure(ctx); err != nil {
			return err
		}
	}
	source := newLoader(ctx, r.source, r.done(), r.o.Env.Workers)
	defer source.close()
	meter := newMeter(c, r.trainer.Skipped, time.Now)
	saved, scored := time.Now(), time.Now()
	for r.done() < c.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch, err := source.next()
		if err != nil {
			return err
		}
		s, err := r.trainer.Step(batch)
		if s.Skipped {
			r.emit(skippedEvent(s, r.trainer.Skipped()))
		}
		if err != nil {
			return err
		}
		if e, ok := meter.add(s); ok {
			r.emit(e)
		}
		r.warn()
		since, last, due := time.Now(), r.done() == c.Steps, r.o.Every > 0 && time.Since(saved) >= r.o.Every
		if r.val != nil && (last || r.o.Score > 0 && time.Since(scored) >= r.o.Score) {
			if err := r.measure(ctx); err != nil {
				return err
			}
			scored, due = time.Now(), true
		}
		if due && !last { // the end saves in any case
			if err := r.save(); err != nil {
				return err
			}
			saved = time.Now()
			meter.pause(since)
		}
	}
	return nil
}

// measure scores the averaged weights on the middle of some pictures, and shows
// what they do.
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
	r.scored = &valScore{Step: r.done(), Score: t.Score, Unit: t.Unit, table: t}
	if b := r.memo.Best; b == nil || t.Score > b.Score {
		r.memo.Best = r.scored
	}
	r.emit(Event{Kind: "score", Step: r.done(), Score: t.Score, Unit: t.Unit, Table: &t})
	list, err := r.compare()
	if err != nil {
		return err
	}
	r.warn()
	r.emit(Event{Kind: "samples", Step: r.done(), Samples: list})
	return nil
}
