package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/cae-restore/restore/pipeline"
	"github.com/urfave/cli/v2"
)

// ledgerFlags are about what earlier runs did, and about what this one would do.
func ledgerFlags() []cli.Flag {
	return []cli.Flag{stateFlag(),
		&cli.BoolFlag{Name: "checksum", Usage: "compare files by their content even where size and time are unchanged"},
		&cli.BoolFlag{Name: "dry-run", Usage: "say what would happen to each file, and why; write nothing"},
	}
}

func stateFlag() cli.Flag {
	return &cli.StringFlag{Name: "state", Usage: "folder for the ledger, `DIR`, on a local disk where OUT is on none", DefaultText: ".restore in OUT"}
}

// ledger is where the records of the verb's outputs are.
func ledger(c *cli.Context) (*pipeline.Ledger, error) {
	if c.IsSet("state") && c.String("state") == "" {
		return nil, usagef("option --state: name a folder")
	}
	return &pipeline.Ledger{Out: c.String("out"), State: c.String("state")}, nil
}

// plan prints what a dry run found out, a line for each file.
func (p *program) plan(r *pipeline.Report) {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, res := range r.Results {
		what, why := string(res.Outcome), res.Why
		switch res.Outcome {
		case pipeline.Planned:
			what = "to do"
		case pipeline.Failed:
			what, why = "would fail", reason(&res)+hint(res.Err)
		case pipeline.Ignored:
			why = "it is no picture"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", what, pipeline.QuoteName(res.Item.Path), why)
	}
	w.Flush()
	parts := []string{fmt.Sprintf("%d to do", r.Planned)}
	for _, part := range []struct {
		n    int
		text string
	}{
		{r.Current, "current"}, {r.Skipped, skippedText}, {r.Failed, "would fail"}, {r.Unfinished, "not looked at"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	line := "dry run: " + strings.Join(parts, ", ") + ignored(r)
	if r.Planned > 0 {
		line += "; of pictures to do, it has read the headers only, so one that is damaged further on may still fail"
	}
	fmt.Fprintln(p.stdout, line)
}

// reason is what is wrong with a picture, without its name.
func reason(res *pipeline.Result) string {
	return pipeline.Printable(strings.TrimPrefix(res.Err.Error(), pipeline.QuoteName(res.Item.Path)+": "))
}
