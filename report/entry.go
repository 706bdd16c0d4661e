package report

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
)

// Entry is a picture in the report, and in report.json under "items".
type Entry struct {
	Key     string           `json:"key"`              // names its pictures; the same in each run
	Name    string           `json:"name"`             // path in its tree, with slashes
	Path    string           `json:"path"`             // of the input, as the run was given it
	Output  string           `json:"output"`           // its path; empty where there is none
	Link    string           `json:"link,omitempty"`   // to the output, as a relative URL seen from the report
	Extras  []Extra          `json:"extras,omitempty"` // files beside the output, or instead of one
	Outcome pipeline.Outcome `json:"outcome"`
	Why     string           `json:"why,omitempty"` // it is current, was skipped or is planned

	Error  string `json:"error,omitempty"`  // of a failed one: what is wrong
	Step   string `json:"step,omitempty"`   // that failed
	Kind   string `json:"kind,omitempty"`   // of the error, as pipeline.Kind has it
	Advice string `json:"advice,omitempty"` // what to do about it

	Width    int       `json:"width"`             // in pixels; 0 where it was not decoded
	Height   int       `json:"height"`            // in pixels
	Input    *Form     `json:"input,omitempty"`   // with Written; both only where they differ
	Written  *Form     `json:"written,omitempty"` // the output
	Seconds  float64   `json:"seconds"`
	Notes    []Note    `json:"notes,omitempty"` // what the steps found and did, in their order
	Truth    *Truth    `json:"truth,omitempty"` // against the clean original
	Pictures *Pictures `json:"pictures,omitempty"`
	Run      int       `json:"run"` // number of the run that this is of
}

// Extra is an extra file that was made of a picture.
type Extra struct {
	Path string `json:"path"`
	Link string `json:"link,omitempty"` // as Entry.Link
}

// Form is how samples stand in a file.
type Form struct {
	Format string `json:"format"` // as pix.Meta has it: "jpeg", "png", ...
	Depth  int    `json:"depth"`  // bits a sample: 8 or 16
}

func formOf(m *pix.Image) Form { return Form{m.Meta.Format, m.Meta.Depth} }

// Note is a finding of a step.
type Note struct {
	Step  string `json:"step"`
	Key   string `json:"key"`
	Value any    `json:"value"` // string, boolean or number
	Unit  string `json:"unit,omitempty"`
}

// Truth is the PSNR in dB of the input and of the output; nil where the picture
// equals the clean original.
type Truth struct {
	Before *float64 `json:"psnr_before"`
	After  *float64 `json:"psnr_after"`
}

// Run is one run in the report.
type Run struct {
	Number     int       `json:"run"`
	State      State     `json:"state"`
	Error      string    `json:"error,omitempty"` // that stopped it
	Started    time.Time `json:"started"`
	Pipeline   string    `json:"pipeline"`
	Version    string    `json:"version"`
	Restored   int       `json:"restored"`
	Copied     int       `json:"copied"`
	Examined   int       `json:"examined"`
	Current    int       `json:"current"`
	Skipped    int       `json:"skipped"`
	Failed     int       `json:"failed"`
	Planned    int       `json:"planned"`
	Ignored    int       `json:"ignored"`    // files that are no pictures
	Unfinished int       `json:"unfinished"` // not begun, or cut short
	Seconds    float64   `json:"seconds"`    // so far, while it is running
	Megapixels float64   `json:"megapixels"` // of what was restored, copied or examined
}

// State says how far a run came.
type State string

// The states.
const (
	Running     State = "running"
	Finished    State = "finished"
	Interrupted State = "interrupted" // by a signal
	Stopped     State = "stopped"     // by an error
	BrokenOff   State = "broken off"  // it was running when it was last heard of
)

// count adds a result to the figures of the run.
func (r *Run) count(res pipeline.Result) {
	switch res.Outcome {
	case pipeline.Restored:
		r.Restored++
	case pipeline.Copied:
		r.Copied++
	case pipeline.Examined:
		r.Examined++
	case pipeline.Current:
		r.Current++
	case pipeline.Skipped:
		r.Skipped++
	case pipeline.Failed:
		r.Failed++
	case pipeline.Planned:
		r.Planned++
	case pipeline.Ignored:
		r.Ignored++
	}
	if res.Outcome.Worked() {
		r.Megapixels += res.Megapixels()
	}
}

// end takes over how the run ended.
func (r *Run) end(report *pipeline.Report, err error) {
	r.Unfinished, r.Seconds = report.Unfinished, report.Seconds
	switch {
	case err == nil:
		r.State = Finished
	case pipeline.KindOf(err) == pipeline.KindCancelled:
		r.State = Interrupted
	default:
		r.State, r.Error = Stopped, err.Error()
	}
}

// entry makes the entry of a result.
func (w *Writer) entry(key string, run int, res pipeline.Result, found seen) *Entry {
	e := &Entry{
		Key: key, Name: res.Item.Rel, Path: res.Item.Path, Output: res.Output, Link: w.link(res.Output),
		Outcome: res.Outcome, Width: res.W, Height: res.H, Seconds: res.Seconds, Pictures: found.pictures, Run: run,
	}
	for _, extra := range res.Extras {
		e.Extras = append(e.Extras, Extra{extra, w.link(extra)})
	}
	if found.before != found.after {
		e.Input, e.Written = &found.before, &found.after
	}
	switch res.Outcome {
	case pipeline.Current, pipeline.Skipped, pipeline.Planned:
		e.Why = res.Why
	}
	for _, n := range res.Notes {
		if f, ok := n.Value.(float64); ok && finite(f) == nil {
			n.Value = fmt.Sprint(f) // JSON has no infinity
		}
		e.Notes = append(e.Notes, Note{n.Step, n.Key, n.Value, n.Unit})
	}
	if s := res.Truth; s != nil {
		e.Truth = &Truth{finite(s.Before), finite(s.After)}
	}
	if res.Err != nil {
		e.Error, e.Kind = res.Err.Error(), pipeline.KindOf(res.Err).String()
		var known *pipeline.Error
		if errors.As(res.Err, &known) && known.Err != nil {
			e.Error, e.Step = known.Err.Error(), known.Step
		}
		if w.Advice != nil {
			e.Advice = strings.TrimLeft(w.Advice(res.Err), "; ")
		}
	}
	return e
}

// finite returns nil for what JSON cannot hold.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

// link returns the URL of a file seen from the report, or nothing where there is
// no relative way to it.
func (w *Writer) link(name string) string {
	if name == "" {
		return ""
	}
	real, err := pipeline.RealPath(filepath.Dir(name))
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(w.real, filepath.Join(real, filepath.Base(name)))
	if err != nil {
		return ""
	}
	return escapeURL(filepath.ToSlash(rel))
}

// escapeURL percent-encodes a relative path (RFC 3986, section 2): all bytes but
// letters, digits, four marks and the slash. A colon is among the encoded, so the
// first element is never taken for a scheme.
func escapeURL(rel string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(rel) {
		c := rel[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
	}
	return b.String()
}
