package archtest

import (
	"strings"
	"testing"
)

// TestLayout holds the module against its rules.
func TestLayout(t *testing.T) {
	t.Parallel()
	packages, sources, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	for _, need := range []string{"cae", "cae/internal/kernel", "pix", "tasks", "pipeline", "cmd/restore"} {
		if !contains(packages, need) {
			t.Errorf("go list did not find %s: the test looks at the wrong place", need)
		}
	}
	wrong, remarks := Sources(sources)
	for _, w := range append(Imports(packages), wrong...) {
		t.Error(w)
	}
	for _, r := range remarks {
		t.Log(r)
	}
}

func contains(packages []Package, path string) bool {
	for _, p := range packages {
		if p.ImportPath == Module+"/"+path && len(p.GoFiles) > 0 {
			return true
		}
	}
	return false
}

// ours turns "our:" at the beginning of a path into the path of this module.
func ours(paths ...string) []string {
	for i, p := range paths {
		if rest, ok := strings.CutPrefix(p, "our:"); ok {
			paths[i] = Module + "/" + rest
		}
	}
	return paths
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		path    string
		imports []string
		deps    []string
		tests   []string
		want    []string // parts of the only message; none: all is well
	}{
		{name: "allowed", path: "pipeline", imports: ours("our:tasks", "our:pix", "image", "os"), tests: ours("our:pipeline", "our:tasks")},
		{name: "pictures know no engine", path: "pix", imports: ours("our:cae"), want: []string{"pix imports cae", "nothing of this module"}},
		{name: "pictures know no task", path: "pix", imports: ours("our:tasks"), want: []string{"pix imports tasks"}},
		{name: "contract knows no engine", path: "tasks", imports: ours("our:cae"), want: []string{"tasks imports cae", "may import pix"}},
		{name: "pipeline knows no concrete task", path: "pipeline", imports: ours("our:tasks/denoise"), want: []string{"pipeline imports tasks/denoise", "no concrete task"}},
		{name: "nor in its tests", path: "pipeline", tests: ours("our:tasks/denoise"), want: []string{"a test of pipeline imports tasks/denoise"}},
		{name: "nor all of them", path: "pipeline", imports: ours("our:tasks/all"), want: []string{"pipeline imports tasks/all"}},
		{name: "a task never imports another", path: "tasks/inpaint", imports: ours("our:tasks", "our:tasks/segment"), want: []string{"tasks/inpaint imports tasks/segment", "never imports another"}},
		{name: "a task reaches networks by the bridge", path: "tasks/inpaint", imports: ours("our:tasks/internal/neural", "our:cae"), want: []string{"tasks/inpaint imports cae,", "tasks/internal/neural"}},
		{name: "a task's test uses the suite", path: "tasks/inpaint", tests: ours("our:tasks/taskstest", "our:tasks/inpaint")},
		{name: "a task does not", path: "tasks/inpaint", imports: ours("our:tasks/taskstest"), want: []string{"tasks/inpaint imports tasks/taskstest"}},
		{name: "the list of tasks", path: "tasks/all", imports: ours("our:tasks", "our:tasks/denoise", "our:tasks/segment")},
		{name: "the list has tasks only", path: "tasks/all", imports: ours("our:tasks/fit"), want: []string{"tasks/all imports tasks/fit"}},
		{name: "the bridge", path: "tasks/internal/neural", imports: ours("our:cae", "our:cae/modelfile", "our:pix", "our:tasks"), tests: ours("our:cae/caetest")},
		{name: "the command line names no task", path: "cmd/restore", imports: ours("our:tasks/all", "our:tasks/denoise"), want: []string{"cmd/restore imports tasks/denoise"}},
		{name: "the command line", path: "cmd/restore", imports: ours("our:tasks/all", "our:tasks/fit", "our:cae/modelfile", "our:pipeline", "github.com/urfave/cli/v2", "gonum.org/v1/plot")},
		{name: "training of any task", path: "tasks/fit", imports: ours("our:tasks", "our:tasks/internal/neural", "our:pix", "our:cae", "our:cae/train", "our:cae/modelfile")},
		{name: "training of one task", path: "tasks/fit", imports: ours("our:tasks/denoise"), want: []string{"tasks/fit imports tasks/denoise", "same for every task"}},
		{name: "engine and pictures", path: "cae", imports: ours("our:pix"), want: []string{"cae imports pix"}},
		{name: "engine and image", path: "cae", imports: []string{"image"}, want: []string{"cae imports image,", "no pictures"}},
		{name: "engine and image by way of another", path: "cae/train", imports: ours("our:cae", "gonum.org/v1/gonum/stat"), deps: []string{"math", "image/color"}, want: []string{"cae/train imports image/color", "by way of"}},
		{name: "engine's tests", path: "cae", imports: ours("our:cae/modelfile"), tests: ours("our:cae/caetest", "our:cae")},
		{name: "model files know no networks", path: "cae/modelfile", imports: ours("our:cae"), want: []string{"cae/modelfile imports cae,"}},
		{name: "kernels know nothing", path: "cae/internal/kernel", imports: ours("our:cae"), want: []string{"cae/internal/kernel imports cae,"}},
		{name: "no network", path: "pix", imports: []string{"net/http"}, want: []string{"pix imports net/http", "phones home"}},
		{name: "no cgo, not even in the command line", path: "cmd/restore", imports: []string{"C"}, want: []string{"cmd/restore imports C,", "no package"}},
		{name: "options are for the command line", path: "tasks/denoise", imports: []string{"github.com/urfave/cli/v2"}, want: []string{"only cmd/..."}},
		{name: "diagrams too", path: "tasks/fit", imports: []string{"gonum.org/v1/plot/plotter"}, want: []string{"tasks/fit imports gonum.org/v1/plot/plotter"}},
		{name: "a package that nobody decided upon", path: "util", want: []string{"util has no line in the import table", "rules.go"}},
		{name: "a package within a task", path: "tasks/denoise/deep", want: []string{"tasks/denoise/deep has no line"}},
		{name: "the module's root", path: ".", want: []string{". has no line"}},
		{name: "a path that only begins alike", path: "pixels", want: []string{"pixels has no line"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := Package{ImportPath: Module + "/" + c.path, Imports: c.imports, Deps: c.deps, TestImports: c.tests}
			if c.path == "." {
				p.ImportPath = Module
			}
			expect(t, Imports([]Package{p}), c.want)
			if c.tests != nil {
				p.TestImports, p.XTestImports = nil, c.tests
				expect(t, Imports([]Package{p}), c.want)
			}
		})
	}
}

