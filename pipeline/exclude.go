package pipeline

import (
	"path"
	"path/filepath"
	"strings"
)

// excluded reports whether a pattern matches the relative path or a folder that
// it lies in, and takes note of all that do.
func (w *walker) excluded(rel string) bool {
	any := false
	for i, pattern := range w.exclude {
		if matches(pattern, rel) {
			any = true
			if w.used != nil {
				w.used[i] = true
			}
		}
	}
	return any
}

// matches reports whether an exclude pattern matches a relative path or a folder
// that it lies in.
func matches(pattern, rel string) bool {
	whole := strings.Contains(strings.TrimSuffix(pattern, "/"), "/")
	pattern = strings.Trim(pattern, "/")
	for at := rel; at != "." && at != "/"; at = path.Dir(at) {
		name := at
		if !whole {
			name = path.Base(at)
		}
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// Unmatched is an exclude pattern that left nothing out.
type Unmatched struct {
	Pattern string
	// Instead is the pattern without what names an input folder, if it begins with
	// that: patterns are relative to each of them. Otherwise it is empty.
	Instead string
}

// Unmatched returns the exclude patterns that left nothing out, in their order.
func (s *Folder) Unmatched() []Unmatched { return s.unmatched }

// unmatched is Folder.Unmatched for these inputs.
func (w *walker) unmatched(inputs []string) (list []Unmatched) {
	for i, pattern := range w.exclude {
		if !w.used[i] {
			list = append(list, Unmatched{pattern, withoutInput(pattern, inputs)})
		}
	}
	return list
}

// withoutInput takes from the beginning of a pattern the name of an input, as it
// was given, in full, or its last part.
func withoutInput(pattern string, inputs []string) string {
	for _, input := range inputs {
		names := []string{filepath.Clean(input)}
		if abs, err := filepath.Abs(input); err == nil {
			names = append(names, abs, filepath.Base(abs))
		}
		for _, name := range names {
			rest, ok := strings.CutPrefix(strings.TrimPrefix(pattern, "./"), filepath.ToSlash(name)+"/")
			if ok && strings.Trim(rest, "/") != "" {
				return rest
			}
		}
	}
	return ""
}
