package main

import (
	"errors"
	"fmt"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/cae/train"
)

// training takes steps of mark on one batch, over and over.
type training struct {
	net     *cae.Network
	trainer *train.Trainer
	batch   train.Batch
}

// The batch: what restore train uses without options.
const (
	batch = 16
	patch = 96
)

func newTraining(exec *cae.Exec) (*training, error) {
	net, err := mark()
	if err != nil {
		return nil, err
	}
	trainer, err := train.New(net, exec, train.Config{
		Steps: 1 << 40, Schedule: train.Constant, Rate: 1e-4, EMA: 0.999, Loss: "l1",
		Batch: batch, Height: patch, Width: patch, Seed: seed,
	})
	if err != nil {
		return nil, err
	}
	in := pictures(net, batch, patch, patch)
	return &training{net, trainer, train.Batch{Inputs: in, Target: in[0]}}, nil
}

func (j *training) info() string {
	return fmt.Sprintf("step on %d patches of %dx%d, %d pixels, L1, Adam", batch, patch, patch, batch*patch*patch)
}

func (j *training) run() error {
	_, err := j.trainer.Step(j.batch)
	return err
}

func (j *training) export(path string) error { return exportTo(path, j.net, modelfile.Metadata{}) }

func (j *training) compare(string, string) error {
	return errors.New("a training has no output to compare")
}
