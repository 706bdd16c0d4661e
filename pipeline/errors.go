package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/cae-restore/restore/tasks"
)

// Kind is the sort of an error: what follows from it.
type Kind int

// The kinds of errors.
const (
	KindNone        Kind = iota // no error
	KindInput                   // this one picture: it is reported and the run goes on
	KindTransient               // may go away by itself: tried again, then reported as KindInput is
	KindEnvironment             // nothing can go on: output not writable, disk full, model unusable
	KindUsage                   // wrong options, pipeline or inputs: found before the first picture
	KindCancelled               // the context ended
)

// String returns the name of the kind as reports write it.
func (k Kind) String() string {
	return [...]string{"none", "input", "transient", "environment", "usage", "cancelled"}[k]
}

// MarshalText writes the name of the kind.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Error is an error with what it concerns. Item and Step may be empty.
type Error struct {
	Kind Kind
	Item string // path of the picture, as it can be opened
	Step string // name of the step in the chain
	Err  error
}

func (e *Error) Error() string {
	text := e.Err.Error()
	if p, ok := e.Err.(*fs.PathError); ok && p.Path == e.Item { // it is named below
		text = "cannot " + p.Op + " it: " + p.Err.Error()
	}
	if e.Step != "" {
		text = e.Step + ": " + text
	}
	if e.Item != "" {
		text = QuoteName(e.Item) + ": " + text
	}
	return text
}

// QuoteName returns the name of a file as messages write it: as it is, or
// quoted as in Go where it holds what would spoil the line or the terminal.
func QuoteName(name string) string {
	for _, r := range name {
		if !strconv.IsPrint(r) || r == utf8.RuneError {
			return strconv.Quote(name)
		}
	}
	return name
}

// Printable returns text with what would spoil the line or the terminal, or turn
// the direction of writing, as Go writes it in strings: names of files may hold any
// character.
func Printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// ErrReadBack is in the error of a picture whose output, once written, does not
// decode to what was to be written. The output is not kept.
var ErrReadBack = errors.New("the output was not kept, as it does not read back")

func (e *Error) Unwrap() error { return e.Err }

// KindOf tells the kind of an error that this package or a task returned. One
// that says nothing of itself is the fault of the picture at hand.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return KindNone
	case errors.As(err, &e) && e.Kind != KindNone:
		return e.Kind
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return KindCancelled
	case errors.Is(err, tasks.ErrModel):
		return KindEnvironment
	case isAny(err, transientErrors):
		return KindTransient
	default:
		return KindInput
	}
}

// transientErrors are those after which the same call may succeed.
var transientErrors = []error{
	syscall.EAGAIN, syscall.EBUSY, syscall.EINTR, syscall.ETIMEDOUT, syscall.EMFILE, syscall.ENFILE, syscall.ESTALE,
}

// outputErrors, and fullErrors, are those after which no output of the run can be expected to
// succeed; on the side of the inputs they concern one file.
var outputErrors = []error{
	syscall.EROFS, syscall.EIO, fs.ErrPermission,
}

// outputError gives an error from writing outputs its kind.
func outputError(err error) error {
	if err == nil {
		return nil
	}
	kind := KindOf(err)
	if kind == KindInput && (isAny(err, outputErrors) || isAny(err, fullErrors)) {
		kind = KindEnvironment
	}
	return &Error{Kind: kind, Err: err}
}

func isAny(err error, list []error) bool {
	for _, target := range list {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

func usagef(format string, args ...any) error {
	return &Error{Kind: KindUsage, Err: fmt.Errorf(format, args...)}
}
