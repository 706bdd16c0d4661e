package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/cae-restore/restore/pipeline"
)

// Exit codes; scripts rely on them.
const (
	exitDone        = 0   // everything asked for is done
	exitSomeFailed  = 1   // the run went to its end, but some pictures failed
	exitUsage       = 2   // wrong options, pipeline or inputs; nothing was touched
	exitEnvironment = 3   // could not start or go on: output not writable, unusable model
	exitInterrupted = 130 // ended by a signal, as shells count it
)

// exitCode maps the outcome of a run to its exit code. An error that does not
// say what it is means that the run could not go on.
func exitCode(ctx context.Context, err error) int {
	var usage *usageError
	var halt *stopped
	var done *reported
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &done):
		return done.code
	case errors.As(err, &usage), pipeline.KindOf(err) == pipeline.KindUsage:
		return exitUsage
	case errors.As(err, &halt), ctx.Err() != nil, pipeline.KindOf(err) == pipeline.KindCancelled:
		return exitInterrupted
	default:
		return exitEnvironment
	}
}

// usageError is a mistake in the command line or in a pipeline.
type usageError struct {
	err error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// stopped is the end by a signal of a run that says itself how to go on.
type stopped struct {
	hint string
}

func (e *stopped) Error() string { return "interrupted; " + e.hint }

// reported is an error whose details have been printed: only its code counts.
type reported struct {
	code int
}

func (e *reported) Error() string { return fmt.Sprintf("exit code %d", e.code) }
