package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cae-restore/restore/tasks"
)

// fileFormat is the version of the format of pipeline files. It is raised when
// a program that knows only the version before would misread them.
const fileFormat = 1

// Limits of pipeline files. They keep a file that is no pipeline, or a hostile
// one, from taking memory or time: the YAML parser takes time that grows with
// the square of the number of tokens.
const (
	maxFileBytes  = 32 << 10
	maxFileTokens = 4096
	maxFileSteps  = 64
)

// FileError says where in a pipeline file a mistake is.
type FileError struct {
	File         string // the name of the file, as it was given
	Line, Column int    // counted from 1, columns in characters; 0: the file as a whole
	Step         string // "step 2 (denoise)", or empty
	Err          error
}

func (e *FileError) Error() string {
	where := QuoteName(e.File)
	if e.Line > 0 {
		where += fmt.Sprintf(":%d:%d", e.Line, e.Column)
	}
	if e.Step != "" {
		where += ": " + e.Step
	}
	return where + ": " + e.Err.Error()
}

func (e *FileError) Unwrap() error { return e.Err }

// ReadFile reads a chain from a pipeline file; see ReadYAML. Model files that
// it names by relative paths are looked for in the folder of the file.
func ReadFile(reg *tasks.Registry, path string, given ...string) (*Chain, error) {
	data, err := FileBytes(path)
	if err != nil {
		return nil, err
	}
	return ReadYAML(reg, path, filepath.Dir(path), data, given...)
}

// FileBytes reads a pipeline file for ReadYAML. Errors are of KindUsage.
func FileBytes(path string) ([]byte, error) {
	fail := func(err error) ([]byte, error) {
		var p *fs.PathError
		if errors.As(err, &p) { // the path is named already
			err = p.Err
		}
		return nil, &Error{Kind: KindUsage, Err: &FileError{File: path, Err: fmt.Errorf("the pipeline file cannot be read: %w", err)}}
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fail(err)
	case !info.Mode().IsRegular():
		return fail(errors.New("it is not a regular file"))
	case info.Size() > maxFileBytes:
		return fail(tooLarge(info.Size()))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fail(err)
	}
	return data, nil
}

func tooLarge(size int64) error {
	return fmt.Errorf("it has %d bytes; a pipeline file has at most %d", size, maxFileBytes)
}

// ReadYAML reads a chain written as YAML:
//
//	pipeline: 1                  # version of this format
//	summary: what it is for      # may be left out
//	steps:
//	  - task: denoise
//	    version: 1               # of the task's options; left out: the current one
//	    options:                 # those left out have their defaults
//	      strength: auto
//
// name is what messages call the file. A step's option "model" that names no
// model of reg is a file; relative paths start in the folder dir, or, where dir
// is empty, in the working directory. given are planes that come with each
// picture; see NewChainGiven.
//
// Options of an older version are migrated by the task (tasks.Spec.Migrate).
// Whatever is not known, out of range, given twice or of the wrong type, and
// planes that no earlier step makes, are errors. They are of KindUsage and hold
// a *FileError. Anchors, aliases and tags are errors too, as pipelines need
// none.
func ReadYAML(reg *tasks.Registry, name, dir string, data []byte, given ...string) (*Chain, error) {
	r := &fileReader{reg: reg, file: name, dir: dir, given: given}
	c, err := r.chain(data)
	if err != nil {
		return nil, &Error{Kind: KindUsage, Err: err}
	}
	return c, nil
}

// modelPath is where a model of a pipeline file in the folder dir is: as it
// stands where it is the name of a model or where dir is empty.
func modelPath(reg *tasks.Registry, dir, name string) string {
	if dir == "" || name == "" || filepath.IsAbs(name) || reg.HasModel(name) {
		return name
	}
	path := filepath.Join(dir, name)
	if reg.HasModel(path) { // a file that is called like a model, in the working directory
		path = "." + string(filepath.Separator) + path
	}
	return path
}
