package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/watch"
	"github.com/urfave/cli/v2"
)

// notOfWatch are the options of run that look at a run as a whole: an endless
// one has no whole.
var notOfWatch = []string{"truth", "dry-run", "report"}

func (p *program) watchCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "pipeline", Aliases: []string{"p"}, Usage: "what to do, `PIPELINE`"},
		&cli.DurationFlag{Name: "settle", Usage: "how long a file must stay the same before it is opened, `TIME` such as 10s", DefaultText: watch.DefaultSettle.String()},
		&cli.DurationFlag{Name: "poll", Usage: "look through the folder every `TIME` and rely on no events, for network file systems: 30s, 5m", DefaultText: "events"},
		&cli.BoolFlag{Name: "once", Usage: "work off what is there, then leave"},
		&cli.StringFlag{Name: "move-done", Usage: "move inputs to `DIR` once their outputs stand"},
		&cli.StringFlag{Name: "move-failed", Usage: "move inputs that failed to `DIR`"},
		p.jsonFlag(),
	}
	for _, f := range restoreFlags() {
		if !slices.Contains(notOfWatch, f.Names()[0]) {
			flags = append(flags, f)
		}
	}
	return &cli.Command{
		Name:      "watch",
		Usage:     "restore the pictures that come into a folder, as they come",
		ArgsUsage: "-p PIPELINE -o OUT DIR",
		Description: "PIPELINE is as for restore run. What is in DIR already is restored first. A file has its turn when it\n" +
			"no longer changes; one that cannot be read yet is tried again for some minutes before it counts as failed.\n" +
			"A signal (Ctrl-C, SIGTERM) ends the watch, with exit code 0; what is not done then is done by the next start.",
		Flags: flags,
		Action: func(c *cli.Context) error {
			text := c.String("pipeline")
			if text == "" {
				return usagef("say what to do: -p PIPELINE, such as -p photo or -p denoise:strength=30; restore presets lists the presets, restore tasks the tasks")
			}
			dir, err := oneArgument(c, "folder")
			if err != nil {
				return err
			}
			chain, own, err := p.readPipeline(text, given(c)...)
			if err != nil {
				return err
			}
			return p.watch(c, dir, chain, own)
		},
	}
}

// watch restores what comes into dir, until a signal ends it.
func (p *program) watch(c *cli.Context, dir string, chain *pipeline.Chain, own map[string]string) error {
	options, err := p.options(c, chain, own)
	if err != nil {
		return err
	}
	for _, name := range []string{"settle", "poll"} {
		if c.IsSet(name) && c.Duration(name) <= 0 {
			return usagef("option --%s: %v is not above 0; write a time such as 10s or 5m", name, c.Duration(name))
		}
	}
	once := c.Bool("once")
	log := newWatchLog(p.stderr, c.Bool("quiet"))
	notify := log.event
	if p.events != nil {
		notify = p.events.notify
	}
	var left unmoved
	if once {
		notify = left.after(notify)
	}
	source, err := watch.New(dir, watch.Options{
		Exclude: c.StringSlice("exclude"), Out: c.String("out"), Settle: c.Duration("settle"),
		Poll: c.IsSet("poll"), Interval: c.Duration("poll"), Once: once, Masks: maskPaths(c),
		MoveDone: c.String("move-done"), MoveFailed: c.String("move-failed"),
		Notify: notify,
	})
	if err != nil {
		return err
	}
	if err := p.open(c, chain, options); err != nil {
		return err
	}
	sink, err := pipeline.NewDirSink(c.String("out"))
	if err != nil {
		return err
	}
	options.Forget, options.Keep = true, c.String("move-done") != ""
	reporter := pipeline.Reporter(log)
	if p.events != nil {
		reporter = p.events.of(chain, c.String("out"))
	} else {
		what := "restored pictures go"
		if chain.Keeps() {
			what = "what is made of pictures goes"
		}
		log.begin = fmt.Sprintf("watching %s; %s to %s", pipeline.QuoteName(dir), what, pipeline.QuoteName(c.String("out")))
	}
	report, err := pipeline.Run(c.Context, options, chain, source, sink, reporter)
	log.flush()
	report.Unfinished = max(report.Unfinished, source.Unfinished())
	if p.events != nil {
		p.events.leave(report.Unfinished)
	}
	if err == nil {
		err = source.Err()
	}
	if kind := pipeline.KindOf(err); kind == pipeline.KindUsage {
		return err
	}
	if !log.quiet && p.events == nil {
		fmt.Fprintln(p.stdout, watchCounts(&report, len(left.errs)))
	}
	switch stop := pipeline.KindOf(err) == pipeline.KindCancelled; {
	case stop && errors.Is(context.Cause(c.Context), context.Canceled) && !once:
		return nil // a watch is ended by a signal; nothing has gone wrong
	case stop:
		return &stopped{unfinished(report.Unfinished) + "nothing is left half-written; the same command goes on where this one ended"}
	case err != nil:
		return fmt.Errorf("%w; the watch stopped here; the same command goes on once this is put right", err)
	case left.kind() == pipeline.KindEnvironment:
		return left.err()
	case report.Failed > 0, len(left.errs) > 0:
		return &reported{exitSomeFailed}
	}
	return nil
}

// watchCounts is what a watch has done, in one line.
func watchCounts(r *pipeline.Report, unmoved int) string {
	parts := []string{worked(r)}
	for _, part := range []struct {
		n    int
		text string
	}{
		{r.Copied, "copied as nothing was to be changed"},
		{r.Current, "done before"},
		{r.Skipped, "skipped as a file has the name of their output"},
		{r.Failed, "failed"},
		{unmoved, "not moved"},
		{r.Unfinished, "not done yet"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	return strings.Join(parts, ", ") + ignored(r)
}
