package fit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/tasks"
)

// Event is one line of a training's log.
type Event struct {
	Kind     string       `json:"kind"` // "data", "step", "score" or "saved"
	Pictures int          `json:"pictures,omitempty"`
	Step     int64        `json:"step,omitempty"`
	Steps    int64        `json:"steps,omitempty"` // length of the run
	Loss     float64      `json:"loss,omitempty"`  // mean since the last event of this kind
	Gradient float64      `json:"gradient,omitempty"`
	Rate     float64      `json:"rate,omitempty"` // learning rate
	Speed    float64      `json:"pixels_per_second,omitempty"`
	Left     float64      `json:"seconds_left,omitempty"`
	Score    float64      `json:"score,omitempty"`
	Table    *tasks.Table `json:"table,omitempty"`
	Path     string       `json:"path,omitempty"`
}

// emit tells the caller and the log file.
func (r *run) emit(e Event) {
	if r.log != nil {
		r.log.write(e)
	}
	if r.o.Log != nil {
		r.o.Log(e)
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

// meter sums steps up to one event every few seconds.
type meter struct {
	config     train.Config
	begin      time.Time
	loss, grad float64
	count      int
	speed      float64
}

const meterEvery = 5 * time.Second

func newMeter(c train.Config) *meter { return &meter{config: c, begin: time.Now()} }

func (m *meter) add(s train.Stats) (Event, bool) {
	m.loss += s.Loss
	m.grad += s.Gradient
	m.count++
	took := time.Since(m.begin)
	if took < meterEvery && s.Step < m.config.Steps {
		return Event{}, false
	}
	c := m.config
	n := float64(m.count)
	now := n * float64(c.Batch*c.Height*c.Width) / took.Seconds()
	if m.speed == 0 {
		m.speed = now
	}
	m.speed += 0.2 * (now - m.speed) // smoothed, for the time left
	left := float64(c.Steps-s.Step) * float64(c.Batch*c.Height*c.Width) / m.speed
	e := Event{Kind: "step", Step: s.Step, Steps: c.Steps, Loss: m.loss / n, Gradient: m.grad / n, Rate: s.Rate, Speed: now, Left: left}
	m.begin, m.loss, m.grad, m.count = time.Now(), 0, 0, 0
	return e, true
}
