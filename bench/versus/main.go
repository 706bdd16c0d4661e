// Versus measures this project's engine against its peers in one sitting, turn
// by turn, and prints the result as tables in Markdown. bench/README.md says
// what to install and how the measuring is done.
//
//	go run ./bench/versus [-rounds N] [-threads N] [-size HxW] [CASE...]
//
// CASE is dncnn, mark (against ONNX Runtime), train (against PyTorch), threads
// (our own gain by more threads) or check (the same output as ONNX Runtime);
// without any, all of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

var allCases = []string{"dncnn", "mark", "train", "threads", "check"}

// bench is one sitting.
type bench struct {
	out     io.Writer
	root    string // of the checkout
	temp    string // for binaries and models, removed at the end
	network string // our runner's binary
	node    string
	python  string
	threads int
	rounds  int
	warm    int
	runs    int
	size    string
	height  int
	width   int
	infos   []string // what the runners say of themselves
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := &bench{out: os.Stdout}
	flag.IntVar(&b.threads, "threads", runtime.NumCPU(), "threads of each side")
	flag.IntVar(&b.rounds, "rounds", 15, "turns of each side")
	flag.IntVar(&b.runs, "runs", 3, "runs of a turn that count, by their median")
	flag.IntVar(&b.warm, "warm", 1, "runs at the start of a turn whose time does not count")
	flag.StringVar(&b.size, "size", "512x512", "height and width of the picture")
	flag.StringVar(&b.node, "node", "node", "program that runs ONNX Runtime's runner")
	flag.StringVar(&b.python, "python", "/usr/bin/python3", "program that runs PyTorch's runner")
	flag.Parse()
	if err := b.do(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "versus:", err)
		os.Exit(1)
	}
}

func (b *bench) do(ctx context.Context, cases []string) (err error) {
	if len(cases) == 0 {
		cases = allCases
	}
	for _, c := range cases {
		if !slices.Contains(allCases, c) {
			return fmt.Errorf("there is no case %q; there are %s", c, strings.Join(allCases, ", "))
		}
	}
	if _, err := fmt.Sscanf(b.size, "%dx%d", &b.height, &b.width); err != nil || b.height < 1 || b.width < 1 {
		return fmt.Errorf("-size %s: write HEIGHTxWIDTH", b.size)
	}
	if b.rounds < 1 || b.threads < 1 || b.runs < 1 || b.warm < 0 {
		return fmt.Errorf("-rounds %d, -threads %d, -runs %d, -warm %d: the first three are at least 1", b.rounds, b.threads, b.runs, b.warm)
	}
	if b.temp, err = os.MkdirTemp("", "restore-versus-*"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.temp)) }()
	if err := b.build(ctx); err != nil {
		return err
	}
	var tables []table
	for _, c := range cases {
		fmt.Fprintln(os.Stderr, "versus:", c)
		t, err := b.measure(ctx, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c, err)
		}
		tables = merge(tables, t)
	}
	fmt.Fprintf(b.out, "%s, %d cores, %s/%s; %d threads, %d rounds of %s.\n", cpuName(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, b.threads, b.rounds, b.pausing())
	for _, info := range b.infos {
		fmt.Fprintf(b.out, "- %s\n", info)
	}
	for _, t := range tables {
		fmt.Fprintf(b.out, "\n%s", t)
	}
	return nil
}

// build makes our runner from the checkout that the program is started in.
func (b *bench) build(ctx context.Context) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("start it in a checkout of the project: go list -m: %w", err)
	}
	b.root = strings.TrimSpace(string(root))
	b.network = filepath.Join(b.temp, "network")
	return b.command(ctx, "go", "build", "-o", b.network, "./bench/network")
}

// command runs a program in the checkout to its end.
func (b *bench) command(ctx context.Context, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = b.root
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, text)
	}
	return nil
}

func (b *bench) pausing() string {
	if canPause {
		return "turns, one side stopped while the other runs"
	}
	return "turns, with nothing to stop the idle side on this system"
}

// cpuName is the processor's name, where the system tells it.
func cpuName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return "unknown processor"
}
