package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/urfave/cli/v2"
)

func (p *program) runCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "take pictures through a pipeline of tasks",
		ArgsUsage: "-p PIPELINE -o OUT INPUT...",
		Description: "PIPELINE is the name of a preset (restore presets lists them), a file whose name ends in .yaml or .yml,\n" +
			"or tasks joined by commas, each with options: denoise:strength=30\n" +
			"A value that holds : , or \" stands in double quotes. restore tasks lists the tasks.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "pipeline", Aliases: []string{"p"}, Usage: "what to do, `PIPELINE`"},
			p.jsonFlag(),
		}, restoreFlags()...),
		Action: func(c *cli.Context) error {
			text := c.String("pipeline")
			if text == "" {
				return usagef("say what to do: -p PIPELINE, such as -p photo or -p denoise:strength=30; restore presets lists the presets, restore tasks the tasks")
			}
			chain, own, err := p.readPipeline(text, given(c)...)
			if err != nil {
				return err
			}
			return p.restore(c, chain, own)
		},
	}
}

// commonNames are the options of a task that common flags stand for.
var commonNames = []string{"model"}

// taskCommand is the verb of one task: run with that one step, and the task's
// options as flags.
func (p *program) taskCommand(spec *tasks.Spec) *cli.Command {
	options := optionsOf(spec)
	return &cli.Command{
		Name:      spec.Name,
		Usage:     spec.Summary,
		ArgsUsage: "-o OUT INPUT...",
		Flags:     slices.Concat(optionFlags(options, commonNames...), restoreFlags(), []cli.Flag{p.jsonFlag()}),
		Action: func(c *cli.Context) error {
			// The options come first: which planes the task needs may depend on them.
			step := pipeline.Step{Spec: spec}
			if spec.Options != nil {
				step.Options = spec.Options()
			}
			set := func(name, value string) error {
				if err := tasks.SetOption(step.Options, name, value); err != nil {
					return fmt.Errorf("%s: %w", spec.Name, err)
				}
				return nil
			}
			if err := setOptions(c, options, set, commonNames...); err != nil {
				return err
			}
			chain, err := pipeline.NewChainGiven(given(c), step)
			if err != nil {
				return err
			}
			return p.restore(c, chain, nil)
		},
	}
}

// restoreFlags are the flags of every verb that restores pictures.
func restoreFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "folder for the outputs, `OUT`; it keeps the tree of the inputs"},
		&cli.StringFlag{Name: "suffix", Usage: "`TEXT` to follow the names of the outputs: -clean makes a-clean.jpg of a.jpg"},
		choice(&cli.StringFlag{Name: "format", Usage: "`FORMAT` of the outputs: jpeg, png, tiff or bmp", DefaultText: "as the input"}, "jpeg", "png", "tiff", "bmp"),
		&cli.IntFlag{Name: "quality", Usage: "quality of JPEG outputs, `1..100`", DefaultText: strconv.Itoa(pix.DefaultQuality)},
		overwriteFlag(),
		&cli.StringFlag{Name: "mask", Usage: "mask for all pictures, `FILE`, for a task that needs one: white selects, black keeps"},
		&cli.StringFlag{Name: "masks", Usage: "folder of the masks, `DIR`: each picture has the one with its relative path, or with its name and another ending"},
		&cli.StringFlag{Name: "truth", Usage: "folder of the clean originals, `DIR`: prints the PSNR of each picture before and after"},
		&cli.StringSliceFlag{Name: "model", Usage: "model to use, `[STEP=]NAME|FILE`; STEP is needed only where several steps have one"},
		excludeFlag(), megapixelsFlag(), reportFlag(),
		jobsFlag(), memoryFlag(), quietFlag(),
	}, ledgerFlags()...)
}

