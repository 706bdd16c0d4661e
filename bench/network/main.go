// Network runs a network on this project's engine and answers commands, one a
// line, on standard input, as the runners of the peers do. bench/README.md
// describes the protocol; bench/versus drives both sides.
//
//	go run ./bench/network [-threads N] [-size HxW] CASE
//
// CASE is dncnn or mark (peer networks with random weights, always the same),
// train (a training step of mark), or a model file.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/pipeline"
)

func main() {
	threads := flag.Int("threads", runtime.NumCPU(), "workers that compute at the same time")
	size := flag.String("size", "512x512", "height and width of the picture")
	flag.Parse()
	var h, w int
	if _, err := fmt.Sscanf(*size, "%dx%d", &h, &w); err != nil || h < 1 || w < 1 || flag.NArg() != 1 || *threads < 1 {
		fmt.Fprintln(os.Stderr, "usage: network [-threads N] [-size HxW] dncnn|mark|train|FILE.safetensors")
		os.Exit(2)
	}
	if err := serve(os.Stdin, os.Stdout, flag.Arg(0), *threads, h, w); err != nil {
		fmt.Fprintln(os.Stderr, "network:", err)
		os.Exit(1)
	}
}

// work is one case, ready to be measured.
type work interface {
	run() error                    // the work whose time counts
	info() string                  // what it is, in a few words
	export(path string) error      // writes the network as ONNX
	compare(from, to string) error // raw inputs in, raw output out
}

// serve sets a case up and answers commands until in ends.
func serve(in io.Reader, out io.Writer, name string, threads, h, w int) error {
	// Nothing but the workers, so that one thread is one: the collector of
	// garbage would use another core.
	runtime.GOMAXPROCS(threads)
	ctx := context.Background()
	pool := pipeline.NewPool(threads) // as the product runs networks
	if err := pool.Enter(ctx); err != nil {
		return err
	}
	defer pool.Leave()
	exec := cae.NewExec(ctx, pool.Run, pool.Workers())
	var job work
	var err error
	if name == "train" {
		job, err = newTraining(exec)
	} else {
		job, err = newInference(exec, name, h, w)
	}
	if err != nil {
		return err
	}
	for range 2 { // memory is there before the first measurement
		if err := job.run(); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "ready")
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 1 && fields[0] == "quit" {
			break
		}
		answer, err := obey(job, threads, fields)
		if err != nil {
			answer = "error " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Fprintln(out, answer)
	}
	return lines.Err()
}

// obey carries out one command and returns the answer.
func obey(job work, threads int, fields []string) (string, error) {
	switch {
	case len(fields) == 1 && fields[0] == "info":
		return fmt.Sprintf("restore (%s, kernels %s), %d threads; %s", runtime.Version(), cae.KernelSet(), threads, job.info()), nil
	case len(fields) == 2 && fields[0] == "run":
		n, err := strconv.Atoi(fields[1])
		if err != nil || n < 1 {
			return "", fmt.Errorf("run %s: not a number of runs", fields[1])
		}
		return timed(job, n)
	case len(fields) == 3 && fields[0] == "compare":
		return "done", job.compare(fields[1], fields[2])
	case len(fields) == 2 && fields[0] == "export":
		return "done", job.export(fields[1])
	}
	return "", fmt.Errorf("%q is none of: info, run N, compare IN OUT, export FILE, quit", strings.Join(fields, " "))
}

// timed returns the milliseconds of each of n runs.
func timed(job work, n int) (string, error) {
	times := make([]string, n)
	for i := range times {
		start := time.Now()
		if err := job.run(); err != nil {
			return "", err
		}
		times[i] = strconv.FormatFloat(float64(time.Since(start).Nanoseconds())/1e6, 'f', 3, 64)
	}
	return strings.Join(times, " "), nil
}
