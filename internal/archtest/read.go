package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Read lists the packages of the module that the working folder lies in, as
// go list sees them, and their files. Files that build tags leave out on this
// machine count as well, those with the tag ignore left out.
func Read() ([]Package, []Source, error) {
	// -e: a package that does not compile for the moment still has imports.
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Imports,Deps,TestImports,XTestImports,GoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles", Module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	var packages []Package
	var sources []Source
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var p Package
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages, sources, nil
		} else if err != nil {
			return nil, nil, fmt.Errorf("go list: %w", err)
		}
		files, err := p.read()
		if err != nil {
			return nil, nil, err
		}
		packages = append(packages, p)
		sources = append(sources, files...)
	}
}

// read reads the files of a package and completes its imports.
func (p *Package) read() ([]Source, error) {
	var sources []Source
	path, _ := own(p.ImportPath)
	for _, name := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles, p.IgnoredGoFiles) {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return nil, err
		}
		if slices.Contains(p.IgnoredGoFiles, name) {
			if bytes.Contains(text, []byte("//go:build ignore")) {
				continue
			}
			if err := p.addImports(name, text); err != nil {
				return nil, err
			}
		}
		sources = append(sources, Source{Package: path, Name: name, Text: text})
	}
	return sources, nil
}

// addImports adds the imports of a file that go list left out.
func (p *Package) addImports(name string, text []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
	if err != nil {
		return fmt.Errorf("%s: %w", p.ImportPath, err)
	}
	to := &p.Imports
	switch {
	case strings.HasSuffix(file.Name.Name, "_test"):
		to = &p.XTestImports
	case strings.HasSuffix(name, "_test.go"):
		to = &p.TestImports
	}
	for _, spec := range file.Imports {
		*to = append(*to, importPath(spec))
	}
	slices.Sort(*to)
	*to = slices.Compact(*to)
	return nil
}
