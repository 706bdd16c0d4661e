package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/cae-restore/restore/cae"
	"github.com/urfave/cli/v2"
)

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version, the Go release, the platform and the kernel set in use",
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("restore version takes no arguments, but was given %q", c.Args().First())
			}
			p.printVersion()
			return nil
		},
	}
}

func (p *program) printVersion() {
	fmt.Fprintf(p.stdout, "restore %s\n%s %s/%s\nkernels %s\n",
		moduleVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, cae.KernelSet())
	if p.note != "" {
		fmt.Fprintln(p.stdout, "note:", p.note)
	}
}

// moduleVersion is the version that the Go toolchain stamped into the binary:
// a release, or "(devel)" with the revision of the checkout where there is one.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	version := info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	var revision, modified string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				modified = ", with local changes"
			}
		}
	}
	if revision == "" {
		return version
	}
	return fmt.Sprintf("%s (revision %.12s%s)", version, revision, modified)
}
