package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// side is what the program is measured on, and how it did.
type side struct {
	name    string
	in      string // folder
	pixels  int    // in all pictures together
	files   int
	seconds []float64 // of each round
	peak    int64     // largest memory of a round in bytes, 0 where unknown
}

// run takes the folder through the program once, into the folder out, which it
// removes again.
func (b *bench) run(ctx context.Context, s *side, out string) error {
	c := exec.CommandContext(ctx, b.binary, "denoise", "--quiet", "--jobs", strconv.Itoa(b.jobs),
		"--strength", strconv.FormatFloat(b.strength, 'g', -1, 64), "-o", out, s.in)
	var text bytes.Buffer
	c.Stdout, c.Stderr = &text, &text
	start := time.Now()
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(c.Args, " "), err, &text)
	}
	s.seconds = append(s.seconds, time.Since(start).Seconds())
	s.peak = max(s.peak, peakMemory(c.ProcessState))
	made, err := filepath.Glob(filepath.Join(out, "*.jpg"))
	if err != nil {
		return err
	}
	if len(made) != s.files {
		return fmt.Errorf("%d pictures went in, %d came out", s.files, len(made))
	}
	return os.RemoveAll(out)
}

// rates returns the megapixels a second of each round.
func (s *side) rates() []float64 {
	list := make([]float64, len(s.seconds))
	for i, t := range s.seconds {
		list[i] = float64(s.pixels) / 1e6 / t
	}
	return list
}

// median of at least one value; of an even number, the mean of the two in the
// middle.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// report is a table in Markdown. The ratio is the median over the rounds of
// the speed on thumbnails by that on the large picture.
func report(small, large *side) string {
	var b strings.Builder
	b.WriteString("| pictures | megapixels | seconds, median | megapixels/s | peak memory, MiB |\n|---|---|---|---|---|\n")
	for _, s := range []*side{small, large} {
		memory := "unknown"
		if s.peak > 0 {
			memory = fmt.Sprintf("%.0f", float64(s.peak)/(1<<20))
		}
		fmt.Fprintf(&b, "| %s | %.1f | %.2f | %.3f | %s |\n", s.name, float64(s.pixels)/1e6, median(s.seconds), median(s.rates()), memory)
	}
	ratios := small.rates()
	for i, large := range large.rates() {
		ratios[i] /= large
	}
	fmt.Fprintf(&b, "\nThumbnails go through at %.2f times the speed of the large picture.\n", median(ratios))
	return b.String()
}
