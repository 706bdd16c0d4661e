package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/watch"
)

// watchLog is a pipeline.Reporter for a run without end: a line for each picture,
// fit for the journal of a service. On a terminal, where many lines would push away
// what matters, it counts the others of a burst on one line that is written anew
// with each. Failures always have a line.
type watchLog struct {
	out     io.Writer
	begin   string // written when the run has begun; empty: nothing
	quiet   bool
	columns func() int // width of the terminal; nil where out is none
	now     func() time.Time

	mu     sync.Mutex
	since  time.Time // when the current interval began
	lines  int       // in it
	silent int       // pictures of which no line was written
	live   int       // columns of the line that is not yet ended
}

// newWatchLog returns a log on out.
func newWatchLog(out io.Writer, quiet bool) *watchLog {
	l := &watchLog{out: out, quiet: quiet, now: time.Now}
	if isTerminal(out) {
		l.columns = func() int { return columnsOf(out) }
	}
	return l
}

// mostWatchLines is how many lines of pictures a terminal gets in plainInterval.
const mostWatchLines = 20

// Start implements pipeline.Reporter.
func (l *watchLog) Start(int) {
	if l.begin != "" {
		l.note(l.begin)
	}
}

// Done implements pipeline.Reporter.
func (l *watchLog) Done(r pipeline.Result) {
	switch r.Outcome {
	case pipeline.Failed:
		l.say(fmt.Sprintf("restore: failed: %s%s", describe(&r), hint(r.Err)))
	case pipeline.Restored, pipeline.Copied, pipeline.Examined:
		l.picture(fmt.Sprintf("%s: %s, %s MP in %s", pipeline.Printable(r.Item.Rel), r.Outcome, short(r.Megapixels()), seconds(r.Seconds)))
	case pipeline.Skipped:
		l.picture(fmt.Sprintf("%s: skipped, %s", pipeline.Printable(r.Item.Rel), r.Why))
	}
}

// picture writes a line. On a terminal that has had many of late, the line is
// replaced by the next.
func (l *watchLog) picture(line string) {
	if l.quiet {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); now.Sub(l.since) >= plainInterval {
		l.uncount()
		l.since, l.lines = now, 0
	}
	if l.lines++; l.columns != nil && l.lines > mostWatchLines {
		l.silent++
		l.draw(fmt.Sprintf("and %s more, the last of them %s", count(l.silent, "picture"), line))
		return
	}
	l.line(line)
}

// draw writes a line over the one that was drawn before. Methods from here to
// line are called with the lock.
func (l *watchLog) draw(text string) {
	text, width := cutColumns(text, l.columns()-1) // some terminals wrap when the last column is filled
	fmt.Fprintf(l.out, "\r%s%s", text, strings.Repeat(" ", max(0, l.live-width)))
	l.live = max(l.live, width)
}

// erase takes away what was drawn.
func (l *watchLog) erase() {
	if l.live > 0 {
		fmt.Fprintf(l.out, "\r%s\r", strings.Repeat(" ", l.live))
		l.live = 0
	}
}

// uncount says how many pictures had no line that stays.
func (l *watchLog) uncount() {
	if l.silent > 0 {
		l.erase()
		fmt.Fprintf(l.out, "and %s more\n", count(l.silent, "picture"))
		l.silent = 0
	}
}

// line writes a line that stays.
func (l *watchLog) line(text string) {
	l.uncount()
	fmt.Fprintln(l.out, text)
}

func (l *watchLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.uncount()
}

func (l *watchLog) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line(text)
}

// cutColumns cuts a text to the width of a terminal, and says how wide it is then.
// Characters of East Asian scripts, and pictures, count as two columns; some that
// count as two take one.
func cutColumns(text string, room int) (cut string, width int) {
	for i, r := range text {
		w := 1
		if r >= 0x1100 {
			w = 2
		}
		if width+w > room {
			return text[:i], width
		}
		width += w
	}
	return text, width
}

// event writes what the watch has to say beside results. What asks the user to do
// something is written in any case.
func (l *watchLog) event(e watch.Event) {
	name := pipeline.QuoteName(e.Path)
	about := &pipeline.Error{Item: e.Path, Err: e.Err}
	if named, ok := e.Err.(*pipeline.Error); ok && (named.Item == e.Path || named.Item == "") {
		about = &pipeline.Error{Item: e.Path, Step: named.Step, Err: named.Err}
	}
	switch e.Kind {
	case watch.Polling:
		l.say(fmt.Sprintf("restore: %s cannot be watched: %v; what sends no events is looked at every %v; "+
			"on Linux, a higher fs.inotify.max_user_watches or max_user_instances helps", name, e.Err, e.Wait))
	case watch.Away:
		l.say(fmt.Sprintf("restore: away: %s; it is looked for every %v", pipeline.Printable(about.Error()), e.Wait))
	case watch.Back:
		l.say(fmt.Sprintf("restore: %s is there again and is looked through", name))
	case watch.MoveFailed:
		l.say(fmt.Sprintf("restore: not moved: %s; it stays where it is", pipeline.Printable(about.Error())))
	case watch.LeftOut:
		l.say(fmt.Sprintf("restore: not watched: %s", pipeline.Printable(about.Error())))
	case watch.Overflow:
		l.note("restore: events were lost; looking through the whole folder")
	case watch.Retrying:
		l.note(fmt.Sprintf("restore: not yet: %s; tried again in %v", pipeline.Printable(about.Error()), e.Wait))
	}
}

func (l *watchLog) note(line string) {
	if !l.quiet {
		l.say(line)
	}
}
