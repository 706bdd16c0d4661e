package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/all"
)

const dimYAML = "# a comment\npipeline: 1\nsummary: half as light\nsteps:\n  - {task: fade, version: 1, options: {amount: 0.5, model: soft}}\n"

// restorePresets runs the command line over the task fade and the preset dim.
func restorePresets(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{
		registry: tasks.NewRegistry(fadeSpec(nil)), stdout: &stdout, stderr: &stderr,
		presets: fstest.MapFS{"dim.yaml": {Data: []byte(dimYAML)}, "dim-twice.yaml": {Data: []byte("pipeline: 1\nsteps: [{task: fade}, {task: fade}]\n")}},
	}
	code := p.run(t.Context(), args)
	return result{code, stdout.String(), stderr.String()}
}

func TestPresets(t *testing.T) {
	t.Parallel()
	r := restorePresets(t, "presets")
	if r.want(t, exitDone); r.stdout != "dim        half as light\ndim-twice  \n" {
		t.Errorf("listed %q", r.stdout)
	}
	if r = restorePresets(t, "presets", "dim"); r.code != exitDone || r.stdout != dimYAML {
		t.Errorf("printed %q, %q, code %d", r.stdout, r.stderr, r.code)
	}
	restorePresets(t, "presets", "dimm").want(t, exitUsage, `no preset and no task "dimm"; did you mean "dim"?`, "presets: dim, dim-twice; tasks: fade", "ends in .yaml or .yml")
	restorePresets(t, "presets", "dim", "dim").want(t, exitUsage, "one NAME")
	restorePresets(t, "presets", "").want(t, exitUsage, "empty")
	restore(t, "presets").want(t, exitDone)
	restore(t, "presets", "dim").want(t, exitUsage, "presets: none")
}

// TestPresetsPrintPipeline: what is printed of a file or of tasks on one line is
// a file again, wherever it is saved.
func TestPresetsPrintPipeline(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "a.yml"), []byte("pipeline: 1\nsteps: [{task: fade, options: {model: own.safetensors, mode: red}}]\n"))
	r := restorePresets(t, "presets", file)
	own, err := filepath.Abs(filepath.Join(dir, "own.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	chain, err := pipeline.ReadYAML(tasks.NewRegistry(fadeSpec(nil)), "printed", filepath.Join(dir, "elsewhere"), []byte(r.stdout))
	if err != nil {
		t.Fatalf("%v in %s", err, r.stdout)
	}
	if o := chain.Steps()[0].Options.(*fadeOptions); o.Model != own || o.Mode != "red" || o.Amount != 0.5 {
		t.Errorf("options %+v", o)
	}
	restorePresets(t, "presets", "fade:amount=0.1,fade").want(t, exitDone, "amount: 0.1\n", "version: 1\n", "model: soft\n")
	restorePresets(t, "presets", "fade:amount=7").want(t, exitUsage, "amount")
}

func TestRunPipelines(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	dir := filepath.Dir(in)
	weights := writeFile(t, filepath.Join(dir, "p", "own.safetensors"), []byte("........{} weights"))
	file := writeFile(t, filepath.Join(dir, "p", "quarter.YAML"), []byte("pipeline: 1\nsteps: [{task: fade, options: {amount: 0.25, model: own.safetensors}}]\n"))
	notYAML := writeFile(t, filepath.Join(dir, "p", "pipeline.txt"), []byte("pipeline: 1\n"))
	for name, c := range map[string]struct {
		pipeline string
		sample   int // of a.png, whose first is 100
	}{
		"preset":                        {"dim", 50},
		"preset of two steps":           {"dim-twice", 25},
		"file":                          {file, 25},
		"task":                          {"fade", 50},
		"inline":                        {"fade:amount=0.1", 10},
		"inline that ends like a file":  {`fade:amount=0.1:refuse="x.yaml"`, 10},
		"inline with a space before it": {" fade", 50},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out")
			restorePresets(t, "run", "-p", c.pipeline, "-o", out, in).want(t, exitDone, "2 restored")
			if v := int(read(t, filepath.Join(out, "a.png")).Planes[0][0] / 257); v != c.sample {
				t.Errorf("first sample %d, want %d", v, c.sample)
			}
		})
	}
	broken := writeFile(t, filepath.Join(dir, "broken.yaml"), []byte("pipeline: 1\nsteps:\n- task: fade\n  options: {amuont: 1}\n"))
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"misspelt preset":            {[]string{"-p", "dimm"}, []string{`did you mean "dim"?`}},
		"misspelt task":              {[]string{"-p", "fad"}, []string{`did you mean "fade"?`}},
		"missing file":               {[]string{"-p", filepath.Join(dir, "none.yaml")}, []string{"none.yaml: the pipeline file cannot be read: ", "restore presets lists"}},
		"missing file like a preset": {[]string{"-p", filepath.Join(dir, "dim.yaml")}, []string{"-p dim", "restore presets dim > "}},
		"file with another ending":   {[]string{"-p", notYAML}, []string{"pipeline.txt is a file", "ends in .yaml or .yml"}},
		"unknown option":             {[]string{"-p", broken}, []string{broken + `:4:13: step 1 (fade): unknown option "amuont"; there are: amount`}},
		"model of the file's own":    {[]string{"-p", file, "--model", "soft"}, []string{"the step fade the model " + weights, "--model soft"}},
		"model of the preset's own":  {[]string{"-p", "dim", "--model", "hard"}, []string{"the step fade the model soft"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			restorePresets(t, slices.Concat([]string{"run", "-o", out, in}, c.args)...).want(t, exitUsage, c.want...)
			if exists(out) {
				t.Error("the output folder was made")
			}
		})
	}
}

