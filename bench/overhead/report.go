package main

import (
	"fmt"
	"slices"
	"strings"
)

// sitting is all runs on one number of workers.
type sitting struct {
	jobs int
	runs []run
}

// of is the median of a figure of the runs.
func (s sitting) of(f func(r run) float64) float64 {
	var values []float64
	for _, r := range s.runs {
		values = append(values, f(r))
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// byWall is the share of the workers' time that is not the work itself; waiting
// counts.
func (s sitting) byWall() float64 {
	return s.of(func(r run) float64 { return 1 - r.work.sum()/(float64(s.jobs)*r.wall) })
}

// byTurns is byWall without the time in which the workers wanted a processor
// that others held.
func (s sitting) byTurns() float64 {
	return s.of(func(r run) float64 { return 1 - r.work.sum()/max(r.cpu, float64(s.jobs)*r.wall-r.delay) })
}

// byCPU is the share of the processor time that is not the work itself.
func (s sitting) byCPU() float64 {
	return s.of(func(r run) float64 { return 1 - r.work.sum()/r.cpu })
}

// report is tables in Markdown.
func report(sittings []sitting) string {
	var b strings.Builder
	b.WriteString("| workers | seconds | processor seconds | of the work itself | overhead by the clock | without waiting for others | in processor time | second run, seconds |\n|---|---|---|---|---|---|---|---|\n")
	for _, s := range sittings {
		fmt.Fprintf(&b, "| %d | %.1f | %.1f | %.1f | %.1f %% | %.1f %% | %.1f %% | %.2f |\n", s.jobs,
			s.of(func(r run) float64 { return r.wall }), s.of(func(r run) float64 { return r.cpu }), s.of(func(r run) float64 { return r.work.sum() }),
			100*s.byWall(), 100*s.byTurns(), 100*s.byCPU(), s.of(func(r run) float64 { return r.current }))
	}
	b.WriteString("\n| workers | decode | network | encode | decode again |\n|---|---|---|---|---|\n")
	for _, s := range sittings {
		share := func(f func(w stages) float64) float64 {
			return 100 * s.of(func(r run) float64 { return f(r.work) / r.work.sum() })
		}
		fmt.Fprintf(&b, "| %d | %.1f %% | %.1f %% | %.1f %% | %.1f %% |\n", s.jobs, share(func(w stages) float64 { return w.decode }),
			share(func(w stages) float64 { return w.network }), share(func(w stages) float64 { return w.encode }), share(func(w stages) float64 { return w.again }))
	}
	if len(sittings) == 2 {
		one, more := sittings[0], sittings[1]
		wall := func(r run) float64 { return r.wall }
		gain := one.of(wall) / more.of(wall)
		fmt.Fprintf(&b, "\n%d workers are %.2f times as quick as one: %.0f %% of what they could be.\n", more.jobs, gain, 100*gain/float64(more.jobs))
	}
	return b.String()
}
