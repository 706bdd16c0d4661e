package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
)

//go:embed presets/*.yaml
var presetFiles embed.FS

// shippedPresets are the presets of the program, NAME.yaml each.
func shippedPresets() fs.FS {
	sub, err := fs.Sub(presetFiles, "presets")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}

// presetNames are the names of the presets, in order.
func (p *program) presetNames() (names []string) {
	if p.presets == nil {
		return nil
	}
	files, _ := fs.Glob(p.presets, "*.yaml")
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, path.Ext(f)))
	}
	slices.Sort(names) // "photo" before "photo-best", unlike their files
	return names
}

// written is a pipeline as the user gave it.
type written struct {
	line      string // the pipeline on one line, or empty
	yaml      []byte // of a file or a preset
	name, dir string // of the file, as pipeline.ReadYAML takes them
}

// chain parses it with the tasks of reg. given are the planes that come with each
// picture.
func (w written) chain(reg *tasks.Registry, given ...string) (*pipeline.Chain, error) {
	if w.line != "" {
		return pipeline.Parse(reg, w.line, given...)
	}
	return pipeline.ReadYAML(reg, w.name, w.dir, w.yaml, given...)
}

// readPipeline reads the value of --pipeline. own are the models that it names,
// by step; see ownModels. given is as of written.chain.
func (p *program) readPipeline(text string, given ...string) (chain *pipeline.Chain, own map[string]string, err error) {
	w, err := p.writtenAs(text)
	if err != nil {
		return nil, nil, err
	}
	if chain, err = w.chain(p.registry, given...); err != nil {
		return nil, nil, err
	}
	return chain, p.ownModels(w), nil
}

// writtenAs tells by its text alone what a pipeline is: a file where it ends in
// .yaml or .yml, a preset where it is the name of one, and otherwise tasks on
// one line. So a new file in the working directory never changes what a command
// means.
func (p *program) writtenAs(text string) (written, error) {
	if isPipelineFile(text) {
		data, err := pipeline.FileBytes(text)
		if err != nil {
			return written{}, p.hintMissing(text, err)
		}
		return written{yaml: data, name: text, dir: filepath.Dir(text)}, nil
	}
	for _, name := range p.presetNames() {
		if name == text {
			data, err := fs.ReadFile(p.presets, name+".yaml")
			return written{yaml: data, name: "preset " + name}, err
		}
	}
	if err := p.checkWord(strings.TrimSpace(text)); err != nil {
		return written{}, err
	}
	return written{line: text}, nil
}

func isPipelineFile(text string) bool {
	ending := strings.ToLower(filepath.Ext(text))
	return ending == ".yaml" || ending == ".yml"
}

// hintMissing adds to the error of a pipeline file that is not there what else
// may have been meant.
func (p *program) hintMissing(name string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	base := filepath.Base(name)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	for _, preset := range p.presetNames() {
		if preset == stem {
			return usagef("%w; there is a preset of that name: -p %s, or save it first: restore presets %s > %s", err, preset, preset, shellWord(name))
		}
	}
	return usagef("%w; what ends in .yaml or .yml is a file; restore presets lists the presets", err)
}

// checkWord finds a single word that is no task. It may be a misspelt preset or
// a file with another ending, of which pipeline.Parse knows nothing.
func (p *program) checkWord(word string) error {
	if _, err := p.registry.Lookup(word); err == nil || word == "" || strings.ContainsAny(word, `,:="`) {
		return nil
	}
	names := p.presetNames()
	presets := strings.Join(names, ", ")
	if presets == "" {
		presets = "none"
	}
	var tasks []string
	for _, s := range p.registry.Specs() {
		tasks = append(tasks, s.Name)
	}
	if info, err := os.Stat(word); err == nil && info.Mode().IsRegular() {
		return usagef("%s is a file, but the name of a pipeline file ends in .yaml or .yml: rename it, or write the pipeline as tasks joined by commas", pipeline.QuoteName(word))
	}
	return usagef("there is no preset and no task %q%s\npresets: %s; tasks: %s; the name of a pipeline file ends in .yaml or .yml",
		word, didYouMean(word, append(names, tasks...)), presets, strings.Join(tasks, ", "))
}

// absoluteModels makes the model files of a chain absolute, so that it can be
// written into a file in any folder.
func (p *program) absoluteModels(chain *pipeline.Chain) error {
	for label, s := range labelled(chain) {
		model, ok := modelOption(s.Options)
		if !ok || model == "" || p.registry.HasModel(model) || filepath.IsAbs(model) {
			continue
		}
		abs, err := filepath.Abs(model)
		if err != nil {
			return fmt.Errorf("the folder of the model %s: %w", pipeline.QuoteName(model), err)
		}
		if err := chain.SetOption(label, "model", abs); err != nil {
			return err
		}
	}
	return nil
}
