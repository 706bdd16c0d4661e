package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/urfave/cli/v2"
)

// TestManual: the manual has every verb, option, task, model and preset.
func TestManual(t *testing.T) {
	t.Parallel()
	p := realProgram()
	var roff, markdown bytes.Buffer
	if err := p.manual().writeRoff(&roff, "RESTORE", "1"); err != nil {
		t.Fatal(err)
	}
	if err := p.manual().writeMarkdown(&markdown, "Title"); err != nil {
		t.Fatal(err)
	}
	text := markdown.String()
	has := func(part string) {
		t.Helper()
		if !strings.Contains(text, part) {
			t.Errorf("the manual does not have %s", part)
		}
		if plain := strings.Trim(part, "`# "); !strings.Contains(strings.NewReplacer(`\-`, "-", `\fB`, "", `\fR`, "", `\fI`, "").Replace(roff.String()), plain) {
			t.Errorf("the page for man does not have %s", plain)
		}
	}
	var walk func(list []*cli.Command, above string)
	walk = func(list []*cli.Command, above string) {
		for _, c := range list {
			if c.Hidden {
				continue
			}
			if len(c.Subcommands) == 0 {
				has("### restore " + above + c.Name)
			}
			for _, f := range c.Flags {
				if name := f.Names()[0]; name != "help" {
					has("`--" + name + "`")
				}
			}
			walk(c.Subcommands, c.Name+" ")
		}
	}
	walk(p.app().Commands, "")
	if strings.Contains(text, completeVerb) {
		t.Error("the verb of the shells' scripts is in the manual")
	}
	for _, s := range p.registry.Specs() {
		has("### " + s.Name)
		for _, o := range optionsOf(s) {
			has("`" + o.Name + "`")
		}
		for _, m := range s.Models {
			has("`" + m.Name + "`")
		}
	}
	if len(p.presetNames()) == 0 {
		t.Error("no presets: nothing is tested")
	}
	for _, name := range p.presetNames() {
		has("`" + name + "`")
	}
	if n := strings.Count(text, "Without it: 95."); n != 1 {
		t.Errorf("the default of --quality is there %d times", n)
	}
}

// TestManualAgrees compares what the README and the schema of the events say
// for themselves with what the program and its manual have.
func TestManualAgrees(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	var codes []any
	for _, e := range exitCodes {
		fmt.Fprintf(&table, "| %d | %s |\n", e.code, e.meaning)
		codes = append(codes, float64(e.code))
	}
	if !strings.Contains(string(readme), "| code | meaning |\n|---|---|\n"+table.String()+"\n") {
		t.Errorf("the exit codes of README.md are not:\n%s", &table)
	}
	end := eventSchema(t).root["$defs"].(map[string]any)["end"].(map[string]any)["properties"].(map[string]any)
	if got := end["exit"].(map[string]any)["enum"]; fmt.Sprint(got) != fmt.Sprint(codes) {
		t.Errorf("the schema has the exit codes %v", got)
	}
	for _, f := range formats {
		_, _, err := pix.OutputFormat(pix.Meta{}, strings.ToLower(f.name))
		if (err == nil) != (f.written != "") {
			t.Errorf("%s: the manual says it is written %q, the program %v", f.name, f.written, err)
		}
		if !strings.Contains(string(readme), "\n| "+f.name+" |") {
			t.Errorf("README.md has no row for %s", f.name)
		}
	}
}

// TestPageHostile: nothing in a text is taken for a request or a mark.
func TestPageHostile(t *testing.T) {
	t.Parallel()
	var m page
	m.section("A")
	m.para("%s", ".SH no \\fB request's \"end\" ~^ caf\u00e9 `--x.` "+em("Y"))
	m.para("%s", strings.Repeat("wordy ", 13)+".x 'y a*b_c <i> [z]")
	m.code(".a", "'b \\ `c")
	m.list(entry{"`-o` " + em("OUT"), "text"})
	var roff, markdown strings.Builder
	if err := m.writeRoff(&roff, "T", "1", ""); err != nil {
		t.Fatal(err)
	}
	want := ".TH \"T\" \"1\" \"\"\n.nh\n.ad l\n.SH \"A\"\n" +
		`\&.SH no \efB request\(aqs \(dqend\(dq \(ti\(ha caf\[u00E9] \fB\-\-x.\fR` + "\n" + `\fIY\fR` + "\n.PP\n" +
		strings.TrimSpace(strings.Repeat("wordy ", 13)) + "\n" + `\&.x \(aqy a*b_c <i> [z]` + "\n"
	if got, _, _ := strings.Cut(roff.String(), ".PP\n.RS"); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if err := m.writeMarkdown(&markdown, "T"); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"\n## A\n", `'y a\*b\_c \<i> \[z]`, "`--x.` *Y*", "```sh\n.a\n'b \\ `c\n```\n", "- `-o` *OUT*: text\n"} {
		if !strings.Contains(markdown.String(), part) {
			t.Errorf("no %q in\n%s", part, &markdown)
		}
	}
}

// TestManualLint has the page read by mandoc and groff, which know what is
// wrong with it.
func TestManualLint(t *testing.T) {
	t.Parallel()
	r := restore(t, "manual")
	r.want(t, exitDone, ".TH \"RESTORE\" \"1\"")
	file := writeFile(t, filepath.Join(t.TempDir(), "restore.1"), []byte(r.stdout))
	for name, args := range map[string][]string{"mandoc": {"-Tlint", "-Wwarning", file}, "groff": {"-man", "-ww", "-Tascii", "-z", file}} {
		t.Run(name, func(t *testing.T) {
			path, err := exec.LookPath(name)
			if err != nil {
				t.Skipf("there is no %s here", name)
			}
			out, _ := exec.Command(path, args...).CombinedOutput()
			for line := range strings.Lines(string(out)) {
				if !strings.Contains(line, "missing date") { // tests know no revision
					t.Error(line)
				}
			}
		})
	}
}

func TestManualVerb(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "manual.md")
	restore(t, "manual", "--markdown", "-o", file).want(t, exitDone)
	if data, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(data), "# The manual of restore\n") {
		t.Errorf("it holds %.80q: %v", data, err)
	}
	restore(t, "manual", "--markdown", "-o", file).want(t, exitUsage, "--overwrite")
	restore(t, "manual", "denoise").want(t, exitUsage, "takes no arguments")
}
