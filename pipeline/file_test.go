package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/cae-restore/restore/tasks"
	"pgregory.net/rapid"
)

func TestReadYAML(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"least", "pipeline: 1\nsteps:\n- task: lighten\n", "lighten"},
		{"all keys", "# why\npipeline: 1\nsummary: a, b\nsteps:\n  - task: lighten # here\n    options:\n      by: 3\n      curve: steep\n  - {task: leave}\n", "lighten:by=3:curve=steep,leave"},
		{"numbers for texts, as typed", "pipeline: 1\nsteps: [{task: lighten, options: {name: 030}}]", "lighten:name=030"},
		{"a float for a text", "pipeline: 1\nsteps: [{task: lighten, options: {name: 1.50}}]", "lighten:name=1.50"},
		{"a truth for a text", "pipeline: 1\nsteps: [{task: lighten, options: {name: True}}]", "lighten:name=True"},
		{"quoted number", "pipeline: 1\nsteps: [{task: lighten, options: {by: \"3\", gamma: 1e0}}]", "lighten:by=3"},
		{"switch", "pipeline: 1\nsteps: [{task: lighten, options: {grey: true}}]", "lighten:grey=true"},
		{"empty text", "pipeline: 1\nsteps: [{task: lighten, options: {name: \"\"}}]", "lighten"},
		{"many lines", "pipeline: 1\nsteps:\n- task: lighten\n  options:\n    name: |\n      a\n       b\n", "lighten:name=\"a\n b\n\""},
		{"options without any", "pipeline: 1\nsteps:\n- task: lighten\n  options:\n#    by: 3\n", "lighten"},
		{"Windows line ends", "pipeline: 1\r\nsteps:\r\n- task: lighten\r\n  options:\r\n    by: 3\r\n", "lighten:by=3"},
		{"byte order mark", "\ufeffpipeline: 1\nsteps: [{task: leave}]", "leave"},
		{"UTF-16, little end first", utf16Of("pipeline: 1\nsteps: [{task: lighten, options: {name: ü😀}}]", true), "lighten:name=ü😀"},
		{"UTF-16, big end first", utf16Of("pipeline: 1\nsteps: [{task: leave}]", false), "leave"},
		{"document marks", "%YAML 1.2\n---\npipeline: 1\nsteps: [{task: leave}]\n...\n", "leave"},
		{"planes", "pipeline: 1\nsteps: [{task: masker}, {task: filler}]", "masker,filler"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := ReadYAML(testRegistry, "a.yaml", "", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if test.name == "all keys" && c.Summary != "a, b" {
				t.Errorf("summary %q", c.Summary)
			}
		})
	}
}

func utf16Of(text string, little bool) string {
	b := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u>>8), byte(u))
	}
	if little {
		for i := 0; i < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
	}
	return string(b)
}

