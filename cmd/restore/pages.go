package main

import (
	"context"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/report"
	"github.com/urfave/cli/v2"
)

func reportFlag() cli.Flag {
	return &cli.StringFlag{Name: "report", Usage: "folder for a report to open in a browser, `DIR`: pictures before and after, findings, failures; goes on with the one that is there"}
}

// pages is the report of a run that --report asks for; nil where none is wanted.
type pages struct {
	writer   *report.Writer
	reporter pipeline.Reporter // of the run, which learns all that the report learns
	stop     context.CancelCauseFunc
	failed   error // why there is no report, or not all of it
}

// newPages checks --report without touching anything.
func newPages(c *cli.Context, chain *pipeline.Chain) (*pages, error) {
	dir, out := c.String("report"), c.String("out")
	if dir == "" {
		if c.IsSet("report") {
			return nil, usagef("option --report: name a folder")
		}
		return nil, nil
	}
	if c.Bool("dry-run") {
		return nil, usagef("options --dry-run and --report: a dry run writes nothing; leave --report out")
	}
	if err := report.Place(dir, out, c.Args().Slice(), pipeline.Rules{Exclude: c.StringSlice("exclude")}); err != nil {
		return nil, err
	}
	w, err := report.New(dir, report.Options{Out: out, Pipeline: chain.String(), Version: moduleVersion(), Advice: hint})
	if err != nil {
		return nil, err
	}
	return &pages{writer: w}, nil
}

// run is pipeline.Run with a report.
func (g *pages) run(ctx context.Context, o pipeline.Options, chain *pipeline.Chain, src pipeline.Source, sink pipeline.Sink, rep pipeline.Reporter) (pipeline.Report, error) {
	if g == nil {
		return pipeline.Run(ctx, o, chain, src, sink, rep)
	}
	g.reporter = rep
	ctx, g.stop = context.WithCancelCause(ctx)
	defer g.stop(nil)
	inspect := o.Inspect
	o.Inspect = func(res *pipeline.Result, before, after *pix.Image) {
		if inspect != nil {
			inspect(res, before, after)
		}
		g.writer.Inspect(res, before, after)
	}
	result, err := pipeline.Run(ctx, o, chain, src, sink, g)
	if g.failed != nil { // it did not begin
		return result, g.failed
	}
	g.failed = g.writer.Close(&result, err)
	return result, err
}

// lost tells what of the report could not be written.
func (g *pages) lost() error {
	if g == nil {
		return nil
	}
	return g.failed
}

// Start implements pipeline.Reporter. Without the report that was asked for, the
// run does not begin.
func (g *pages) Start(total int) {
	if g.reporter != nil {
		g.reporter.Start(total)
	}
	if g.failed = g.writer.Start(total); g.failed != nil {
		g.stop(g.failed)
	}
}

// Done implements pipeline.Reporter.
func (g *pages) Done(res pipeline.Result) {
	if g.reporter != nil {
		g.reporter.Done(res)
	}
	g.writer.Done(res)
}
