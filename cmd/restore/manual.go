package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/urfave/cli/v2"
)

// manual is the manual page. What it says of verbs, options, tasks, models,
// presets and exit codes comes from where the program has them.
func (p *program) manual() page {
	app := p.app()
	var m page
	m.section("NAME")
	m.para("restore - %s", app.Usage)
	m.section("SYNOPSIS")
	m.para("`restore` %s", em("VERB")+" ["+em("OPTIONS")+"] "+em("INPUT")+"...")
	m.section("DESCRIPTION")
	m.para("`restore` cleans up photographs, single files and whole folders of them, with convolutional autoencoders that are part of the " +
		"program. It needs no network and no other program.")
	m.para("Inputs are never changed. An output appears whole, under its name, or not at all, and what was written is read back before it takes its name. " +
		"One bad file never stops the rest: the end of a run names each picture that failed, and why. What is done is not done again: the same command " +
		"goes on where an interrupted run ended.")
	m.para("%s is files, folders (with everything in them) or glob patterns. Options may stand before or after it; after `--`, everything is %s. "+
		"Every verb has `--help`.", em("INPUT"), em("INPUT"))
	m.section("VERBS")
	p.verbs(&m, app, "")
	m.section("TASKS")
	m.para("A task is one thing that is done to pictures. It is a verb by itself, and a step of a pipeline: `restore run`.")
	for _, s := range p.registry.Specs() {
		taskPage(&m, s)
	}
	p.presetPage(&m)
	scriptPage(&m)
	filesPage(&m)
	return m
}

// verbs describes the verbs of one level, below the words that lead to it.
func (p *program) verbs(m *page, app *cli.App, above string) {
	level := app.Commands
	var run *cli.Command
	for _, c := range level {
		if c.Name == "run" {
			run = c
		}
	}
	var walk func(list []*cli.Command, above string)
	walk = func(list []*cli.Command, above string) {
		for _, c := range list {
			if c.Hidden {
				continue
			}
			if len(c.Subcommands) > 0 {
				walk(c.Subcommands, above+c.Name+" ")
				continue
			}
			m.subsection("restore " + above + c.Name)
			m.para("%s", strings.TrimSpace("`restore "+above+c.Name+"` "+synopsis(c.ArgsUsage)))
			m.para("%s.", sentence(c.Usage))
			m.described(quoted(c.Description))
			flags, shared := c.Flags, false
			if c != run && run != nil {
				flags, shared = without(c.Flags, run.Flags)
			}
			m.list(optionEntries(flags)...)
			if shared {
				m.para("The other options are those of `restore run`%s.", lacking(c.Flags, run.Flags))
			}
		}
	}
	walk(level, above)
}

// lacking names the flags of restore run that a verb does not have.
func lacking(flags, of []cli.Flag) string {
	var names []string
	for _, f := range of {
		if name := f.Names()[0]; known(flags, name) == nil {
			names = append(names, "`--"+name+"`")
		}
	}
	switch last := len(names) - 1; {
	case last < 0:
		return ""
	case last == 0:
		return ", but for " + names[0]
	default:
		return ", but for " + strings.Join(names[:last], ", ") + " and " + names[last]
	}
}

// without takes those flags out that a verb shares with restore run, if they
// are many: a verb that restores pictures has nearly all of them.
func without(flags, of []cli.Flag) (own []cli.Flag, shared bool) {
	same := func(f cli.Flag) bool {
		return slices.ContainsFunc(of, func(g cli.Flag) bool { return f.Names()[0] == g.Names()[0] && usageOf(f) == usageOf(g) })
	}
	for _, f := range flags {
		if !same(f) {
			own = append(own, f)
		}
	}
	if len(flags)-len(own) < len(of)/2 {
		return flags, false
	}
	return own, true
}

// synopsis marks the placeholders of a verb's arguments and its options.
func synopsis(usage string) string {
	words := strings.Fields(usage)
	for i, w := range words {
		if isOption(w) {
			words[i] = "`" + w + "`"
		} else {
			words[i] = em(w)
		}
	}
	return strings.Join(words, " ")
}

var optionWord = regexp.MustCompile(`(^|[\s(])(--[a-z][a-z-]*)`)

