package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// tinyPicture returns a PNG of 32 by 32 pixels, different for each seed.
func tinyPicture(t *testing.T, seed int) []byte {
	m := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for y := range 32 {
		for x := range 32 {
			noise := uint8((x*31 + y*57 + seed*13 + x*y*seed) % 41)
			m.SetNRGBA(x, y, color.NRGBA{uint8(seed%100) + noise, uint8(seed/100*9) + noise, 100 + noise, 255})
		}
	}
	return pngOf(t, m)
}

// watching is a watch in a process of its own, with what it reports.
type watching struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer

	mu      sync.Mutex
	more    *sync.Cond
	results map[string]int // outcome -> how many
	retries int
	lost    bool // events
	failed  []string
	ended   bool
}

func startWatch(t *testing.T, args ...string) *watching {
	t.Helper()
	w := &watching{cmd: child(append([]string{"watch"}, args...)...), results: map[string]int{}}
	w.more = sync.NewCond(&w.mu)
	w.cmd.Stderr = &w.stderr
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cmd.Process.Kill() })
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			var e struct{ Event, Kind, Outcome string }
			if json.Unmarshal(lines.Bytes(), &e) != nil {
				continue // the last line of a process that was killed
			}
			w.mu.Lock()
			switch e.Event {
			case "item":
				if w.results[e.Outcome]++; e.Outcome == "failed" {
					w.failed = append(w.failed, lines.Text())
				}
			case "retry":
				w.retries++
			case "watch":
				w.lost = w.lost || e.Kind == "overflow"
			}
			w.more.Broadcast()
			w.mu.Unlock()
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ended = true
		w.more.Broadcast()
	}()
	return w
}

// until waits until n pictures have been restored, or the process has ended.
func (w *watching) until(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.ended && w.results["restored"] < n {
		w.more.Wait()
	}
}

// end sends a signal and returns when the process has ended.
func (w *watching) end(s os.Signal) error {
	_ = w.cmd.Process.Signal(s)
	w.mu.Lock()
	for !w.ended {
		w.more.Wait()
	}
	w.mu.Unlock()
	return w.cmd.Wait()
}

