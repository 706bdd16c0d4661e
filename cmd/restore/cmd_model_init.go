package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks/fit"
	"github.com/urfave/cli/v2"
)

func (p *program) modelInitCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a model with the weights that a training begins with",
		ArgsUsage: "-o FILE TASK",
		Description: "TASK:model=NAME chooses one of the task's models. The weights, in F32, are those of the first\n" +
			"step of restore train with the same seed: where a training on another machine begins.\n" +
			"With --from they are taken from another model of the same make where they fit: a smaller one grows (the\n" +
			"result computes the same, its new planes are random), a larger one shrinks to its strongest planes.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "file to write, `FILE`"},
			&cli.StringFlag{Name: "from", Usage: "model to take weights from, `NAME|FILE`", DefaultText: "none"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "seed of the weights"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace FILE if it exists"},
		},
		Action: p.modelInit,
	}
}

func (p *program) modelInit(c *cli.Context) error {
	_, spec, model, err := p.modelArgument(c, "to take weights from a file: --from FILE")
	if err != nil {
		return err
	}
	if len(model.Network) == 0 {
		return usagef("the model %s of the task %s has no network that could be trained", model.Name, spec.Name)
	}
	out := c.String("out")
	if out == "" {
		return usagef("say where to write: -o FILE")
	}
	if err := mayWrite(out, "", c.Bool("overwrite")); err != nil {
		return err
	}
	net, err := cae.Parse(model.Network)
	if err != nil {
		return err
	}
	net.Init(c.Uint64("seed"))
	meta := modelfile.Metadata{Task: spec.Name, Model: model.Name, Card: modelfile.Card{Limits: "untrained: its weights are random"}}
	if from := c.String("from"); from != "" {
		if meta.Card, err = p.inherit(net, from); err != nil {
			return err
		}
	}
	if err := fit.WriteFile(out, func(w io.Writer) error { return cae.Save(w, net, meta, modelfile.F32) }); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, out)
	return nil
}

// inherit gives net what fits of another model's weights, and returns the card
// to begin with: a training adds to what the other model has cost.
func (p *program) inherit(net *cae.Network, name string) (modelfile.Card, error) {
	other, file, _, err := p.loadModel(name)
	if err != nil {
		return modelfile.Card{}, err
	}
	if grown := net.Grow(other); grown != nil {
		if err := net.Shrink(other); err != nil {
			return modelfile.Card{}, unusable(name, fmt.Errorf("it neither grows nor shrinks into this one: %w; %w", grown, err))
		}
	}
	card := file.Metadata.Card
	card.Scores = nil // those were the other one's
	card.Limits = "not trained as it is: its weights are those of another model where they fit"
	card.Command = strings.TrimPrefix(card.Command+"; "+p.commandLine(), "; ")
	return card, nil
}
