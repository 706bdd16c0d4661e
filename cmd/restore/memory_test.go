package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	whole := func() int64 { return 1000 }
	for text, want := range map[string]int64{
		"4GiB": 4 << 30, "800MB": 800e6, "1.5g": 3 << 29, "64 KiB": 64 << 10, "2T": 2 << 40, "1048576": 1 << 20, "2e6": 2e6, "7b": 7, "50%": 500, "12.5 %": 125, "100%": 1000, "3kb": 3000,
		"": 0, "x": 0, "10": 0, "1048575": 0, "-1GiB": 0, "0": 0, "101%": 0, "-5%": 0, "NaN": 0, "inf": 0, "1e30": 0, "GiB": 0, "4 GiBB": 0, "4GiB%": 0, "0.001": 0,
	} {
		got, err := parseSize(text, whole)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%q is %d bytes (%v), want %d", text, got, err, want)
		}
	}
}

// TestMemoryOption: a budget reaches the run and the collector, and one that
// makes no sense is a usage error.
func TestMemoryOption(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	for _, text := range []string{"much", "0", "120%", "1MiB"} {
		restore(t, "fade", "--memory", "10", "-o", out, in).want(t, exitUsage, "--memory: 10 bytes are too few; write a unit: 10GiB, 10MiB")
		restore(t, "fade", "--memory", text, "-o", out, in).want(t, exitUsage, "--memory")
		if exists(out) {
			t.Fatalf("--memory %s: something was made", text)
		}
	}
	writeFile(t, filepath.Join(in, "large.png"), pngOf(t, painting(3000, 2000)))
	args := []string{"fade", "--memory", "90MiB", "-o", out, in}
	restore(t, append(args, "--dry-run")...).want(t, exitSomeFailed, "large.png", "it needs more memory than is allowed: about ", "--memory allows 90 MiB")
	r := restore(t, args...)
	r.want(t, exitSomeFailed, "large.png", "--memory allows 90 MiB")
	if !exists(filepath.Join(out, "a.png")) || exists(filepath.Join(out, "large.png")) || strings.Contains(r.stderr, "a.png:") {
		t.Errorf("the large picture was made, or a small one was not:\n%s", r.stderr)
	}
	restore(t, "fade", "--memory", "1GiB", "-o", out, in).want(t, exitDone)
}
