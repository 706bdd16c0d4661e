package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestGroupMemory(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, list string
		files      map[string]string
		want       int64
	}{
		{"none", "0::/\n", nil, 0},
		{"version 2", "0::/a/b\n", map[string]string{"a/b/memory.max": "max\n", "a/memory.max": "3000000\n", "memory.max": "9000000\n"}, 3000000},
		{"version 2 in a container", "0::/../host/x\n", map[string]string{"memory.max": "5000\n"}, 5000},
		{"version 1", "4:cpu,cpuacct:/c\n7:memory:/d\n", map[string]string{"memory/d/memory.limit_in_bytes": "7000", "memory/memory.limit_in_bytes": "9223372036854771712"}, 7000},
		{"both", "7:memory:/\n0::/e\n", map[string]string{"memory/memory.limit_in_bytes": "8000", "e/memory.max": "6000"}, 6000},
		{"odd lines", "x\n\n0::/\n", map[string]string{"memory.max": "many"}, 0},
	} {
		root := t.TempDir()
		for name, text := range test.files {
			writeFile(t, filepath.Join(root, name), []byte(text))
		}
		list := writeFile(t, filepath.Join(root, "list"), []byte(test.list))
		if got := groupMemory(list, root); got != test.want {
			t.Errorf("%s: %d bytes, want %d", test.name, got, test.want)
		}
	}
	if got := machineMemory(); got < 1<<26 {
		t.Errorf("this machine has %d bytes of memory", got)
	}
}

// mosaic is a picture of w by h samples, laid out with one and the same noisy
// tile, as JPEG.
func mosaic(t *testing.T, w, h int) []byte {
	t.Helper()
	const side = 256
	tile := painting(side, side)
	for i, v := range noise(side, side, 1).Pix {
		tile.Pix[i] += v / 8
	}
	m, err := jpeg.Decode(bytes.NewReader(jpegOf(t, tile)))
	if err != nil {
		t.Fatal(err)
	}
	from := m.(*image.YCbCr)
	to := image.NewYCbCr(image.Rect(0, 0, w, h), from.SubsampleRatio)
	lay := func(to, from []byte, stride, fromStride, side int) {
		for at := 0; at < len(to); at += stride {
			row := from[at/stride%side*fromStride:][:side]
			for x := 0; x < stride; x += side {
				copy(to[at+x:at+stride], row)
			}
		}
	}
	lay(to.Y, from.Y, to.YStride, from.YStride, side)
	lay(to.Cb, from.Cb, to.CStride, from.CStride, side/2)
	lay(to.Cr, from.Cr, to.CStride, from.CStride, side/2)
	return jpegOf(t, to)
}

// peakOf runs the program as a process of its own and returns the most memory
// that it held by the kernel's accounting, in bytes.
func peakOf(t *testing.T, code int, args ...string) (peak int64, text string) {
	t.Helper()
	c := child(args...)
	out, _ := c.CombinedOutput()
	if c.ProcessState == nil || c.ProcessState.ExitCode() != code {
		t.Fatalf("restore %s: %v, want exit code %d\n%s", strings.Join(args, " "), c.ProcessState, code, out)
	}
	return int64(c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) << 10, string(out)
}

