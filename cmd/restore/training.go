package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cae-restore/restore/tasks/fit"
	"gonum.org/v1/plot/plotter"
)

// Names of the pictures that a training leaves beside its log.
const (
	lossCurveName  = "loss.png"
	scoreCurveName = "score.png"
	samplesName    = "samples.png"
)

// trainLog shows how far a training has come, in one line that is drawn anew on
// a terminal, in a plain line now and then elsewhere. It draws the curves
// whenever a checkpoint is saved, and a contact sheet at each score.
type trainLog struct {
	p        *program
	quiet    bool
	out      string // folder of the training
	title    string
	terminal bool
	columns  func() int // width of the terminal
	now      func() time.Time

	last  time.Time // when the latest plain line was printed
	drawn int       // columns of the line on the terminal
	score string    // latest score with its unit
	when  string    // and its step
}

// newTrainLog shows the training in the folder out.
func newTrainLog(p *program, quiet bool, out, title string) *trainLog {
	return &trainLog{p: p, quiet: quiet, out: out, title: title, terminal: isTerminal(p.stderr),
		columns: func() int { return columnsOf(p.stderr) }, now: time.Now}
}

// resume takes the latest score from the log that is there.
func (l *trainLog) resume() {
	events, _ := readTrainLog(l.out) // without it, the line is without a score for a while
	for _, e := range events {
		if e.Kind == "score" {
			l.score, l.when = scoreText(e)
		}
	}
}

func (l *trainLog) event(e fit.Event) {
	switch e.Kind {
	case "saved":
		l.complain("the curves were not drawn", drawTraining(l.out, l.title))
	case "score":
		l.score, l.when = scoreText(e)
	case "samples":
		title := fmt.Sprintf("%s, step %d", l.title, e.Step)
		if l.score != "" {
			title = l.title + ", score " + l.score + l.when
		}
		l.complain("the contact sheet was not drawn", fit.WriteFile(filepath.Join(l.out, samplesName), func(w io.Writer) error {
			return drawSheet(w, title, e.Samples)
		}))
		return
	}
	if l.quiet {
		return
	}
	switch {
	case e.Kind != "step" && e.Kind != "progress":
		l.print(describeEvent(e))
	case l.terminal:
		l.redraw(l.progress(e, l.columns()-1))
	case l.now().Sub(l.last) >= plainInterval || e.Step == e.Steps:
		l.last = l.now()
		l.print(l.progress(e, 1000))
	}
}

// complain says that a picture could not be drawn, which is no reason to end a
// training.
func (l *trainLog) complain(what string, err error) {
	if err != nil {
		l.print(fmt.Sprintf("restore: %s: %v", what, err))
	}
}

// print prints a line of its own, in place of the one that is drawn anew.
func (l *trainLog) print(line string) {
	l.redraw("")
	fmt.Fprintln(l.p.stderr, line)
}

// redraw puts text in the place of the line that is there; it leaves the cursor
// at the line's begin where text is empty.
func (l *trainLog) redraw(text string) {
	if l.drawn == 0 && text == "" {
		return
	}
	n := len([]rune(text))
	end := ""
	if n == 0 {
		end = "\r"
	}
	fmt.Fprint(l.p.stderr, "\r", text, strings.Repeat(" ", max(l.drawn-n, 0)), end)
	l.drawn = n
}

// close takes the line away.
func (l *trainLog) close() { l.redraw("") }

// progress is the state in as many words as go into room columns.
func (l *trainLog) progress(e fit.Event, room int) string {
	count := fmt.Sprintf("step %d of %d", e.Step, e.Steps)
	brief := fmt.Sprintf("%d/%d", e.Step, e.Steps)
	loss := fmt.Sprintf(", loss %.4g", e.Loss)
	rate := fmt.Sprintf(", rate %.3g", e.Rate)
	speed := fmt.Sprintf(", %s MP/s", short(e.Speed/1e6))
	left := ", " + roughly(e.Left) + " left"
	score, bare := "", ""
	if l.score != "" {
		bare = ", score " + l.score
		score = bare + l.when
	}
	skipped := ""
	if e.Skipped > 0 {
		skipped = fmt.Sprintf(", %d skipped", e.Skipped)
	}
	for _, text := range []string{
		count + loss + rate + speed + left + score + skipped, count + loss + rate + speed + left + bare + skipped,
		brief + loss + rate + speed + left + bare, brief + loss + speed + left + bare, brief + loss + left + bare, brief + left + bare, brief + bare,
	} {
		if len([]rune(text)) <= room {
			return text
		}
	}
	if len(brief) <= room {
		return brief
	}
	return ""
}

// roughly is a time in its two largest units: nobody waits for the seconds of
// an hour.
func roughly(seconds float64) string {
	d := time.Duration(min(seconds, 1e9) * float64(time.Second))
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return d.Round(time.Second).String()
}

// scoreText is a score with its unit, and when it was, with a space before it.
func scoreText(e fit.Event) (score, when string) {
	when = fmt.Sprintf(" at step %d", e.Step)
	if e.Step == 0 {
		when = " before the first step"
	}
	return strings.TrimSpace(fmt.Sprintf("%.3f %s", e.Score, e.Unit)), when
}

func describeEvent(e fit.Event) string {
	switch e.Kind {
	case "warning":
		return "restore: warning: " + e.Text
	case "data":
		return count(e.Pictures, "picture") + " to learn from"
	case "score":
		score, when := scoreText(e)
		return "score " + score + when
	case "complete":
		return fmt.Sprintf("the training is complete: it has taken all of its %s, and %s is what came of it; nothing was trained now\n"+
			"go on by a new one with --from %s, or, if its schedule is constant, let the rate fall with --decay N -o DIR", count(e.Steps, "step"), e.Path, e.Path)
	case "skipped":
		return fmt.Sprintf("step %d is left out: its gradient is not to be followed (%s)", e.Step, e.Text)
	case "saved":
		return fmt.Sprintf("step %d, saved %s", e.Step, e.Path)
	}
	return fmt.Sprintf("step %d, %s %s", e.Step, e.Kind, e.Text)
}

func readTrainLog(dir string) ([]fit.Event, error) {
	f, err := os.Open(filepath.Join(dir, fit.LogName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return fit.ReadLog(f)
}

// drawTraining draws the curves of the training in the folder dir from its log,
// which also holds what was before a resume: the loss, and the score where there
// is one.
func drawTraining(dir, title string) error {
	events, err := readTrainLog(dir)
	if err != nil {
		return err
	}
	var loss, score plotter.XYs
	unit := ""
	for _, e := range events {
		switch e.Kind {
		case "step":
			loss = append(loss, plotter.XY{X: float64(e.Step), Y: e.Loss})
		case "score":
			score = append(score, plotter.XY{X: float64(e.Step), Y: e.Score})
			unit = e.Unit
		}
	}
	if len(loss) > 0 {
		d := panel{label: "loss", logScale: true, curves: []curve{{"mean of a few seconds", loss}, {"smoothed", smooth(loss, 0.9)}}}
		if err := drawFile(filepath.Join(dir, lossCurveName), title, d); err != nil {
			return err
		}
	}
	if len(score) > 0 {
		d := panel{label: "score", curves: []curve{{"held-out pictures", score}}}
		if unit != "" {
			d.label += " [" + unit + "]"
		}
		return drawFile(filepath.Join(dir, scoreCurveName), title, d)
	}
	return nil
}

// drawFile draws a diagram into a file; a viewer never sees half of it.
func drawFile(path, title string, d panel) error {
	return fit.WriteFile(path, func(w io.Writer) error { return drawCurves(w, title, d) })
}
