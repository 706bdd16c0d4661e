package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
	"github.com/urfave/cli/v2"
)

func (p *program) modelCommand() *cli.Command {
	return &cli.Command{
		Name:  "model",
		Usage: "look into model files, or write them for other programs",
		Subcommands: []*cli.Command{{
			Name:        "info",
			Usage:       "print what a model is, what it costs and where it comes from",
			ArgsUsage:   "NAME|FILE",
			Description: "NAME is a shipped model, as restore tasks lists them: TASK, TASK:MODEL or MODEL.",
			Action:      p.modelInfo,
		}, p.modelInitCommand(), p.modelExportCommand()},
	}
}

func (p *program) modelInfo(c *cli.Context) error {
	name, err := oneArgument(c, "model")
	if err != nil {
		return err
	}
	r, size, err := openModel(p.registry)(name)
	if err != nil {
		return err
	}
	net, file, err := cae.Load(r, size)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", tasks.ErrModel, name, err)
	}
	return printModel(p.stdout, name, size, net, file)
}

// costSide is the height and width of the picture over which the cost of a
// network is averaged: large enough that its border counts for little.
const costSide = 1024

func printModel(out io.Writer, name string, bytes int64, net *cae.Network, file *modelfile.File) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(key, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", key, fmt.Sprintf(format, args...)) }
	text := func(key, value string) {
		if value != "" {
			line(key, "%s", value)
		}
	}
	m := file.Metadata
	line("model", "%s (%s)", name, size(bytes))
	text("task", m.Task)
	text("name", m.Model)
	weights := 0
	for _, t := range file.Tensors {
		weights += len(t.Data)
	}
	line("parameters", "%d in %d tensors", weights, len(file.Tensors))
	foot := net.Footprint()
	side := max(costSide/foot.Multiple, 1) * foot.Multiple
	line("cost", "%.2f kMAC a pixel", float64(net.MACs(side, side))/float64(side)/float64(side)/1e3)
	line("looks at", "%d samples before a piece of the picture, %d after it", foot.Before, foot.After)
	line("cut at", "multiples of %d samples", foot.Align)
	line("size multiple", "%d", foot.Multiple)
	for _, in := range net.Inputs() {
		line("input", "%s, %d planes", in.Name, in.Planes)
	}
	text("code", net.Code())
	line("input range", "%g to %g", m.InputRange[0], m.InputRange[1])
	text("colour", m.Colour)
	text("padding", m.Padding)
	for _, c := range m.Classes {
		line("class", "%s, colour %v", c.Name, c.Colour)
	}
	printCard(line, text, m.Card)
	return w.Flush()
}

func printCard(line func(key, format string, args ...any), text func(key, value string), c modelfile.Card) {
	text("data", strings.Join(c.Data, ", "))
	text("command", c.Command)
	text("program", c.Program)
	if c.Steps > 0 {
		line("training", "%d steps, %g gigapixels, %g hours", c.Steps, c.Gigapixels, c.Hours)
	}
	text("cpu", c.CPU)
	text("date", c.Date)
	for _, s := range c.Scores {
		given := ""
		if s.Input != 0 {
			given = fmt.Sprintf(" (input %g)", s.Input)
		}
		line("score", "%s %g%s on %s", s.Measure, s.Value, given, strings.TrimSuffix(s.Data+", "+s.Case, ", "))
	}
	text("limits", c.Limits)
	text("licence", c.Licence)
}
