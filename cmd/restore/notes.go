package main

import (
	"fmt"
	"slices"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/report"
	"github.com/urfave/cli/v2"
)

// unasked says before the first picture what of INPUT was passed over unasked,
// and which patterns of --exclude left nothing out.
func (p *program) unasked(c *cli.Context, source *pipeline.Folder) {
	if c.Bool("quiet") {
		return
	}
	notes := source.Notes()
	for i, note := range notes {
		if i == mostLines && len(notes) > mostLines+1 {
			fmt.Fprintf(p.stderr, "restore: and %d more passed over\n", len(notes)-i)
			break
		}
		fmt.Fprintln(p.stderr, "restore:", pipeline.Printable(note))
	}
	for _, u := range source.Unmatched() {
		if keepsReportOut(c, u.Pattern) {
			continue
		}
		advice := ""
		if u.Instead != "" {
			advice = fmt.Sprintf("; patterns are relative to each INPUT: write --exclude %s", shellWord(u.Instead))
		}
		fmt.Fprintf(p.stderr, "restore: --exclude %s left nothing out%s\n", pipeline.Printable(shellWord(u.Pattern)), pipeline.Printable(advice))
	}
}

// keepsReportOut reports whether --report needs the pattern of --exclude: its
// folder may lie in INPUT and not be there yet.
func keepsReportOut(c *cli.Context, pattern string) bool {
	if c.String("report") == "" {
		return false
	}
	others := slices.DeleteFunc(slices.Clone(c.StringSlice("exclude")), func(s string) bool { return s == pattern })
	return report.Place(c.String("report"), c.String("out"), c.Args().Slice(), pipeline.Rules{Exclude: others}) != nil
}
