package fit

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
)

// write writes the averaged weights as a model file.
func (r *run) write(w io.Writer, d modelfile.DType) error {
	net, err := r.trainer.Averaged()
	if err != nil {
		return err
	}
	meta := modelfile.Metadata{Task: r.o.Spec.Name, Model: r.o.Model.Name, Card: r.card()}
	return cae.Save(w, net, meta, d)
}

// memo is what a checkpoint keeps for this package: the card of the model that
// the training began from, the hours that it has taken so far, and the commands
// that started it and went on with it.
type memo struct {
	Before   modelfile.Card `json:"before"`
	Hours    float64        `json:"hours"`
	Commands []string       `json:"commands,omitempty"`
}

// commands is those so far and this one. Going on by the same command again adds
// nothing.
func (r *run) commands() []string {
	list := r.memo.Commands
	if c := r.o.Command; c != "" && !slices.Contains(list, c) {
		list = append(slices.Clone(list), c)
	}
	return list
}

func (r *run) hours() float64 { return r.memo.Hours + time.Since(r.start).Hours() }

// card adds this training to what came before it.
func (r *run) card() modelfile.Card {
	c := r.trainer.Config()
	card := r.memo.Before
	card.Command, card.Date = strings.Join(r.commands(), "; "), time.Now().UTC().Format(time.DateOnly)
	card.Limits, card.Licence = r.o.Model.Limits, r.o.Licence
	for _, line := range r.data.describe() {
		if !slices.Contains(card.Data, line) {
			card.Data = append(slices.Clone(card.Data), line)
		}
	}
	card.Steps += r.trainer.Done()
	pixels := float64(r.trainer.Done()) * float64(c.Batch*c.Height*c.Width)
	card.Gigapixels = math.Round((card.Gigapixels+pixels/1e9)*1e4) / 1e4
	card.Hours = math.Round((card.Hours+r.hours())*100) / 100
	return card
}

// save writes checkpoint and model, each whole or not at all.
func (r *run) save() error {
	if err := WriteFile(filepath.Join(r.o.Out, CheckpointName), func(w io.Writer) error {
		return r.trainer.Save(w, memo{r.memo.Before, r.hours(), r.commands()})
	}); err != nil {
		return err
	}
	if err := WriteFile(r.modelPath(), func(w io.Writer) error { return r.write(w, modelfile.F16) }); err != nil {
		return err
	}
	r.emit(Event{Kind: "saved", Step: r.trainer.Done(), Path: r.modelPath()})
	return nil
}

// WriteFile writes a file beside its place and then renames it, so that it is
// there whole or not at all.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".restore-tmp-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s cannot be written: %w", path, err), f.Close(), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Chmod(0o666 &^ 0o022); err != nil && runtime.GOOS != "windows" {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
