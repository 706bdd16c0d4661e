package main

import (
	"context"
	"errors"
)

// exitCode maps the outcome of a run to its exit code. An end by a signal wins
// over what that end caused; where an error does not say what it is, the run
// could not go on.
func exitCode(ctx context.Context, err error) int {
	var usage *usageError
	var done *reported
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		return exitUsage
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &done):
		return done.code
	default:
		return exitEnvironment
	}
}
