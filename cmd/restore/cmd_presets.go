package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/cae-restore/restore/pipeline"
	"github.com/urfave/cli/v2"
)

func (p *program) presetsCommand() *cli.Command {
	return &cli.Command{
		Name:      "presets",
		Usage:     "list the pipelines that ship, or print one as a file to save and change",
		ArgsUsage: "[NAME|PIPELINE]",
		Description: "Without NAME, the presets with what they are for. With one, its YAML, for a file of your own:\n" +
			"restore presets photo > mine.yaml, then restore run -p mine.yaml -o OUT INPUT...\n" +
			"PIPELINE, a file or tasks joined by commas, is printed as YAML with every option, of the current versions.",
		Action: func(c *cli.Context) error {
			switch c.NArg() {
			case 0:
				return p.listPresets()
			case 1:
				return p.printPipeline(c.Args().First())
			default:
				return usagef("restore presets takes one NAME at most, but was given %d: %s", c.NArg(), strings.Join(c.Args().Slice(), " "))
			}
		},
	}
}

func (p *program) listPresets() error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, name := range p.presetNames() {
		chain, _, err := p.readPipeline(name, pipeline.MaskPlane)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\n", name, chain.Summary)
	}
	return w.Flush()
}

// printPipeline prints a preset as it ships, with its comments, and any other
// pipeline as pipeline.Chain.YAML writes it.
func (p *program) printPipeline(text string) error {
	if text == "" {
		return usagef("the name of the preset is empty; restore presets lists them")
	}
	w, err := p.writtenAs(text)
	if err != nil {
		return err
	}
	chain, err := w.chain(p.registry, pipeline.MaskPlane)
	if err != nil {
		return err
	}
	out := w.yaml
	if w.line != "" || isPipelineFile(text) {
		if err := p.absoluteModels(chain); err != nil {
			return err
		}
		if out, err = chain.YAML(); err != nil {
			return fmt.Errorf("pipeline %s: %w", pipeline.QuoteName(text), err)
		}
	}
	_, err = p.stdout.Write(out)
	return err
}