// TestMemoryKept: a folder of small pictures round one of 100 megapixels stays
// within the budget, with the shipped network; with less, only the large one
// fails. The number of small pictures does not count.
func TestMemoryKept(t *testing.T) {
	if os.Getenv("RESTORE_LONG") == "" {
		t.Skip("takes minutes; RESTORE_LONG=1 runs it, as .ci/run does")
	}
	if machineMemory() < 6<<30 {
		t.Skip("a machine with at least 6 GiB of memory")
	}
	const budget, tight = int64(4 << 30), int64(1 << 30)
	const small = 2000
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	var tiles [8][]byte
	for i := range tiles {
		tiles[i] = jpegOf(t, noise(64, 64, uint64(i)))
	}
	for i := range small {
		writeFile(t, filepath.Join(in, fmt.Sprintf("%04d.jpg", i)), tiles[i%len(tiles)])
	}
	few, _ := peakOf(t, exitDone, "denoise", "--strength", "10", "--jobs", "4", "--memory", fmt.Sprint(budget), "--quiet", "-o", filepath.Join(dir, "few"), filepath.Join(in, "00*.jpg"))
	many, _ := peakOf(t, exitDone, "denoise", "--strength", "10", "--jobs", "4", "--memory", fmt.Sprint(budget), "--quiet", "-o", filepath.Join(dir, "many"), in)
	t.Logf("100 small pictures: %d MiB, %d: %d MiB", few>>20, small, many>>20)
	if many > few+few/4+16<<20 {
		t.Errorf("100 pictures take %d MiB, %d take %d", few>>20, small, many>>20)
	}

	writeFile(t, filepath.Join(in, "0050-large.jpg"), mosaic(t, 12000, 8400))
	out := filepath.Join(dir, "tight")
	peak, text := peakOf(t, exitSomeFailed, "denoise", "--strength", "10", "--jobs", "4", "--memory", fmt.Sprint(tight), "--quiet", "-o", out, in)
	t.Logf("the budget is %d MiB, the peak %d MiB: %s", tight>>20, peak>>20, text)
	if peak > tight || !strings.Contains(text, "for 12000x8400 pixels, and --memory allows 1.0 GiB") {
		t.Errorf("with %d MiB the peak is %d MiB, and it says\n%s", tight>>20, peak>>20, text)
	}
	made, err := os.ReadDir(out)
	if err != nil || len(made) != small+1 { // and the ledger's folder
		t.Errorf("%d small pictures were made of %d: %v", len(made)-1, small, err)
	}
	// The small ones are current now, but for some, which go beside the large one.
	for i := range 300 {
		if err := os.Remove(filepath.Join(out, fmt.Sprintf("%04d.jpg", i))); err != nil {
			t.Fatal(err)
		}
	}
	peak, text = peakOf(t, exitDone, "denoise", "--strength", "10", "--jobs", "4", "--memory", fmt.Sprint(budget), "-o", out, in)
	t.Logf("the budget is %d MiB, the peak %d MiB: %s", budget>>20, peak>>20, text)
	if peak > budget || peak < budget/4 {
		t.Errorf("with %d MiB the peak is %d MiB", budget>>20, peak>>20)
	}
	if m := read(t, filepath.Join(out, "0050-large.jpg")); m.W != 12000 || m.H != 8400 {
		t.Errorf("the large picture has become one of %dx%d", m.W, m.H)
	}
}

// TestMemoryOldPhoto: finding and filling the damage of a picture of 16
// megapixels stays within what the chain says that it takes, and with less it
// fails with the figure.
func TestMemoryOldPhoto(t *testing.T) {
	if os.Getenv("RESTORE_LONG") == "" {
		t.Skip("takes a minute; RESTORE_LONG=1 runs it, as .ci/run does")
	}
	if machineMemory() < 6<<30 {
		t.Skip("a machine with at least 6 GiB of memory")
	}
	const budget, tight = int64(3 << 29), int64(3 << 27)
	dir := t.TempDir()
	in := writeFile(t, filepath.Join(dir, "in", "large.jpg"), mosaic(t, 4096, 4096))
	out := filepath.Join(dir, "out")
	_, text := peakOf(t, exitSomeFailed, "run", "-p", "old-photo", "--memory", fmt.Sprint(tight), "--quiet", "-o", out, in)
	if !strings.Contains(text, "for 4096x4096 pixels, and --memory allows 384") {
		t.Errorf("with %d MiB it says\n%s", tight>>20, text)
	}
	peak, text := peakOf(t, exitDone, "run", "-p", "old-photo", "--memory", fmt.Sprint(budget), "-o", out, in)
	t.Logf("the budget is %d MiB, the peak %d MiB: %s", budget>>20, peak>>20, text)
	if peak > budget || peak < budget/5 {
		t.Errorf("with %d MiB the peak is %d MiB", budget>>20, peak>>20)
	}
	if m := read(t, filepath.Join(out, "large.jpg")); m.W != 4096 || m.H != 4096 {
		t.Errorf("the large picture has become one of %dx%d", m.W, m.H)
	}
}