func TestReadYAMLErrors(t *testing.T) {
	t.Parallel()
	const head = "pipeline: 1\nsteps:\n"
	for _, test := range []struct{ text, where, says string }{
		{"", "a.yaml: ", "it is empty"},
		{"# nothing\n", "a.yaml: ", "it is empty"},
		{"lighten", "a.yaml:1:1: ", `begins with "pipeline: 1", and this is a single value`},
		{"- lighten", "a.yaml:1:1: ", "this is a list"},
		{"steps:\n- task: leave", "a.yaml:1:1: ", `the line "pipeline: 1" is missing`},
		{"pipeline: 1\n", "a.yaml:1:1: ", "key steps is missing"},
		{"pipeline: 2\nnew: 3\n", "a.yaml:1:11: ", "version 2 of the format, and this program knows versions up to 1: update"},
		{"pipeline: one\nsteps: []", "a.yaml:1:11: ", `not "one"`},
		{"pipeline: 1\nstepz: []", "a.yaml:2:1: ", `unknown key "stepz"; there are: pipeline, summary, steps`},
		{"pipeline: 1\npipeline: 1\n", "a.yaml:2:1: ", "key pipeline is given twice"},
		{"pipeline: 1\nsteps:\n", "a.yaml:2:8: ", "steps is a list"},
		{"pipeline: 1\nsteps: lighten\n", "a.yaml:2:8: ", "steps is a list"},
		{"pipeline: 1\nsteps: []\n", "a.yaml:2:8: ", "at least one step"},
		{"pipeline: 1\nsummary: |\n  a\n  b\nsteps: []\n", "a.yaml:2:10: ", "summary is one line"},
		{"pipeline: 1\nsummary: [a]\nsteps: []\n", "a.yaml:2:10: ", "summary is a single value (a number, a word, or a text in double quotes), and this is a list"},
		{head + "- lighten\n", "a.yaml:3:3: step 1: ", "lines KEY: VALUE, with the keys: task, version, options; this is a single value"},
		{head + "- version: 1\n", "a.yaml:3:3: step 1: ", "the key task is missing"},
		{head + "- task:\n", "a.yaml:3:9: step 1: ", "task needs a value"},
		{head + "- task: leave\n- task: höher\n", "a.yaml:4:9: step 2: ", `no task "höher"; there are: lighten`},
		{head + "- task: leave\n  option: {}\n", "a.yaml:4:3: step 1: ", `unknown key "option"; there are: task, version, options`},
		{head + "- task: lighten\n  options: 3\n", "a.yaml:4:12: step 1 (lighten): ", "options is a list of lines OPTION: VALUE, and this is a single value"},
		{head + "- task: lighten\n  options:\n    name: ö\n    bye: 3\n", "a.yaml:6:5: step 1 (lighten): ", `unknown option "bye"; there are: by, gamma, name, curve, grey`},
		{head + "- {task: lighten, options: {name: ö, by: 300}}\n", "a.yaml:3:42: step 1 (lighten): ", "option by: 300 is more than 100"},
		{head + "- task: lighten\n  options:\n    by: many\n", "a.yaml:5:9: step 1 (lighten): ", "not a whole number"},
		{head + "- task: lighten\n  options:\n    curve: odd\n", "a.yaml:5:12: step 1 (lighten): ", "none of flat, steep"},
		{head + "- task: lighten\n  options:\n    grey: yes\n", "a.yaml:5:11: step 1 (lighten): ", "neither true nor false"},
		{head + "- task: lighten\n  options:\n    by: 3\n    \"by\": 4\n", "a.yaml:6:5: step 1 (lighten): ", "option by is given twice"},
		{head + "- task: lighten\n  options:\n    by: [3]\n", "a.yaml:5:9: step 1 (lighten): ", "option by is a single value"},
		{head + "- task: lighten\n  options:\n    name: {a: b}\n", "a.yaml:5:11: step 1 (lighten): ", "option name is a single value"},
		{head + "- task: lighten\n  options:\n    name:\n", "a.yaml:5:11: step 1 (lighten): ", `option name needs a value; write "" for an empty text`},
		{head + "- task: lighten\n  options:\n    ? a\n    : b\n", "a.yaml:5:5: step 1 (lighten): ", "a key is a plain name"},
		{head + "- task: leave\n  options:\n    by: 3\n", "a.yaml:5:5: step 1 (leave): ", `unknown option "by": there are none`},
		{head + "- task: filler\n- task: masker\n", `a.yaml:3:3: step 1 (filler): `, `needs a mask`},
		{head + "- task: lighten\n  version: 2\n", "a.yaml:4:12: step 1 (lighten): ", "update the program"},
		{head + "- task: lighten\n  version: 0\n", "a.yaml:4:12: step 1 (lighten): ", "whole number"},
		{head + "- task: lighten\n  version: 1.0\n", "a.yaml:4:12: step 1 (lighten): ", "whole number"},
		{head + "- task: leave\n---\npipeline: 1\n", "a.yaml:5:1: ", "a second document"},
		{head + "- task: &a leave\n", "a.yaml:3:9: step 1: ", "an anchor or an alias"},
		{head + "- task: *a\n", "a.yaml:3:9: step 1: ", "an anchor or an alias"},
		{head + "- task: leave\n  <<: {options: 3}\n", "a.yaml:4:3: step 1: ", "a key is a plain name"},
		{head + "- task: !!str leave\n", "a.yaml:3:9: step 1: ", "a tag"},
		{head + "- [task: leave\n", "a.yaml:3:", "no YAML"},
		{"pipeline: 1: 2\n", "a.yaml:1:", "no YAML"},
		{"pipeline: \xff\n", "a.yaml: ", "no text in UTF-8"},
		{head + strings.Repeat("- task: leave\n", 65), "a.yaml:67:3: ", "there are 65 steps; a pipeline file has at most 64"},
		{head + strings.Repeat("# no end of it\n", 4000), "a.yaml: ", "it has 60019 bytes; a pipeline file has at most 32768"},
		{head + strings.Repeat("[", 20000), "a.yaml: ", "tokens; a pipeline file has at most 4096"},
	} {
		t.Run(fmt.Sprintf("%.60q", test.text), func(t *testing.T) {
			t.Parallel()
			_, err := ReadYAML(testRegistry, "a.yaml", "", []byte(test.text))
			if KindOf(err) != KindUsage {
				t.Fatalf("error %v, of kind %v, want usage", err, KindOf(err))
			}
			if !strings.HasPrefix(err.Error(), test.where) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q, want one at %q that says %q", err, test.where, test.says)
			}
			if fe := (*FileError)(nil); !errors.As(err, &fe) || fe.File != "a.yaml" {
				t.Errorf("%#v holds no FileError", err)
			}
		})
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{
		"sub/a.yaml": []byte("pipeline: 1\nsteps: [{task: leave}]"),
		"b.yaml":     []byte("pipeline: 3"),
		"c.yaml":     []byte(strings.Repeat("#", 40000)),
	})
	if c, err := ReadFile(testRegistry, filepath.Join(dir, "sub", "a.yaml")); err != nil || c.String() != "leave" {
		t.Errorf("got %v, %v", c, err)
	}
	for name, says := range map[string]string{
		"none.yaml": "cannot be read: ", "sub": "not a regular file", "b.yaml": "b.yaml:1:11: ", "c.yaml": "40000 bytes",
	} {
		path := filepath.Join(dir, name)
		_, err := ReadFile(testRegistry, path)
		if KindOf(err) != KindUsage || !strings.Contains(err.Error(), says) || strings.Count(err.Error(), path) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadFile(testRegistry, filepath.Join(dir, "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v is not os.ErrNotExist", err)
	}
}

