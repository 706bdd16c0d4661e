package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/cae-restore/restore/cae/onnx"
	"github.com/cae-restore/restore/tasks/fit"
	"github.com/urfave/cli/v2"
)

func (p *program) modelExportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "write a model for other programs",
		ArgsUsage: "--onnx OUT NAME|FILE",
		Description: "NAME is a shipped model, as restore tasks lists them: TASK, TASK:MODEL or MODEL.\n" +
			"OUT becomes an ONNX model (operator set 13, float32) for inputs of any size. Its metadata says what to feed it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "onnx", Usage: "file to write, `OUT`"},
			&cli.IntFlag{Name: "batch", Usage: "fix the number of pictures in a batch, `N`", DefaultText: "any"},
			&cli.IntFlag{Name: "height", Usage: "fix the height of the inputs in samples, `N`", DefaultText: "any"},
			&cli.IntFlag{Name: "width", Usage: "fix the width of the inputs in samples, `N`", DefaultText: "any"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace OUT if it exists"},
		},
		Action: p.modelExport,
	}
}

func (p *program) modelExport(c *cli.Context) error {
	name, err := oneArgument(c, "model")
	if err != nil {
		return err
	}
	out := c.String("onnx")
	if out == "" {
		return usagef("say where to write: --onnx OUT")
	}
	for _, size := range []string{"batch", "height", "width"} {
		if c.IsSet(size) && c.Int(size) < 1 {
			return usagef("option --%s: %d is less than 1, the least allowed", size, c.Int(size))
		}
	}
	if err := mayWrite(out, name, c.Bool("overwrite")); err != nil {
		return err
	}
	net, file, _, err := p.loadModel(name)
	if err != nil {
		return err
	}
	multiple := net.Footprint().Multiple
	for _, size := range []string{"height", "width"} {
		if c.Int(size)%multiple != 0 {
			return usagef("option --%s: %d is not a multiple of %d, which this network needs", size, c.Int(size), multiple)
		}
	}
	err = fit.WriteFile(out, func(w io.Writer) error {
		return onnx.Write(w, net, onnx.Options{
			Batch: c.Int("batch"), Height: c.Int("height"), Width: c.Int("width"), Margin: fit.Margin,
			Producer: "restore", Version: moduleVersion(), Metadata: file.Metadata,
		})
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, out)
	return nil
}

// mayWrite says whether the file out may be made of the model called name: never
// of itself, and over another file only where that is wished.
func mayWrite(out, name string, overwrite bool) error {
	_, err := os.Lstat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !overwrite:
		return usagef("%s exists already; --overwrite replaces it", out)
	}
	have, err := os.Stat(out)
	if err == nil && have.IsDir() {
		return usagef("%s is a folder; name a file to write", out)
	}
	if from, serr := os.Stat(name); err == nil && serr == nil && os.SameFile(have, from) {
		return usagef("%s is the model itself; name another file to write", out)
	}
	return nil
}
