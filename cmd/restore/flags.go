package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/urfave/cli/v2"
)

// jobsFlag is an option of every verb that computes.
func jobsFlag() cli.Flag {
	return &cli.IntFlag{Name: "jobs", Usage: "workers that compute at the same time, `N`", DefaultText: "the number of cores"}
}

func quietFlag() cli.Flag {
	return &cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print errors only"}
}

// jsonFlag is an option of every verb that restores pictures. The events begin
// with it, so that a pipeline which is refused is told by the last of them too.
func (p *program) jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print events on standard output as they happen, a JSON object a line, and nothing else there (docs/events.md)",
		Action: func(c *cli.Context, on bool) error {
			if on {
				c.Context = p.openEvents(c.Context)
			}
			return nil
		}}
}

func overwriteFlag() cli.Flag {
	return &cli.BoolFlag{Name: "overwrite", Usage: "replace outputs that exist instead of skipping their pictures"}
}

// maskPaths are the files and folders that --mask and --masks name.
func maskPaths(c *cli.Context) (list []string) {
	for _, name := range []string{c.String("mask"), c.String("masks")} {
		if name != "" {
			list = append(list, name)
		}
	}
	return list
}

// given are the planes that come with each picture.
func given(c *cli.Context) []string {
	if len(maskPaths(c)) > 0 {
		return []string{pipeline.MaskPlane}
	}
	return nil
}

// jobs makes the program's one pool of workers as --jobs says.
func jobs(c *cli.Context) (*pipeline.Pool, error) {
	n := c.Int("jobs")
	if c.IsSet("jobs") && n < 1 {
		return nil, usagef("option --jobs: %d is less than 1, the least allowed", n)
	}
	return pipeline.NewPool(n), nil
}

// enter makes the pool and lets the caller work along in it; it has to Leave.
func enter(c *cli.Context) (*pipeline.Pool, error) {
	pool, err := jobs(c)
	if err != nil {
		return nil, err
	}
	return pool, pool.Enter(c.Context)
}

// env is the world that tasks see.
func (p *program) env(pool *pipeline.Pool) tasks.Env {
	if p.note != "" {
		fmt.Fprintln(p.stderr, "restore:", p.note)
		p.note = ""
	}
	return tasks.Env{Run: pool.Run, Workers: pool.Workers(), OpenModel: openModel(p.registry)}
}

// optionFlags makes a flag of each option of a task but those in skip.
func optionFlags(options []tasks.Option, skip ...string) []cli.Flag {
	var flags []cli.Flag
	for _, o := range options {
		if slices.Contains(skip, o.Name) {
			continue
		}
		help := o.Help
		if o.Values != "" {
			help = fmt.Sprintf("%s [%s]", help, valuesOf(o))
		}
		if o.Bool {
			flags = append(flags, &cli.BoolFlag{Name: o.Name, Usage: help, DefaultText: o.Default})
			continue
		}
		flags = append(flags, choice(&cli.StringFlag{Name: o.Name, Usage: help, DefaultText: dash(o.Default)}, wordsOf(o)...))
	}
	return flags
}

// setOptions hands the options that were given on the command line to set. Its
// errors are usage errors.
func setOptions(c *cli.Context, options []tasks.Option, set func(name, value string) error, skip ...string) error {
	for _, o := range options {
		if slices.Contains(skip, o.Name) || !c.IsSet(o.Name) {
			continue
		}
		value := c.String(o.Name)
		if o.Bool {
			value = strconv.FormatBool(c.Bool(o.Name))
		}
		if err := set(o.Name, value); err != nil {
			return &usageError{err}
		}
	}
	return nil
}

// oneArgument returns the only argument of a verb.
func oneArgument(c *cli.Context, what string) (string, error) {
	switch c.NArg() {
	case 0:
		return "", usagef("say which %s: %s %s", what, c.Command.HelpName, c.Command.ArgsUsage)
	case 1:
		return c.Args().First(), nil
	}
	return "", usagef("%s takes one %s, but was given %d: %s", c.Command.HelpName, what, c.NArg(), strings.Join(c.Args().Slice(), " "))
}