// TestShippedPresets checks all that ships: each opens, with models that ship;
// it is of the current versions, has every option, and comes back as it is.
func TestShippedPresets(t *testing.T) {
	t.Parallel()
	registry := all.Registry()
	p := &program{registry: registry, presets: shippedPresets()}
	names := p.presetNames()
	if len(names) < 3 {
		t.Errorf("presets: %v", names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := registry.Lookup(name); err == nil {
				t.Error("a task has the same name")
			}
			chain, _, err := p.readPipeline(name, pipeline.MaskPlane)
			if err != nil {
				t.Fatal(err)
			}
			if chain.Summary == "" || len(chain.Summary) > 80 {
				t.Errorf("summary %q", chain.Summary)
			}
			text, err := fs.ReadFile(shippedPresets(), name+".yaml")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(text, []byte("restore presets "+name+" > ")) {
				t.Error("the comment at its head names another preset, or none")
			}
			written, err := chain.YAML()
			if err != nil {
				t.Fatal(err)
			}
			if got := withoutComments(string(text)); got != string(written) {
				t.Errorf("it holds\n%s\nbut is written back, with every option, as\n%s", got, written)
			}
			if err := chain.Open(t.Context(), p.env(pipeline.NewPool(1))); err != nil {
				t.Error(err)
			}
			// Saved and used as a file, it does the same.
			var saved bytes.Buffer
			out := &program{registry: registry, presets: shippedPresets(), stdout: &saved, stderr: &saved}
			if code := out.run(t.Context(), []string{"presets", name}); code != exitDone {
				t.Fatal(saved.String())
			}
			again, _, err := p.readPipeline(writeFile(t, filepath.Join(t.TempDir(), "mine.yaml"), saved.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if err := again.Open(t.Context(), p.env(pipeline.NewPool(1))); err != nil {
				t.Fatal(err)
			}
			if a, b := chain.Fingerprint(), again.Fingerprint(); a != b || a == "" {
				t.Errorf("fingerprint %s, saved as a file %s", a, b)
			}
		})
	}
}

func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line, _, _ = strings.Cut(strings.TrimSuffix(line, "\n"), "#"); line != "" {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	return b.String()
}

// TestPipelinesManual: the files in the manual are pipelines, and its message of
// an error is that of the program.
func TestPipelinesManual(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "pipelines.md"))
	if err != nil {
		t.Fatal(err)
	}
	manual := strings.ReplaceAll(string(data), "\r\n", "\n")
	_, file, _ := strings.Cut(manual, "```yaml\n")
	file, _, _ = strings.Cut(file, "```")
	if _, err := pipeline.ReadYAML(all.Registry(), "mine.yaml", "", []byte(file)); err != nil {
		t.Error(err)
	}
	_, err = pipeline.ReadYAML(all.Registry(), "mine.yaml", "", []byte(strings.Replace(file, "x0.8", "stong", 1)))
	if err == nil || !strings.Contains(manual, err.Error()+"\n") {
		t.Errorf("the manual does not have the message: %v", err)
	}
	p := &program{presets: shippedPresets()}
	for _, name := range p.presetNames() {
		if !strings.Contains(manual, "| `"+name+"` |") {
			t.Errorf("the manual lacks the preset %s", name)
		}
	}
}
