package main

import (
	"slices"
	"strings"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/urfave/cli/v2"
)

// choiceFlag is a flag whose values are words, or some of them: completion
// offers these.
type choiceFlag struct {
	*cli.StringFlag
	words []string
}

func choice(f *cli.StringFlag, words ...string) cli.Flag { return &choiceFlag{f, words} }

// wordsOf are the values of a task's option that are words, and not ranges or
// placeholders.
func wordsOf(o tasks.Option) []string {
	if o.Bool {
		return []string{"true", "false"}
	}
	return slices.DeleteFunc(strings.Split(o.Values, "|"), func(w string) bool {
		return w == "" || strings.Contains(w, "..") || w != strings.ToLower(w)
	})
}

// candidate is a word that may stand where the cursor is.
type candidate struct{ word, help string }

// offer is what completion answers.
type offer struct {
	list  []candidate
	files bool // names of files may stand there too
	dirs  bool // names of folders
}

func (o *offer) add(word, help string) { o.list = append(o.list, candidate{word, help}) }

// complete tells what may stand in place of the last of words, which is as far
// as it has been typed, "" where nothing has. words are without the program's
// name. It knows what the app's definitions say; what it does not know it does
// not complete.
func (p *program) complete(app *cli.App, words []string) offer {
	if len(words) == 0 {
		return offer{}
	}
	before, word := words[:len(words)-1], words[len(words)-1]
	if len(before) > 0 && before[0] == "help" {
		before = before[1:]
	}
	var verb *cli.Command
	level, flags := app.Commands, app.Flags
	for len(level) > 0 && len(before) > 0 {
		i := slices.IndexFunc(level, func(c *cli.Command) bool { return c.HasName(before[0]) })
		if i < 0 {
			return offer{}
		}
		verb, before = level[i], before[1:]
		level, flags = verb.Subcommands, verb.Flags
	}
	var found offer
	var waiting cli.Flag // for its value
	given := map[string]bool{}
	arguments, optionsEnded := 0, false
	for _, w := range before {
		f := known(flags, w)
		switch {
		case waiting != nil:
			waiting = nil
		case !optionsEnded && w == "--":
			optionsEnded = true
		case optionsEnded || !isOption(w) || f == nil:
			arguments++
		default:
			given[f.Names()[0]] = true
			if takesValue(f) && !strings.Contains(w, "=") {
				waiting = f
			}
		}
	}
	switch name, value, equals := strings.Cut(word, "="); {
	case waiting != nil:
		p.values(&found, verb, waiting, word)
	case !optionsEnded && equals && isOption(word):
		if f := known(flags, name); f != nil && takesValue(f) {
			p.values(&found, verb, f, value)
			for i := range found.list {
				found.list[i].word = name + "=" + found.list[i].word
			}
		}
	case !optionsEnded && strings.HasPrefix(word, "-"):
		for _, f := range flags {
			if !given[f.Names()[0]] || mayRepeat(f) {
				found.add("--"+f.Names()[0], usageOf(f))
			}
		}
	case len(level) > 0:
		for _, c := range level {
			if !c.Hidden {
				found.add(c.Name, c.Usage)
			}
		}
	default:
		p.argument(&found, verb, arguments, word)
	}
	found.list = slices.DeleteFunc(found.list, func(c candidate) bool { return !strings.HasPrefix(c.word, word) })
	return found
}

// values offers the values of a flag, by its words or its placeholder.
func (p *program) values(found *offer, verb *cli.Command, f cli.Flag, typed string) {
	if c, ok := f.(*choiceFlag); ok {
		for _, w := range c.words {
			found.add(w, "")
		}
		return
	}
	p.placeholder(found, verb, placeholderOf(f), typed)
}

// argument offers what may stand as the n-th argument of a verb, by what its
// usage says of them. The last one stands for all that follow.
func (p *program) argument(found *offer, verb *cli.Command, n int, typed string) {
	var places []string
	fields := strings.Fields(verb.ArgsUsage)
	for i := 0; i < len(fields); i++ {
		if !isOption(fields[i]) {
			places = append(places, fields[i])
			continue
		}
		i++ // the option's value
	}
	if len(places) == 0 {
		return
	}
	last := places[len(places)-1]
	if n < len(places) {
		last = places[n]
	} else if !strings.HasSuffix(last, "...") {
		return
	}
	p.placeholder(found, verb, last, typed)
}

