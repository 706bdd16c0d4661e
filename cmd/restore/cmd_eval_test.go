package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/all"
)

// gradeOptions are the score options of the task grade.
type gradeOptions struct {
	Level  float64 `opt:"level" help:"what to multiply by" min:"0" max:"9"`
	Passes int     `opt:"passes" help:"how often to go over the pictures" min:"1" max:"9"`
}

// gradeSpec is a task whose models say what they were scored on. They have
// different defaults; only the first one is shipped.
func gradeSpec() *tasks.Spec {
	model := func(name string, weights []byte, level float64) tasks.Model {
		return tasks.Model{Name: name, Weights: weights,
			ScoreOptions: func() any { return &gradeOptions{Level: level, Passes: 1} },
			Score: func(_ context.Context, _ tasks.Env, weights string, samples iter.Seq2[tasks.Sample, error], options any) (tasks.Table, error) {
				o := options.(*gradeOptions)
				t := tasks.Table{Protocol: "by " + name + " with " + weights, Columns: []string{"kind", "level", "psnr", "pictures"}, Score: o.Level}
				n := 0
				for range o.Passes {
					for _, err := range samples {
						if err != nil {
							return t, err
						}
						n++
					}
				}
				t.Rows = [][]any{{"a \"b\"", o.Level, 31.25, n}, {"clean", math.NaN(), math.Inf(1), 0}}
				return t, nil
			}}
	}
	return &tasks.Spec{Name: "grade", Version: 1, Summary: "grades pictures",
		Models: []tasks.Model{model("quick", []byte("quick weights"), 1), model("thorough", nil, 2)},
		Options: func() any {
			return &struct {
				Model string `opt:"model" help:"model"`
			}{}
		}}
}

func grade(t *testing.T, args ...string) result {
	t.Helper()
	return restoreWith(t, tasks.NewRegistry(gradeSpec()), append([]string{"eval", "grade"}, args...)...)
}

// gradedModel writes a model file that calls its model by the given name.
func gradedModel(t *testing.T, task, name string) string {
	t.Helper()
	var b bytes.Buffer
	f := &modelfile.File{Metadata: modelfile.Metadata{FormatVersion: modelfile.Version, Task: task, Model: name, Network: json.RawMessage("{}")},
		Tensors: []modelfile.Tensor{{Name: "w", Shape: []int{1}, Data: []float32{1}}}}
	if err := modelfile.Write(&b, f, modelfile.F16); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, filepath.Join(t.TempDir(), "own.safetensors"), b.Bytes())
}

func TestEvalJSON(t *testing.T) {
	t.Parallel()
	in, _ := folder(t)
	r := grade(t, "--data", in, "--json", "--level", "3")
	r.want(t, exitDone)
	want := `{"kind":"a \"b\"","level":3,"psnr":31.25,"pictures":2}` + "\n" + `{"kind":"clean","level":null,"psnr":null,"pictures":0}` + "\n"
	if r.stdout != want {
		t.Errorf("it prints\n%s\nwant\n%s", r.stdout, want)
	}
}

// TestEvalModels: each way to name a model leads to it and to its defaults.
func TestEvalModels(t *testing.T) {
	t.Parallel()
	in, _ := folder(t)
	own, old := gradedModel(t, "grade", "thorough"), gradedModel(t, "grade", "grade")
	for _, c := range []struct {
		model string
		code  int
		want  string
	}{
		{"", exitDone, "score 1.00\nby quick with grade:quick"},
		{"quick", exitDone, "by quick with grade:quick"},
		{"grade", exitDone, "by quick with grade:quick"},
		{"grade:quick", exitDone, "by quick with grade:quick"},
		{"grade=quick", exitDone, "by quick with grade:quick"},
		{"grade=grade:quick", exitDone, "by quick with grade:quick"},
		{"grade=" + own, exitDone, "score 2.00\nby thorough with " + own},
		{own, exitDone, "score 2.00\nby thorough with " + own},
		{old, exitDone, `its model "grade", which this program does not know; it is taken for quick`},
		{"thorough", exitEnvironment, "not shipped"},
		{"grade=thorough", exitEnvironment, "not shipped"},
		{"grade:thorough", exitEnvironment, "not shipped"},
		{gradedModel(t, "paint", "quick"), exitEnvironment, "is for the task paint"},
		{"gone", exitUsage, "neither a file nor a shipped model; shipped are"},
		{"quikc", exitUsage, `did you mean "quick"?`},
		{"grade:quic", exitUsage, `did you mean "grade:quick"?`},
		{"gone.safetensors", exitEnvironment, "neither a file nor a shipped model"},
		{"./gone", exitEnvironment, "neither a file nor a shipped model"},
	} {
		t.Run(c.model, func(t *testing.T) {
			t.Parallel()
			args := []string{"--data", in}
			if c.model != "" {
				args = append(args, "--model", c.model)
			}
			grade(t, args...).want(t, c.code, c.want)
		})
	}
	restoreWith(t, tasks.NewRegistry(gradeSpec()), "eval", "grade:model=quick", "--data", in).want(t, exitDone, "by quick")
}

