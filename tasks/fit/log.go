package fit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/cae-restore/restore/tasks"
)

// Event is something that a training reports, most of them also as a line of its
// log.
type Event struct {
	// Kind is "data" (what there is to learn from), "warning", "step" (figures
	// since the last event of this kind), "skipped" (the guard left a step out),
	// "score" (that of step 0 is of the weights that the training began from),
	// "saved", or, not in the log, "progress" (a step that is more frequent),
	// "samples" and "complete" (a resumed training has no step left).
	Kind     string       `json:"kind"`
	Text     string       `json:"text,omitempty"` // of a warning, or why a step was left out
	Pictures int          `json:"pictures,omitempty"`
	Step     int64        `json:"step,omitempty"`
	Steps    int64        `json:"steps,omitempty"`    // length of the run
	Loss     float64      `json:"loss,omitempty"`     // mean since the last event of this kind
	Gradient float64      `json:"gradient,omitempty"` // mean length
	Rate     float64      `json:"rate,omitempty"`     // learning rate
	Speed    float64      `json:"pixels_per_second,omitempty"`
	Left     float64      `json:"seconds_left,omitempty"`
	Skipped  int64        `json:"skipped,omitempty"` // steps left out so far
	Score    float64      `json:"score,omitempty"`
	Unit     string       `json:"unit,omitempty"` // of the score
	Table    *tasks.Table `json:"table,omitempty"`
	Path     string       `json:"path,omitempty"`
	Samples  []Comparison `json:"-"`
}

// emit tells the caller and the log file. What comes before the log is open
// waits for it.
func (r *run) emit(e Event) {
	switch {
	case e.Kind == "progress" || e.Kind == "samples" || e.Kind == "complete":
	case r.log == nil:
		r.early = append(r.early, e)
	default:
		r.log.write(e)
	}
	if r.o.Log != nil {
		r.o.Log(e)
	}
}

// warn reports which pictures have been left out since the last call.
func (r *run) warn() {
	for _, d := range []*Dataset{r.data, r.val} {
		if d == nil {
			continue
		}
		for _, text := range d.Warnings() {
			r.emit(Event{Kind: "warning", Text: text, Step: r.done()})
		}
	}
}

// logFile is the training's log, a JSON object a line.
type logFile struct{ f *os.File }

// openLog opens the log to append to it. Lines from after the step that the run
// goes on from, and a last line cut short by a crash, are dropped first.
func openLog(path string, done int64) (*logFile, error) {
	old, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("the log of the training cannot be read: %w", err)
	}
	var keep bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(old))
	lines.Buffer(nil, 1<<20)
	for done > 0 && lines.Scan() {
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Step <= done {
			keep.Write(append(lines.Bytes(), '\n'))
		}
	}
	if err := WriteFile(path, func(w io.Writer) error { _, err := w.Write(keep.Bytes()); return err }); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("the log of the training cannot be written: %w", err)
	}
	return &logFile{f}, nil
}

// write appends a line. A full disk must not end a training whose checkpoints
// may still find room, so errors show only in the log's being short.
func (l *logFile) write(e Event) {
	if line, err := json.Marshal(e); err == nil {
		_, _ = l.f.Write(append(line, '\n'))
	}
}

func (l *logFile) close() { _ = l.f.Close() }

// ReadLog reads the log of a training; lines that are no events are passed over.
func ReadLog(r io.Reader) ([]Event, error) {
	var list []Event
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Kind != "" {
			list = append(list, e)
		}
	}
	return list, lines.Err()
}
