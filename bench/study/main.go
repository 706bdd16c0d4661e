// Study trains many small variants of the denoiser's network, each for the same
// number of multiplications, and prints what they score: what pays per
// multiplication. docs/quality.md shows the result.
//
//	go build -o restore ./cmd/restore
//	go run ./bench/study -restore ./restore -data $DATA/photos/train -val $DATA/photos/val -o study
//
// A trial that has ended is not run again, so the study can be interrupted.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
)

func main() {
	var s study
	flag.StringVar(&s.restore, "restore", "restore", "the program")
	flag.StringVar(&s.data, "data", "", "folder to learn from")
	flag.StringVar(&s.val, "val", "", "folder to score on")
	flag.StringVar(&s.out, "o", "study", "folder for the trials")
	flag.Float64Var(&s.budget, "tmac", 4.5, "multiplications of the forward runs of a trial, in units of 10^12")
	only := flag.String("only", "", "regular expression: trials to run")
	list := flag.Bool("list", false, "say what the trials cost and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx, *only, *list); err != nil {
		fmt.Fprintln(os.Stderr, "study:", err)
		os.Exit(1)
	}
}

type study struct {
	restore, data, val, out string
	budget                  float64
}

func (s *study) run(ctx context.Context, only string, list bool) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	var rows []row
	for _, t := range trials() {
		if !wanted.MatchString(t.group + " " + t.name) {
			continue
		}
		r, err := s.cost(t)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", t.group, t.name, err)
		}
		if !list {
			if err := s.train(ctx, t, &r); err != nil {
				return fmt.Errorf("%s, %s: %w", t.group, t.name, err)
			}
		}
		rows = append(rows, r)
	}
	print(os.Stdout, rows)
	return nil
}

// cost makes the trial's row, of which the scores are still missing.
func (s *study) cost(t trial) (row, error) {
	net, err := cae.Autoencoder(t.config)
	if err != nil {
		return row{}, err
	}
	r := row{trial: t}
	for _, p := range net.Params() {
		r.params += p.Len()
	}
	perStep := float64(net.MACs(t.patch, t.patch)) * float64(t.batch)
	r.kMAC = float64(net.MACs(t.patch, t.patch)) / float64(t.patch*t.patch) / 1e3
	r.steps = int(s.budget * 1e12 / perStep)
	r.megapixels = float64(r.steps) * float64(t.batch*t.patch*t.patch) / 1e6
	return r, nil
}

var unfit = regexp.MustCompile(`[^a-z0-9.]+`)

// train trains and scores one trial, unless that has been done.
func (s *study) train(ctx context.Context, t trial, r *row) error {
	dir := filepath.Join(s.out, strings.Trim(unfit.ReplaceAllString(strings.ToLower(t.group+" "+t.name), "-"), "-"))
	if r.read(dir) == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	start := filepath.Join(dir, "start.safetensors")
	if err := writeStart(start, t); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, s.restore, "train", "denoise", "--data", s.data, "--val", s.val, "-o", dir, "--overwrite", "--from", start,
		"--steps", strconv.Itoa(r.steps), "--batch", strconv.Itoa(t.batch), "--patch", strconv.Itoa(t.patch),
		"--rate", t.rate, "--loss", t.loss, "--seed", t.seed, "--warmup", "100", "--schedule", "cosine", "--score", "24h")
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	fmt.Fprintf(os.Stderr, "%s, %s: %d steps\n", t.group, t.name, r.steps)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return r.read(dir)
}

// writeStart writes the trial's network with its first weights. In F32: so
// wrote, a training begins as it would from nothing.
func writeStart(path string, t trial) error {
	net, err := cae.Autoencoder(t.config)
	if err != nil {
		return err
	}
	seed, err := strconv.ParseUint(t.seed, 10, 64)
	if err != nil {
		return err
	}
	net.Init(seed)
	var b bytes.Buffer
	if err := cae.Save(&b, net, modelfile.Metadata{Task: "denoise", Model: "fast"}, modelfile.F32); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o666)
}
