package report

import (
	"bufio"
	"bytes"
	_ "embed" // the template
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cae-restore/restore/pipeline"
)

// draw writes the pages and report.json from the journal as it is now. Where no
// entry has changed since an earlier run drew them, only the summary is new, and
// the further pages stay.
func (w *Writer) draw() error {
	w.drawing.Lock()
	defer w.drawing.Unlock()
	now := w.now()
	w.mu.Lock()
	altered := w.altered
	w.changed = false
	var err error
	if last := &w.index.runs[len(w.index.runs)-1]; last.State == Running {
		last.Seconds = now.Sub(last.Started).Seconds()
		err = w.journal.append(line{Run: last}) // for a later run, should this one be killed
	}
	b := &book{w: w, runs: slices.Clone(w.index.runs), now: now}
	b.rows, b.summary = w.index.snapshot()
	w.mu.Unlock()
	if err != nil {
		return err
	}
	b.pages = max(1, (len(b.rows)+w.PerPage-1)/w.PerPage)
	for n := range b.pages {
		if n > 0 && !altered {
			break
		}
		if err := b.page(n); err != nil {
			return err
		}
	}
	if err := w.replace("report.json", b.json); err != nil {
		return err
	}
	if altered {
		w.trim(b.pages)
	}
	return nil
}

// trim removes the pages that an earlier, longer report had.
func (w *Writer) trim(pages int) {
	for n := pages; os.Remove(filepath.Join(w.dir, pageName(n))) == nil; n++ {
	}
}

// pageName is the file of page n, counted from 0.
func pageName(n int) string {
	if n == 0 {
		return "index.html"
	}
	return fmt.Sprintf("page-%d.html", n+1)
}

// book is one drawing of the report.
type book struct {
	w       *Writer
	rows    []row
	summary Summary
	runs    []Run // the last one is that of w
	now     time.Time
	pages   int
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(words).Parse(pageText))

// page is what the template sees.
type page struct {
	Number, Pages int // from 1
	Links         []pageLink
	Prev, Next    string
	Sections      []section

	// Of the first page only.
	Summary *Summary
	Run     *Run  // the latest
	Earlier []Run // those before it, latest first, at most 10 of them
	Total   int   // items of the run; -1: not known
	Written time.Time
}

type pageLink struct {
	Number  int
	Name    string
	Current bool
	Gap     bool // pages are left out here
}

// section is the entries of one outcome on a page.
type section struct {
	Outcome pipeline.Outcome
	Entries []*Entry
}

// mostEarlier is how many earlier runs the first page tells of.
const mostEarlier = 10

func (b *book) page(n int) error {
	p := &page{Number: n + 1, Pages: b.pages, Links: b.links(n)}
	if n > 0 {
		p.Prev = pageName(n - 1)
	}
	if n+1 < b.pages {
		p.Next = pageName(n + 1)
	}
	if n == 0 {
		last := len(b.runs) - 1
		p.Summary, p.Run, p.Total, p.Written = &b.summary, &b.runs[last], b.w.total, b.now
		p.Earlier = slices.Clone(b.runs[max(0, last-mostEarlier):last])
		slices.Reverse(p.Earlier)
	}
	rows := b.rows[n*b.w.PerPage : min((n+1)*b.w.PerPage, len(b.rows))]
	for _, r := range rows {
		e, err := b.entry(&r)
		if err != nil {
			return err
		}
		if k := len(p.Sections); k == 0 || p.Sections[k-1].Outcome != e.Outcome {
			p.Sections = append(p.Sections, section{Outcome: e.Outcome})
		}
		s := &p.Sections[len(p.Sections)-1]
		s.Entries = append(s.Entries, e)
	}
	return b.w.replace(pageName(n), func(out *bufio.Writer) error { return pageTemplate.Execute(out, p) })
}

func (b *book) entry(r *row) (*Entry, error) {
	raw, err := r.line(b.w.journal)
	if err != nil {
		return nil, err
	}
	var l line
	if err := json.Unmarshal(raw, &l); err != nil || l.Item == nil {
		return nil, errors.Join(fmt.Errorf("%s changed while it was read", journalName), err)
	}
	return l.Item, nil
}

// links are the first and last page and those near page n.
func (b *book) links(n int) (list []pageLink) {
	const near = 2
	for i := 0; i < b.pages; i++ {
		if i > 0 && i < n-near && n-near > 2 {
			list = append(list, pageLink{Gap: true})
			i = n - near
		}
		if i > n+near && i < b.pages-2 {
			list = append(list, pageLink{Gap: true})
			i = b.pages - 1
		}
		list = append(list, pageLink{Number: i + 1, Name: pageName(i), Current: i == n})
	}
	return list
}

// json writes report.json: an object with a line for each item, so that it can be
// written without holding all of them.
func (b *book) json(out *bufio.Writer) error {
	summary, err := json.Marshal(b.summary)
	if err != nil {
		return err
	}
	runs, err := json.Marshal(b.runs)
	if err != nil {
		return err
	}
	written, err := json.Marshal(b.now)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "{\"format\":%d,\n\"written\":%s,\n\"summary\":%s,\n\"runs\":%s,\n\"items\":[", formatVersion, written, summary, runs)
	for i, r := range b.rows {
		raw, err := r.line(b.w.journal)
		if err != nil {
			return err
		}
		item, ok := bytes.CutPrefix(bytes.TrimSpace(raw), []byte(`{"item":`))
		if !ok {
			return fmt.Errorf("%s changed while it was read", journalName)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
		out.Write(bytes.TrimSuffix(item, []byte("}")))
	}
	_, err = io.WriteString(out, "\n]}\n")
	return err
}
