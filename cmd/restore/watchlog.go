package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/watch"
)

// watchLog is a pipeline.Reporter for a run without end: a line for each picture,
// fit for the journal of a service. When many come at once, it counts most of
// them. Failures are always said, and at once.
type watchLog struct {
	out   io.Writer
	quiet bool
	now   func() time.Time

	mu     sync.Mutex
	since  time.Time // when the current interval began
	lines  int       // in it
	silent int       // pictures of which no line was written
}

// mostWatchLines is how many lines of pictures are written in plainInterval.
const mostWatchLines = 20

// Start implements pipeline.Reporter.
func (l *watchLog) Start(int) {}

// Done implements pipeline.Reporter.
func (l *watchLog) Done(r pipeline.Result) {
	switch r.Outcome {
	case pipeline.Failed:
		l.say(fmt.Sprintf("restore: failed: %s%s", describe(&r), hint(r.Err)))
	case pipeline.Restored, pipeline.Copied:
		l.picture(fmt.Sprintf("%s: %s, %s MP in %s", oneLine(r.Item.Rel), r.Outcome, short(r.Megapixels()), seconds(r.Seconds)))
	case pipeline.Skipped:
		l.picture(fmt.Sprintf("%s: skipped, %s", oneLine(r.Item.Rel), r.Why))
	}
}

// picture writes a line unless there have been many of late.
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
	if l.lines++; l.lines > mostWatchLines {
		l.silent++
		return
	}
	fmt.Fprintln(l.out, line)
}

// uncount says how many pictures had no line.
func (l *watchLog) uncount() {
	if l.silent > 0 {
		fmt.Fprintf(l.out, "and %s more\n", count(l.silent, "picture"))
	}
	l.silent = 0
}

func (l *watchLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.uncount()
}

func (l *watchLog) say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.out, line)
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
		l.say(fmt.Sprintf("restore: away: %s; it is looked for every %v", oneLine(about.Error()), e.Wait))
	case watch.Back:
		l.say(fmt.Sprintf("restore: %s is there again and is looked through", name))
	case watch.MoveFailed:
		l.say(fmt.Sprintf("restore: not moved: %s; it stays where it is", oneLine(about.Error())))
	case watch.LeftOut:
		l.say(fmt.Sprintf("restore: not watched: %s", oneLine(about.Error())))
	case watch.Overflow:
		l.note("restore: events were lost; looking through the whole folder")
	case watch.Retrying:
		l.note(fmt.Sprintf("restore: not yet: %s; tried again in %v", oneLine(about.Error()), e.Wait))
	}
}

func (l *watchLog) note(line string) {
	if !l.quiet {
		l.say(line)
	}
}
