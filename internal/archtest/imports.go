// Package archtest holds the rules of the module's layout as data and as a
// test: which package may import which, that only programs print and exit, and
// that files stay of a size that can be read.
package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Package is what the rules ask of a package; the names are those of go list.
type Package struct {
	ImportPath   string
	Dir          string
	Imports      []string
	Deps         []string // all that it imports, directly or not
	TestImports  []string // of the tests within the package
	XTestImports []string // of the tests outside of it
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string

	// IgnoredGoFiles are those that build tags leave out here; Read adds their
	// imports to Imports.
	IgnoredGoFiles []string
}

// own returns the path of a package of ours without the module's, and whether
// it is one.
func own(path string) (string, bool) {
	if path == Module {
		return ".", true
	}
	return strings.CutPrefix(path, Module+"/")
}

// match reports whether a path fits one of the patterns; see rule.
func match(path string, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matchOne(path, p) })
}

func matchOne(path, pattern string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == below || strings.HasPrefix(path, below+"/")
	}
	if before, ok := strings.CutSuffix(pattern, "/<task>"); ok {
		name, under := strings.CutPrefix(path, before+"/")
		return under && !strings.Contains(name, "/") && !slices.Contains(notTasks, name)
	}
	return path == pattern
}

// ruleOf returns the rule of the package of ours at path, or nil.
func ruleOf(path string) *rule {
	for i := range layers {
		if match(path, layers[i].Package) {
			return &layers[i]
		}
	}
	return nil
}

// Imports returns what is wrong with the imports of the packages, one sentence
// each, in the order of the packages.
func Imports(packages []Package) []string {
	var wrong []string
	for _, p := range packages {
		path, ours := own(p.ImportPath)
		if !ours {
			continue
		}
		r := ruleOf(path)
		if r == nil {
			wrong = append(wrong, fmt.Sprintf("%s has no line in the import table: decide what it may import and add it to internal/archtest/rules.go and docs/architecture.md", path))
			continue
		}
		wrong = append(wrong, r.check(path, p)...)
		wrong = append(wrong, checkBans(path, p)...)
	}
	return wrong
}

func (r *rule) check(path string, p Package) []string {
	var wrong []string
	for _, to := range p.Imports {
		if target, ours := own(to); ours && !match(target, r.May...) {
			wrong = append(wrong, fmt.Sprintf("%s imports %s, but may import %s: %s", path, target, list(r.May), r.Why))
		}
	}
	tests := append(slices.Clone(p.TestImports), p.XTestImports...)
	slices.Sort(tests)
	for _, to := range slices.Compact(tests) {
		target, ours := own(to)
		if ours && target != path && !match(target, r.May...) && !match(target, r.Tests...) {
			wrong = append(wrong, fmt.Sprintf("a test of %s imports %s, but may import %s: %s", path, target, list(append(slices.Clone(r.May), r.Tests...)), r.Why))
		}
	}
	for _, to := range append(slices.Clone(p.Imports), p.Deps...) {
		if match(to, r.Never...) {
			wrong = append(wrong, fmt.Sprintf("%s imports %s, itself or by way of another package: %s", path, to, r.Why))
			break // one is enough to find the rest
		}
	}
	return wrong
}

func checkBans(path string, p Package) []string {
	var wrong []string
	for _, b := range bans {
		if match(path, b.But...) {
			continue
		}
		for _, to := range p.Imports {
			if match(to, b.Import...) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which %s may: %s", path, to, only(b.But), b.Why))
			}
		}
	}
	return wrong
}

func only(paths []string) string {
	if len(paths) == 0 {
		return "no package"
	}
	return "only " + list(paths)
}

func list(paths []string) string {
	if len(paths) == 0 {
		return "nothing of this module"
	}
	return strings.Join(paths, ", ")
}
