package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// lockName is the file in .restore whose lock a run holds. The file itself stays:
// removing it would let two runs hold locks on two files of one name.
const lockName = "lock"

// holder is what a run writes into the file that it has locked, for those who
// find it locked.
type holder struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// lockFile takes the lock of a folder. exclusive is false where the file system
// or the system knows no locks: then the lock of the database must do.
func lockFile(dir string) (f *os.File, exclusive bool, err error) {
	f, err = os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, false, err
	}
	switch err := lock(f); {
	case err == nil:
		return f, true, nil
	case errors.Is(err, errors.ErrUnsupported):
		return f, false, nil
	}
	f.Close()
	return nil, false, errHeld
}

// errHeld tells that another run has the lock.
var errHeld = errors.New("the lock is taken")

// writeHolder says in a locked file who holds it. It is information for people:
// no error of it stops a run.
func writeHolder(f *os.File) {
	host, _ := os.Hostname()
	text, err := json.Marshal(holder{host, os.Getpid(), time.Now().Round(time.Second)})
	if err == nil && f.Truncate(0) == nil {
		_, _ = f.WriteAt(append(text, '\n'), 0)
	}
}

// unlock gives the lock back and takes the holder's name away.
func unlock(f *os.File) {
	_ = f.Truncate(0)
	release(f)
	f.Close()
}

// held is the error of a run that finds another at work on the same output.
func held(out, dir string) error {
	who := "another run"
	if f, err := os.Open(filepath.Join(dir, lockName)); err == nil {
		defer f.Close()
		var h holder
		if json.NewDecoder(io.LimitReader(f, 1<<12)).Decode(&h) == nil && h.PID != 0 {
			who = fmt.Sprintf("another run, process %d on %s, since %s", h.PID, QuoteName(h.Host), h.Since.Local().Format("2006-01-02 15:04:05"))
		}
	}
	return &Error{Kind: KindEnvironment, Err: fmt.Errorf("the output folder %s is in use by %s; wait for its end, or choose another folder", QuoteName(out), who)}
}
