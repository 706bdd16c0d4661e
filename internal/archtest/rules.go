package archtest

// Module is the path of this module; the patterns below leave it out.
const Module = "github.com/cae-restore/restore"

// rule says what the packages of our own that match Package may import.
//
// A pattern is a path without the module's, such as "cae/train". A last element
// "..." also matches whatever lies below, and the element "<task>" matches any
// folder of a task.
type rule struct {
	Package string
	May     []string // of our own packages, in all files
	Tests   []string // beside May, in test files
	Never   []string // of other packages, also by way of what it imports
	Why     string   // printed with a violation
}

// layers is the import table. The first rule that matches a package holds; a
// package without a rule is a violation, so that each new one is decided upon.
// docs/architecture.md explains the table.
var layers = []rule{
	{
		Package: "cmd/...",
		May:     []string{"watch", "report", "pipeline", "tasks", "tasks/all", "tasks/fit", "pix", "cae/..."},
		Tests:   []string{"internal/hostile"},
		Why:     "the command line knows tasks by their names alone, through tasks/all",
	},
	{
		Package: "watch",
		May:     []string{"pipeline", "tasks", "pix"},
		Why:     "a watched folder is a source of the pipeline",
	},
	{
		Package: "report",
		May:     []string{"pipeline", "tasks", "pix"},
		Why:     "a report is drawn from the results of a run, whichever tasks it was of",
	},
	{
		Package: "pipeline",
		May:     []string{"tasks", "pix"},
		Why:     "the pipeline knows no concrete task and no network: what it needs of them is in the contract, package tasks",
	},
	{
		Package: "tasks",
		May:     []string{"pix"},
		Why:     "the contract knows pictures, and neither those who fulfil it nor those who use it",
	},
	{
		Package: "tasks/all",
		May:     []string{"tasks", "tasks/<task>"},
		Why:     "it is a list of tasks and nothing else",
	},
	{
		Package: "tasks/fit",
		May:     []string{"tasks", "tasks/internal/neural", "tasks/internal/degrade", "pix", "cae", "cae/train", "cae/modelfile"},
		Why:     "training and scoring are the same for every task: they ask its tasks.Model, and hand its network to cae/train",
	},
	{
		Package: "tasks/taskstest",
		May:     []string{"tasks", "pix"},
		Why:     "the suite tests any task through the contract",
	},
	{
		Package: "tasks/internal/neural",
		May:     []string{"tasks", "pix", "cae", "cae/modelfile"},
		Tests:   []string{"cae/caetest"},
		Why:     "it is the one bridge between pictures and networks",
	},
	{
		Package: "tasks/internal/degrade",
		May:     []string{"pix"},
		Why:     "damage is done to planes of samples; which of it a task learns from is the task's business",
	},
	{
		Package: "tasks/internal/degrade/sheet",
		May:     []string{"pix", "tasks/internal/degrade"},
		Why:     "it draws the pictures of docs/degradations.md",
	},
	{
		Package: "tasks/<task>",
		May:     []string{"tasks", "tasks/internal/neural", "tasks/internal/degrade", "pix"},
		Tests:   []string{"tasks/taskstest"},
		Why:     "a task never imports another (what one hands to the next is a named plane) and reaches networks through tasks/internal/neural",
	},
	{
		Package: "pix",
		Tests:   []string{"internal/hostile"},
		Why:     "pictures know nothing of tasks and networks",
	},
	{
		Package: "cae",
		May:     []string{"cae/modelfile", "cae/internal/kernel"},
		Tests:   []string{"cae/caetest"},
		Never:   []string{"image/..."},
		Why:     "the engine knows tensors, and no pictures, files or flags",
	},
	{
		Package: "cae/modelfile",
		Never:   []string{"image/..."},
		Why:     "a model file is names, shapes, numbers and text; networks are the business of cae",
	},
	{
		Package: "cae/internal/kernel",
		Never:   []string{"image/..."},
		Why:     "kernels see slices of float32 and sizes",
	},
	{
		Package: "cae/onnx",
		May:     []string{"cae", "cae/modelfile"},
		Never:   []string{"image/..."},
		Why:     "it writes any network, from its graph and metadata alone",
	},
	{
		Package: "cae/train",
		May:     []string{"cae", "cae/modelfile"},
		Never:   []string{"image/..."},
		Why:     "training reports numbers; curves are drawn by the command line",
	},
	{
		Package: "cae/caetest",
		May:     []string{"cae"},
		Never:   []string{"image/..."},
		Why:     "the suite tests any layer through the interface",
	},
	{
		Package: "samples/...",
		May:     []string{"pix"},
		Why:     "the programs that draw the sample pictures stand beside the product",
	},
	{
		Package: "bench/...",
		May:     []string{"pix", "tasks", "tasks/all", "tasks/fit", "pipeline", "cae/..."},
		Why:     "measurements use what cmd uses",
	},
	{
		Package: "training/...",
		May:     []string{"pix", "cae", "cae/modelfile"},
		Tests:   []string{"cae/train"},
		Why:     "training on accelerators meets the product in files: the network's JSON, pairs, weights",
	},
	{
		Package: "internal/hostile",
		Why:     "it makes bad files for tests of any package, without the help of those that read them",
	},
	{
		Package: "internal/archtest",
		Why:     "the test of the layout depends on none of it",
	},
}

// notTasks are the folders under tasks that are no task.
var notTasks = []string{"all", "fit", "internal", "taskstest"}

// ban keeps packages of other modules and of the standard library to the places
// that are meant for them. It concerns what a package imports itself, tests
// left out.
type ban struct {
	Import []string // patterns of whole import paths
	But    []string // patterns of our own packages that may
	Why    string
}

var bans = []ban{
	{
		Import: []string{"C", "plugin"},
		Why:    "the binary is static and works without a C compiler",
	},
	{
		Import: []string{"net", "net/..."},
		Why:    "nothing is downloaded and nothing phones home",
	},
	{
		Import: []string{"os/exec"},
		But:    []string{"internal/archtest", "bench/..."},
		Why:    "the program needs no other program; measurements run the peers",
	},
	{
		Import: []string{"flag", "github.com/urfave/cli/v2", "github.com/schollz/progressbar/v3", "golang.org/x/term"},
		But:    []string{"cmd/...", "samples/...", "bench/...", "training/...", "tasks/internal/degrade/sheet"},
		Why:    "only the command line knows options and terminals",
	},
	{
		Import: []string{"gonum.org/v1/plot/..."},
		But:    []string{"cmd/...", "bench/..."},
		Why:    "diagrams are drawn by the command line; other packages report numbers",
	},
	{
		Import: []string{"log", "log/slog"},
		But:    []string{"cmd/...", "samples/...", "bench/...", "training/...", "tasks/internal/degrade/sheet"},
		Why:    "packages return errors and report events; only the command line prints",
	},
	{
		Import: []string{"testing/..."},
		But:    []string{"cae/caetest", "tasks/taskstest"},
		Why:    "tests are no part of the program",
	},
}

// speakers are the packages that may print and exit: programs.
var speakers = []string{"cmd/...", "samples/...", "bench/...", "training/...", "tasks/internal/degrade/sheet"}

// Lines of a Go file that is neither generated nor a test. The larger number is
// a violation; from the smaller one on, the test mentions the file.
const (
	maxLines    = 450
	thinkAgain  = 400
	generatedBy = "// Code generated "
)
