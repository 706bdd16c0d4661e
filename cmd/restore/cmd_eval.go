package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/fit"
	"github.com/urfave/cli/v2"
)

func (p *program) evalCommand() *cli.Command {
	return &cli.Command{
		Name:      "eval",
		Usage:     "damage clean pictures, restore them and print the scores beside the input's",
		ArgsUsage: "TASK --data DIR",
		Description: "TASK is the name of a task; TASK:model=NAME chooses one of its models, as --model does. With the\n" +
			"options of the task's model: " + p.scoreOptionNames() + "\n" +
			"--json prints one object a row, whose keys are the table's columns; a value that is no finite number\n" +
			"is null. A picture that cannot be read is left out and named at the end; the exit code is then 1.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{Name: "data", Usage: "folder of clean pictures, `DIR`; may be given several times"},
			assetsFlag(),
			&cli.StringFlag{Name: "model", Usage: "model to score, `[TASK=]NAME|FILE`: a shipped one by name, or a file"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON lines instead of the table"},
			&cli.BoolFlag{Name: "record", Usage: "write the scores into the card of the model file given by --model"},
		}, pictureFlags(), p.scoreFlags()),
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
	options, settings, err := p.scoreOptions(c, spec, model)
	if err != nil {
		return err
	}
	lim, err := limits(c)
	if err != nil {
		return err
	}
	name, shipped := shippedName(spec, name)
	switch {
	case !c.IsSet("data"):
		return usagef("say what to score on: --data DIR, a folder of clean pictures")
	case c.Bool("record") && shipped:
		return usagef("option --record writes into a model file: say which with --model FILE")
	}
	pictures, failed, err := evalPictures(c, lim)
	if err != nil {
		return err
	}
	assets, err := assetFolders(c)
	if err != nil {
		return err
	}
	pool, err := enter(c)
	if err != nil {
		return err
	}
	defer pool.Leave()

	env := p.env(pool) // may print a line, so it comes before the meter
	m := &passMeter{program: p, quiet: c.Bool("quiet"), total: len(pictures)}
	m.begin(1)
	table, left, err := fit.Eval(c.Context, env, fit.EvalOptions{
		Model: model, Name: name, Pictures: pictures, Limits: lim, Options: options, Assets: assets, Progress: m.progress,
		Warn: func(text string) { fmt.Fprintln(p.stderr, "restore:", text) }})
	m.close()
	for _, u := range left {
		failed = append(failed, unread{u.Path, u.Err})
	}
	switch {
	case errors.Is(err, fit.ErrOptions), errors.Is(err, fit.ErrData) && len(left) == 0 && len(pictures) > 0:
		return &usageError{err}
	case errors.Is(err, fit.ErrData) && len(failed) > 0:
		p.leftOut(failed)
		fmt.Fprintln(p.stderr, "restore: no picture is left, so there is no score")
		return &reported{exitSomeFailed}
	case errors.Is(err, fit.ErrData):
		return usagef("%w in %s", err, strings.Join(c.StringSlice("data"), ", "))
	case err != nil:
		return err
	}
	if c.Bool("json") {
		err = printRows(p.stdout, table)
	} else {
		err = printTable(p.stdout, table)
	}
	if err != nil {
		return err
	}
	p.leftOut(failed)
	if c.Bool("record") {
		if len(failed) > 0 {
			fmt.Fprintln(p.stderr, "restore: the scores are not recorded, as they are not of all pictures; leave the bad ones out with --exclude")
			return &reported{exitSomeFailed}
		}
		// The rows' own option is in their condition.
		settings = slices.DeleteFunc(settings, func(s string) bool { return strings.HasPrefix(s, table.Columns[0]+" ") })
		for _, a := range assets {
			settings = append(settings, a.Label())
		}
		if err := fit.Record(name, table, c.StringSlice("data"), settings); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return &reported{exitSomeFailed}
	}
	return nil
}

