package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestScripts runs the recipes of docs/scripts.md as they stand there.
func TestScripts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it starts the program a dozen times")
	}
	bash := lookShell(t, "bash")
	lookShell(t, "jq")
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "scripts.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	noisy := painting(40, 30)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range noisy.Pix {
		if i%4 != 3 {
			noisy.Pix[i] = uint8(min(max(float64(noisy.Pix[i])+25*rng.NormFloat64(), 0), 255))
		}
	}
	writeFile(t, filepath.Join(dir, "noisy", "a.png"), pngOf(t, noisy))
	writeFile(t, filepath.Join(dir, "originals", "a.png"), pngOf(t, painting(40, 30)))
	writeFile(t, filepath.Join(dir, "scans", "sub", "b.png"), pngOf(t, noisy))
	writeFile(t, filepath.Join(dir, "scans", "bad one.png"), pngOf(t, noisy)[:50])
	env := asRestore(t)
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	printed := make([]string, len(blocks))
	for i, block := range blocks {
		cmd := exec.Command(bash, "--norc", "-euo", "pipefail", "-c", block[1])
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s%s", err, block[1], out)
		}
		printed[i] = string(out)
	}
	all := strings.Join(printed, "")
	for _, want := range []string{"done, but some pictures failed\n", "scans/bad one.png: ", " scans/bad one.png\n", "sub/b.png\t"} {
		if !strings.Contains(all, want) {
			t.Errorf("the recipes do not print %q, but:\n%s", want, all)
		}
	}
	var gain float64
	for _, line := range strings.Split(all, "\n") {
		if json.Unmarshal([]byte(line), &gain) == nil && gain != 0 {
			break
		}
	}
	if gain < 1 {
		t.Errorf("the mean gain is %g dB", gain)
	}
	for _, name := range []string{"clean/sub/b.png", "failed/bad one.png", "scored/a.png", "again/a.png"} {
		if !exists(filepath.Join(dir, filepath.FromSlash(name))) {
			t.Errorf("there is no %s", name)
		}
	}
	if lost, err := os.ReadFile(filepath.Join(dir, "failed.txt")); err != nil || !strings.Contains(string(lost), "bad one.png") {
		t.Errorf("failed.txt: %q, %v", lost, err)
	}
}

// service reads a file of docs/service.
func service(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "service", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestServiceCommands: the commands in the unit and the Containerfile are ones
// that the program takes.
func TestServiceCommands(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(`(?m)^ExecStart=\S+/restore (.*)$`).FindStringSubmatch(service(t, "restore-watch.service"))
	cmd := regexp.MustCompile(`(?m)^CMD (\[.*\])$`).FindStringSubmatch(service(t, "Containerfile"))
	if line == nil || cmd == nil {
		t.Fatal("a command is missing")
	}
	var words []string
	if err := json.Unmarshal([]byte(cmd[1]), &words); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{strings.Fields(line[1]), words} {
		if _, err := optionsFirst(realProgram().app(), args); err != nil {
			t.Errorf("restore %s: %v", strings.Join(args, " "), err)
		}
		pipeline := args[slices.Index(args, "-p")+1]
		if _, _, err := realProgram().readPipeline(pipeline); err != nil {
			t.Errorf("restore %s: %v", strings.Join(args, " "), err)
		}
	}
}

// TestServiceUnit has systemd read the unit.
func TestServiceUnit(t *testing.T) {
	t.Parallel()
	analyze := lookShell(t, "systemd-analyze")
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	text := service(t, "restore-watch.service")
	for _, must := range []string{"ProtectSystem=strict", "ReadWritePaths=/srv/photos/out", "Restart=on-failure", "MemoryMax=", "PrivateNetwork=yes"} {
		if !strings.Contains(text, "\n"+must) {
			t.Errorf("the unit has no %s", must)
		}
	}
	if strings.Contains(text, "\nMemoryDenyWriteExecute=yes") {
		t.Error("MemoryDenyWriteExecute keeps JPEGs from being written")
	}
	unit := strings.ReplaceAll(text, "/usr/local/bin/restore", self)
	file := writeFile(t, filepath.Join(t.TempDir(), "restore-watch.service"), []byte(unit))
	if out, err := exec.Command(analyze, "verify", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestWatchEvents: a watch prints events as a run does.
func TestWatchEvents(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	bad := writeFile(t, filepath.Join(in, "bad.png"), nil)
	synctest.Test(t, func(t *testing.T) {
		if err := os.Chtimes(bad, time.Now(), time.Now()); err != nil { // only what is young is tried again
			t.Fatal(err)
		}
		r := restore(t, "watch", "--json", "--once", "--poll", "1m", "--settle", "10ms", "-p", "fade", "-o", out, in)
		list := eventsOf(t, r.stdout)
		outcomes, retries := map[any]int{}, 0
		for _, e := range list {
			outcomes[e["outcome"]]++
			if e["event"] == "retry" && e["rel"] == "bad.png" {
				retries++
			}
		}
		end := list[len(list)-1]
		if r.code != exitSomeFailed || list[0]["total"] != nil || outcomes["restored"] != 2 || outcomes["failed"] != 1 || retries == 0 || end["restored"] != 2.0 || end["exit"] != 1.0 {
			t.Errorf("exit code %d:\n%s%s", r.code, r.stdout, r.stderr)
		}
	})
}
