package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cae-restore/restore/pipeline"
)

// Exit codes; scripts rely on them.
const (
	exitDone        = 0
	exitSomeFailed  = 1
	exitUsage       = 2
	exitEnvironment = 3
	exitInterrupted = 130 // as shells count an end by the signal of Ctrl-C
)

// exitCodes is what the help, the manual and the README say of them.
var exitCodes = []struct {
	code           int
	brief, meaning string
}{
	{exitDone, "all done", "all done; pictures that were skipped count as done"},
	{exitSomeFailed, "some pictures failed", "the run went to its end, but some pictures failed"},
	{exitUsage, "wrong usage", "wrong options, pipeline or inputs; nothing was touched"},
	{exitEnvironment, "could not start or go on", "could not start or go on: output folder not writable, no space, unusable model, nobody reads the events of `--json`"},
	{exitInterrupted, "interrupted", "interrupted; nothing is left half-written"},
}

// exitCodesInBrief is the table in one line.
func exitCodesInBrief() string {
	var parts []string
	for _, e := range exitCodes {
		parts = append(parts, fmt.Sprintf("%d %s", e.code, e.brief))
	}
	return "Exit codes: " + strings.Join(parts, ", ") + "."
}

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
