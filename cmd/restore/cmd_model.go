package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
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
	net, file, size, err := p.loadModel(name)
	if err != nil {
		return err
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
	line("parameters", "%d in %s", weights, count(len(file.Tensors), "tensor"))
	foot := net.Footprint()
	side := max(costSide/foot.Multiple, 1) * foot.Multiple
	line("cost", "%.2f kMAC a pixel", float64(net.MACs(side, side))/float64(side)/float64(side)/1e3)
	line("looks at", "%d samples before a piece of the picture, %d after it", foot.Before, foot.After)
	line("cut at", "multiples of %d samples", foot.Align)
	line("size multiple", "%d", foot.Multiple)
	for _, in := range net.Inputs() {
		line("input", "%s, %s", in.Name, count(in.Planes, "plane"))
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
	// Several are joined in the card; each may be long enough for a line.
	key := "command"
	for command := range strings.SplitSeq(c.Command, "; ") {
		text(key, command)
		key = ""
	}
	text("program", c.Program)
	if c.Steps > 0 {
		line("training", "%s, %g gigapixels, %g hours", count(c.Steps, "step"), c.Gigapixels, c.Hours)
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
