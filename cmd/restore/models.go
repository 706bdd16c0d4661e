package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/cae-restore/restore/tasks"
)

// maxModelFile is far above any model of ours: a file beyond it is a mistake.
const maxModelFile = 1 << 30

// openModel returns what tasks.Env.OpenModel asks for. name is a shipped model
// ("TASK" for the task's first, "TASK:MODEL", or "MODEL" where only one task
// has it) or else a file. Shipped names come first; "./denoise" is always a
// file. Errors wrap tasks.ErrModel.
func openModel(r *tasks.Registry) func(name string) (io.ReaderAt, int64, error) {
	return func(name string) (io.ReaderAt, int64, error) {
		data, err := modelBytes(r, name)
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %w", tasks.ErrModel, err)
		}
		return bytes.NewReader(data), int64(len(data)), nil
	}
}

func modelBytes(r *tasks.Registry, name string) ([]byte, error) {
	found := shippedModels(r, name)
	switch {
	case len(found) > 1:
		return nil, fmt.Errorf("%d tasks have a model %q; write TASK:%s", len(found), name, name)
	case len(found) == 1 && len(found[0].Weights) > 0:
		return found[0].Weights, nil
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(found) == 1:
		return nil, fmt.Errorf("model %q is not shipped with this program yet; give a file: --model FILE", name)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%q is neither a file nor a shipped model; shipped are: %s", name, strings.Join(shippedNames(r), ", "))
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", name)
	case info.Size() > maxModelFile:
		return nil, fmt.Errorf("%s is of %s; a model file has at most %s", name, size(info.Size()), size(maxModelFile))
	}
	return os.ReadFile(name)
}

// shippedModels finds the models that a name can mean.
func shippedModels(r *tasks.Registry, name string) []*tasks.Model {
	task, model, qualified := strings.Cut(name, ":")
	var found []*tasks.Model
	for _, s := range r.Specs() {
		if len(s.Models) > 0 && s.Name == name {
			return []*tasks.Model{&s.Models[0]}
		}
		if qualified && s.Name != task {
			continue
		}
		for i := range s.Models {
			if m := &s.Models[i]; m.Name == name || qualified && m.Name == model {
				found = append(found, m)
			}
		}
	}
	return found
}

func shippedNames(r *tasks.Registry) []string {
	var list []string
	for _, s := range r.Specs() {
		for _, m := range s.Models {
			if len(m.Weights) > 0 {
				list = append(list, s.Name+":"+m.Name)
			}
		}
	}
	if len(list) == 0 {
		return []string{"none"}
	}
	slices.Sort(list)
	return list
}
