package main

import (
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// insideVariable tells a child of a test that it has its own mounts.
const insideVariable = "RESTORE_TEST_OWN_MOUNTS"

// withMounts runs the test again in a process of its own, which may mount:
// neither the machine nor another test sees what. It reports whether the caller
// is that process.
func withMounts(t *testing.T) (inside bool) {
	t.Helper()
	if os.Getenv(insideVariable) != "" {
		return true
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), insideVariable+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	text, err := c.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		t.Skipf("no namespace to mount in: %v", err)
	case err != nil:
		t.Errorf("%v\n%s", err, text)
	case strings.Contains(string(text), "--- SKIP"):
		t.Skipf("%s", text)
	case !strings.Contains(string(text), "--- PASS: "+t.Name()+" "):
		t.Errorf("the child did not run the test:\n%s", text)
	}
	return false
}

// disk mounts a file system in memory of the given size, or gives the one that
// is there another size.
func disk(t *testing.T, dir, size string) {
	t.Helper()
	flags := uintptr(0)
	if exists(dir) {
		flags = syscall.MS_REMOUNT
	} else if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("disk", dir, "tmpfs", flags, "size="+size); err != nil {
		if flags == 0 {
			t.Skipf("a tmpfs cannot be mounted: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// noise is a picture that no format makes smaller.
func noise(w, h int, seed uint64) *image.NRGBA {
	m, rng := image.NewNRGBA(image.Rect(0, 0, w, h)), rand.New(rand.NewPCG(1, seed))
	for i := range m.Pix {
		if m.Pix[i] = 255; i%4 != 3 {
			m.Pix[i] = byte(rng.Uint32())
		}
	}
	return m
}

// TestFullDisk: where the disk of the outputs or of the ledger is full, the run
// ends with code 3 and says where room is to be made; what has a name is whole,
// and nothing else is left. Once there is room, the same command finishes.
func TestFullDisk(t *testing.T) {
	if !withMounts(t) {
		return
	}
	for _, test := range []struct {
		name              string
		small             string // the folder on the disk that is too small
		size              string
		pictures, of      int // of them, and samples a side
		says              string
		atLeast, lessThan int // pictures that the first run makes
	}{
		{"outputs", "out", "400k", 12, 128, "no room for the outputs in ", 1, 12},
		{"ledger", "state", "64k", 300, 8, "no room for the ledger in ", 1, 300},
		{"no ledger at all", "state", "4k", 3, 8, "the ledger", 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			in, out, state := filepath.Join(dir, "in"), filepath.Join(dir, "out"), filepath.Join(dir, "state")
			for i := range test.pictures {
				writeFile(t, filepath.Join(in, fmt.Sprintf("%03d.png", i)), pngOf(t, noise(test.of, test.of, uint64(i))))
			}
			small := filepath.Join(dir, test.small)
			disk(t, small, test.size)
			args := []string{"fade", "--jobs", "2", "--state", state, "-o", out, in}
			r := restore(t, args...)
			r.want(t, exitEnvironment, test.says, small)
			if test.atLeast > 0 {
				r.want(t, exitEnvironment, "the same command goes on")
			}
			t.Log(r.stderr)
			if all := r.stdout + r.stderr; strings.Contains(all, "restore-tmp") {
				t.Errorf("it names a hidden file:\n%s", all)
			}
			if made := whole(t, out, test.of); made < test.atLeast || made >= test.lessThan {
				t.Errorf("%d of %d pictures were made:\n%s", made, test.pictures, r.stderr)
			}
			disk(t, small, "64m")
			restore(t, args...).want(t, exitDone)
			if made := whole(t, out, test.of); made != test.pictures {
				t.Errorf("with room there are %d of %d pictures", made, test.pictures)
			}
			restore(t, args...).want(t, exitDone, fmt.Sprint(test.pictures), "current")
		})
	}
}

// whole counts the pictures in a folder, and fails where one is not whole or
// something else lies there.
func whole(t *testing.T, dir string, side int) (count int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == ".restore" {
			continue
		}
		if m := read(t, filepath.Join(dir, e.Name())); m.W != side || m.H != side {
			t.Errorf("%s has %dx%d samples", e.Name(), m.W, m.H)
		}
		count++
	}
	return count
}

// TestFullDiskMoves: where the disk that inputs are moved to is full, a watch that
// works off what is there ends with code 3; the next one moves them.
func TestFullDiskMoves(t *testing.T) {
	if !withMounts(t) {
		return
	}
	dir := t.TempDir()
	in, out, done := filepath.Join(dir, "in"), filepath.Join(dir, "out"), filepath.Join(dir, "done")
	writeFile(t, filepath.Join(in, "a.png"), pngOf(t, noise(100, 100, 1)))
	disk(t, done, "8k")
	args := []string{"watch", "-p", "fade", "-o", out, "--once", "--settle", "1ms", "--move-done", done, in}
	restore(t, args...).want(t, exitEnvironment, "no room for moved pictures in "+done, "inputs that could not be moved: 1")
	list := eventsOf(t, restore(t, append(args, "--json")...).stdout)
	end := list[len(list)-1]
	for _, e := range list {
		if e["kind"] == "move-failed" {
			if facts := e["error"].(map[string]any); facts["kind"] != "environment" {
				t.Errorf("the error of the move is %v", facts)
			}
		}
	}
	if facts, _ := end["error"].(map[string]any); end["exit"] != 3.0 || facts["kind"] != "environment" {
		t.Errorf("the end is %v", end)
	}
	if exists(filepath.Join(done, "a.png")) || !exists(filepath.Join(in, "a.png")) {
		t.Error("the input has gone")
	}
	disk(t, done, "1m")
	restore(t, args...).want(t, exitDone, "0 restored, 1 done before")
	if !exists(filepath.Join(done, "a.png")) || exists(filepath.Join(in, "a.png")) {
		t.Error("with room, it is not moved")
	}
}
