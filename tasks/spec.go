package tasks

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"strings"

	"github.com/cae-restore/restore/pix"
)

// Spec is a task as users name it.
type Spec struct {
	Name, Summary string
	Version       int      // of the options: from 1 on, raised when one is renamed, means something else or has another default
	Needs, Makes  []string // planes that it takes from earlier steps or the user, and gives to later ones

	// NeedsOf says which planes the task needs with certain options, where that
	// depends on them; nil: Needs.
	NeedsOf func(options any) []string

	// Keeps tells that the task never changes the picture itself: what it makes
	// is planes, notes and extra files. A chain of such steps alone writes the
	// extra files only, and ExtrasOf names them.
	Keeps bool

	// ExtrasOf lists the suffixes of the extra files (Frame.Outputs) that the
	// task makes of every picture where no step of its chain changes pictures
	// (Env.Alone); nil: none. They end as pictures do. One that begins with
	// ".overlay." shows the picture with what was found in it: reports show it.
	ExtrasOf func(options any) []string

	Models []Model // the first is the default; empty for a task without a network

	// Options returns a pointer to a new struct of options set to their
	// defaults; see SetOption for what its fields and tags mean.
	Options func() any

	// Migrate turns options written for version from into those of version
	// from+1: texts by name, as they were typed. It may change the map that it
	// is given and return it. An option that is not there had the default of
	// its version, so where a default changes, Migrate adds the old one. What
	// it does not know it leaves, for the check that follows. Nil where Version
	// is 1; see the function Migrate.
	Migrate func(from int, options map[string]string) (map[string]string, error)

	// New makes the task from options that SetOption has filled in. It opens
	// the model, so that an unusable one stops the run before the first picture.
	New func(ctx context.Context, env Env, options any) (Task, error)
}

// Migrate brings options that were written for version from of a task up to its
// current version, one version after the other. The map given is left as it is.
// Errors say which version it was, and leave it to the caller to name the task.
func Migrate(s *Spec, from int, options map[string]string) (map[string]string, error) {
	switch {
	case from < 1:
		return nil, fmt.Errorf("there is no version %d of the options; the first is 1", from)
	case from > s.Version:
		return nil, fmt.Errorf("the options are of version %d, and this program knows those up to %d: update the program", from, s.Version)
	case from < s.Version && s.Migrate == nil:
		return nil, fmt.Errorf("options of version %d are not understood any more; write them anew, for version %d", from, s.Version)
	}
	options = maps.Clone(options)
	if options == nil {
		options = map[string]string{}
	}
	for v := from; v < s.Version; v++ {
		var err error
		if options, err = s.Migrate(v, options); err != nil {
			return nil, fmt.Errorf("options of version %d cannot be brought to version %d: %w", from, s.Version, err)
		}
	}
	return options, nil
}

// Model is what running, training and scoring ask of one network of a task.
type Model struct {
	Name, Summary string
	Weights       []byte // the shipped model file, or nil where none is shipped yet

	Network []byte // the network as JSON, for a training from nothing
	Loss    string // name of the loss that trains it ("l1", "mse", "charbonnier", "bce")
	// Assets are the names of the folders of further pictures that Pair and Score
	// may use: --assets NAME=DIR. They do without what is not given.
	Assets []string
	Limits string // what it is not good at, for its card

	// Cost is the workspace in bytes that one picture of w by h samples takes
	// beside its own planes, known before it is decoded.
	Cost func(w, h, workers int) int64

	// Pair damages one clean patch: what the network sees and what it should
	// have said. All randomness comes from rng.
	Pair func(rng *rand.Rand, s Sample) (Example, error)

	// ScoreOptions returns a pointer to a struct of defaults for Score.
	ScoreOptions func() any

	// Score damages clean pictures, restores them with the named model and
	// measures. It may go over the samples several times.
	Score func(ctx context.Context, env Env, model string, samples iter.Seq2[Sample, error], options any) (Table, error)
}

// Sample is a clean picture with its companions.
type Sample struct {
	Name   string
	Image  *pix.Image
	Planes map[string]*pix.Plane
	Assets map[string][]Asset // those of Model.Assets for which there is a folder; in the order of their names
}

// Example is one pair for training, as float32 planes of W*H that are neither
// rounded nor clipped (1.0 is full scale). Input holds the channels of all the
// network's inputs, in their order.
type Example struct {
	W, H          int
	Input, Target [][]float32

	// Weight is that of each sample in the loss: W*H values that count for all
	// planes of the target, or W*H for each plane, one plane after another; nil
	// for all 1.
	Weight []float32
}

// Table is a result of scoring.
type Table struct {
	Protocol string   // how it was measured, in a sentence or two
	Columns  []string // lower_case_names with underscores, also the keys in JSON
	Rows     [][]any  // string, int or float64, one a column
	Score    float64  // the one number by which models are chosen; more is better
	Unit     string   // of Score, such as "dB"; empty for a plain number
}

// Registry is the list of the tasks that a program offers.
type Registry struct{ specs []*Spec }

// NewRegistry returns a registry of the given specs, in that order. It panics
// on a name that stands twice, which is a mistake of the program.
func NewRegistry(specs ...*Spec) *Registry {
	seen := map[string]bool{}
	for _, s := range specs {
		if seen[s.Name] {
			panic("tasks: two specs are called " + s.Name)
		}
		seen[s.Name] = true
	}
	return &Registry{specs: specs}
}

// Specs lists the tasks in order.
func (r *Registry) Specs() []*Spec { return r.specs }

// Lookup finds a task by name.
func (r *Registry) Lookup(name string) (*Spec, error) {
	var names []string
	for _, s := range r.specs {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("there is no task %q; there are: %s", name, strings.Join(names, ", "))
}

// HasModel reports whether name is that of a model: "fast", "denoise:fast", or
// the name of a task for its first model. What is not may be a file.
func (r *Registry) HasModel(name string) bool {
	task, model, qualified := strings.Cut(name, ":")
	for _, s := range r.specs {
		if len(s.Models) > 0 && s.Name == name {
			return true
		}
		for i := range s.Models {
			if m := s.Models[i].Name; m == name || qualified && s.Name == task && m == model {
				return true
			}
		}
	}
	return false
}

// Model finds a model of the task by name; an empty name is the default.
func (s *Spec) Model(name string) (*Model, error) {
	var names []string
	for i := range s.Models {
		if name == "" || s.Models[i].Name == name {
			return &s.Models[i], nil
		}
		names = append(names, s.Models[i].Name)
	}
	return nil, fmt.Errorf("task %s has no model %q; it has: %s", s.Name, name, strings.Join(names, ", "))
}