func TestEvalBadPictures(t *testing.T) {
	t.Parallel()
	in, _ := folder(t)
	whole := bytesOf(t, filepath.Join(in, "a.png"))
	bad := writeFile(t, filepath.Join(in, "bad.png"), whole[:len(whole)/2])
	empty := writeFile(t, filepath.Join(in, "empty.jpg"), nil)
	r := grade(t, "--data", in, "--json", "--passes", "2")
	r.want(t, exitSomeFailed, `"pictures":4`, "left out: "+bad, "left out: "+empty)
	if strings.Contains(r.stdout, "left out") || strings.Contains(r.stderr, "notes.txt") {
		t.Errorf("it prints\n%s%s", r.stdout, r.stderr)
	}
	grade(t, "--data", in, "--exclude", "bad.png", "--exclude", "*.jpg").want(t, exitDone, "pictures")
	grade(t, "--data", in, "--json", "--max-megapixels", "0.00004", "--exclude", "bad.png", "--exclude", "empty.jpg").
		want(t, exitSomeFailed, `"pictures":1`, "a.png", "--max-megapixels sets the limit")
	grade(t, "--data", in, "--exclude", "a.png", "--exclude", "b.png").want(t, exitSomeFailed, bad, empty, "there is no score")
	grade(t, "--data", in, "--exclude", "*.png", "--exclude", "*.jpg").want(t, exitUsage, "no picture", in)
	grade(t, "--data", in, "--max-megapixels", "-1").want(t, exitUsage, "--max-megapixels")

	own := gradedModel(t, "grade", "quick")
	before := bytesOf(t, own)
	grade(t, "--data", in, "--model", own, "--record").want(t, exitSomeFailed, "not recorded")
	if !bytes.Equal(before, bytesOf(t, own)) {
		t.Error("the scores of some pictures were recorded as those of all")
	}
}

// TestEvalRecord: scores with other options do not replace the usual ones.
func TestEvalRecord(t *testing.T) {
	t.Parallel()
	in, _ := folder(t)
	own := gradedModel(t, "grade", "quick")
	for _, args := range [][]string{nil, {"--level", "3", "--exclude", "b.png"}, {"--level", "1"}} {
		grade(t, append([]string{"--data", in, "--model", own, "--record"}, args...)...).want(t, exitDone)
	}
	data := bytesOf(t, own)
	f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range f.Metadata.Card.Scores {
		got = append(got, fmt.Sprintf("%s: %s %g", s.Case, s.Measure, s.Value))
	}
	want := `kind a "b" (level 3, without b.png): level 3|kind a "b" (level 3, without b.png): psnr 31.25|kind a "b": level 1|kind a "b": psnr 31.25`
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("the card has\n%s\nwant\n%s", text, want)
	}
}

func TestEvalProgress(t *testing.T) {
	t.Parallel()
	in, _ := folder(t)
	grade(t, "--data", in, "--passes", "2").want(t, exitDone, "2 pictures to work on", "pass 2")
	if r := grade(t, "--data", in, "--passes", "2", "--quiet"); r.stderr != "" || !strings.Contains(r.stdout, "31.25") {
		t.Errorf("with --quiet it prints %q and %q", r.stdout, r.stderr)
	}
}

// TestEvalJobs: the scores do not depend on the number of workers, one of which
// reads ahead.
func TestEvalJobs(t *testing.T) {
	t.Parallel()
	in, _ := folder(t)
	var first result
	for i, jobs := range []string{"1", "3"} {
		r := restoreWith(t, all.Registry(), "eval", "denoise", "--data", in, "--sigma", "15", "--json", "--quiet", "--jobs", jobs)
		r.want(t, exitDone, `{"sigma":15,"input_psnr":`)
		if i == 0 {
			first = r
		}
		if r.stdout != first.stdout {
			t.Errorf("with %s workers it prints %s instead of %s", jobs, r.stdout, first.stdout)
		}
	}
}

func TestEvalHelp(t *testing.T) {
	t.Parallel()
	r := restoreWith(t, tasks.NewRegistry(gradeSpec()), "eval", "--help")
	r.want(t, exitDone, "grade (--level, --passes)", "the model's own")
	if strings.Count(r.stdout, "grade (") != 1 {
		t.Errorf("the options of both models are listed, though they are the same:\n%s", r.stdout)
	}
}
