// Package report writes what a run did as pages that a browser opens: pictures
// before and after under a slider, what each step found, failures first, and the
// same as JSON.
//
// A report is a folder. index.html is its first page, page-2.html and so on are
// the further ones, report.json holds all of it, and thumbs the pictures. Nothing
// in it refers to anything outside but the links to the outputs, which are
// relative. items.jsonl is the journal that all of that is drawn from: a line for
// each picture, appended when the picture is done.
//
// The pages are written anew at the start, while the run goes on and at its end,
// each at once and whole (a hidden file that is renamed). So a run that was
// killed leaves pages that open and lack the last seconds; the journal
// has those too. The next run with the same folder goes on with that journal:
// what it makes anew takes the place of what stood there, and what is current keeps
// its pictures and findings.
package report

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cae-restore/restore/pipeline"
)

// Options are the options of New.
type Options struct {
	Out      string // output folder of the run; a report holds one
	Pipeline string // the chain in words
	Version  string // of the program

	// Advice says what to do about the error of a picture, or is empty. Nil: no advice.
	Advice func(error) string

	PerPage int // pictures a page; 0: 100
}

const (
	perPage     = 100
	leastPause  = 10 * time.Second // between two drawings of the pages while the run goes on
	pauseFactor = 20               // pause of this many times what the last drawing took: at most 5 % of one core
)

// Writer writes the report of one run. Start comes first, Close last; Inspect and
// Done are those of pipeline.Options and pipeline.Reporter. It keeps in memory
// only an index of the journal, some hundred bytes a picture.
type Writer struct {
	Options
	dir  string // as given
	real string // as of pipeline.RealPath
	now  func() time.Time

	mu      sync.Mutex
	journal *journal        // nil before Start
	index   *index          // of the journal; its last run is this one
	taken   map[string]seen // of pictures between Inspect and Done
	err     error           // the first of any picture
	changed bool            // entries since the last drawing
	altered bool            // entries since the pages of the earlier run
	total   int             // -1: not known

	drawing sync.Mutex // one at a time
	stop    chan struct{}
	stopped sync.WaitGroup
}

// New looks whether dir can take the report, without touching anything. It can
// where it does not exist, is empty, or holds a report of the same output folder;
// else the error is of pipeline.KindUsage. See also Place.
func New(dir string, o Options) (*Writer, error) {
	if o.PerPage < 1 {
		o.PerPage = perPage
	}
	real, err := pipeline.RealPath(dir)
	if err != nil {
		return nil, usagef("the report folder %s: %w", dir, err)
	}
	w := &Writer{Options: o, dir: dir, real: real, now: time.Now, index: newIndex(), taken: map[string]seen{}, total: -1}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0:
		return w, nil
	case err != nil:
		return nil, usagef("the report folder %s: %w", dir, err)
	}
	first, err := header(filepath.Join(dir, journalName))
	if err != nil {
		return nil, usagef("the folder %s holds other things than a report of this program (%w); choose a new or an empty one for the report", dir, err)
	}
	if out := w.outPath(); first.Out != out {
		return nil, usagef("the folder %s holds the report of another output folder, %s seen from there; choose another for this report, or remove it", dir, pipeline.QuoteName(first.Out))
	}
	return w, nil
}

func usagef(format string, args ...any) error {
	return &pipeline.Error{Kind: pipeline.KindUsage, Err: fmt.Errorf(format, args...)}
}

// outPath is the output folder seen from the report, so that both can be moved
// together.
func (w *Writer) outPath() string {
	out, err := pipeline.RealPath(w.Out)
	if err != nil {
		out = w.Out
	}
	if rel, err := filepath.Rel(w.real, out); err == nil {
		out = rel
	}
	return strings.ToValidUTF8(filepath.ToSlash(out), "\ufffd") // as the journal gives it back
}

// Start makes the folder or goes on with the report that it holds, and draws the
// pages for the first time. An error means that there will be no report: it is of
// pipeline.KindEnvironment. total is that of pipeline.Reporter.
func (w *Writer) Start(total int) error {
	if err := w.start(total); err != nil {
		return &pipeline.Error{Kind: pipeline.KindEnvironment, Err: fmt.Errorf("the report folder %s cannot be written: %w; choose another or change its rights", w.dir, err)}
	}
	w.stop = make(chan struct{})
	w.stopped.Go(w.keepDrawing)
	return nil
}

func (w *Writer) start(total int) error {
	if err := os.MkdirAll(w.dir, 0o777); err != nil {
		return err
	}
	number := 1
	j, x, err := openJournal(w.dir, head{Format: formatVersion, Out: w.outPath()})
	if err != nil {
		return err
	}
	w.journal, w.total, w.index = j, total, x
	w.altered = x.head.Format != formatVersion || x.brokenOff
	if n := len(x.runs); n > 0 {
		number = x.runs[n-1].Number + 1
		w.altered = w.altered || x.runs[n-1].Version != w.Version // whose pages may look otherwise
	}
	x.runs = append(x.runs, Run{Number: number, State: Running, Started: w.now(), Pipeline: w.Pipeline, Version: w.Version})
	return w.draw()
}

// keepDrawing draws the pages now and then until the run ends. An error is left
// to the last drawing, which tells it if it lasts.
func (w *Writer) keepDrawing() {
	pause := leastPause
	for {
		timer := time.NewTimer(pause)
		select {
		case <-w.stop:
			timer.Stop()
			return
		case <-timer.C:
		}
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if !changed {
			continue
		}
		start := time.Now()
		_ = w.draw()
		pause = max(leastPause, pauseFactor*time.Since(start))
	}
}

// Done takes the result of a picture into the report. It does not fail: what goes
// wrong, Close tells.
func (w *Writer) Done(res pipeline.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil {
		return
	}
	key := keyOf(res.Item.Path)
	found := w.taken[key]
	delete(w.taken, key)
	run := &w.index.runs[len(w.index.runs)-1]
	run.count(res)
	w.changed = true
	before := w.index.outcome(key)
	switch {
	case res.Outcome == pipeline.Ignored:
		return // no picture
	case res.Outcome == pipeline.Current && (before.Worked() || before == pipeline.Current):
		return // what is told of it still holds
	case res.Outcome == pipeline.Failed || res.Outcome == pipeline.Skipped:
		if found.pictures != nil || before != "" {
			w.removePictures(key)
		}
		found = seen{}
	}
	w.altered = true
	e, at := w.entry(key, run.Number, res, found), w.journal.size
	if err := w.journal.append(line{Item: e}); err != nil {
		w.keep(err)
		return
	}
	w.index.put(e, at, int(w.journal.size-at))
}

// keep remembers the first error.
func (w *Writer) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Close ends the report with what pipeline.Run returned. The error tells what of
// the report is lost; it is of pipeline.KindEnvironment. Without Start, Close
// does nothing.
func (w *Writer) Close(r *pipeline.Report, ended error) error {
	if w.stop == nil {
		return nil
	}
	close(w.stop)
	w.stopped.Wait()
	w.mu.Lock()
	run := &w.index.runs[len(w.index.runs)-1]
	run.end(r, ended)
	w.keep(w.journal.append(line{Run: run}))
	w.mu.Unlock()
	drawn := w.draw()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keep(drawn)
	w.keep(w.journal.Close())
	if w.err == nil {
		return nil
	}
	return &pipeline.Error{Kind: pipeline.KindEnvironment, Err: fmt.Errorf("the report in %s is not whole: %w; the outputs are not concerned", w.dir, w.err)}
}

// keyOf names a picture by its absolute path, in a form that any file system
// takes as part of a name.
func keyOf(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:10])
}
