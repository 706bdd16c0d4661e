package main

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestBench goes through a sitting on a few pictures.
func TestBench(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	b := &bench{out: &out, photos: filepath.Join("..", "..", "samples", "clean"), dir: t.TempDir(), pipeline: "denoise:strength=20",
		count: 6, side: 64, sample: 2, rounds: 1, jobs: 2, memory: 1 << 30}
	if err := b.do(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`6 pictures of 64x64`, `(?m)^\| 1 \|( [-0-9.]+( %)? \|){7}$`, `(?m)^\| 2 \|( [0-9.]+ % \|){4}$`, `2 workers are [0-9.]+ times`} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("%s is not in\n%s", want, &out)
		}
	}
	if rest, err := os.ReadDir(b.dir); err != nil || len(rest) != 0 {
		t.Errorf("it left %v, %v", rest, err)
	}
	b.photos = t.TempDir()
	if err := b.do(t.Context()); err == nil || !strings.Contains(err.Error(), "holds no JPEG or PNG") {
		t.Errorf("an empty folder gives %v", err)
	}
}

// TestShares: what the figures are made of.
func TestShares(t *testing.T) {
	t.Parallel()
	work := stages{decode: 1, network: 5, encode: 2, again: 1} // 9
	s := sitting{jobs: 2, runs: []run{
		{work: work, cpu: 10, wall: 7.5, delay: 3},
		{work: work, cpu: 10, wall: 9, delay: 6},
		{work: work, cpu: 12, wall: 6, delay: 20}, // threads that wait beside the workers
	}}
	for name, c := range map[string]struct{ got, want float64 }{
		"by the clock":                 {s.byWall(), 1 - 9.0/15},
		"without waiting for others":   {s.byTurns(), 1 - 9.0/12},
		"in processor time":            {s.byCPU(), 1 - 9.0/10},
		"of an even number, the means": {sitting{jobs: 1, runs: s.runs[:2]}.of(func(r run) float64 { return r.wall }), 8.25},
	} {
		if math.Abs(c.got-c.want) > 1e-9 {
			t.Errorf("overhead %s is %g, want %g", name, c.got, c.want)
		}
	}
}
