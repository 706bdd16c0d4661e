package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
)

// eventsSchema is the version of the events. It rises when a reader of the
// older ones would go wrong: not with a new field, event or outcome, which
// readers have to pass over. docs/events.md is the manual.
const eventsSchema = 1

// progressInterval is the time between two progress events. They tell whoever
// supervises a run that it lives while a large picture is worked on.
const progressInterval = 10 * time.Second

// events is a pipeline.Reporter that writes JSON, one object a line, as things
// happen. The first line that cannot be written is the last: lost is called,
// once, and is expected to end the run.
type events struct {
	now   func() time.Time
	every time.Duration
	lost  func(error)
	run   runFacts

	mu      sync.Mutex
	out     io.Writer
	err     error // the first one of writing
	begun   time.Time
	total   int
	started bool
	n       map[pipeline.Outcome]int
	done    int
	open    int     // see leave
	pixels  float64 // megapixels of what was restored, copied or examined
	stop    chan struct{}
	clock   sync.WaitGroup
}

// runFacts are what is known of a run before its first picture.
type runFacts struct {
	pipeline, fingerprint string
	out                   string
}

func newEvents(out io.Writer, lost func(error)) *events {
	return &events{out: out, lost: lost, now: time.Now, every: progressInterval, total: -1, n: map[pipeline.Outcome]int{}}
}

// openEvents begins the events of --json on standard output, and returns the
// context that the run has to go by: it ends when nobody reads them any more.
func (p *program) openEvents(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	if checked, ok := p.stdout.(*checkedWriter); ok {
		surviveReader(checked.w)
	}
	p.events = newEvents(p.stdout, func(err error) { cancel(&lostError{err}) })
	return ctx
}

// of tells the events which run they are of. The chain has to be open.
func (e *events) of(chain *pipeline.Chain, out string) *events {
	e.run = runFacts{pipeline: chain.String(), fingerprint: chain.Fingerprint(), out: out}
	return e
}

// surviveReader makes writing to a pipe whose reader has gone an error. On
// standard output a signal would end the process before that is seen.
func surviveReader(out io.Writer) {
	if out == io.Writer(os.Stdout) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	}
}

// lostError ends a run whose events nobody reads.
type lostError struct{ err error }

func (e *lostError) Error() string {
	return fmt.Sprintf("the events of --json cannot be written to standard output: %v; the run stopped here, and nothing is left half-written; the same command goes on", e.err)
}

func (e *lostError) Unwrap() error { return e.err }

