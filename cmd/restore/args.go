package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// optionsFirst returns args with the options of the verb moved before its
// arguments, because urfave/cli v2 takes everything after the first argument
// as arguments. Everything after "--" is arguments. An unknown verb or option
// and an option without its value are usage errors that name the remedy.
func optionsFirst(app *cli.App, args []string) ([]string, error) {
	if len(args) > 0 && args[0] == "help" {
		args = append(slices.Clone(args[1:]), "--help")
	}
	level, flags := app.Commands, app.Flags
	path := []string{}
	for len(level) > 0 {
		if len(args) == 0 {
			if len(path) > 0 {
				return nil, usagef("restore %s needs one of: %s", path[len(path)-1], names(level))
			}
			return nil, usagef("say what to do: restore VERB, where VERB is one of: %s\nrestore --help shows more", names(level))
		}
		name := args[0]
		if isOption(name) {
			if known(flags, name) == nil {
				return nil, usagef("option %s stands before the verb; write: restore VERB [OPTIONS] INPUT...", name)
			}
			return append(path, args...), nil
		}
		i := slices.IndexFunc(level, func(c *cli.Command) bool { return c.HasName(name) })
		if i < 0 {
			return nil, usagef("there is no verb %q%s\nrestore --help lists them", name, didYouMean(name, commandNames(level)))
		}
		level, flags = level[i].Subcommands, level[i].Flags
		path, args = append(path, name), args[1:]
	}
	options, rest, err := partition(flags, args)
	if err != nil {
		var unknown unknownOption
		if errors.As(err, &unknown) {
			name := strings.TrimLeft(string(unknown), "-")
			if step := stepWith(app, args, string(unknown)); step != "" {
				return nil, usagef("%w\noptions of a step stand in the pipeline: -p %s:%s=VALUE", err, step, name)
			}
			if preset := presetIn(app, args); preset != "" && isStepOption(app, string(unknown)) {
				return nil, usagef("%w\noptions of the steps of a preset stand in its file: restore presets %s > mine.yaml, change it, then -p mine.yaml", err, preset)
			}
		}
		return nil, usagef("%w\nrestore %s --help lists the options", err, strings.Join(path, " "))
	}
	if asksForHelp(options) {
		// With an argument, urfave/cli would show the help of the verb of that name.
		return append(path, "--help"), nil
	}
	return slices.Concat(path, options, []string{"--"}, rest), nil
}

// unknownOption is the name, with its dashes, of an option that a verb does not
// have.
type unknownOption string

func (o unknownOption) Error() string { return "there is no option " + string(o) }

// stepWith is the verb among the arguments' pipelines that has an option: its
// task's.
func stepWith(app *cli.App, args []string, option string) string {
	for i, arg := range args[:len(args)-1] {
		if arg != "-p" && arg != "--pipeline" {
			continue
		}
		for _, step := range strings.Split(args[i+1], ",") {
			step, _, _ = strings.Cut(strings.TrimSpace(step), ":")
			if c := app.Command(step); c != nil && known(c.Flags, option) != nil {
				return step
			}
		}
	}
	return ""
}

// presetIn is the preset among the arguments' pipelines: one word that is no verb.
func presetIn(app *cli.App, args []string) string {
	for i, arg := range args[:len(args)-1] {
		if word := args[i+1]; (arg == "-p" || arg == "--pipeline") && !strings.ContainsAny(word, ".,:/") && app.Command(word) == nil {
			return word
		}
	}
	return ""
}

// isStepOption reports whether some verb has an option: that of a task, if it is
// none of run's.
func isStepOption(app *cli.App, option string) bool {
	return slices.ContainsFunc(app.Commands, func(c *cli.Command) bool { return known(c.Flags, option) != nil })
}

func asksForHelp(options []string) bool {
	return slices.ContainsFunc(options, func(o string) bool { return slices.Contains([]string{"--help", "-help", "-h", "--h"}, o) })
}

// partition splits the arguments of a verb into its options, each with its
// value, and the rest.
func partition(flags []cli.Flag, args []string) (options, rest []string, err error) {
	given := map[string]bool{}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return options, append(rest, args[i+1:]...), nil
		}
		if !isOption(arg) {
			rest = append(rest, arg)
			continue
		}
		f := known(flags, arg)
		if f == nil {
			name, _, _ := strings.Cut(arg, "=")
			return nil, nil, fmt.Errorf("%w%s", unknownOption(name), didYouMean(name, optionSpellings(flags)))
		}
		if first := f.Names()[0]; takesValue(f) && !mayRepeat(f) {
			if given[first] {
				return nil, nil, fmt.Errorf("option --%s is given twice; it takes one value", first)
			}
			given[first] = true
		}
		options = append(options, arg)
		if strings.Contains(arg, "=") || !takesValue(f) {
			continue
		}
		if i++; i == len(args) {
			return nil, nil, fmt.Errorf("option %s needs a value", arg)
		}
		// "-o --overwrite" is a forgotten value, not a folder of that name.
		if isOption(args[i]) && known(flags, args[i]) != nil {
			return nil, nil, fmt.Errorf("option %s needs a value, but %s follows; if that is the value, write %s=%s", arg, args[i], arg, args[i])
		}
		options = append(options, args[i])
	}
	return options, rest, nil
}

func isOption(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

// known finds the flag that an argument such as "--out=x" or "-o" names.
func known(flags []cli.Flag, arg string) cli.Flag {
	name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

func mayRepeat(f cli.Flag) bool {
	_, ok := f.(*cli.StringSliceFlag)
	return ok
}

func names(commands []*cli.Command) string { return strings.Join(commandNames(commands), ", ") }

func commandNames(commands []*cli.Command) (list []string) {
	for _, c := range commands {
		if !c.Hidden {
			list = append(list, c.Name)
		}
	}
	return list
}

// optionSpellings are the long names of options with their dashes.
func optionSpellings(flags []cli.Flag) (list []string) {
	for _, f := range flags {
		list = append(list, "--"+f.Names()[0])
	}
	return list
}

// didYouMean suggests the nearest of names, unless more than a third of its
// letters would have to change: then it is only a guess.
func didYouMean(name string, names []string) string {
	best, least := "", 1<<30
	for _, candidate := range names {
		length := len(strings.TrimLeft(candidate, "-"))
		if d := distance(name, candidate); d < least && d <= max(1, length/3) {
			best, least = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	if strings.HasPrefix(best, "-") {
		return "; did you mean " + best + "?"
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// distance is the least number of letters to insert, remove, replace or swap
// with their neighbour (Damerau and Levenshtein's, of separate changes).
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			if i == 0 || j == 0 {
				d[i][j] = i + j
				continue
			}
			replace := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			d[i][j] = min(replace, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
