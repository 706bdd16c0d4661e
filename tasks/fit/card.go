package fit

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
)

// memo is what a checkpoint keeps for this package: the card of the model that
// the training began from, the hours that it has taken so far, and the commands
// that started it and went on with it, and the best score of its weights.
type memo struct {
	Before   modelfile.Card `json:"before"`
	Hours    float64        `json:"hours"`
	Commands []string       `json:"commands,omitempty"`
	Best     *valScore      `json:"best,omitempty"`
}

// valScore is a result of scoring while training.
type valScore struct {
	Step  int64   `json:"step"`
	Score float64 `json:"score"`
	Unit  string  `json:"unit"`
	table tasks.Table
}

// commands is those so far and this one. Going on by the same command again adds
// nothing.
func (r *run) commands() []string {
	list := r.memo.Commands
	if c := r.o.Command; c != "" && !slices.Contains(list, c) {
		list = append(slices.Clone(list), c)
	}
	return list
}

func (r *run) hours() float64 { return r.memo.Hours + time.Since(r.start).Hours() }

// card adds this training to what came before it.
func (r *run) card() modelfile.Card {
	c := r.trainer.Config()
	card := r.memo.Before
	commands := r.commands()
	if before := r.memo.Before.Command; before != "" {
		commands = append([]string{before}, commands...)
	}
	card.Command, card.Date = strings.Join(commands, "; "), time.Now().UTC().Format(time.DateOnly)
	card.Limits, card.Licence = r.o.Model.Limits, r.o.Licence
	card.Program, card.CPU = r.o.Program, machine(r.o.Env.Workers)
	card.Scores = r.scores()
	for _, line := range r.data.describe() {
		if !slices.Contains(card.Data, line) {
			card.Data = append(slices.Clone(card.Data), line)
		}
	}
	card.Steps += r.trainer.Done()
	pixels := float64(r.trainer.Done()) * float64(c.Batch*c.Height*c.Width)
	card.Gigapixels = math.Round((card.Gigapixels+pixels/1e9)*1e4) / 1e4
	card.Hours = math.Round((card.Hours+r.hours())*100) / 100
	return card
}

// scores are those of the weights as they are, where they have just been scored,
// and the best so far, which may be that of the weights that the training began
// from. What else was known of those is not among them.
func (r *run) scores() []modelfile.Score {
	if r.val == nil {
		return nil
	}
	data := fmt.Sprintf("%s, at most %dx%d from the middle of %d pictures", label(r.o.Val), scoreSide, scoreSide, min(scorePictures, r.val.Len()))
	var list []modelfile.Score
	if r.scored != nil && r.scored.Step == r.done() {
		t := r.scored.table
		for _, row := range t.Rows {
			for i, name := range t.Columns[min(1, len(t.Columns)):] {
				value, ok := row[i+1].(float64)
				if !ok || strings.HasPrefix(name, "input_") || math.IsNaN(value) || math.IsInf(value, 0) {
					continue
				}
				s := modelfile.Score{Data: data, Case: fmt.Sprintf("%s %v", t.Columns[0], row[0]), Measure: name, Value: value}
				if at := slices.Index(t.Columns, "input_"+name); at >= 0 {
					s.Input, _ = row[at].(float64)
				}
				list = append(list, s)
			}
		}
	}
	if b := r.memo.Best; b != nil && !math.IsNaN(b.Score) && !math.IsInf(b.Score, 0) {
		measure := "score"
		if b.Unit != "" {
			measure += ", " + b.Unit
		}
		list = append(list, modelfile.Score{Data: data, Case: bestCase(b.Step, r.done()), Measure: measure, Value: math.Round(b.Score*1e3) / 1e3})
	}
	return list
}

// bestCase says when the best score was, and whose weights are in the file: those
// of the latest step, whatever they score.
func bestCase(best, done int64) string {
	when := fmt.Sprintf("at step %d", best)
	if best == 0 {
		when = "before the first step"
	}
	if best == done {
		return "best so far, " + when + "; these are its weights"
	}
	return fmt.Sprintf("best so far, %s; these are the weights of step %d", when, done)
}

// machine says what a training ran on: the processor where the system names it,
// the workers and the kernels.
func machine(workers int) string {
	name := runtime.GOOS + "/" + runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo") // Linux; elsewhere there is no such file
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			name = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d workers, kernels %s", name, workers, cae.KernelSet())
}