// The events. Their fields are described in docs/events.md.
type (
	head struct {
		Event string `json:"event"`
		Time  string `json:"time"`
	}
	startEvent struct {
		head
		Schema      int    `json:"schema"`
		Version     string `json:"version"`
		Pipeline    string `json:"pipeline"`
		Fingerprint string `json:"fingerprint,omitempty"`
		Out         string `json:"out"`
		OutBytes    []byte `json:"out_bytes,omitempty"`
		Total       *int   `json:"total"`
	}
	itemEvent struct {
		head
		itemNames
		Output      string      `json:"output,omitempty"`
		OutputBytes []byte      `json:"output_bytes,omitempty"`
		Extras      []extraJSON `json:"extras,omitempty"`
		Outcome     string      `json:"outcome"`
		Why         string      `json:"why,omitempty"`
		Seconds     float64     `json:"seconds"`
		Width       int         `json:"width,omitempty"`
		Height      int         `json:"height,omitempty"`
		Notes       []noteJSON  `json:"notes,omitempty"`
		Truth       *scoreJSON  `json:"truth,omitempty"`
		Error       *errorFacts `json:"error,omitempty"`
	}
	progressEvent struct {
		head
		Done       int     `json:"done"`
		Failed     int     `json:"failed"`
		Total      *int    `json:"total"`
		Seconds    float64 `json:"seconds"`
		Megapixels float64 `json:"megapixels"`
	}
	endEvent struct {
		head
		Exit       int         `json:"exit"`
		Restored   int         `json:"restored"`
		Copied     int         `json:"copied"`
		Examined   int         `json:"examined"`
		Current    int         `json:"current"`
		Skipped    int         `json:"skipped"`
		Failed     int         `json:"failed"`
		Planned    int         `json:"planned"`
		Ignored    int         `json:"ignored"`
		Unfinished int         `json:"unfinished"`
		Seconds    float64     `json:"seconds"`
		Megapixels float64     `json:"megapixels"`
		Error      *errorFacts `json:"error,omitempty"`
	}
	itemNames struct {
		Path      string `json:"path"`
		PathBytes []byte `json:"path_bytes,omitempty"`
		Rel       string `json:"rel"`
		RelBytes  []byte `json:"rel_bytes,omitempty"`
	}
	extraJSON struct {
		Path      string `json:"path"`
		PathBytes []byte `json:"path_bytes,omitempty"`
	}
	noteJSON struct {
		Step  string `json:"step"`
		Key   string `json:"key"`
		Value any    `json:"value"`
		Unit  string `json:"unit,omitempty"`
	}
	scoreJSON struct {
		Before any `json:"before"` // dB, null where the two are equal
		After  any `json:"after"`
	}
	errorFacts struct {
		Kind    string `json:"kind"`
		Step    string `json:"step,omitempty"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
	}
)

// Start implements pipeline.Reporter.
func (e *events) Start(total int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.started, e.total, e.begun = true, total, e.now()
	s := startEvent{head: e.head("start"), Schema: eventsSchema, Version: moduleVersion(), Pipeline: valid(e.run.pipeline), Fingerprint: e.run.fingerprint, Total: e.known()}
	s.Out, s.OutBytes = textOrBytes(e.run.out)
	e.write(s)
	e.stop = make(chan struct{})
	e.clock.Go(func() { e.tick(e.stop) })
}

// tick writes a progress event at every interval.
func (e *events) tick(stop <-chan struct{}) {
	ticker := time.NewTicker(e.every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			e.mu.Lock()
			e.write(progressEvent{head: e.head("progress"), Done: e.done, Failed: e.n[pipeline.Failed], Total: e.known(), Seconds: e.seconds(), Megapixels: e.pixels})
			e.mu.Unlock()
		case <-stop:
			return
		}
	}
}

// Done implements pipeline.Reporter.
func (e *events) Done(r pipeline.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done++
	e.n[r.Outcome]++
	if r.Outcome.Worked() {
		e.pixels += r.Megapixels()
	}
	item := itemEvent{head: e.head("item"), itemNames: namesOf(r.Item), Outcome: string(r.Outcome), Why: valid(r.Why), Seconds: milli(r.Seconds), Width: r.W, Height: r.H}
	item.Output, item.OutputBytes = textOrBytes(r.Output)
	for _, name := range r.Extras {
		var extra extraJSON
		extra.Path, extra.PathBytes = textOrBytes(name)
		item.Extras = append(item.Extras, extra)
	}
	for _, n := range r.Notes {
		item.Notes = append(item.Notes, noteJSON{n.Step, n.Key, noteValue(n), n.Unit})
	}
	if r.Truth != nil {
		item.Truth = &scoreJSON{finite(r.Truth.Before), finite(r.Truth.After)}
	}
	if r.Err != nil {
		f := factsOf(r.Err)
		item.Error = &f
	}
	e.write(item)
}

// close writes the last event for a run that ended with err, and returns the
// error that the program ends with: a *lostError where events were lost. code
// tells the exit code of an error.
func (e *events) close(err error, code func(error) int) error {
	if e.stop != nil {
		close(e.stop)
		e.clock.Wait()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		end := endEvent{head: e.head("end"), Exit: code(err), Restored: e.n[pipeline.Restored], Copied: e.n[pipeline.Copied], Examined: e.n[pipeline.Examined], Current: e.n[pipeline.Current], Skipped: e.n[pipeline.Skipped],
			Failed: e.n[pipeline.Failed], Planned: e.n[pipeline.Planned], Ignored: e.n[pipeline.Ignored], Unfinished: max(0, e.total-e.done, e.open), Seconds: e.seconds(), Megapixels: e.pixels}
		var said *reported
		if err != nil && !errors.As(err, &said) {
			f := factsOf(err)
			f.Kind = kindOfExit[end.Exit]
			end.Error = &f
		}
		e.write(end)
	}
	if e.err != nil && code(err) != exitUsage {
		return &lostError{e.err}
	}
	return err
}

// kindOfExit is the kind of the error that ended a run.
var kindOfExit = map[int]string{
	exitUsage: pipeline.KindUsage.String(), exitEnvironment: pipeline.KindEnvironment.String(), exitInterrupted: pipeline.KindCancelled.String(),
}

func (e *events) head(name string) head {
	return head{name, e.now().UTC().Format("2006-01-02T15:04:05.000Z07:00")}
}

func (e *events) known() *int {
	if e.total < 0 {
		return nil
	}
	n := e.total
	return &n
}

func (e *events) seconds() float64 {
	if !e.started {
		return 0
	}
	return milli(e.now().Sub(e.begun).Seconds())
}

// write writes one line by one call, so that a reader sees it at once.
func (e *events) write(event any) {
	if e.err != nil {
		return
	}
	var line strings.Builder
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if e.err = enc.Encode(event); e.err == nil {
		_, e.err = io.WriteString(e.out, line.String())
	}
	if e.err != nil {
		e.lost(e.err)
	}
}

func namesOf(item pipeline.Item) (n itemNames) {
	n.Path, n.PathBytes = textOrBytes(item.Path)
	n.Rel, n.RelBytes = textOrBytes(item.Rel)
	return n
}

// textOrBytes returns a name of a file as text, and its bytes as well where it
// is no valid UTF-8: the text then has U+FFFD in place of what is not.
func textOrBytes(name string) (string, []byte) {
	if utf8.ValidString(name) {
		return name, nil
	}
	return valid(name), []byte(name)
}

func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// noteValue keeps the type of a note's value.
func noteValue(n tasks.Note) any {
	switch v := n.Value.(type) {
	case float64:
		return finite(v)
	case bool, int, int64:
		return v
	case string:
		return valid(v)
	default:
		return valid(fmt.Sprint(v))
	}
}

// finite returns v, or nil, which is null in JSON, where v is no finite number.
func finite(v float64) any {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return v
}

func milli(seconds float64) float64 { return math.Round(seconds*1000) / 1000 }

// factsOf takes an error apart. The message does not repeat the item and the
// step of a *pipeline.Error.
func factsOf(err error) errorFacts {
	f := errorFacts{Kind: pipeline.KindOf(err).String(), Message: err.Error(), Hint: strings.TrimPrefix(hint(err), "; ")}
	if e, ok := err.(*pipeline.Error); ok {
		inner := *e
		inner.Step = ""
		f.Step = e.Step
		f.Message = inner.Error()
		if e.Item != "" {
			f.Message = strings.TrimPrefix(f.Message, pipeline.QuoteName(e.Item)+": ")
		}
		if e.Step != "" {
			f.Message = strings.TrimPrefix(f.Message, e.Step+": ")
		}
	}
	f.Message = valid(f.Message)
	return f
}