// placeholder offers what a name in capitals stands for.
func (p *program) placeholder(found *offer, verb *cli.Command, name, typed string) {
	switch name {
	case "DIR":
		found.dirs = true
	case "NAME=DIR":
		if found.dirs = strings.Contains(typed, "="); !found.dirs {
			p.assetNames(found)
		}
	case "FILE", "OUT", "INPUT...", "A", "B", "GLOB":
		found.files = true
	case "NAME|FILE", "[STEP=]NAME|FILE", "[TASK=]NAME|FILE":
		found.files = true
		p.models(found, verb)
	case "TASK":
		for _, s := range p.registry.Specs() {
			found.add(s.Name, s.Summary)
			for _, m := range s.Models {
				found.add(s.Name+":model="+m.Name, m.Summary)
			}
		}
	case "[NAME]":
		p.taskNames(found, "")
	case "PIPELINE", "[NAME|PIPELINE]":
		found.files = !strings.ContainsAny(typed, ":,") // then it is no file's name
		p.pipelineParts(found, typed)
	case "SHELL":
		for _, s := range shells {
			found.add(s.name, "")
		}
	}
}

// models offers the shipped models: of the verb's task by their own names, else
// of all tasks.
func (p *program) models(found *offer, verb *cli.Command) {
	for _, s := range p.registry.Specs() {
		for _, m := range s.Models {
			switch {
			case len(m.Weights) == 0:
			case s.Name == verb.Name:
				found.add(m.Name, m.Summary)
			default:
				found.add(s.Name+":"+m.Name, m.Summary)
			}
		}
	}
}

// assetNames offers the folders that models make use of.
func (p *program) assetNames(found *offer) {
	seen := map[string]bool{}
	for _, s := range p.registry.Specs() {
		for _, m := range s.Models {
			for _, name := range m.Assets {
				if !seen[name] {
					found.add(name+"=", "for "+s.Name+":model="+m.Name)
				}
				seen[name] = true
			}
		}
	}
}

func (p *program) taskNames(found *offer, before string) {
	for _, s := range p.registry.Specs() {
		found.add(before+s.Name, s.Summary)
	}
}

// presetWords offers the presets.
func (p *program) presetWords(found *offer) {
	for _, name := range p.presetNames() {
		if chain, _, err := p.readPipeline(name, pipeline.MaskPlane); err == nil {
			found.add(name, chain.Summary)
		}
	}
}

// pipelineParts goes on with a pipeline on one line: a task, then its options.
func (p *program) pipelineParts(found *offer, typed string) {
	step := typed[strings.LastIndex(typed, ",")+1:]
	before := strings.TrimSuffix(typed, step)
	parts := strings.Split(step, ":")
	if len(parts) == 1 {
		if before == "" {
			p.presetWords(found)
		}
		p.taskNames(found, before)
		return
	}
	spec, err := p.registry.Lookup(parts[0])
	if err != nil {
		return
	}
	last := parts[len(parts)-1]
	before = strings.TrimSuffix(typed, last)
	key, _, valued := strings.Cut(last, "=")
	for _, o := range optionsOf(spec) {
		switch {
		case !valued:
			found.add(before+o.Name+"=", o.Help)
		case o.Name == key && key == "model":
			for _, m := range spec.Models {
				found.add(before+"model="+m.Name, m.Summary)
			}
		case o.Name == key:
			for _, w := range wordsOf(o) {
				found.add(before+key+"="+w, "")
			}
		}
	}
}

// placeholderOf is what a flag's usage has in backquotes.
func placeholderOf(f cli.Flag) string {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return ""
	}
	_, rest, _ := strings.Cut(d.GetUsage(), "`")
	name, _, _ := strings.Cut(rest, "`")
	return name
}

// usageOf is a flag's usage without the backquotes.
func usageOf(f cli.Flag) string {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return ""
	}
	return strings.ReplaceAll(d.GetUsage(), "`", "")
}
