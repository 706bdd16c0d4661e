package main

import (
	"fmt"
	"slices"
	"strings"
)

// table is a table in Markdown.
type table struct {
	about string // a paragraph before it
	head  []string
	rows  [][]string
}

// merge appends a table, or its rows to a table with the same head.
func merge(tables []table, t table) []table {
	for i := range tables {
		if slices.Equal(tables[i].head, t.head) {
			tables[i].rows = append(tables[i].rows, t.rows...)
			return tables
		}
	}
	return append(tables, t)
}

func (t table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", t.about)
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.head)
	fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(t.head)))
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}

// speeds compares two sides; pixels is what one run goes over.
func speeds(name, peer string, p pairs, pixels int) table {
	rate := func(ms []float64) string { return fmt.Sprintf("%.3f", float64(pixels)/1e3/median(ms)) }
	return table{
		about: "Milliseconds: median and quartiles over the rounds. Ratios are the peer's time by ours, so above 1 we are faster.",
		head:  []string{"case", "peer", "ours, ms", "peer, ms", "ours, megapixels/s", "peer, megapixels/s", "ratio of medians", "median of ratios"},
		rows: [][]string{{name, peer, spread(p.ours), spread(p.peers), rate(p.ours), rate(p.peers),
			fmt.Sprintf("%.2f", median(p.peers)/median(p.ours)), fmt.Sprintf("%.2f", median(p.ratios()))}},
	}
}

// scaling compares our times on one thread (the peers) with those on more.
func scaling(name string, threads int, p pairs) table {
	one, more := quantile(p.peers, 0.25), quantile(p.ours, 0.25)
	return table{
		about: "Threads: the best quartile of the rounds on each side, in milliseconds, and how many times as fast more threads are.",
		head:  []string{"case", "1 thread", fmt.Sprintf("%d threads", threads), "gain"},
		rows:  [][]string{{name, fmt.Sprintf("%.1f", one), fmt.Sprintf("%.1f", more), fmt.Sprintf("%.2f", one/more)}},
	}
}

func spread(ms []float64) string {
	return fmt.Sprintf("%.1f (%.1f to %.1f)", median(ms), quantile(ms, 0.25), quantile(ms, 0.75))
}