// expect checks that got is one message with the given parts, or none where
// there are no parts.
func expect(t *testing.T, got, parts []string) {
	t.Helper()
	switch {
	case len(parts) == 0 && len(got) > 0:
		t.Errorf("complains without reason: %q", got)
	case len(parts) > 0 && len(got) != 1:
		t.Errorf("%d messages, want one with %q: %q", len(got), parts, got)
	case len(parts) > 0:
		for _, part := range parts {
			if !strings.Contains(got[0], part) {
				t.Errorf("message %q does not say %q", got[0], part)
			}
		}
	}
}

func TestSpeech(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path, file, text string
		want                   []string
	}{
		{"prints", "pix", "a.go", "import \"fmt\"\nfunc f() { fmt.Println() }", []string{"pix/a.go:3 uses fmt.Println", "return an error"}},
		{"prints under another name", "pix", "a.go", "import say \"fmt\"\nfunc f() { say.Printf(\"\") }", []string{"say.Printf"}},
		{"hands the function on", "pix", "a.go", "import \"fmt\"\nvar f = fmt.Print", []string{"fmt.Print"}},
		{"writes to standard output", "pix", "a.go", "import \"os\"\nvar w = os.Stdout", []string{"os.Stdout"}},
		{"exits", "cae/train", "a.go", "import \"os\"\nfunc f() { os.Exit(1) }", []string{"cae/train/a.go:3 uses os.Exit"}},
		{"prints for debugging", "cae", "a.go", "func f() { println(1) }", []string{"uses println"}},
		{"does not parse", "cae", "a.go", "func {", []string{"a.go:2"}},
		{"formats", "pix", "a.go", "import (\"fmt\"; \"io\")\nfunc f(w io.Writer) string { fmt.Fprintln(w); return fmt.Sprint(1) }", nil},
		{"has a variable of that name", "pix", "a.go", "type l struct{ Exit func(int) }\nfunc f(os l) { os.Exit(1) }", nil},
		{"has a function of that name", "pix", "a.go", "func print(int) {}\nfunc f() { print(1) }", nil},
		{"is a program", "cmd/restore", "a.go", "import \"os\"\nfunc f() { os.Exit(1) }", nil},
		{"is a program beside the product", "samples/render", "a.go", "import \"fmt\"\nfunc f() { fmt.Println() }", nil},
		{"is a test", "pix", "a_test.go", "import \"fmt\"\nfunc f() { fmt.Println() }", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wrong, remarks := Sources([]Source{{c.path, c.file, []byte("package p\n" + c.text + "\n")}})
			expect(t, wrong, c.want)
			expect(t, remarks, nil)
		})
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	file := func(head string, lines int) []byte {
		return []byte(head + "package p\n" + strings.Repeat("\n", lines-1-strings.Count(head, "\n")))
	}
	const large = 451
	for _, c := range []struct {
		name, file    string
		text          []byte
		wrong, remark []string
	}{
		{"short", "a.go", file("", 400), nil, nil},
		{"long", "a.go", file("", 450), nil, []string{"cae/a.go has 450 lines"}},
		{"too long", "a.go", file("", large), []string{"cae/a.go has 451 lines", "two files"}, nil},
		{"a test", "a_test.go", file("", large), nil, nil},
		{"generated", "a.go", file("// Code generated by gen. DO NOT EDIT.\n\n", large), nil, nil},
		{"generated, with a licence before", "a.go", file("// Licence.\n\n// Code generated by gen. DO NOT EDIT.\n\n", large), nil, nil},
		{"about generated code", "a.go", []byte("package p\n// Code generated by gen.\n" + strings.Repeat("\n", large)), []string{"lines"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wrong, remarks := Sources([]Source{{"cae", c.file, c.text}})
			expect(t, wrong, c.wrong)
			expect(t, remarks, c.remark)
		})
	}
}

// TestIgnoredFiles reads the imports of files for other machines.
func TestIgnoredFiles(t *testing.T) {
	t.Parallel()
	p := Package{ImportPath: Module + "/pix"}
	for name, text := range map[string]string{
		"a_windows.go":      "package pix\nimport \"net\"\n",
		"a_windows_test.go": "package pix\nimport \"" + Module + "/cae\"\n",
		"b_windows_test.go": "package pix_test\nimport \"" + Module + "/tasks\"\n",
	} {
		if err := p.addImports(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	wrong := strings.Join(Imports([]Package{p}), "\n")
	for _, part := range []string{"pix imports net", "a test of pix imports cae", "a test of pix imports tasks"} {
		if !strings.Contains(wrong, part) {
			t.Errorf("messages do not say %q:\n%s", part, wrong)
		}
	}
}