// quoted marks the options in a description.
func quoted(text string) string {
	return optionWord.ReplaceAllString(text, "$1`$2`")
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// optionEntries describes flags: how they are written, what they do, and what
// holds without them.
func optionEntries(flags []cli.Flag) (entries []entry) {
	for _, f := range flags {
		if f.Names()[0] == "help" {
			continue
		}
		value := ""
		if takesValue(f) {
			value = " " + em("VALUE")
			if name := placeholderOf(f); name != "" {
				value = " " + em(name)
			}
		}
		var terms []string
		for _, name := range f.Names() {
			dashes := "--"
			if len(name) == 1 {
				dashes = "-"
			}
			terms = append(terms, "`"+dashes+name+"`"+value)
		}
		entries = append(entries, entry{strings.Join(terms, ", "), sentence(quoted(usageOf(f))) + "." + defaultOf(f)})
	}
	return entries
}

// defaultOf says what holds without a flag.
func defaultOf(f cli.Flag) string {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok || !d.TakesValue() {
		return ""
	}
	text := strings.Trim(d.GetDefaultText(), `"`)
	if text == "" || text == "-" {
		return ""
	}
	return " Without it: " + text + "."
}

// taskPage describes a task with its options and models.
func taskPage(m *page, s *tasks.Spec) {
	m.subsection(s.Name)
	m.para("%s.", sentence(s.Summary))
	if needs := needsOf(s); needs != "" {
		m.para("Needs %s.", quoted(needs))
	}
	if len(s.Makes) > 0 {
		m.para("Makes for later steps: %s.", strings.Join(s.Makes, ", "))
	}
	var entries []entry
	for _, o := range optionsOf(s) {
		text := sentence(o.Help) + "."
		if v := valuesOf(o); v != "" {
			text += " Values: " + v + "."
		}
		if o.Default != "" {
			text += " Default: " + o.Default + "."
		}
		entries = append(entries, entry{"`" + o.Name + "`", text})
	}
	if len(entries) > 0 {
		m.para("Options, in a pipeline `%s:%s=`%s:", s.Name, optionsOf(s)[0].Name, em("VALUE"))
		m.list(entries...)
	}
	entries = nil
	for _, model := range s.Models {
		text := sentence(model.Summary) + "."
		if len(model.Weights) == 0 {
			text += " Not shipped."
		}
		entries = append(entries, entry{"`" + model.Name + "`", text})
	}
	if len(entries) > 0 {
		m.para("Models:")
		m.list(entries...)
	}
}

// presetPage describes the pipelines that ship.
func (p *program) presetPage(m *page) {
	names := p.presetNames()
	if len(names) == 0 {
		return
	}
	m.section("PRESETS")
	m.para("Pipelines that ship, for `restore run -p` %s:", em("NAME"))
	var entries []entry
	for _, name := range names {
		chain, _, err := p.readPipeline(name, pipeline.MaskPlane)
		if err != nil {
			continue // a preset that cannot be read fails its own test
		}
		entries = append(entries, entry{"`" + name + "`", sentence(chain.Summary) + ": `" + chain.String() + "`."})
	}
	m.list(entries...)
}

// scriptPage is what scripts rely on.
func scriptPage(m *page) {
	m.section("EXIT STATUS")
	var entries []entry
	for _, e := range exitCodes {
		entries = append(entries, entry{fmt.Sprintf("`%d`", e.code), sentence(e.meaning) + "."})
	}
	m.list(entries...)
	m.section("EVENTS")
	m.para("With `--json`, the verbs that restore pictures print events on standard output, one JSON object a line, and nothing else. "+
		"Each has the fields `event` and `time`. The version of their schema is %d; docs/events.md describes every field. Pass over events and fields that are not known.", eventsSchema)
	m.list(
		entry{"`start`", "The run begins: `total` (files, or null), `pipeline`, `fingerprint`, `version`, `out`."},
		entry{"`item`", "All is done with a file: `path`, `rel`, `output`, `outcome`, `why`, `seconds`, `width`, `height`, `notes`, `truth`, `error`."},
		entry{"`retry`", "A file failed and is tried again `after` so many seconds."},
		entry{"`watch`", "Something else happened in a watched folder: `kind`, `path`, `target`, `error`."},
		entry{"`progress`", fmt.Sprintf("Every %d seconds: `done`, `failed`, `total`, `seconds`, `megapixels`.", int(progressInterval.Seconds()))},
		entry{"`end`", "The last line: `exit`, the exit status, the counts of the outcomes, `seconds`, `megapixels`, and `error` if one ended the run."},
	)
}

// formats are what can be read and written; the README has the details.
var formats = []struct{ name, read, written string }{
	{"JPEG", "8 bits, baseline and progressive; colour, grey, CMYK", "8 bits, without chroma subsampling"},
	{"PNG", "1 to 16 bits", "8 or 16 bits"},
	{"TIFF", "8 and 16 bits, grey and RGB, one page", "8 or 16 bits"},
	{"BMP", "8 bits a channel, palette", "8 bits"},
	{"WebP", "with and without loss, still", ""},
	{"GIF", "still", ""},
}

// filesPage is what lies outside of the command line.
func filesPage(m *page) {
	m.section("FORMATS")
	m.para("The content of a file tells its format, not its name. An output has the format of its input, or is PNG where that cannot be written.")
	var entries []entry
	for _, f := range formats {
		written := "Not written"
		if f.written != "" {
			written = "Written: " + f.written
		}
		entries = append(entries, entry{f.name, fmt.Sprintf("Read: %s. %s.", f.read, written)})
	}
	m.list(entries...)
	m.section("ENVIRONMENT")
	m.list(entry{"`RESTORE_KERNEL`", "Which kernels compute: `generic`, `avx2` or `avx512`. Without it the quickest that the processor has; `restore version` names them."})
	m.section("FILES")
	m.list(
		entry{em("OUT") + "`/.restore/`", "What the program remembers of the outputs in the folder. As long as a run lasts, it holds the folder for itself."},
		entry{em("OUT") + "`/.../.NAME.restore-tmp-*`", "Outputs that are not whole yet. What a crash leaves, the next run into the folder removes."},
	)
	m.section("EXAMPLES")
	m.code(
		"restore denoise -o clean scans/",
		"restore denoise -o clean 'scans/1968-*.tif' beach.jpg",
		"restore denoise --strength x0.7 --model best -o clean scans/",
		"restore run -p denoise:strength=30 -o clean scans/",
		"restore denoise --json -o clean scans/ | jq -r 'select(.outcome == \"failed\") | .path'",
	)
	m.section("SEE ALSO")
	m.para("`exiftool`(1), `systemd.service`(5)")
}
