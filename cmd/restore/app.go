package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/all"
	"github.com/urfave/cli/v2"
)

// program is one run of the command line. It holds what the process would
// otherwise reach for as globals, so that tests run it many times at once.
type program struct {
	registry       *tasks.Registry
	presets        fs.FS // the presets, NAME.yaml each; nil: none
	stdout, stderr io.Writer
	args           []string // as typed, without the program's name
	note           string   // on the kernels, printed once before they are used

	// limitMemory sets the process's memory limit for a budget; nil where the
	// process is not the program's own, as in tests.
	limitMemory func(budget int64)
	events      *events // of --json, nil where there are none
}

// run executes the command line args (without the program's name) and returns
// the exit code. Cancelling ctx ends it in order, with code 130.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := &program{registry: all.Registry(), presets: shippedPresets(), stdout: stdout, stderr: stderr, note: cae.KernelNote(), limitMemory: setMemoryLimit}
	return p.run(ctx, args)
}

func (p *program) run(ctx context.Context, args []string) int {
	p.args = args
	out := &checkedWriter{w: p.stdout}
	p.stdout = out
	app := p.app()
	args, err := optionsFirst(app, args)
	if err == nil {
		err = app.RunContext(ctx, append([]string{app.Name}, args...))
	}
	if p.events != nil {
		err = p.events.close(err, func(err error) int { return exitCode(ctx, err) })
	}
	var printed *reported
	if out.err != nil && (err == nil || errors.As(err, &printed)) {
		err = fmt.Errorf("what was to be printed is lost: %w", out.err)
	}
	code := exitCode(ctx, err)
	var silent *reported
	if err != nil && !errors.As(err, &silent) {
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted; nothing is left half-written")
		}
		fmt.Fprintln(p.stderr, "restore:", err)
	}
	return code
}

// checkedWriter remembers the first error: a report that was lost, on a full
// disk say, is no success.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

func (p *program) app() *cli.App {
	app := &cli.App{
		Name:      "restore",
		Usage:     "clean up photographs with convolutional autoencoders, offline",
		UsageText: "restore VERB [OPTIONS] INPUT...",
		Description: "INPUT is files, folders (with everything in them) or glob patterns. Inputs are never changed.\n" +
			"Options may stand before or after INPUT; after -- everything is INPUT.\n" +
			exitCodesInBrief(),
		Version:     moduleVersion(),
		Flags:       []cli.Flag{versionFlag(), helpFlag()},
		HideHelp:    true,
		HideVersion: true,
		Writer:      p.stdout,
		ErrWriter:   p.stderr,
		// The default prints to os.Stderr and exits; here only main does.
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              onUsageError,
		DisableSliceFlagSeparator: true, // a comma may stand in a glob or a file's name
		Action: func(c *cli.Context) error {
			if c.Bool("version") {
				p.printVersion()
				return nil
			}
			return cli.ShowAppHelp(c)
		},
	}
	app.Commands = append(app.Commands, p.runCommand(), p.watchCommand())
	for _, spec := range p.registry.Specs() {
		app.Commands = append(app.Commands, p.taskCommand(spec))
	}
	app.Commands = append(app.Commands, p.compareCommand(), p.tasksCommand(), p.presetsCommand(), p.evalCommand(), p.trainCommand(), p.pairsCommand(), p.modelCommand(), p.versionCommand())
	for _, c := range app.Commands {
		tidy(c)
	}
	return p.forShells(app)
}

// forShells adds what scripts and shells ask for.
func (p *program) forShells(app *cli.App) *cli.App {
	for _, c := range []*cli.Command{p.completionCommand(), p.manualCommand(), p.completeCommand()} {
		tidy(c)
		app.Commands = append(app.Commands, c)
	}
	return app
}

// tidy sets on every verb what urfave/cli does not hand down: without it, an
// INPUT called "help" would be taken for a subcommand.
func tidy(c *cli.Command) {
	c.HideHelp = true
	c.Flags = append(c.Flags, helpFlag())
	c.OnUsageError = onUsageError
	for _, sub := range c.Subcommands {
		tidy(sub)
	}
}

// helpFlag and versionFlag stand for urfave/cli's own, which are variables of
// the process: two runs at the same time would write to them.
func helpFlag() cli.Flag {
	return &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show help", DisableDefaultText: true}
}

func versionFlag() cli.Flag {
	return &cli.BoolFlag{Name: "version", Usage: "print the version", DisableDefaultText: true}
}

// onUsageError rewrites a message of package flag, which writes every option
// with one dash.
func onUsageError(_ *cli.Context, err error, _ bool) error {
	return usagef("%s", strings.Replace(err.Error(), "for flag -", "for option --", 1))
}
