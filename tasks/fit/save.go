package fit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

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

// save writes checkpoint and model, each whole or not at all.
func (r *run) save() error {
	if err := WriteFile(filepath.Join(r.o.Out, CheckpointName), func(w io.Writer) error {
		return r.trainer.Save(w, memo{r.memo.Before, r.hours(), r.commands(), r.memo.Best})
	}); err != nil {
		return err
	}
	if err := WriteFile(r.modelPath(), func(w io.Writer) error { return r.write(w, modelfile.F16) }); err != nil {
		return err
	}
	r.emit(Event{Kind: "saved", Step: r.done(), Path: r.modelPath()})
	return nil
}

// names are the files that a training writes.
func (r *run) names() []string {
	return []string{CheckpointName, LogName, filepath.Base(r.modelPath())}
}

// temporary is the pattern of the names under which a file is written before it
// takes its own.
func temporary(name string) string { return "." + name + ".restore-tmp-*" }

// removeLeftovers removes what a killed training had begun to write. That which
// cannot be removed does no harm.
func removeLeftovers(dir string, names []string) {
	for _, name := range names {
		list, _ := filepath.Glob(filepath.Join(dir, temporary(name)))
		for _, path := range list {
			_ = os.Remove(path)
		}
	}
}

// WriteFile writes a file beside its place and then renames it, so that it is
// there whole or not at all.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), temporary(filepath.Base(path)))
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
