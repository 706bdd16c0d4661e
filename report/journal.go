package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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

// append writes a line after the last whole one: what a failed write left is
// written over.
func (j *journal) append(l line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("%s: %w", journalName, err)
	}
	b = append(b, '\n')
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

// openJournal begins a journal, with the lines that still hold of the one that is
// there. The new one takes its place at once, so neither is ever lost. The index is
// that of the new one.
func openJournal(dir string, h head) (*journal, *index, error) {
	name := filepath.Join(dir, journalName)
	temp, err := os.OpenFile(tempName(name), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o666)
	if err != nil {
		return nil, nil, err
	}
	x := newIndex()
	j := &journal{File: temp}
	if err = j.append(line{Report: &h}); err == nil {
		err = j.takeOver(name, x)
	}
	if err == nil {
		temp.Close() // Windows renames no open file
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		temp.Close()
		os.Remove(temp.Name())
		return nil, nil, err
	}
	j.File, err = os.OpenFile(name, os.O_RDWR, 0o666)
	return j, x, err
}

// takeOver copies what holds of an earlier journal, and makes x its index.
func (j *journal) takeOver(name string, x *index) error {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := x.read(f); err != nil {
		return err
	}
	x.runs = x.runs[max(0, len(x.runs)-mostRuns):]
	for i := range x.runs {
		if r := &x.runs[i]; r.State == Running {
			r.State, x.brokenOff = BrokenOff, true
		}
		if err := j.append(line{Run: &x.runs[i]}); err != nil {
			return err
		}
	}
	out := bufio.NewWriterSize(j.File, 1<<20)
	if _, err := j.Seek(j.size, io.SeekStart); err != nil {
		return err
	}
	for i := range x.rows {
		row := &x.rows[i]
		b, err := row.line(f)
		if err != nil {
			return err
		}
		row.at = j.size
		j.size += int64(row.length)
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	return out.Flush()
}