func TestReadYAMLModels(t *testing.T) {
	t.Parallel()
	reg := tasks.NewRegistry(neuralSpec(1, "weights"))
	abs := filepath.Join(t.TempDir(), "own.safetensors")
	for _, test := range []struct{ dir, model, want string }{
		{"dir", "own.safetensors", filepath.Join("dir", "own.safetensors")},
		{"dir", "../own.safetensors", "own.safetensors"},
		{"dir", abs, abs},
		{"", "own.safetensors", "own.safetensors"},
		{"dir", "fast", "fast"},
		{"dir", "neural", "neural"},
		{"dir", "neural:other", "neural:other"},
		{"dir", "other:neural", filepath.Join("dir", "other:neural")},
		{".", "./fast", "." + string(filepath.Separator) + "fast"}, // a file, though it is called like a model
		{"dir", "", ""},
	} {
		text := "pipeline: 1\nsteps: [{task: neural, options: {model: " + strconv.Quote(test.model) + "}}]"
		c, err := ReadYAML(reg, "a.yaml", test.dir, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Steps()[0].Options.(*neuralOptions).Model; got != test.want {
			t.Errorf("%q in %q: %q, want %q", test.model, test.dir, got, test.want)
		}
	}
}

// A chain has one fingerprint, on one line or as YAML.
func TestFingerprintOfYAML(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"own.model": []byte("weights")})
	reg := tasks.NewRegistry(neuralSpec(1, "weights"), lighten)
	c, err := ReadYAML(reg, "a.yaml", dir, []byte("pipeline: 1\nsummary: s\nsteps:\n- task: neural\n  version: 1\n  options: {model: own.model, strength: 7.0}\n- task: lighten\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Open(context.Background(), tasks.Env{}); err != nil {
		t.Fatal(err)
	}
	if a, b := c.Fingerprint(), fingerprintOf(t, reg, "neural:strength=7,lighten"); a != b {
		t.Errorf("%s as YAML, %s on one line", a, b)
	}
}

