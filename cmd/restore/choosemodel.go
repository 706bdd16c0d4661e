package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
)

// chooseModels sets the models that --model names. Two for the same step, or one
// for a step whose model the pipeline's own text names, are errors: which of
// them was meant cannot be told. own are the latter by step, as of ownModels.
func chooseModels(chain *pipeline.Chain, choices []string, own map[string]string) error {
	chosen := map[string]string{}
	for _, choice := range choices {
		step, name := splitModel(chain, choice)
		if err := chain.SetOption(step, "model", name); err != nil {
			return err
		}
		label := modelStep(chain, step)
		if other, twice := chosen[label]; twice {
			return usagef("--model %s and --model %s are both for the step %s: give one of them", other, choice, label)
		}
		if model, named := own[label]; named {
			return usagef("the pipeline gives the step %s the model %s, and --model %s another: give one of them", label, model, choice)
		}
		chosen[label] = choice
	}
	return nil
}

// splitModel reads [STEP=]NAME|FILE. A file may hold "=" in its name, so only
// the name of a step of the chain counts as STEP.
func splitModel(chain *pipeline.Chain, choice string) (step, name string) {
	step, name, ok := strings.Cut(choice, "=")
	task, _, _ := strings.Cut(step, "#")
	if ok && slices.ContainsFunc(chain.Steps(), func(s pipeline.Step) bool { return s.Spec.Name == task }) {
		return step, name
	}
	return "", choice
}

// modelStep is the one name of the step that SetOption finds under the name
// step: the task, with #2, #3 where it is not the first of its kind. An empty
// step is the only one that has a model.
func modelStep(chain *pipeline.Chain, step string) string {
	if step != "" {
		return strings.TrimSuffix(step, "#1")
	}
	for label, s := range labelled(chain) {
		if _, ok := modelOption(s.Options); ok {
			return label
		}
	}
	return ""
}

// labelled are the steps of a chain by their names.
func labelled(chain *pipeline.Chain) map[string]pipeline.Step {
	steps, seen := map[string]pipeline.Step{}, map[string]int{}
	for _, s := range chain.Steps() {
		label := s.Spec.Name
		if seen[label]++; seen[label] > 1 {
			label = fmt.Sprintf("%s#%d", label, seen[label])
		}
		steps[label] = s
	}
	return steps
}

// modelOption is the value of a step's option "model".
func modelOption(options any) (string, bool) {
	if options == nil {
		return "", false
	}
	list := tasks.Options(options)
	i := slices.IndexFunc(list, func(o tasks.Option) bool { return o.Name == "model" })
	if i < 0 {
		return "", false
	}
	return list[i].Default, true
}

// unnamed is a model that no text names.
const unnamed = "\x00"

// ownModels are the models that the text of a pipeline names, by step. One that
// it names counts even where it is the default, so the text is read with tasks
// whose default is another.
func (p *program) ownModels(w written) map[string]string {
	var specs []*tasks.Spec
	for _, spec := range p.registry.Specs() {
		s := *spec
		if spec.Options != nil {
			s.Options = func() any {
				o := spec.Options()
				if _, ok := modelOption(o); ok {
					_ = tasks.SetOption(o, "model", unnamed) // where it must be one of a list, nothing is found here
				}
				return o
			}
		}
		specs = append(specs, &s)
	}
	chain, err := w.chain(tasks.NewRegistry(specs...), pipeline.MaskPlane)
	if err != nil {
		return nil // it was read before
	}
	own := map[string]string{}
	for label, s := range labelled(chain) {
		if model, ok := modelOption(s.Options); ok && model != unnamed {
			own[label] = model
		}
	}
	return own
}
