package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// meter shows how far a run over pictures has come: a bar with rate and time
// left on a terminal, a plain line now and then elsewhere. It is safe for
// concurrent use.
type meter struct {
	mu       sync.Mutex
	out      io.Writer
	bar      *progressbar.ProgressBar // nil where out is no terminal
	quiet    bool                     // only messages, no progress
	now      func() time.Time
	interval time.Duration // between plain lines

	start, last time.Time
	done, total int
	pixels      int64
}

// plainInterval keeps the log of a night's run readable.
const plainInterval = 10 * time.Second

// newMeter makes a meter for a run over total pictures.
func newMeter(out io.Writer, total int, quiet bool) *meter {
	m := &meter{out: out, total: total, quiet: quiet, now: time.Now, interval: plainInterval}
	m.start = m.now()
	m.last = m.start
	if isTerminal(out) && !quiet {
		m.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(out), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("pictures"), progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(20), progressbar.OptionClearOnFinish())
	}
	return m
}

// add counts one finished picture of the given number of pixels.
func (m *meter) add(pixels int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done++
	m.pixels += pixels
	if m.quiet {
		return
	}
	if m.bar != nil {
		m.bar.Describe(megapixels(m.pixels, m.now().Sub(m.start)))
		_ = m.bar.Add(1) // an error says that the total is exceeded or the terminal gone: neither stops a run
		return
	}
	if now := m.now(); now.Sub(m.last) >= m.interval && m.done < m.total {
		m.last = now
		fmt.Fprintln(m.out, m.line(now))
	}
}

// line is the state in words.
func (m *meter) line(now time.Time) string {
	elapsed := now.Sub(m.start)
	rate := float64(m.done) / elapsed.Seconds()
	left := time.Duration(float64(elapsed) / float64(m.done) * float64(m.total-m.done))
	return fmt.Sprintf("%d of %d pictures, %.3g pictures/s, %s, %s left",
		m.done, m.total, rate, megapixels(m.pixels, elapsed), left.Round(time.Second))
}

// message prints a line that must not be lost in the progress bar.
func (m *meter) message(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bar != nil {
		_ = m.bar.Clear()
	}
	fmt.Fprintf(m.out, format+"\n", args...)
	if m.bar != nil {
		_ = m.bar.RenderBlank()
	}
}

// close takes the bar away.
func (m *meter) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bar != nil {
		_ = m.bar.Clear()
	}
}

func megapixels(pixels int64, elapsed time.Duration) string {
	return fmt.Sprintf("%.3g MP/s", float64(pixels)/1e6/max(elapsed.Seconds(), 1e-3))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