// sliderSpec is a task in its third version. The first had "power" in percent,
// and a default of half of it; the second called it "strength"; the third has
// it as a factor.
var sliderSpec = &tasks.Spec{
	Name: "slider", Version: 3,
	Options: func() any { return &sliderOptions{Strength: 1} },
	New:     specOf("", leave).New,
	Migrate: func(from int, o map[string]string) (map[string]string, error) {
		switch from {
		case 1:
			if _, ok := o["power"]; !ok {
				o["power"] = "50"
			}
			o["strength"] = o["power"]
			delete(o, "power")
		case 2:
			if text, ok := o["strength"]; ok {
				percent, err := strconv.ParseFloat(text, 64)
				if err != nil {
					return nil, fmt.Errorf("strength: %q is not a number", text)
				}
				o["strength"] = strconv.FormatFloat(percent/100, 'g', -1, 64)
			}
		default:
			return nil, fmt.Errorf("asked for version %d", from)
		}
		return o, nil
	},
}

type sliderOptions struct {
	Strength float64 `opt:"strength" min:"0" max:"2"`
	Name     string  `opt:"name"`
}

func TestReadYAMLMigrates(t *testing.T) {
	t.Parallel()
	reg := tasks.NewRegistry(sliderSpec, lighten)
	for _, test := range []struct{ step, want, says string }{
		{"version: 1, options: {power: 30, name: a}", "slider:strength=0.3:name=a", ""},
		{"version: 1, options: {name: power}", "slider:strength=0.5:name=power", ""},
		{"version: 1", "slider:strength=0.5", ""},
		{"version: 2, options: {strength: 30}", "slider:strength=0.3", ""},
		{"version: 2", "slider", ""},
		{"version: 3, options: {strength: 0.3}", "slider:strength=0.3", ""},
		{"options: {strength: 0.3}", "slider:strength=0.3", ""},
		{"options: {power: 30}", "", `a.yaml:3:28: step 1 (slider): unknown option "power"`},
		{"version: 1, options: {strengths: 3}", "", `a.yaml:3:40: step 1 (slider): unknown option "strengths"`},
		{"version: 1, options: {power: 300}", "", `a.yaml:3:27: step 1 (slider): option strength: 3 is more than 2`},
		{"version: 2, options: {strength: 300}", "", `a.yaml:3:50: step 1 (slider): option strength: 3 is more than 2`},
		{"version: 2, options: {strength: x}", "", `a.yaml:3:27: step 1 (slider): options of version 2 cannot be brought to version 3: strength: "x" is not a number`},
		{"version: 4, options: {beauty: 3}", "", `a.yaml:3:27: step 1 (slider): the options are of version 4, and this program knows those up to 3: update the program`},
	} {
		t.Run(test.step, func(t *testing.T) {
			t.Parallel()
			c, err := ReadYAML(reg, "a.yaml", "", []byte("pipeline: 1\nsteps:\n- {task: slider, "+test.step+"}\n"))
			if test.says != "" {
				if err == nil || !strings.HasPrefix(err.Error(), test.says) {
					t.Fatalf("error %v, want %s", err, test.says)
				}
				return
			}
			if err != nil || c.String() != test.want {
				t.Fatalf("got %v, %v, want %s", c, err, test.want)
			}
			text, err := c.YAML()
			if err != nil || !strings.Contains(string(text), "version: 3\n") {
				t.Errorf("written as %s, %v", text, err)
			}
		})
	}
}

