package main

import (
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

//go:embed completion
var completionScripts embed.FS

// shells are those that restore completion has a script for, and what to do
// with it.
var shells = []struct{ name, file, use string }{
	{"bash", "restore.bash", "restore completion bash >~/.local/share/bash-completion/completions/restore"},
	{"zsh", "restore.zsh", "restore completion zsh >~/.zfunc/_restore    (a folder of $fpath)"},
	{"fish", "restore.fish", "restore completion fish >~/.config/fish/completions/restore.fish"},
	{"powershell", "restore.ps1", "restore completion powershell >>$PROFILE"},
}

// completeVerb is the verb that the scripts call.
const completeVerb = "__complete"

func (p *program) completionCommand() *cli.Command {
	var names, uses []string
	for _, s := range shells {
		names = append(names, s.name)
		uses = append(uses, "  "+s.use)
	}
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes the command line in a shell: " + strings.Join(names, ", "),
		ArgsUsage: "SHELL",
		Description: "Put the script where the shell looks for it, and open a new shell:\n" + strings.Join(uses, "\n") + "\n" +
			"The script asks the program itself what may follow, so it needs no renewal.",
		Action: func(c *cli.Context) error {
			name, err := oneArgument(c, "shell")
			if err != nil {
				return err
			}
			for _, s := range shells {
				if s.name == name {
					script, err := completionScripts.ReadFile("completion/" + s.file)
					if err != nil {
						return err
					}
					_, err = p.stdout.Write(script)
					return err
				}
			}
			return usagef("there is no completion for the shell %q%s; there is for: %s", name, didYouMean(name, names), strings.Join(names, ", "))
		},
	}
}

// completeCommand answers the scripts: on its first line what may stand there
// beside the words that follow, "files", "dirs" or "words"; then a word a line
// and, after a tab, what it means.
func (p *program) completeCommand() *cli.Command {
	return &cli.Command{
		Name: completeVerb, Hidden: true, SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			args := c.Args().Slice()
			if i := slices.Index(args, "--"); i >= 0 {
				args = args[i+1:]
			}
			return printOffer(p.stdout, p.complete(c.App, args))
		},
	}
}

// longestHelp is the number of characters of a meaning that fit beside a word.
const longestHelp = 60

func printOffer(w io.Writer, o offer) error {
	kind := "words"
	switch {
	case o.files:
		kind = "files"
	case o.dirs:
		kind = "dirs"
	}
	var b strings.Builder
	b.WriteString(kind + "\n")
	for _, c := range o.list {
		b.WriteString(c.word)
		if c.help != "" {
			b.WriteString("\t" + shortened(c.help))
		}
		b.WriteByte('\n')
	}
	_, err := fmt.Fprint(w, b.String())
	return err
}

// shortened cuts a meaning at a mark or a word.
func shortened(text string) string {
	if len(text) <= longestHelp {
		return text
	}
	text = text[:longestHelp]
	if i := strings.LastIndexAny(text, ",;:("); i > longestHelp/2 {
		return strings.TrimSpace(text[:i])
	}
	return text[:strings.LastIndex(text, " ")]
}
