package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cae-restore/restore/pipeline"
)

const (
	journalName   = "items.jsonl"
	formatVersion = 1   // of journal, pages and report.json
	mostRuns      = 100 // of earlier runs that a report tells of
)

// line is a line of the journal: one of its fields is set. Of several lines of
// one picture or one run, the last holds.
type line struct {
	Report *head  `json:"report,omitempty"` // the first line
	Run    *Run   `json:"run,omitempty"`
	Item   *Entry `json:"item,omitempty"`
}

type head struct {
	Format int    `json:"format"`
	Out    string `json:"out"` // output folder, seen from the report, with slashes
}

// journal is the open file. Each line is written at once: a process that is killed
// leaves at most the last one torn, and that one is passed over.
type journal struct {
	*os.File
	size int64 // of whole lines
}

func (j *journal) append(l line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("%s: %w", journalName, err)
	}
	b = append(b, '\n')
	// At the end of the whole lines: what a failed write left is written over.
	if _, err := j.WriteAt(b, j.size); err != nil {
		return err
	}
	j.size += int64(len(b))
	return nil
}

// header reads the first line of a journal.
func header(name string) (head, error) {
	f, err := os.Open(name)
	if err != nil {
		return head{}, err
	}
	defer f.Close()
	b, err := bufio.NewReader(io.LimitReader(f, 1<<16)).ReadBytes('\n')
	var l line
	if err != nil || json.Unmarshal(b, &l) != nil || l.Report == nil {
		return head{}, fmt.Errorf("%s does not begin as a report does", journalName)
	}
	if l.Report.Format > formatVersion {
		return head{}, fmt.Errorf("%s is of format %d, which a later version of the program wrote", journalName, l.Report.Format)
	}
	return *l.Report, nil
}

// earlier is what a journal holds of earlier runs.
type earlier struct {
	runs       []Run
	known      map[string]pipeline.Outcome
	sameFormat bool
	brokenOff  bool // the last run did not come to its end
}

// openJournal begins a journal, with the lines that still hold of the one that is
// there. The new one takes its place at once, so neither is ever lost.
func openJournal(dir string, h head) (*journal, earlier, error) {
	old := earlier{known: map[string]pipeline.Outcome{}}
	name := filepath.Join(dir, journalName)
	temp, err := os.OpenFile(tempName(name), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o666)
	if err != nil {
		return nil, old, err
	}
	j := &journal{File: temp}
	if err = j.append(line{Report: &h}); err == nil {
		err = j.takeOver(name, &old)
	}
	if err == nil {
		temp.Close() // Windows renames no open file
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		temp.Close()
		os.Remove(temp.Name())
		return nil, old, err
	}
	j.File, err = os.OpenFile(name, os.O_RDWR, 0o666)
	return j, old, err
}

// takeOver copies what holds of an earlier journal.
func (j *journal) takeOver(name string, old *earlier) error {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	index, err := readIndex(f, info.Size())
	if err != nil {
		return err
	}
	old.sameFormat = index.head.Format == formatVersion
	old.runs = index.runs[max(0, len(index.runs)-mostRuns):]
	for i := range old.runs {
		if r := &old.runs[i]; r.State == Running {
			r.State, old.brokenOff = BrokenOff, true
		}
		if err := j.append(line{Run: &old.runs[i]}); err != nil {
			return err
		}
	}
	for _, row := range index.rows {
		b, err := row.read(f)
		if err != nil {
			return err
		}
		if _, err := j.WriteAt(b, j.size); err != nil {
			return err
		}
		j.size += int64(len(b))
		old.known[row.key] = row.outcome
	}
	return nil
}

// row is where the journal tells of one picture, and what sorting needs.
type row struct {
	key, name string
	outcome   pipeline.Outcome
	at        int64
	length    int // of the line, with its end
}

// read returns the line.
func (r *row) read(f io.ReaderAt) ([]byte, error) {
	b := make([]byte, r.length)
	_, err := f.ReadAt(b, r.at)
	return b, err
}

// index is a journal without what fills it: some hundred bytes a picture.
type index struct {
	head    head
	runs    []Run
	rows    []row
	summary Summary
}

// readIndex reads the first size bytes of a journal. Lines that are no lines of a
// journal are passed over: they are torn.
func readIndex(f io.ReaderAt, size int64) (*index, error) {
	x := &index{}
	places, sums := map[string]int{}, map[string]share{}
	r := bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 1<<16)
	for at := int64(0); ; {
		b, err := r.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		var l line
		begin := at
		at += int64(len(b))
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
		case l.Item != nil:
			e := l.Item
			place, ok := places[e.Key]
			if !ok {
				place = len(x.rows)
				places[e.Key] = place
				x.rows = append(x.rows, row{})
			}
			x.rows[place] = row{key: e.Key, name: e.Name, outcome: e.Outcome, at: begin, length: len(b)}
			sums[e.Key] = shareOf(e)
		}
	}
	for _, r := range x.rows {
		x.summary.add(r.outcome, sums[r.key])
	}
	x.summary.finish()
	return x, nil
}
