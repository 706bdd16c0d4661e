package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
)

// maxModelFile is far above any model of ours: a file beyond it is a mistake.
const maxModelFile = 1 << 30

// openModel returns what tasks.Env.OpenModel asks for. name is a shipped model
// ("TASK" for the task's first, "TASK:MODEL", or "MODEL" where only one task
// has it) or else a file. Shipped names come first; "./denoise" is always a
// file. A name that is no shipped one and looks like no file, by a separator or an
// ending, is a mistake of usage. Errors say what is wrong and leave it to the caller to say of which
// model, as tasks do: see unusable.
func openModel(r *tasks.Registry) func(name string) (io.ReaderAt, int64, error) {
	return func(name string) (io.ReaderAt, int64, error) {
		data, err := modelBytes(r, name)
		if err != nil {
			return nil, 0, err
		}
		return bytes.NewReader(data), int64(len(data)), nil
	}
}

// unusable is the error of a model that cannot be used; it wraps tasks.ErrModel.
func unusable(name string, err error) error {
	return fmt.Errorf("%w %q: %w", tasks.ErrModel, name, err)
}

// loadModel returns the network of a model, its file, and the file's size in
// bytes. Errors wrap tasks.ErrModel.
func (p *program) loadModel(name string) (*cae.Network, *modelfile.File, int64, error) {
	data, err := modelBytes(p.registry, name)
	if err != nil {
		return nil, nil, 0, unusable(name, err)
	}
	net, file, err := cae.Load(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, 0, unusable(name, err)
	}
	return net, file, int64(len(data)), nil
}

func modelBytes(r *tasks.Registry, name string) ([]byte, error) {
	found := shippedModels(r, name)
	switch {
	case len(found) > 1:
		return nil, fmt.Errorf("%d tasks have a model of this name; write TASK:%s", len(found), name)
	case len(found) == 1 && len(found[0].Weights) > 0:
		return found[0].Weights, nil
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(found) == 1:
		return nil, fmt.Errorf("it is not shipped with this program yet; name the file of its weights instead, or one of those that are shipped: %s", strings.Join(shippedNames(r), ", "))
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, `/\`) && filepath.Ext(name) == "":
		return nil, usagef("it is neither a file nor a shipped model; shipped are: %s%s", strings.Join(shippedNames(r), ", "), didYouMean(name, modelNames(r)))
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("it is neither a file nor a shipped model; shipped are: %s", strings.Join(shippedNames(r), ", "))
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case info.Size() > maxModelFile:
		return nil, fmt.Errorf("it is of %s; a model file has at most %s", size(info.Size()), size(maxModelFile))
	}
	data, err := os.ReadFile(name)
	if err == nil && !startsLikeModel(data) {
		err = errors.New("it is no safetensors file, as models are")
	}
	return data, err
}

// startsLikeModel reports whether a file can be of the format safetensors, whose
// header is eight bytes of length and a JSON object. Without this, eight bytes
// of a photograph would be reported as a length of no sense.
func startsLikeModel(data []byte) bool { return len(data) > 8 && data[8] == '{' }

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

// modelNames are all names by which shipped models can be called.
func modelNames(r *tasks.Registry) (list []string) {
	for _, s := range r.Specs() {
		for i, m := range s.Models {
			if len(m.Weights) == 0 {
				continue
			}
			if i == 0 {
				list = append(list, s.Name)
			}
			list = append(list, m.Name, s.Name+":"+m.Name)
		}
	}
	return list
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
