package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// meter is a pipeline.Reporter that shows how far a run has come: a bar with
// rate and time left on a terminal, a plain line now and then elsewhere.
type meter struct {
	out      io.Writer
	quiet    bool
	terminal bool
	now      func() time.Time
	interval time.Duration // between plain lines; the bar is drawn a hundred times as often

	bar         *progressbar.ProgressBar // nil where out is no terminal
	start, last time.Time
	total       int // -1: not known
	done        int // items of any outcome
	worked      int // of them those that took work: skipping is quick and says nothing of the rate
	failed      int
	megapixels  float64
}

// plainInterval keeps the log of a night's run readable.
const plainInterval = 10 * time.Second

func newMeter(out io.Writer, quiet bool) *meter {
	return &meter{out: out, quiet: quiet, terminal: isTerminal(out), now: time.Now, interval: plainInterval}
}

// Start implements pipeline.Reporter.
func (m *meter) Start(total int) {
	m.total = total
	m.start = m.now()
	m.last = m.start
	if m.terminal && !m.quiet {
		m.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(m.out), progressbar.OptionShowCount(), progressbar.OptionSetWidth(20),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(m.interval/100), progressbar.OptionClearOnFinish())
	}
}

// Done implements pipeline.Reporter.
func (m *meter) Done(r pipeline.Result) {
	m.done++
	switch r.Outcome {
	case pipeline.Restored, pipeline.Copied:
		m.worked++
		m.megapixels += r.Megapixels()
	case pipeline.Failed:
		m.failed++
	}
	if m.quiet {
		return
	}
	now := m.now()
	if m.bar != nil {
		m.bar.Describe(m.rate(now))
		_ = m.bar.Add(1) // it fails where the terminal has gone, which is no reason to stop
		return
	}
	if now.Sub(m.last) >= m.interval && m.done != m.total {
		m.last = now
		fmt.Fprintln(m.out, m.line(now))
	}
}

// rate is the speed so far, and how many pictures have failed.
func (m *meter) rate(now time.Time) string {
	elapsed := max(now.Sub(m.start).Seconds(), 1e-3)
	text := fmt.Sprintf("%s pictures/s, %s MP/s", short(float64(m.worked)/elapsed), short(m.megapixels/elapsed))
	if m.failed > 0 {
		text += fmt.Sprintf(", %d failed", m.failed)
	}
	return text
}

// line is the state in words. The time left assumes that the rest goes as the
// pictures so far went.
func (m *meter) line(now time.Time) string {
	if m.total < 0 {
		return fmt.Sprintf("%d done, %s", m.done, m.rate(now))
	}
	left := time.Duration(float64(now.Sub(m.start)) / float64(m.done) * float64(m.total-m.done))
	return fmt.Sprintf("%d of %d done, %s, %s left", m.done, m.total, m.rate(now), left.Round(time.Second))
}

// short writes a number with three digits, or all of a larger one, and never in
// powers of ten.
func short(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 0.01 || v == 0:
		return fmt.Sprintf("%.3g", v)
	default:
		return "<0.01"
	}
}

// close takes the bar away.
func (m *meter) close() {
	if m.bar != nil {
		_ = m.bar.Clear()
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
