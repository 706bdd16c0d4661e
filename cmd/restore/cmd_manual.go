package main

import (
	"io"
	"runtime/debug"
	"time"

	"github.com/cae-restore/restore/tasks/fit"
	"github.com/urfave/cli/v2"
)

//go:generate go run . manual --markdown --overwrite -o ../../docs/manual.md

func (p *program) manualCommand() *cli.Command {
	return &cli.Command{
		Name:      "manual",
		Usage:     "print the manual page",
		ArgsUsage: " ",
		Description: "The manual is in the format of man(7). To read it, or to install it for man restore:\n" +
			"  restore manual | man -l -\n" +
			"  restore manual >~/.local/share/man/man1/restore.1",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "markdown", Usage: "write Markdown instead"},
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "file to write instead, `FILE`"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace FILE if it exists"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("restore manual takes no arguments, but was given %q", c.Args().First())
			}
			write := func(w io.Writer) error {
				if c.Bool("markdown") {
					return p.manual().writeMarkdown(w, "The manual of restore")
				}
				return p.manual().writeRoff(w, "RESTORE", "1", buildDate(), "restore "+moduleVersion(), "User commands")
			}
			out := c.String("out")
			if out == "" {
				return write(p.stdout)
			}
			if err := mayWrite(out, "", c.Bool("overwrite")); err != nil {
				return err
			}
			return fit.WriteFile(out, write)
		},
	}
}

// buildDate is the day of the revision that the program was built from, or
// empty where that is not known: the same program prints the same manual.
func buildDate() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	for _, s := range info.Settings {
		if at, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
			return at.UTC().Format(time.DateOnly)
		}
	}
	return ""
}