func TestYAML(t *testing.T) {
	t.Parallel()
	c, err := Parse(tasks.NewRegistry(sliderSpec, lighten, specOf("leave", leave)), `slider:name="a: b",leave,lighten:grey:name=yes`)
	if err != nil {
		t.Fatal(err)
	}
	c.Summary = "for tests, and no more"
	const want = `pipeline: 1
summary: for tests, and no more
steps:
  - task: slider
    version: 3
    options:
      strength: 1
      name: "a: b"
  - task: leave
  - task: lighten
    options:
      by: 16
      gamma: 1
      name: "yes"
      curve: flat
      grey: true
`
	if got, err := c.YAML(); err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if err := c.SetOption("lighten", "name", "\xff"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.YAML(); KindOf(err) != KindUsage || !strings.Contains(err.Error(), "lighten: option name") {
		t.Errorf("a value that is no UTF-8: %v", err)
	}
}

// Chains come back from both of their texts, whatever their options hold.
func TestChainTexts(t *testing.T) {
	t.Parallel()
	hostile := rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[ \t\n\r:,"'#&*!|>%@{}\[\]\\a-z0-9\x{85}\x{2028}\x{feff}\x{1F600}\x{0}\x{1b}~?=<-]{0,12}`),
		rapid.SampledFrom([]string{"null", "~", "yes", "True", "1e3", "0x1F", "030", ".inf", "-", "- a", "a: b", "a #b", "---", "...", "<<", "=", "1_000", "2001-01-01", "!!str a", "\ufeff"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		var steps []Step
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			steps = append(steps, Step{Spec: lighten, Options: &lightenOptions{
				By:    rapid.IntRange(0, 100).Draw(t, "by"),
				Gamma: rapid.Float64Range(0.1, 10).Draw(t, "gamma"),
				Name:  hostile.Draw(t, "name"),
				Curve: rapid.SampledFrom([]string{"flat", "steep"}).Draw(t, "curve"),
				Grey:  rapid.Bool().Draw(t, "grey"),
			}})
		}
		c, err := NewChain(steps...)
		if err != nil {
			t.Fatal(err)
		}
		c.Summary = strings.TrimSpace(strings.NewReplacer("\n", "", "\r", "").Replace(hostile.Draw(t, "summary")))
		same := func(how string, back *Chain, err error) {
			if err != nil {
				t.Fatalf("%s: %v", how, err)
			}
			got := back.Steps()
			if len(got) != len(steps) {
				t.Fatalf("%s: %d steps, want %d", how, len(got), len(steps))
			}
			for i := range steps {
				if a, b := *got[i].Options.(*lightenOptions), *steps[i].Options.(*lightenOptions); a != b {
					t.Fatalf("%s: step %d is %+v, want %+v", how, i, a, b)
				}
			}
		}
		line := c.String()
		back, err := Parse(testRegistry, line)
		same(strconv.Quote(line), back, err)
		text, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		back, err = ReadYAML(testRegistry, "a.yaml", "", text)
		same(string(text), back, err)
		if back.Summary != c.Summary {
			t.Fatalf("summary %q, want %q", back.Summary, c.Summary)
		}
	})
}

// FuzzReadYAML looks for panics, hangs, and chains that come back as others.
func FuzzReadYAML(f *testing.F) {
	for _, seed := range []string{
		"pipeline: 1\nsteps:\n  - task: lighten\n    options:\n      by: 3\n      name: \"a\\n\"\n",
		"pipeline: 1\nsummary: >\n  x\nsteps: [{task: masker}, {task: filler, version: 1}]",
		"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "%YAML 1.2\n--- !!map\n? a\n: |\n b\n", "\xff\xfea\x00", "- - - {[",
		"pipeline: 1\nsteps:\n  - task: slider\n    version: 1\n    options: {power: 3}\n",
	} {
		f.Add([]byte(seed))
	}
	reg := tasks.NewRegistry(lighten, masker, filler, sliderSpec)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ReadYAML(reg, "a.yaml", "", data)
		if err != nil {
			if KindOf(err) != KindUsage {
				t.Errorf("error %v of kind %v", err, KindOf(err))
			}
			return
		}
		text, err := c.YAML()
		if err != nil {
			return // a value that is no UTF-8 came from an escape
		}
		again, err := ReadYAML(reg, "a.yaml", "", text)
		if err != nil {
			t.Fatalf("%q was written back as %q: %v", data, text, err)
		}
		if got, _ := again.YAML(); string(got) != string(text) {
			t.Errorf("%q, then %q, then %q", data, text, got)
		}
	})
}
