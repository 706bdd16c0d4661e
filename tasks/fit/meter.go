package fit

import (
	"fmt"
	"time"

	"github.com/cae-restore/restore/cae/train"
)

// meter sums steps up to an event every few seconds, and to a smaller one for
// those who watch.
type meter struct {
	config     train.Config
	skipped    func() int64
	now        func() time.Time
	begin      time.Time // of the sums
	shown      time.Time // latest event of any kind
	loss, grad float64
	steps      int // since begin
	taken      int // of them those that were not left out
	speed      float64
	latest     time.Time // event that speed was last corrected at
	at         int       // steps since then
}

const (
	meterEvery    = 5 * time.Second // a line of the log
	progressEvery = time.Second
)

func newMeter(c train.Config, skipped func() int64, clock func() time.Time) *meter {
	now := clock()
	return &meter{config: c, skipped: skipped, now: clock, begin: now, shown: now, latest: now}
}

// add counts a step, and returns the event that is due, if any.
func (m *meter) add(s train.Stats) (Event, bool) {
	m.steps++
	m.at++
	if !s.Skipped {
		m.loss += s.Loss
		m.grad += s.Gradient
		m.taken++
	}
	now := m.now()
	kind := ""
	switch {
	case now.Sub(m.begin) >= meterEvery || s.Step >= m.config.Steps:
		kind = "step"
	case now.Sub(m.shown) >= progressEvery:
		kind = "progress"
	default:
		return Event{}, false
	}
	c := m.config
	pixels := float64(c.Batch) * float64(c.Height) * float64(c.Width)
	speed := float64(m.at) * pixels / max(now.Sub(m.latest).Seconds(), 1e-9)
	if m.speed == 0 {
		m.speed = speed
	}
	m.speed += 0.1 * (speed - m.speed) // smoothed, for the time left
	m.shown, m.latest, m.at = now, now, 0
	e := Event{Kind: kind, Step: s.Step, Steps: c.Steps, Rate: s.Rate, Skipped: m.skipped(),
		Speed: float64(m.steps) * pixels / max(now.Sub(m.begin).Seconds(), 1e-9), Left: float64(c.Steps-s.Step) * pixels / m.speed}
	if m.taken > 0 {
		e.Loss, e.Gradient = m.loss/float64(m.taken), m.grad/float64(m.taken)
	}
	if kind == "step" {
		m.begin, m.loss, m.grad, m.steps, m.taken = now, 0, 0, 0, 0
	}
	return e, true
}

// pause leaves out of the speed what has passed since the last step: a score or
// a checkpoint.
func (m *meter) pause(since time.Time) {
	d := m.now().Sub(since)
	m.begin, m.latest, m.shown = m.begin.Add(d), m.latest.Add(d), m.shown.Add(d)
}

// skippedEvent is that of a step that was left out. Its figures may be no
// numbers, which JSON does not have.
func skippedEvent(s train.Stats, total int64) Event {
	return Event{Kind: "skipped", Step: s.Step, Skipped: total, Text: fmt.Sprintf("loss %.4g, gradient %.4g", s.Loss, s.Gradient)}
}
