package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/fit"
	"github.com/urfave/cli/v2"
)

// scoreFlags are the score options of all models of all tasks: which of them
// hold is known only when TASK has been read.
func (p *program) scoreFlags() []cli.Flag {
	var options []tasks.Option
	for _, spec := range p.registry.Specs() {
		for _, m := range spec.Models {
			if m.ScoreOptions == nil {
				continue
			}
			for _, o := range tasks.Options(m.ScoreOptions()) {
				i := slices.IndexFunc(options, func(known tasks.Option) bool { return known.Name == o.Name })
				switch {
				case i < 0:
					options = append(options, o)
				case options[i].Default != o.Default:
					options[i].Default = "the model's own"
				}
			}
		}
	}
	return optionFlags(options)
}

// scoreOptionNames lists the score options of each task; of each model, where
// they are not the same for all of its task.
func (p *program) scoreOptionNames() string {
	var list []string
	for _, spec := range p.registry.Specs() {
		var models, names []string
		for _, m := range spec.Models {
			if m.ScoreOptions != nil {
				models = append(models, spec.Name+":"+m.Name)
				names = append(names, optionNames(tasks.Options(m.ScoreOptions())))
			}
		}
		if len(slices.Compact(slices.Clone(names))) == 1 {
			models, names = []string{spec.Name}, names[:1]
		}
		for i, model := range models {
			list = append(list, fmt.Sprintf("%s (%s)", model, names[i]))
		}
	}
	return strings.Join(list, "; ")
}

func hasOption(options []tasks.Option, name string) bool {
	return slices.ContainsFunc(options, func(o tasks.Option) bool { return o.Name == name })
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

// printRows prints each row of a table as one JSON object on a line of its own.
// The keys are the columns, in their order; numbers that JSON does not have
// become null.
func printRows(out io.Writer, t tasks.Table) error {
	var text bytes.Buffer
	for _, row := range t.Rows {
		var fields []string
		for i, v := range row {
			if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
				v = nil
			}
			key, err := json.Marshal(t.Columns[i])
			if err != nil {
				return err
			}
			value, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("column %s: %w", t.Columns[i], err)
			}
			fields = append(fields, string(key)+":"+string(value))
		}
		fmt.Fprintf(&text, "{%s}\n", strings.Join(fields, ","))
	}
	_, err := out.Write(text.Bytes())
	return err
}

// passMeter shows how far Eval is, in a meter for each pass over the pictures.
type passMeter struct {
	program *program
	quiet   bool
	total   int
	pass    int
	meter   *meter
}

func (m *passMeter) begin(pass int) {
	m.close()
	m.pass, m.meter = pass, newMeter(m.program.stderr, m.quiet)
	if pass > 1 && !m.quiet {
		fmt.Fprintf(m.program.stderr, "pass %d\n", pass)
	}
	m.meter.Start(m.total)
}

func (m *passMeter) close() {
	if m.meter != nil {
		m.meter.close()
		m.meter = nil
	}
}

// progress takes what Eval says of a picture.
func (m *passMeter) progress(p fit.Progress) {
	if p.Pass != m.pass {
		m.begin(p.Pass)
	}
	r := pipeline.Result{Outcome: pipeline.Restored, W: p.W, H: p.H}
	if p.Err != nil {
		r.Outcome = pipeline.Failed
	}
	m.meter.Done(r)
}
