package segment

import (
	"fmt"
	"slices"
	"strings"
)

// Options are the options of the task.
type Options struct {
	Model     string  `opt:"model" help:"model to use: a shipped one by name, or a model file"`
	Classes   Classes `opt:"classes" help:"kinds of damage that go into the mask for later steps: all, or some joined by +, such as scratch+dust" values:"all|scratch|dust|hair|stain|blot"`
	Threshold float64 `opt:"threshold" help:"probability from which a sample counts as damaged; lower finds more, and more that is none" min:"0.01" max:"0.99"`
	Certain   float64 `opt:"certain" help:"probability that a tenth of a piece of damage must reach; other pieces are left alone. At the threshold or below, all pieces count" min:"0.01" max:"0.99"`
	Grow      int     `opt:"grow" help:"by how many samples the mask reaches beyond the damage on all sides, since its edges are soft" min:"0" max:"50"`
	Files     Files   `opt:"files" help:"extra files to write beside each picture: labels (a map of the kinds), overlay (the picture with the kinds in colour), mask (white where later steps would fill, to be touched up by hand), some of them joined by +, none, or auto: labels+overlay where no step of the pipeline changes the picture, else none" values:"auto|labels|overlay|mask|none"`
}

// ScoreOptions are the options of scoring and training.
type ScoreOptions struct {
	Threshold float64 `opt:"threshold" help:"probability from which a sample counts as damaged" min:"0.01" max:"0.99"`
	Certain   float64 `opt:"certain" help:"probability that a tenth of a piece of damage must reach" min:"0.01" max:"0.99"`
	Aged      bool    `opt:"aged" help:"the pictures become old prints before the damage, and grain, noise and JPEG follow; false: damage and film grain alone, as for the figures of the preset old-photo"`
	Write     string  `opt:"write" help:"folder, for looking and for other measurements: the damaged pictures in damaged/, the clean ones in clean/, what is damaged in masks/ and what was found in found/, as PNG under one name"`
	Seed      int     `opt:"seed" help:"seed of the damage" min:"0" max:"1000000000"`
}

const (
	// defaultThreshold belongs to the shipped weights. It is chosen with the
	// overlays that are held out, on training photographs and not on those that
	// the figures of docs/quality.md are of: restore eval segment --threshold.
	defaultThreshold = 0.45

	// defaultCertain is chosen with it: restore eval segment --certain.
	defaultCertain = 0.5

	// defaultGrow covers the soft edges of damage, where it hides less of the
	// picture than what counts as damaged but enough to be seen in a filling.
	defaultGrow = 2
)

func (o *ScoreOptions) limits() limits { return limits{o.Threshold, o.Certain} }

func defaults() *Options {
	return &Options{Model: "damage", Threshold: defaultThreshold, Certain: defaultCertain, Grow: defaultGrow}
}

// Classes says which kinds of damage are chosen. The zero value is all.
type Classes struct {
	some [kindCount]bool // by kind less 1; none: all
}

// Has reports whether the kind with that index, from 1 on, is chosen.
func (c *Classes) has(k kind) bool {
	return c.some == [kindCount]bool{} || c.some[k-1]
}

// UnmarshalText reads "all" or names of kinds joined by "+".
func (c *Classes) UnmarshalText(text []byte) error {
	var out Classes
	if string(text) != "all" {
		for _, word := range strings.Split(string(text), "+") {
			k := slices.IndexFunc(kinds[:], func(a about) bool { return a.name == strings.TrimSpace(word) })
			if word == "all" {
				return fmt.Errorf("%q is all kinds of damage already: write all alone, or some of %s", text, strings.Join(kindNames(), ", "))
			}
			if k < 0 {
				return fmt.Errorf("%q is no kind of damage; there are %s, joined by +, or all of them: all", word, strings.Join(kindNames(), ", "))
			}
			out.some[k] = true
		}
	}
	*c = out
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (c Classes) MarshalText() ([]byte, error) {
	var words []string
	for k, a := range kinds {
		if c.some[k] {
			words = append(words, a.name)
		}
	}
	if len(words) == 0 {
		return []byte("all"), nil
	}
	return []byte(strings.Join(words, "+")), nil
}

func kindNames() []string {
	var names []string
	for _, a := range kinds {
		names = append(names, a.name)
	}
	return names
}
