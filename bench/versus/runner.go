package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// runner is a process that answers commands, see bench/README.md. It is stopped
// while it is not asked: threads that wait for work by spinning, as those of
// ONNX Runtime do for a while after a run, would take time from the other side.
type runner struct {
	name    string
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// start starts a runner and returns when it is ready, and stopped.
func start(ctx context.Context, dir, name string, args ...string) (*runner, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	r := &runner{name, c, in, bufio.NewReader(out)}
	if line, err := r.line(); err != nil || line != "ready" {
		r.close()
		return nil, fmt.Errorf("%s %s does not start (%q, %w); bench/README.md says what it needs", name, strings.Join(args, " "), line, orDone(err))
	}
	return r, pause(c.Process)
}

// orDone stands for an error where there is none to wrap.
func orDone(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

func (r *runner) line() (string, error) {
	line, err := r.out.ReadString('\n')
	return strings.TrimSpace(line), err
}

// ask lets the runner go on, gives it a command and returns its answer; then it
// is stopped again.
func (r *runner) ask(command string) (answer string, err error) {
	if err := resume(r.process.Process); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintln(r.in, command); err != nil {
		return "", fmt.Errorf("%s: %w", r.name, err)
	}
	if answer, err = r.line(); err != nil {
		return "", fmt.Errorf("%s ended while it did: %s", r.name, command)
	}
	if text, failed := strings.CutPrefix(answer, "error "); failed {
		return "", fmt.Errorf("%s: %s: %s", r.name, command, text)
	}
	return answer, pause(r.process.Process)
}

// times makes the runner do its work and returns the milliseconds of each run
// but the first warm ones.
func (r *runner) times(warm, runs int) ([]float64, error) {
	answer, err := r.ask(fmt.Sprintf("run %d", warm+runs))
	if err != nil {
		return nil, err
	}
	words := strings.Fields(answer)
	if len(words) != warm+runs {
		return nil, fmt.Errorf("%s: %d runs were answered by %q", r.name, warm+runs, answer)
	}
	var list []float64
	for _, word := range words[warm:] {
		ms, err := strconv.ParseFloat(word, 64)
		if err != nil || !(ms > 0) {
			return nil, fmt.Errorf("%s: %q is no time", r.name, word)
		}
		list = append(list, ms)
	}
	return list, nil
}

// close ends the runner, however it is.
func (r *runner) close() {
	_ = r.process.Process.Kill() // it may have ended by itself
	_ = r.process.Wait()         // killed: never a success
}
