package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/tasks/fit"
)

// childVariable makes the test binary run as the program itself.
const childVariable = "RESTORE_TEST_AS_PROGRAM"

// smallModel writes a small network that takes what those of denoise take.
func smallModel(t *testing.T) string {
	t.Helper()
	n, err := cae.Autoencoder(cae.Config{Inputs: []cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}}, Out: 3, Shuffle: 2,
		Widths: []int{8, 16}, Down: []int{1, 1}, Up: []int{1}, Norm: true, Skip: cae.SkipAdd, Head: cae.HeadResidual})
	if err != nil {
		t.Fatal(err)
	}
	n.Init(5)
	var file bytes.Buffer
	if err := cae.Save(&file, n, modelfile.Metadata{Task: "denoise", Model: "fast"}, modelfile.F32); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, filepath.Join(t.TempDir(), "small.safetensors"), file.Bytes())
}

// TestKill kills a training, as kill -9 does, at random moments. What is there
// then is whole, and the training resumed again and again ends with the very
// bits of one that was left alone.
func TestKill(t *testing.T) {
	t.Parallel()
	dir, _ := trained(t)
	begin := []string{"train", "denoise", "--data", filepath.Join(dir, "data"), "--from", smallModel(t),
		"--steps", "60", "--batch", "2", "--patch", "16", "--ema", "0.9", "--checkpoint", "1ns", "--jobs", "2"}
	left := filepath.Join(t.TempDir(), "left alone")
	if out, err := child(append(begin, "-o", left)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := checkWhole(t, left)

	killed := filepath.Join(t.TempDir(), "killed")
	resume := []string{"train", "denoise", "--data", filepath.Join(dir, "data"), "--resume", filepath.Join(killed, fit.CheckpointName), "--checkpoint", "1ns"}
	args := append(begin, "-o", killed)
	rng := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for run := 0; ; run++ {
		c := child(args...)
		stderr, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// Each run gets as far as a checkpoint of its own, so that the end comes.
		lines, saves := bufio.NewScanner(stderr), 1+rng.IntN(8)
		var said []string
		for lines.Scan() {
			said = append(said, lines.Text())
			if strings.Contains(lines.Text(), "saved") {
				if saves--; saves == 0 && kills < 6 {
					time.Sleep(time.Duration(rng.IntN(20000)) * time.Microsecond)
					_ = c.Process.Kill()
				}
			}
		}
		err = c.Wait()
		if err == nil {
			break
		}
		if c.ProcessState.ExitCode() >= 0 {
			t.Fatalf("run %d: %v\n%s", run, err, strings.Join(said, "\n"))
		}
		kills++
		checkWhole(t, killed)
		args = resume
	}
	if kills == 0 {
		t.Error("no run was killed: nothing is tested")
	}
	if got := checkWhole(t, killed); !bytes.Equal(got, want) {
		t.Errorf("after %d kills the training ends with other weights", kills)
	}
	if rest, _ := filepath.Glob(filepath.Join(killed, ".*")); len(rest) > 0 {
		t.Errorf("the kills left %v", rest)
	}
}

func child(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), childVariable+"=1")
	return c
}

// checkWhole checks checkpoint, model and log of a training, and returns the
// tensors of the checkpoint and the model.
func checkWhole(t *testing.T, dir string) []byte {
	t.Helper()
	checkpoint, err := train.OpenCheckpoint(filepath.Join(dir, fit.CheckpointName))
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, name := range []string{fit.CheckpointName, "fast.safetensors"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if os.IsNotExist(err) && name != fit.CheckpointName {
			continue // killed between the first checkpoint and the first model
		}
		if err != nil {
			t.Fatal(err)
		}
		f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, tensor := range f.Tensors {
			fmt.Fprintln(&all, tensor.Name, tensor.Data)
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, fit.LogName))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(log), "\n")
	steps := []int64{}
	for _, line := range lines[:len(lines)-1] { // behind the last line end is nothing, or a line that was cut
		var e fit.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("a line of the log is %q: %v", line, err)
		}
		if e.Kind == "saved" {
			steps = append(steps, e.Step)
		}
	}
	if !slices.IsSorted(steps) || len(slices.Compact(slices.Clone(steps))) != len(steps) || len(steps) > 0 && steps[len(steps)-1] > checkpoint.Done {
		t.Errorf("the log has saved the steps %v, the checkpoint is of step %d", steps, checkpoint.Done)
	}
	return all.Bytes()
}
