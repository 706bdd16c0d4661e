package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// meter is a pipeline.Reporter that shows how far a run has come: a line with a
// bar that is drawn anew all the time on a terminal, a plain line now and then
// elsewhere.
type meter struct {
	out      io.Writer
	quiet    bool
	noun     string // what is counted: "picture", "pair"
	rated    string // what the rate is of, in the plural
	terminal bool
	columns  func() int // width of the terminal
	now      func() time.Time
	interval time.Duration // between plain lines

	mu          sync.Mutex               // a clock draws while pictures come in
	bar         *progressbar.ProgressBar // nil where out is no terminal
	stop        chan struct{}            // ends the clock
	stopped     chan struct{}            // closed when it has ended
	start, last time.Time
	latest      time.Time // when the latest picture was done
	total       int       // -1: not known
	sure        bool      // total is that of only
	done        int       // items of any outcome
	worked      int       // of them those that took work: skipping is quick and says nothing of the rate
	failed      int
	megapixels  float64
}

const (
	plainInterval = 10 * time.Second       // keeps the log of a night's run readable
	drawInterval  = 250 * time.Millisecond // the seconds run evenly
)

// newMeter returns a meter of pictures.
func newMeter(out io.Writer, quiet bool) *meter {
	return &meter{out: out, quiet: quiet, noun: "picture", rated: "pictures", terminal: isTerminal(out), columns: func() int { return columnsOf(out) },
		now: time.Now, interval: plainInterval}
}

// only makes the meter count, of the items of a run, those that are surely
// pictures. Others it counts when they turn out to be some.
func (m *meter) only(items []pipeline.Item) {
	m.sure, m.total = true, 0
	for _, item := range items {
		if surelyPicture(item) {
			m.total++
		}
	}
}

// surelyPicture reports whether an item is a picture, or an error if it is none.
func surelyPicture(item pipeline.Item) bool { return item.Named || item.IsPicture() }

// Start implements pipeline.Reporter.
func (m *meter) Start(total int) {
	if m.sure {
		total = m.total
	}
	m.total = total
	m.start = m.now()
	m.last, m.latest = m.start, m.start
	switch {
	case m.quiet || total == 0:
	case m.terminal && total > 0:
		m.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(m.out), progressbar.OptionSetWidth(barWidth(m.columns())),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionClearOnFinish())
		m.draw(0)
		m.stop, m.stopped = make(chan struct{}), make(chan struct{})
		go m.clock()
	case total > 0:
		fmt.Fprintf(m.out, "%s to work on\n", count(total, m.noun))
	}
}

// clock draws the line while nothing else does.
func (m *meter) clock() {
	defer close(m.stopped)
	ticker := time.NewTicker(drawInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			m.mu.Lock()
			m.draw(0)
			m.mu.Unlock()
		case <-m.stop:
			return
		}
	}
}

// Done implements pipeline.Reporter.
func (m *meter) Done(r pipeline.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sure && !surelyPicture(r.Item) {
		if r.Outcome == pipeline.Ignored {
			return
		}
		m.total++ // one after all
		if m.bar != nil {
			m.bar.ChangeMax(m.total)
		}
	}
	m.done++
	switch r.Outcome {
	case pipeline.Restored, pipeline.Copied, pipeline.Examined:
		m.worked++
		m.megapixels += r.Megapixels()
	case pipeline.Failed:
		m.failed++
	}
	if m.quiet {
		return
	}
	now := m.now()
	m.latest = now
	if m.bar != nil {
		m.draw(1)
		return
	}
	if now.Sub(m.last) >= m.interval && m.done != m.total {
		m.last = now
		fmt.Fprintln(m.out, m.line(now))
	}
}

// draw brings the bar forward by step and draws the line.
func (m *meter) draw(step int) {
	// What the bar adds to the text: " 100% |", itself and "| ". The last
	// column stays free, as some terminals wrap when it is filled.
	room := m.columns() - 1 - len(" 100% |") - barWidth(m.columns()) - len("| ")
	m.bar.Describe(m.text(m.now(), room))
	_ = m.bar.Add(step) // it fails where the terminal has gone, which is no reason to stop
}

func barWidth(columns int) int { return min(max((columns-30)/3, 4), 20) }

// text is the state in as many words as go into room columns.
func (m *meter) text(now time.Time, room int) string {
	count := fmt.Sprintf("%d of %d done", m.done, m.total)
	failed := ""
	if m.failed > 0 {
		failed = fmt.Sprintf(", %d failed", m.failed)
	}
	gone := fmt.Sprintf(", %s so far", now.Sub(m.start).Truncate(time.Second))
	left := ""
	if d := m.left(now); d > 0 {
		left = fmt.Sprintf(", %s left", d)
	}
	speed := ""
	if m.worked > 0 {
		speed = fmt.Sprintf(", %s MP/s", short(m.megapixels/max(now.Sub(m.start).Seconds(), 1e-3)))
	}
	short := fmt.Sprintf("%d/%d", m.done, m.total)
	time := left
	if left == "" {
		time = gone
	}
	for _, text := range []string{
		count + failed + gone + left + speed, count + failed + gone + left, count + failed + time,
		short + failed + time, short + time, short,
	} {
		if len(text) <= room {
			return text
		}
	}
	return ""
}

// left is the time that the rest takes if it goes as the pictures so far went,
// or 0 where that is not known.
func (m *meter) left(now time.Time) time.Duration {
	if m.done == 0 || m.total < 0 {
		return 0
	}
	rest := time.Duration(float64(m.latest.Sub(m.start)) / float64(m.done) * float64(m.total-m.done))
	return (rest - now.Sub(m.latest)).Round(time.Second)
}

// rate is the speed so far, and how many have failed.
func (m *meter) rate(now time.Time) string {
	elapsed := max(now.Sub(m.start).Seconds(), 1e-3)
	rate, unit := float64(m.worked)/elapsed, "s"
	if rate > 0 && rate < 0.1 {
		rate, unit = rate*60, "min"
	}
	text := fmt.Sprintf("%s %s/%s, %s MP/s", short(rate), m.rated, unit, short(m.megapixels/elapsed))
	if m.failed > 0 {
		text += fmt.Sprintf(", %d failed", m.failed)
	}
	return text
}

// line is the state in words, for a log.
func (m *meter) line(now time.Time) string {
	if m.total < 0 {
		return fmt.Sprintf("%d done, %s", m.done, m.rate(now))
	}
	return fmt.Sprintf("%d of %d done, %s, %s left", m.done, m.total, m.rate(now), m.left(now))
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

// close stops the clock and takes the bar away.
func (m *meter) close() {
	if m.bar != nil {
		close(m.stop)
		<-m.stopped
		_ = m.bar.Clear()
	}
}

// columnsOf is the width of the terminal, or the usual one where it is not known.
func columnsOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
