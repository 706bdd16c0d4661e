package main

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks/fit"
	"github.com/urfave/cli/v2"
)

func (p *program) pairsCommand() *cli.Command {
	return &cli.Command{
		Name:      "pairs",
		Usage:     "write the pairs that a training learns from, for training on accelerators",
		ArgsUsage: "TASK --data DIR",
		Description: "Writes batches as a stream to standard output, without end unless --count says so: those\n" +
			"that restore train sees at each step with the same seed, batch and patch. docs/training.md\n" +
			"describes the stream. TASK:model=NAME chooses one of the task's models.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "data", Usage: "folder of clean pictures, `DIR`; may be given several times"},
			assetsFlag(),
			&cli.IntFlag{Name: "batch", Value: 16, Usage: "pairs a batch"},
			&cli.IntFlag{Name: "patch", Value: 96, Usage: "height and width of a pair in samples"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "seed of all that is drawn"},
			&cli.Int64Flag{Name: "start", Usage: "step of the first batch, from 0 on, `STEP`"},
			&cli.Int64Flag{Name: "count", Usage: "batches to write, `N`", DefaultText: "without end"},
			choice(&cli.StringFlag{Name: "dtype", Value: "float16", Usage: "type of all samples: float16 or float32"}, "float16", "float32"),
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "file to write instead, `FILE`; needs --count"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace the file of -o if it exists"},
			jobsFlag(),
		},
		Action: p.pairs,
	}
}

var pairTypes = map[string]modelfile.DType{"float16": modelfile.F16, "float32": modelfile.F32}

func (p *program) pairs(c *cli.Context) error {
	_, spec, model, err := p.modelArgument(c, "pairs belong to a task's model, whatever its weights")
	if err != nil {
		return err
	}
	if err := checkPairs(c); err != nil {
		return err
	}
	// What the program prints passes through a writer that takes an error for a
	// loss; here it is how the reader says that it has enough.
	out := p.stdout
	if checked, ok := out.(*checkedWriter); ok {
		out = checked.w
	}
	file := c.String("out")
	if file == "" && isTerminal(out) {
		return usagef("a stream of pairs is nothing for a terminal: pipe it into a program, or write a file with -o FILE --count N")
	}
	if file != "" {
		if err := mayWrite(file, "", c.Bool("overwrite")); err != nil {
			return err
		}
	}
	assets, err := assetFolders(c)
	if err != nil {
		return err
	}
	pool, err := enter(c)
	if err != nil {
		return err
	}
	defer pool.Leave()
	write := func(w io.Writer) error {
		return fit.Pairs(c.Context, w, fit.PairsOptions{
			Spec: spec, Model: model, Data: c.StringSlice("data"), Assets: assets,
			Batch: c.Int("batch"), Patch: c.Int("patch"), Seed: c.Uint64("seed"), Start: c.Int64("start"), Count: c.Int64("count"),
			DType: pairTypes[c.String("dtype")], Env: p.env(pool),
			Warn: func(text string) { fmt.Fprintln(p.stderr, "restore:", text) },
		})
	}
	if file != "" {
		err = fit.WriteFile(file, write)
	} else {
		err = write(quietPipe(out))
	}
	switch {
	case errors.Is(err, errEnough):
		return nil
	case errors.Is(err, fit.ErrData), errors.Is(err, fit.ErrOptions):
		return &usageError{err}
	}
	return err
}

// checkPairs checks the verb's own options.
func checkPairs(c *cli.Context) error {
	if !c.IsSet("data") {
		return usagef("say what to make pairs of: --data DIR, a folder of clean pictures")
	}
	if c.String("out") != "" && !c.IsSet("count") {
		return usagef("a file cannot be without end: say how many batches with --count N")
	}
	for _, f := range []struct {
		name   string
		ok     bool
		demand string
	}{
		{"batch", c.Int("batch") >= 1 && c.Int("batch") <= 4096, "1 to 4096"},
		{"patch", c.Int("patch") >= 1 && c.Int("patch") <= 4096, "1 to 4096"},
		{"start", c.Int64("start") >= 0, "at least 0"},
		{"count", !c.IsSet("count") || c.Int64("count") >= 1, "at least 1"},
		{"dtype", oneOf(c.String("dtype"), "float16", "float32"), "float16 or float32"},
	} {
		if !f.ok {
			return usagef("option --%s: %v is not allowed; it must be %s", f.name, c.Value(f.name), f.demand)
		}
	}
	return nil
}

// errEnough is a reader that went away.
var errEnough = errors.New("the reader has enough")

// pipe turns the error of a pipe whose reader has gone into errEnough.
type pipe struct{ w io.Writer }

func (p pipe) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		err = errEnough
	}
	return n, err
}

// quietPipe returns a writer to out that survives its reader.
func quietPipe(out io.Writer) io.Writer {
	surviveReader(out)
	return pipe{out}
}
