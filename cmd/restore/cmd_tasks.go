package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/urfave/cli/v2"
)

func (p *program) tasksCommand() *cli.Command {
	return &cli.Command{
		Name:      "tasks",
		Usage:     "list the tasks, or show one with its options and models",
		ArgsUsage: "[NAME]",
		Action: func(c *cli.Context) error {
			switch c.NArg() {
			case 0:
				return p.listTasks()
			case 1:
				spec, err := p.registry.Lookup(c.Args().First())
				if err != nil {
					return &usageError{err}
				}
				return describeTask(p.stdout, spec)
			default:
				return usagef("restore tasks takes one NAME at most, but was given %d: %s", c.NArg(), strings.Join(c.Args().Slice(), " "))
			}
		},
	}
}

func (p *program) listTasks() error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, s := range p.registry.Specs() {
		fmt.Fprintf(w, "%s\t%s\n", s.Name, s.Summary)
	}
	return w.Flush()
}

func describeTask(out io.Writer, s *tasks.Spec) error {
	fmt.Fprintf(out, "%s: %s\n", s.Name, s.Summary)
	if needs := needsOf(s); needs != "" {
		fmt.Fprintf(out, "needs %s\n", needs)
	}
	if len(s.Makes) > 0 {
		fmt.Fprintf(out, "makes for later steps: %s\n", strings.Join(s.Makes, ", "))
	}
	if s.Keeps {
		fmt.Fprintf(out, "changes no picture%s\n", extrasText(s))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if options := optionsOf(s); len(options) > 0 {
		fmt.Fprintf(out, "version of the options: %d\n", s.Version)
		fmt.Fprintln(w, "\nOPTION\tDEFAULT\tVALUES\tMEANING")
		for _, o := range options {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.Name, dash(o.Default), dash(valuesOf(o)), o.Help)
		}
	}
	if len(s.Models) > 0 {
		fmt.Fprintln(w, "\nMODEL\tWEIGHTS\tMEANING")
		for _, m := range s.Models {
			fmt.Fprintf(w, "%s\t%s\t%s\n", m.Name, weightsOf(m), m.Summary)
		}
	}
	return w.Flush()
}

// extrasText names the files that a task which changes no picture writes with its
// default options.
func extrasText(s *tasks.Spec) string {
	if s.ExtrasOf == nil {
		return ""
	}
	var defaults any
	if s.Options != nil {
		defaults = s.Options()
	}
	files := s.ExtrasOf(defaults)
	if len(files) == 0 {
		return ""
	}
	return "; where no step of the pipeline does, it writes *" + strings.Join(files, " and *")
}

// needsOf says which planes a task needs with its default options, and where from;
// empty: none.
func needsOf(s *tasks.Spec) string {
	needs := s.Needs
	if s.NeedsOf != nil {
		var options any
		if s.Options != nil {
			options = s.Options()
		}
		needs = s.NeedsOf(options)
	}
	if len(needs) == 0 {
		return ""
	}
	from := "from earlier steps: "
	if slices.Contains(needs, pipeline.MaskPlane) {
		from = "from earlier steps, or from --mask or --masks: "
	}
	return from + strings.Join(needs, ", ")
}

// optionsOf lists the options of a task, which may have none.
func optionsOf(s *tasks.Spec) []tasks.Option {
	if s.Options == nil {
		return nil
	}
	return tasks.Options(s.Options())
}

func valuesOf(o tasks.Option) string {
	if o.Bool && o.Values == "" {
		return "true, false"
	}
	return strings.ReplaceAll(o.Values, "|", ", ")
}

func weightsOf(m tasks.Model) string {
	if len(m.Weights) == 0 {
		return "not shipped"
	}
	return fmt.Sprintf("shipped, %s", size(int64(len(m.Weights))))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// size writes a number of bytes as people read it.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
}
