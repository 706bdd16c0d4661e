package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Source is a Go file of this module.
type Source struct {
	Package string // path without the module's
	Name    string // of the file, for messages
	Text    []byte
}

// voices are the functions and variables by which a program prints or exits,
// by import path.
var voices = map[string][]string{
	"os":  {"Exit", "Stdout", "Stderr"},
	"fmt": {"Print", "Printf", "Println"},
}

// Sources returns what is wrong with the text of the files, one sentence each,
// and what deserves a second thought. Tests print and exit as they like.
func Sources(files []Source) (wrong, remarks []string) {
	for _, f := range files {
		if strings.HasSuffix(f.Name, "_test.go") {
			continue
		}
		if !match(f.Package, speakers...) {
			wrong = append(wrong, speech(f)...)
		}
		n := bytes.Count(f.Text, []byte{'\n'})
		switch {
		case generated(f.Text) || n <= thinkAgain:
		case n > maxLines:
			wrong = append(wrong, fmt.Sprintf("%s/%s has %d lines, more than %d: find the seam along which it falls into two files", f.Package, f.Name, n, maxLines))
		default:
			remarks = append(remarks, fmt.Sprintf("%s/%s has %d lines: it will soon want to be two files", f.Package, f.Name, n))
		}
	}
	return wrong, remarks
}

// generated reports whether a file says in a line before its package clause
// that a program wrote it.
func generated(text []byte) bool {
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("package ")) {
			return false
		}
		if bytes.HasPrefix(line, []byte(generatedBy)) {
			return true
		}
	}
	return false
}

// speech finds where a file prints or exits.
func speech(f Source) []string {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, f.Name, f.Text, 0)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", f.Package, err)}
	}
	names := map[string][]string{} // local name of a package -> what must not be used of it
	for _, spec := range file.Imports {
		from := importPath(spec)
		if list := voices[from]; list != nil {
			name := path.Base(from)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			names[name] = list
		}
	}
	var wrong []string
	found := func(at ast.Node, what string) {
		wrong = append(wrong, fmt.Sprintf("%s/%s:%d uses %s: only programs (%s) print and exit; return an error or report an event",
			f.Package, f.Name, set.Position(at.Pos()).Line, what, list(speakers)))
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			// An identifier that the file itself declares is no package.
			if x, ok := n.X.(*ast.Ident); ok && x.Obj == nil && slices.Contains(names[x.Name], n.Sel.Name) {
				found(n, x.Name+"."+n.Sel.Name)
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && f.Obj == nil && (f.Name == "print" || f.Name == "println") {
				found(n, f.Name)
			}
		}
		return true
	})
	return wrong
}

func importPath(spec *ast.ImportSpec) string {
	s, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	return s
}
