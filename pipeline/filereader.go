package pipeline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cae-restore/restore/tasks"
	"github.com/goccy/go-yaml/ast"
)

// fileReader makes a chain of the YAML of one pipeline file.
type fileReader struct {
	reg       *tasks.Registry
	file, dir string
	given     []string // planes that come with each picture
	step      string   // what messages call the step at hand
}

func (r *fileReader) errorf(at ast.Node, format string, args ...any) error {
	line, column := position(at)
	return &FileError{File: r.file, Line: line, Column: column, Step: r.step, Err: fmt.Errorf(format, args...)}
}

func (r *fileReader) chain(data []byte) (*Chain, error) {
	root, err := r.parse(data)
	if err != nil {
		return nil, err
	}
	// The version comes first: a newer file may have keys that are unknown here.
	for _, v := range root.Values {
		if key, _ := textOf(v.Key); key == "pipeline" {
			if err := r.format(v.Value); err != nil {
				return nil, err
			}
		}
	}
	keys, err := r.mapping(root, "pipeline", "summary", "steps")
	switch {
	case err != nil:
		return nil, err
	case keys["pipeline"] == nil:
		return nil, r.errorf(root, "the line \"pipeline: %d\" is missing, which says that this is a pipeline file", fileFormat)
	case keys["steps"] == nil:
		return nil, r.errorf(root, "the key steps is missing: the list of what to do")
	}
	summary := ""
	if n := keys["summary"]; n != nil {
		if summary, err = r.text("summary", n); err != nil {
			return nil, err
		}
		if summary = strings.TrimSpace(summary); strings.ContainsAny(summary, "\r\n") {
			return nil, r.errorf(n, "summary is one line")
		}
	}
	list, ok := keys["steps"].(*ast.SequenceNode)
	switch {
	case !ok:
		return nil, r.errorf(keys["steps"], "steps is a list: each step begins with \"- task: NAME\"")
	case len(list.Values) == 0:
		return nil, r.errorf(list, "a pipeline needs at least one step")
	case len(list.Values) > maxFileSteps:
		return nil, r.errorf(list.Values[maxFileSteps], "there are %d steps; a pipeline file has at most %d", len(list.Values), maxFileSteps)
	}
	var steps []Step
	for i, n := range list.Values {
		r.step = "step " + strconv.Itoa(i+1)
		s, err := r.oneStep(n)
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	if i, err := missingPlane(steps, r.given); err != nil {
		r.step = fmt.Sprintf("step %d (%s)", i+1, steps[i].Spec.Name)
		return nil, r.errorf(list.Values[i], "%w", err)
	}
	c, err := NewChainGiven(r.given, steps...)
	if err != nil {
		return nil, err
	}
	c.Summary = summary
	return c, nil
}

func (r *fileReader) format(n ast.Node) error {
	text, err := r.text("pipeline", n)
	if err != nil {
		return err
	}
	v, err := strconv.Atoi(text)
	switch {
	case err != nil || v < 1:
		return r.errorf(n, "pipeline is the version of the file's format, %d, and not %q", fileFormat, text)
	case v > fileFormat:
		return r.errorf(n, "the file has version %d of the format, and this program knows versions up to %d: update the program", v, fileFormat)
	}
	return nil
}

func (r *fileReader) oneStep(n ast.Node) (Step, error) {
	keys, err := r.mapping(n, "task", "version", "options")
	if err != nil {
		return Step{}, err
	}
	if keys["task"] == nil {
		return Step{}, r.errorf(n, "the key task is missing: the name of what to do")
	}
	name, err := r.text("task", keys["task"])
	if err != nil {
		return Step{}, err
	}
	spec, err := r.reg.Lookup(name)
	if err != nil {
		return Step{}, r.errorf(keys["task"], "%w", err)
	}
	r.step += " (" + name + ")"
	version := spec.Version
	if v := keys["version"]; v != nil {
		if version, err = r.version(spec, v); err != nil {
			return Step{}, err
		}
	}
	s := Step{Spec: spec}
	if spec.Options != nil {
		s.Options = spec.Options()
	}
	return s, r.options(s, version, keys["version"], keys["options"])
}

// version reads for which version of a task's options a step was written.
func (r *fileReader) version(spec *tasks.Spec, n ast.Node) (int, error) {
	text, err := r.text("version", n)
	if err != nil {
		return 0, err
	}
	v, err := strconv.Atoi(text)
	switch {
	case err != nil || v < 1:
		return 0, r.errorf(n, "version is that of the task's options, a whole number from 1 to %d, and not %q", spec.Version, text)
	case v > spec.Version:
		return 0, r.errorf(n, "the options are of version %d, and this program knows those up to %d: update the program", v, spec.Version)
	}
	return v, nil
}

// options sets the options of a step. versionAt is where its version stands,
// or nil.
func (r *fileReader) options(s Step, version int, versionAt, n ast.Node) error {
	given := map[string]string{}
	keyAt, valueAt := map[string]ast.Node{}, map[string]ast.Node{}
	var order []string
	if m, ok := n.(*ast.MappingNode); ok {
		for _, v := range m.Values {
			name, err := r.key(v.Key)
			if err != nil {
				return err
			}
			if keyAt[name] != nil {
				return r.errorf(v.Key, "option %s is given twice", name)
			}
			if given[name], err = r.text("option "+name, v.Value); err != nil {
				return err
			}
			keyAt[name], valueAt[name] = v.Key, v.Value
			order = append(order, name)
		}
	} else if n != nil && n.Type() != ast.NullType { // null: all lines below may be comments
		return r.errorf(n, "options is a list of lines OPTION: VALUE, and this is %s", kindOf(n))
	}
	if version < s.Spec.Version {
		migrated, err := tasks.Migrate(s.Spec, version, given)
		if err != nil {
			return r.errorf(versionAt, "%w", err)
		}
		for name := range migrated {
			if keyAt[name] == nil { // what it was made of has another name
				keyAt[name], valueAt[name] = versionAt, versionAt
			}
		}
		given, order = migrated, sorted(migrated)
	}
	for _, name := range order {
		value := given[name]
		at := keyAt[name]
		if hasOption(s, name) {
			at = valueAt[name]
			if name == "model" {
				value = modelPath(r.reg, r.dir, value)
			}
		}
		if err := setOption(s, name, value); err != nil {
			return r.errorf(at, "%w", err)
		}
	}
	return nil
}

func sorted[T any](m map[string]T) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
