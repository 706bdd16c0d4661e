package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/fit"
	"github.com/urfave/cli/v2"
)

func (p *program) evalCommand() *cli.Command {
	return &cli.Command{
		Name:      "eval",
		Usage:     "damage clean pictures, restore them and print the scores beside the input's",
		ArgsUsage: "TASK --data DIR",
		Description: "TASK is the name of a task; TASK:model=NAME chooses one of its models. With the options\n" +
			"of the task's model: " + p.scoreOptionNames(),
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "data", Usage: "folder of clean pictures, `DIR`; may be given several times"},
			&cli.StringFlag{Name: "model", Usage: "model to score: a shipped one by name, or a file, `NAME|FILE`"},
			&cli.BoolFlag{Name: "record", Usage: "write the scores into the card of the model file given by --model"},
			jobsFlag(),
		}, p.scoreFlags()...),
		Action: p.eval,
	}
}

func (p *program) eval(c *cli.Context) error {
	arg, err := oneArgument(c, "task")
	if err != nil {
		return err
	}
	spec, name, err := p.parseTask(arg, c.String("model"))
	if err != nil {
		return err
	}
	model, err := p.modelOf(spec, name)
	if err != nil {
		return err
	}
	if model.ScoreOptions == nil {
		return usagef("the model %s of the task %s cannot be scored by this program", model.Name, spec.Name)
	}
	options := model.ScoreOptions()
	own := tasks.Options(options)
	for _, f := range p.scoreFlags() {
		if name := f.Names()[0]; c.IsSet(name) && !hasOption(own, name) {
			return usagef("option --%s is not one of %s's; there are: %s", name, spec.Name, optionNames(own))
		}
	}
	if err := setOptions(c, own, func(name, value string) error { return tasks.SetOption(options, name, value) }); err != nil {
		return err
	}
	if !c.IsSet("data") {
		return usagef("say what to score on: --data DIR, a folder of clean pictures")
	}
	if c.Bool("record") && len(shippedModels(p.registry, name)) > 0 {
		return usagef("option --record writes into a model file: say which with --model FILE")
	}
	pool, err := jobs(c)
	if err != nil {
		return err
	}
	if err := pool.Enter(c.Context); err != nil {
		return err
	}
	defer pool.Leave()
	table, err := fit.Eval(c.Context, p.env(pool), model, name, c.StringSlice("data"), options)
	if errors.Is(err, fit.ErrData) {
		return &usageError{err}
	}
	if err != nil {
		return err
	}
	if c.Bool("record") {
		if err := fit.Record(name, table, c.StringSlice("data")); err != nil {
			return err
		}
	}
	return printTable(p.stdout, table)
}

// parseTask reads TASK or TASK:model=NAME and returns the task and the name of
// its model: model where that is not empty, else what TASK says, else the
// task's first.
func (p *program) parseTask(arg, model string) (*tasks.Spec, string, error) {
	chain, err := pipeline.Parse(p.registry, arg)
	if err != nil {
		return nil, "", err
	}
	steps := chain.Steps()
	if len(steps) != 1 {
		return nil, "", usagef("%q is a pipeline of %d steps; this verb takes one task", arg, len(steps))
	}
	spec := steps[0].Spec
	if len(spec.Models) == 0 {
		return nil, "", usagef("the task %s has no model", spec.Name)
	}
	if model != "" {
		return spec, strings.TrimPrefix(model, spec.Name+"="), nil
	}
	if steps[0].Options == nil {
		return spec, spec.Models[0].Name, nil
	}
	for _, o := range tasks.Options(steps[0].Options) {
		if o.Name == "model" && o.Default != "" {
			return spec, o.Default, nil
		}
	}
	return spec, spec.Models[0].Name, nil
}

// modelOf returns the task's model that a name or a file belongs to. A file
// says it in its metadata; one that says nothing counts as the task's first.
func (p *program) modelOf(spec *tasks.Spec, name string) (*tasks.Model, error) {
	for _, known := range []string{name, strings.TrimPrefix(name, spec.Name+":")} {
		if m, err := spec.Model(known); err == nil {
			return m, nil
		}
	}
	data, err := modelBytes(p.registry, name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", tasks.ErrModel, err)
	}
	file, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", tasks.ErrModel, name, err)
	}
	m, err := spec.Model(file.Metadata.Model)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", tasks.ErrModel, name, err)
	}
	return m, nil
}

// scoreFlags are the score options of all models of all tasks: which of them
// hold is known only when TASK has been read.
func (p *program) scoreFlags() []cli.Flag {
	var flags []cli.Flag
	seen := map[string]bool{}
	for _, spec := range p.registry.Specs() {
		for _, m := range spec.Models {
			if m.ScoreOptions == nil {
				continue
			}
			for _, f := range optionFlags(tasks.Options(m.ScoreOptions())) {
				if name := f.Names()[0]; !seen[name] {
					seen[name] = true
					flags = append(flags, f)
				}
			}
		}
	}
	return flags
}

func (p *program) scoreOptionNames() string {
	var list []string
	for _, spec := range p.registry.Specs() {
		for _, m := range spec.Models {
			if m.ScoreOptions != nil {
				list = append(list, fmt.Sprintf("%s (%s)", spec.Name, optionNames(tasks.Options(m.ScoreOptions()))))
			}
		}
	}
	return strings.Join(list, "; ")
}

func hasOption(options []tasks.Option, name string) bool {
	for _, o := range options {
		if o.Name == name {
			return true
		}
	}
	return false
}

func optionNames(options []tasks.Option) string {
	var list []string
	for _, o := range options {
		list = append(list, "--"+o.Name)
	}
	return strings.Join(list, ", ")
}

// printTable prints a table of scores and how they were measured.
func printTable(out io.Writer, t tasks.Table) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, strings.Join(t.Columns, "\t")+"\t")
	for _, row := range t.Rows {
		for _, v := range row {
			if f, ok := v.(float64); ok {
				v = strconv.FormatFloat(f, 'g', 6, 64)
			}
			fmt.Fprintf(w, "%v\t", v)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "score %.2f\n%s\n", t.Score, t.Protocol)
	return err
}
