package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/cae-restore/restore/pipeline"
)

// index is a journal without what fills it: some hundred bytes a picture.
type index struct {
	head      head
	runs      []Run
	rows      []row
	places    map[string]int // in rows, by key
	brokenOff bool           // the last run of an earlier process did not come to its end
}

// row is where the journal tells of one picture, and what sorting and counting
// need.
type row struct {
	key, name string
	outcome   pipeline.Outcome
	at        int64
	length    int // of the line, with its end
	share     share
}

func newIndex() *index { return &index{places: map[string]int{}} }

// line returns the line of the row.
func (r *row) line(f io.ReaderAt) ([]byte, error) {
	b := make([]byte, r.length)
	_, err := f.ReadAt(b, r.at)
	return b, err
}

// put takes an entry that stands in the journal at a place, instead of what was
// there of its picture before.
func (x *index) put(e *Entry, at int64, length int) {
	place, ok := x.places[e.Key]
	if !ok {
		place = len(x.rows)
		x.places[e.Key] = place
		x.rows = append(x.rows, row{})
	}
	x.rows[place] = row{key: e.Key, name: e.Name, outcome: e.Outcome, at: at, length: length, share: shareOf(e)}
}

// outcome is what the report tells of a picture, or empty.
func (x *index) outcome(key string) pipeline.Outcome {
	if place, ok := x.places[key]; ok {
		return x.rows[place].outcome
	}
	return ""
}

// read takes in a journal. Lines that are no lines of a journal are passed over:
// they are torn.
func (x *index) read(f io.Reader) error {
	r := bufio.NewReaderSize(f, 1<<16)
	for at := int64(0); ; {
		b, err := r.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		begin := at
		at += int64(len(b))
		var l line
		if json.Unmarshal(bytes.TrimSpace(b), &l) != nil {
			continue
		}
		switch {
		case l.Report != nil:
			x.head = *l.Report
		case l.Run != nil:
			if n := len(x.runs); n > 0 && x.runs[n-1].Number == l.Run.Number {
				x.runs = x.runs[:n-1]
			}
			x.runs = append(x.runs, *l.Run)
		case l.Item != nil && len(l.Item.Key) >= 2:
			x.put(l.Item, begin, len(b))
		}
	}
}

// snapshot returns the rows in the order of the report, and their summary: first
// what failed and what was skipped, then what was restored, examined, copied, current
// and planned, each by name.
func (x *index) snapshot() ([]row, Summary) {
	var s Summary
	rows := slices.Clone(x.rows)
	for _, r := range rows {
		s.add(r.outcome, r.share)
	}
	s.finish()
	slices.SortStableFunc(rows, func(a, b row) int {
		if d := slices.Index(order, a.outcome) - slices.Index(order, b.outcome); d != 0 {
			return d
		}
		return strings.Compare(a.name, b.name)
	})
	return rows, s
}

var order = []pipeline.Outcome{pipeline.Failed, pipeline.Skipped, pipeline.Restored, pipeline.Examined, pipeline.Copied, pipeline.Current, pipeline.Planned}
