//go:build !linux

package pipeline

import "errors"

func renameNew(_, _ string) error { return errors.ErrUnsupported }
