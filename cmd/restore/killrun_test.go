package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKillRun kills a run, as kill -9 does, at dozens of random moments, one after
// another on one folder. Whenever, what has a name is whole and its input's own. The
// run that is left alone completes the rest, a foreign file stays, and one more
// run finds all current.
func TestKillRun(t *testing.T) {
	t.Parallel()
	kills, pictures := 40, 60
	if testing.Short() {
		kills = 5
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	content := map[string][]byte{}
	renew := func(i, version int) {
		m := painting(32, 24)
		m.SetNRGBA(i%32, version%24, color.NRGBA{uint8(i), uint8(version), 7, 255})
		name := fmt.Sprintf("d%d/p%02d.png", i%3, i)
		content[name] = pngOf(t, m)
		writeFile(t, filepath.Join(in, filepath.FromSlash(name)), content[name])
	}
	for i := range pictures {
		renew(i, 0)
	}
	foreign := writeFile(t, filepath.Join(out, "d0", "p00.png"), []byte("somebody else's"))
	delete(content, "d0/p00.png")
	args := []string{"denoise", "--strength", "0", "--jobs", "2", "-o", out, in} // which copies

	rng := rand.New(rand.NewPCG(3, 4))
	killed := 0
	for run := range kills {
		c := child(args...)
		var said bytes.Buffer
		c.Stderr = &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// Half of the kills wait for a sign that work has begun, so that slow
		// machines too are killed in its midst.
		if run%2 == 0 {
			for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && !exists(filepath.Join(out, ".restore", "ledger.db")); {
				time.Sleep(time.Millisecond)
			}
		}
		time.Sleep(time.Duration(rng.IntN(120_000)) * time.Microsecond)
		_ = c.Process.Kill()
		if err := c.Wait(); err != nil {
			if c.ProcessState.ExitCode() >= 0 && c.ProcessState.ExitCode() != exitDone {
				t.Fatalf("run %d: %v\n%s", run, err, said.String())
			}
			killed++
		}
		wholeOutputs(t, out, content, false)
		for range 4 { // there is always something to be done, and to be replaced
			renew(1+rng.IntN(pictures-1), run+1)
		}
		if t.Failed() {
			t.Fatalf("after run %d", run)
		}
	}
	if killed < kills/2 {
		t.Errorf("only %d of %d runs were killed", killed, kills)
	}
	if said, err := child(args...).CombinedOutput(); err != nil {
		t.Fatalf("the run left alone: %v\n%s", err, said)
	}
	wholeOutputs(t, out, content, true)
	if !bytes.Equal(bytesOf(t, foreign), []byte("somebody else's")) {
		t.Error("the foreign file was replaced")
	}
	said, err := child(args...).CombinedOutput()
	if err != nil || !strings.Contains(string(said), fmt.Sprintf("0 restored, %d current, 1 skipped", pictures-1)) {
		t.Errorf("one more run: %v\n%s", err, said)
	}
}

// wholeOutputs checks that each output is a whole copy of its input; with all,
// that each input has one, of its present content, and that nothing else is there.
func wholeOutputs(t *testing.T, out string, content map[string][]byte, all bool) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(out, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.Name() == ".restore" {
				return filepath.SkipDir
			}
			return err
		}
		rel, _ := filepath.Rel(out, name)
		want, ours := content[filepath.ToSlash(rel)]
		data := bytesOf(t, name)
		switch {
		case rel == filepath.Join("d0", "p00.png"): // foreign
		case !ours && (all || !strings.HasPrefix(d.Name(), ".")):
			t.Errorf("%s is none of the outputs", rel)
		case ours && all && !bytes.Equal(data, want):
			t.Errorf("%s is not a copy of its input", rel)
		case ours:
			seen++
			read(t, name) // whole, if perhaps of an earlier content
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if all && seen != len(content) {
		t.Errorf("%d of %d outputs are there", seen, len(content))
	}
}
