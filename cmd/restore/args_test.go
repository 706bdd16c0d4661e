package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
)

func argsApp() *cli.App {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "out", Aliases: []string{"o"}},
		&cli.BoolFlag{Name: "overwrite"},
		&cli.StringFlag{Name: "strength"},
		helpFlag(),
	}
	return &cli.App{Name: "restore", Flags: []cli.Flag{versionFlag(), helpFlag()}, Commands: []*cli.Command{
		{Name: "denoise", Flags: flags},
		{Name: "run", Flags: []cli.Flag{flags[0], &cli.StringFlag{Name: "pipeline", Aliases: []string{"p"}}}},
		{Name: "model", Flags: flags[3:], Subcommands: []*cli.Command{{Name: "info", Flags: flags[1:2]}}},
	}}
}

func TestOptionsFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"denoise in -o out", "denoise -o out -- in"},
		{"denoise -o out in", "denoise -o out -- in"},
		{"denoise a --overwrite b --out=x c", "denoise --overwrite --out=x -- a b c"},
		{"denoise in --overwrite=false -o out", "denoise --overwrite=false -o out -- in"},
		{"denoise -o out -- -x --strength", "denoise -o out -- -x --strength"},
		{"denoise in -- -o", "denoise -- in -o"},
		{"denoise --strength -5 in", "denoise --strength -5 -- in"},
		{"denoise -o=--overwrite in", "denoise -o=--overwrite -- in"},
		{"denoise - -o out", "denoise -o out -- -"},
		{"denoise help -o out", "denoise -o out -- help"},
		{"denoise in -h", "denoise --help"},
		{"model info x --overwrite", "model info --overwrite -- x"},
		{"model --help", "model --help"},
		{"help denoise", "denoise --help"},
		{"denoise in --help --overwrite", "denoise --help"},
		{"denoise -h denoise", "denoise --help"},
		{"help", "--help"},
		{"--version", "--version"},
	} {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			got, err := optionsFirst(argsApp(), strings.Fields(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOptionsFirstErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want []string // parts of the message
	}{
		{"", []string{"VERB", "denoise"}},
		{"denoize in", []string{`no verb "denoize"`, `"denoise"`}},
		{"denoise in --stength 5", []string{"no option --stength", "--strength"}},
		{"denoise in --overwrit=true", []string{"no option --overwrit;", "--overwrite"}},
		{"run in -o out -p denoise --strength 5", []string{"no option --strength", "-p denoise:strength=VALUE"}},
		{"run in -o out -p decode,denoise:strength=3 --strength=5", []string{"-p denoise:strength=VALUE"}},
		{"run in -o out -p model --strength=5", []string{"run --help"}},
		{"run in -o out -p print --strength=5", []string{"no option --strength", "presets print > mine.yaml"}},
		{"run in -o out -p print --stength=5", []string{"no option --stength", "run --help"}},
		{"denoise in -o", []string{"-o needs a value"}},
		{"denoise in -o --overwrite", []string{"-o needs a value", "--overwrite"}},
		{"--out x denoise in", []string{"--out", "before the verb"}},
		{"model", []string{"model needs one of", "info"}},
		{"model inof", []string{`no verb "inof"`, `"info"`}},
	} {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			got, err := optionsFirst(argsApp(), strings.Fields(c.in))
			if err == nil {
				t.Fatalf("no error, but %q", got)
			}
			if code := exitCode(t.Context(), err); code != exitUsage {
				t.Errorf("exit code %d, want %d", code, exitUsage)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("message %q does not say %q", err, part)
				}
			}
		})
	}
}
