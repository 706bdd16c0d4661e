package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cae-restore/restore/internal/hostile"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// peakVariable names the file to which a run of the program as a child writes the
// most memory that it had, in bytes, as the kernel counts.
const peakVariable = "RESTORE_TEST_PEAK"

// asChild runs the program and returns its exit code. What the parent's own memory
// was does not count, as it does in the usage that the kernel hands to the parent.
func asChild(peakFile string, program func() int) int {
	code := program()
	status, _ := os.ReadFile("/proc/self/status") // absent where there is no Linux
	for line := range strings.Lines(string(status)) {
		if kB, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kB), " kB"), 10, 64)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			if err := os.WriteFile(peakFile, []byte(strconv.FormatInt(n<<10, 10)), 0o666); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}
	return code
}

// hostileMegapixels is the limit of the runs below.
const hostileMegapixels = 1

// hostileFolder writes good pictures and a part of the corpus into dir: all files
// that were made by hand, and one of each step of the others. It returns the
// paths, with what reading the file must give.
func hostileFolder(t *testing.T, dir string, step int) map[string]error {
	t.Helper()
	files := map[string]error{}
	add := func(f hostile.File) {
		// Numbers keep names apart that would become the same as PNG.
		path := filepath.Join(dir, fmt.Sprintf("%05d-%s", len(files), f.Name))
		_, err := pix.Decode(bytes.NewReader(f.Data), pix.Limits{MaxPixels: hostileMegapixels * 1e6})
		files[writeFile(t, path, f.Data)] = err
	}
	for _, f := range hostile.Seeds() {
		add(f)
	}
	for path, err := range files {
		if err != nil {
			t.Fatalf("%s is to be a good picture: %v", path, err)
		}
	}
	n := 0
	for f := range hostile.Corpus(2) {
		if n++; n%step == 0 {
			add(f)
		}
	}
	for _, f := range hostile.Crafted() {
		add(f)
	}
	return files
}

// TestHostileFolder restores a folder of bad files beside good pictures, in a
// process of its own: each good one has an output, each bad one has none and is
// named once with what to do, and all of it stays within a memory limit.
func TestHostileFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	files := hostileFolder(t, in, 40)
	c := child("run", "-p", "denoise:strength=20", "--model", smallModel(t), "--jobs", "2", "--max-megapixels", strconv.Itoa(hostileMegapixels), "-o", out, in)
	peakFile := filepath.Join(dir, "peak")
	c.Env = append(c.Env, peakVariable+"="+peakFile)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitSomeFailed {
		t.Fatalf("%v, want exit code %d\n%s", err, exitSomeFailed, stderr.String())
	}

	said := map[string][]string{}
	for line := range strings.Lines(stderr.String()) {
		if rest, ok := strings.CutPrefix(line, "restore: failed: "); ok {
			path, what, _ := strings.Cut(rest, ": ")
			said[path] = append(said[path], what)
		}
	}
	bad := 0
	for path, err := range files {
		stem := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		outputs, _ := filepath.Glob(filepath.Join(out, stem+".*"))
		switch {
		case err == nil:
			if len(outputs) != 1 || len(said[path]) > 0 {
				t.Errorf("%s: the outputs are %v, and it says %q", path, outputs, said[path])
			} else if m := read(t, outputs[0]); m.W == 0 {
				t.Errorf("%s is empty", outputs[0])
			}
		case len(outputs) > 0:
			t.Errorf("%s: %v, but the outputs are %v", path, err, outputs)
		case len(said[path]) != 1:
			t.Errorf("%s: %v: named %d times, want once", path, err, len(said[path]))
		case !adviseAny(said[path][0]):
			t.Errorf("%s: it does not say what to do: %q", path, said[path][0])
		default:
			bad++
		}
	}
	if bad < 150 || len(files)-bad < 50 {
		t.Errorf("%d bad files among %d: the corpus is not what it was", bad, len(files))
	}
	if want := fmt.Sprintf("%d failed", bad); !strings.Contains(stdout.String(), want) {
		t.Errorf("it does not say %q, but %q", want, stdout.String())
	}
	rest, _ := filepath.Glob(filepath.Join(out, ".*restore-tmp*"))
	if len(rest) > 0 {
		t.Errorf("temporary files are left: %v", rest)
	}

	if peak, err := os.ReadFile(peakFile); err == nil {
		n, err := strconv.ParseInt(string(peak), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d files, %d of them bad; at most %d MB of memory", len(files), bad, n>>20)
		if n > mostMemory && !raceDetector {
			t.Errorf("it took up to %d MB, want at most %d", n>>20, mostMemory>>20)
		}
	} else if runtime.GOOS == "linux" {
		t.Error(err)
	}
}

// mostMemory is what the run above may have at its peak: the program itself, and two
// pictures of a megapixel with metadata as large as metadata may be.
const mostMemory = 300 << 20

// adviseAny reports whether a message says what to do about a bad file.
func adviseAny(message string) bool {
	for _, advice := range []string{"copy it again", "leave it out", "--max-megapixels", "save it", "split it", "develop it", "flatten it"} {
		if strings.Contains(message, advice) {
			return true
		}
	}
	return false
}

// TestHostileGoroutines shows that bad files leave no goroutine behind. Not
// parallel: it counts those of the process.
func TestHostileGoroutines(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	hostileFolder(t, in, 500)
	registry := tasks.NewRegistry(fadeSpec(nil))
	run := func(out string) {
		restoreWith(t, registry, "fade", "--jobs", "4", "--max-megapixels", strconv.Itoa(hostileMegapixels), "-o", filepath.Join(dir, out), in).want(t, exitSomeFailed)
	}
	run("first") // starts what lives as long as the process
	before := runtime.NumGoroutine()
	run("second")
	// Goroutines that have done their work may still be on their way out.
	for until := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