// scoreOptions reads the options of the model's scoring. settings are those that
// the user set, such as "strength auto", but for the one that the table's rows
// are of.
func (p *program) scoreOptions(c *cli.Context, spec *tasks.Spec, model *tasks.Model) (options any, settings []string, err error) {
	if model.ScoreOptions == nil || model.Score == nil {
		return nil, nil, usagef("the model %s of the task %s cannot be scored by this program", model.Name, spec.Name)
	}
	options = model.ScoreOptions()
	own := tasks.Options(options)
	for _, f := range p.scoreFlags() {
		if name := f.Names()[0]; c.IsSet(name) && !hasOption(own, name) {
			return nil, nil, usagef("option --%s is not one of %s's model %s; there are: %s", name, spec.Name, model.Name, optionNames(own))
		}
	}
	if err := setOptions(c, own, func(name, value string) error { return tasks.SetOption(options, name, value) }); err != nil {
		return nil, nil, err
	}
	for i, o := range tasks.Options(options) {
		if o.Default != own[i].Default {
			settings = append(settings, o.Name+" "+o.Default)
		}
	}
	for _, pattern := range c.StringSlice("exclude") {
		settings = append(settings, "without "+pattern)
	}
	return options, settings, nil
}

// evalPictures lists the pictures of --data, folder after folder: their order
// decides which noise each gets.
func evalPictures(c *cli.Context, lim pix.Limits) (list []fit.Picture, failed []unread, err error) {
	folders := c.StringSlice("data")
	for i, data := range folders {
		if k := slices.IndexFunc(folders[:i], func(other string) bool { return sameFolder(other, data) }); k >= 0 {
			return nil, nil, usagef("option --data: %s and %s are the same folder, whose pictures would count twice", folders[k], data)
		}
		folder, err := pipeline.NewFolder([]string{data}, pipeline.FolderOptions{Exclude: c.StringSlice("exclude")})
		if err != nil {
			return nil, nil, err
		}
		items, bad := picturesIn(c.Context, folder, lim)
		failed = append(failed, bad...)
		for _, item := range items {
			list = append(list, fit.Picture{Path: item.Path, Name: item.Rel})
		}
	}
	return list, failed, nil
}

// modelArgument reads the verb's one argument, TASK or TASK:model=NAME, and finds
// the task and its model of that name. hint says what to do where NAME is none.
func (p *program) modelArgument(c *cli.Context, hint string) (arg string, spec *tasks.Spec, model *tasks.Model, err error) {
	if arg, err = oneArgument(c, "task"); err != nil {
		return arg, nil, nil, err
	}
	spec, name, err := p.parseTask(arg, "")
	if err != nil {
		return arg, nil, nil, err
	}
	if model, err = spec.Model(name); err != nil {
		return arg, nil, nil, usagef("%w; %s", err, hint)
	}
	return arg, spec, model, nil
}

// parseTask reads TASK or TASK:model=NAME and returns the task and the name of
// its model: model where that is not empty, else what TASK says, else the
// task's first.
func (p *program) parseTask(arg, model string) (*tasks.Spec, string, error) {
	chain, err := pipeline.Parse(p.registry, arg, pipeline.MaskPlane)
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

// shippedName returns the whole name, TASK:MODEL, of one of the task's models
// that is named in any of the ways that there are. Any other name it returns as
// it is: then it is a file.
func shippedName(spec *tasks.Spec, name string) (string, bool) {
	if name == spec.Name {
		return spec.Name + ":" + spec.Models[0].Name, true
	}
	for _, m := range spec.Models {
		if name == m.Name || name == spec.Name+":"+m.Name {
			return spec.Name + ":" + m.Name, true
		}
	}
	return name, false
}

// modelOf returns the task's model that a name or a file belongs to. A file
// says it in its metadata; one that says nothing counts as the task's first, and
// so does, with a warning, one that says what this program does not know.
func (p *program) modelOf(spec *tasks.Spec, name string) (*tasks.Model, error) {
	whole, shipped := shippedName(spec, name)
	if shipped {
		if _, err := modelBytes(p.registry, whole); err != nil {
			return nil, unusable(name, err)
		}
		return spec.Model(strings.TrimPrefix(whole, spec.Name+":"))
	}
	data, err := modelBytes(p.registry, name)
	if err != nil {
		return nil, unusable(name, err)
	}
	file, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, unusable(name, err)
	}
	if t := file.Metadata.Task; t != "" && t != spec.Name {
		return nil, unusable(name, fmt.Errorf("it is for the task %s, not %s", t, spec.Name))
	}
	m, err := spec.Model(file.Metadata.Model)
	if err != nil {
		m = &spec.Models[0]
		fmt.Fprintf(p.stderr, "restore: %s calls its model %q, which this program does not know; it is taken for %s\n",
			pipeline.QuoteName(name), file.Metadata.Model, m.Name)
	}
	return m, nil
}