// options reads what the verbs that restore pictures have in common, and chooses
// the models of the chain. own are those that the pipeline's text names, as of
// ownModels.
func (p *program) options(c *cli.Context, chain *pipeline.Chain, own map[string]string) (options pipeline.Options, err error) {
	options = pipeline.Options{
		Overwrite: c.Bool("overwrite"), Suffix: c.String("suffix"),
		Format: c.String("format"), Quality: c.Int("quality"), Truth: c.String("truth"),
		Mask: c.String("mask"), Masks: c.String("masks"),
	}
	switch {
	case c.NArg() == 0:
		return options, usagef("say which pictures: %s -o OUT INPUT..., where INPUT is files, folders or patterns", c.Command.HelpName)
	case c.String("out") == "":
		return options, usagef("say where to write: -o OUT, a folder; inputs are never changed")
	case c.IsSet("quality") && (options.Quality < 1 || options.Quality > 100):
		return options, usagef("option --quality: %d is not within 1 to 100", options.Quality)
	}
	if options.Limits, err = limits(c); err != nil {
		return options, err
	}
	if _, _, err := pix.OutputFormat(pix.Meta{}, options.Format); err != nil {
		return options, usagef("option --format: %w", err)
	}
	if err := chooseModels(chain, c.StringSlice("model"), own); err != nil {
		return options, err
	}
	if err := options.CheckMasks(chain); err != nil {
		return options, err
	}
	pool, err := jobs(c)
	if err != nil {
		return options, err
	}
	options.Pool = pool
	if options.Memory, err = memory(c); err != nil {
		return options, err
	}
	if p.limitMemory != nil {
		p.limitMemory(options.Memory)
	}
	options.DryRun, options.Checksum = c.Bool("dry-run"), c.Bool("checksum")
	if options.Ledger, err = ledger(c); err != nil {
		return options, err
	}
	return options, nil
}

// open opens the chain for a run with these options.
func (p *program) open(c *cli.Context, chain *pipeline.Chain, options pipeline.Options) error {
	env := p.env(options.Pool)
	env.Memory = pipeline.Workspace(options.Memory, options.Pool.Workers())
	return chain.Open(c.Context, env)
}

// restore takes the verb's INPUT through the chain. What can be found wrong
// before the first picture is found here, in the order from cheap to dear. own
// is as of options.
func (p *program) restore(c *cli.Context, chain *pipeline.Chain, own map[string]string) error {
	options, err := p.options(c, chain, own)
	if err != nil {
		return err
	}
	source, err := pipeline.NewFolder(c.Args().Slice(), pipeline.FolderOptions{Exclude: c.StringSlice("exclude"), Out: c.String("out"), Masks: maskPaths(c)})
	if err != nil {
		return err
	}
	pages, err := newPages(c, chain)
	if err != nil {
		return err
	}
	p.unasked(c, source)
	if err := p.open(c, chain, options); err != nil {
		return err
	}
	sink, err := pipeline.NewDirSink(c.String("out"))
	if err != nil {
		return err
	}
	quiet := c.Bool("quiet") || p.events != nil
	m := newMeter(p.stderr, quiet)
	m.only(source.List())
	reporter := pipeline.Reporter(m)
	if p.events != nil {
		reporter = p.events.of(chain, c.String("out"))
	}
	report, err := pages.run(c.Context, options, chain, source, sink, reporter)
	m.close()
	if kind := pipeline.KindOf(err); kind == pipeline.KindUsage {
		return err
	}
	if err != nil && len(report.Results) == 0 && pipeline.KindOf(err) == pipeline.KindEnvironment {
		return err // the run did not begin
	}
	if options.DryRun && !quiet {
		p.plan(&report)
	}
	p.summary(&report, quiet || options.DryRun, err)
	switch {
	case pipeline.KindOf(err) == pipeline.KindCancelled:
		return &stopped{unfinished(report.Unfinished) + "nothing is left half-written; the same command goes on where this one ended"}
	case err != nil:
		return fmt.Errorf("%w; the run stopped here; %sthe same command goes on once this is put right", err, unfinished(report.Unfinished))
	case pages.lost() != nil:
		return pages.lost()
	case report.Failed > 0:
		return &reported{exitSomeFailed}
	}
	return nil
}
