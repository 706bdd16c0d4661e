package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cae-restore/restore/tasks/fit"
	"gonum.org/v1/plot/plotter"
)

// Names of the pictures that a training leaves beside its log.
const (
	lossCurveName  = "loss.png"
	scoreCurveName = "score.png"
)

// trainLog prints what a training reports, and draws its curves whenever it has
// saved a checkpoint.
type trainLog struct {
	p     *program
	quiet bool
	out   string // folder of the training
	title string
}

func (l *trainLog) event(e fit.Event) {
	if e.Kind == "saved" {
		l.draw()
	}
	if !l.quiet {
		fmt.Fprintln(l.p.stderr, describeEvent(e))
	}
}

func describeEvent(e fit.Event) string {
	switch e.Kind {
	case "data":
		return fmt.Sprintf("%d pictures to learn from", e.Pictures)
	case "step":
		left := time.Duration(e.Left * float64(time.Second)).Round(time.Second)
		return fmt.Sprintf("step %d of %d, loss %.5g, rate %.3g, %s MP/s, %s left", e.Step, e.Steps, e.Loss, e.Rate, short(e.Speed/1e6), left)
	case "score":
		return fmt.Sprintf("step %d, score %.3f", e.Step, e.Score)
	case "saved":
		return fmt.Sprintf("step %d, saved %s", e.Step, e.Path)
	}
	return fmt.Sprintf("step %d, %s", e.Step, e.Kind)
}

// draw draws the curves from the log, which also holds what was before a
// resume. Where it fails it says so: a picture is no reason to end a training.
func (l *trainLog) draw() {
	if err := drawTraining(l.out, l.title); err != nil {
		fmt.Fprintln(l.p.stderr, "restore: the curves were not drawn:", err)
	}
}

// drawTraining draws the curves of the training in the folder dir: the loss,
// and the score where there is one.
func drawTraining(dir, title string) error {
	f, err := os.Open(filepath.Join(dir, fit.LogName))
	if err != nil {
		return err
	}
	defer f.Close()
	events, err := fit.ReadLog(f)
	if err != nil {
		return err
	}
	var loss, score plotter.XYs
	for _, e := range events {
		switch e.Kind {
		case "step":
			loss = append(loss, plotter.XY{X: float64(e.Step), Y: e.Loss})
		case "score":
			score = append(score, plotter.XY{X: float64(e.Step), Y: e.Score})
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
		return drawFile(filepath.Join(dir, scoreCurveName), title, d)
	}
	return nil
}

// drawFile draws a diagram into a file; a viewer never sees half of it.
func drawFile(path, title string, d panel) error {
	return fit.WriteFile(path, func(w io.Writer) error { return drawCurves(w, title, d) })
}