// TestWatchKilled lets 2,000 pictures come in by every way that files come, under
// a watch that is killed twice, as kill -9 does, and once loses events, as its
// queue runs over. Afterwards each has exactly one output, the one that a plain
// run makes.
func TestWatchKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	const total = 2000
	dir := t.TempDir()
	in, stage, out := filepath.Join(dir, "in"), filepath.Join(dir, "stage"), filepath.Join(dir, "out")
	for _, d := range []string{in, stage} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	pipeline := []string{"-p", "denoise:strength=20", "--model", smallModel(t), "--jobs", "2"}
	args := append([]string{"-o", out, "--settle", "200ms", "--json", in}, pipeline...)

	var slow []func() // the second halves of files that are being written
	finishSlow := func() {
		for _, f := range slow {
			f()
		}
		slow = nil
	}
	arrive := func(i int) {
		data, name := tinyPicture(t, i), fmt.Sprintf("%04d.png", i)
		at := filepath.Join(in, fmt.Sprint("box", i%7), name)
		check := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		check(os.MkdirAll(filepath.Dir(at), 0o777))
		switch i % 10 {
		case 0: // slowly
			f, err := os.Create(at)
			check(err)
			_, err = f.Write(data[:len(data)/2])
			check(err)
			slow = append(slow, func() {
				_, err := f.Write(data[len(data)/2:])
				check(err)
				check(f.Close())
			})
		case 1, 2, 3: // renamed
			check(os.Rename(writeFile(t, filepath.Join(stage, name), data), at))
		case 4, 5: // under the name of an unfinished download
			check(os.Rename(writeFile(t, at+".part", data), at))
		case 6: // linked
			check(os.Link(writeFile(t, filepath.Join(stage, name), data), at))
		case 7: // new folders
			writeFile(t, filepath.Join(in, "new", fmt.Sprint(i), "deep", "er", name), data)
		case 8: // a whole tree is renamed in
			writeFile(t, filepath.Join(stage, "tree", "sub", name), data)
			check(os.Rename(filepath.Join(stage, "tree"), filepath.Join(in, fmt.Sprint("tree", i))))
		default: // copied
			writeFile(t, at, data)
		}
	}

	w := startWatch(t, args...)
	restored, retries, next := 0, 0, 0
	account := func(w *watching) {
		restored += w.results["restored"]
		retries += w.retries
		if len(w.failed) > 0 {
			t.Errorf("%d failed, the first: %s", len(w.failed), w.failed[0])
		}
	}
	for _, stop := range []int{700, 1400} {
		for ; next < stop; next++ {
			arrive(next)
		}
		// Nine of ten can be restored: all but those that are being written.
		w.until(200 + next%23)
		if err := w.end(syscall.SIGKILL); err == nil {
			t.Fatal("the watch has ended before it was killed")
		}
		account(w)
		for range 50 { // while nobody watches
			arrive(next)
			next++
		}
		if stop == 700 {
			finishSlow()
		}
		w = startWatch(t, args...)
	}
	for ; next < 1700; next++ {
		arrive(next)
	}
	w.until(100)

	// Events are lost: the process is held while the system's queue runs over.
	if err := w.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	limit, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	if err != nil {
		t.Fatal(err)
	}
	most, err := strconv.Atoi(strings.TrimSpace(string(limit)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range most + 100 { // a chmod is an event; equal ones in a row would be one
		if err := os.Chmod(filepath.Join(in, fmt.Sprint("box", i%2)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for ; next < total; next++ {
		arrive(next)
	}
	finishSlow()
	if err := w.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}

	// It is done when there are as many outputs as inputs.
	deadline := time.Now().Add(3 * time.Minute)
	for len(pngsIn(t, out, false)) < total && time.Now().Before(deadline) {
		time.Sleep(200 * time.Millisecond)
	}
	if err := w.end(syscall.SIGTERM); err != nil {
		t.Errorf("a watch that was asked to end: %v\n%s", err, w.stderr.String())
	}
	account(w)
	if !w.lost {
		t.Error("no events were lost: that is not tested")
	}
	if retries == 0 {
		t.Error("no file was met unfinished: that is not tested")
	}

	// A run makes the same outputs.
	plain := filepath.Join(dir, "plain")
	if text, err := child(append([]string{"run", "-q", "-o", plain, in}, pipeline...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	want, got := pngsIn(t, plain, true), pngsIn(t, out, true)
	if len(want) != total {
		t.Errorf("a run makes %d outputs of %d pictures", len(want), total)
	}
	for rel, data := range want {
		if !bytes.Equal(got[rel], data) {
			t.Errorf("%s: the output has %d bytes, that of a run %d", rel, len(got[rel]), len(data))
		}
		delete(got, rel)
	}
	for rel := range got {
		t.Errorf("%s: an output without a picture", rel)
	}
	t.Logf("restored %d times for %d pictures; %d retries", restored, total, retries)
	if repeated := restored - total; repeated > total/10 {
		t.Errorf("%d pictures were restored again", repeated)
	}

	// Nothing is left to do.
	text, err := child(append([]string{"watch", "--once", "-o", out, "--settle", "1ms", in}, pipeline...)...).CombinedOutput()
	if err != nil || !strings.Contains(string(text), fmt.Sprintf("0 restored, %d done before", total)) {
		t.Errorf("a watch over what is done: %v\n%s", err, text)
	}
}

// pngsIn lists the files below dir but those of the ledger, by relative path.
// With whole it reads them, and files without a name of their own yet, such as
// temporary ones, count too: none may be left.
func pngsIn(t *testing.T, dir string, whole bool) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, name)
		switch {
		case os.IsNotExist(err):
			return nil // a temporary file that has got its name
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".restore":
			return fs.SkipDir
		case !d.IsDir() && whole:
			files[filepath.ToSlash(rel)], err = os.ReadFile(name)
		case !d.IsDir() && !strings.HasPrefix(d.Name(), "."):
			files[filepath.ToSlash(rel)] = nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
