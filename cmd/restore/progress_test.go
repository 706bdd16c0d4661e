package main

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pipeline"
)

func TestMeterPlainLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	clock := time.Unix(0, 0)
	m := newMeter(&out, false)
	m.now = func() time.Time { return clock }
	m.Start(5)
	if got, want := out.String(), "5 pictures to work on\n"; got != want {
		t.Errorf("at the start: %q, want %q", got, want)
	}
	out.Reset()
	picture := pipeline.Result{Outcome: pipeline.Restored, W: 2000, H: 1000}

	clock = clock.Add(m.interval / 2)
	m.Done(picture)
	if out.Len() > 0 {
		t.Errorf("a line before the interval is over: %q", &out)
	}
	clock = clock.Add(m.interval / 2)
	m.Done(pipeline.Result{Outcome: pipeline.Failed, Err: errors.New("bad")})
	if got, want := out.String(), "2 of 5 done, 0.1 pictures/s, 0.2 MP/s, 1 failed, 15s left\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	out.Reset()
	m.Done(picture) // at the same instant: no second line
	m.Done(picture)
	clock = clock.Add(m.interval)
	m.Done(picture) // the last one: the summary follows anyway
	m.close()
	if out.Len() > 0 {
		t.Errorf("lines where none are wanted: %q", &out)
	}
}

// TestMeterSlow: a rate that would be a few hundredths a second is given a minute.
func TestMeterSlow(t *testing.T) {
	t.Parallel()
	for elapsed, want := range map[time.Duration]string{
		10 * time.Second: "0.1 pictures/s, 0.2 MP/s", 23 * time.Second: "2.61 pictures/min, 0.087 MP/s", time.Hour: "0.0167 pictures/min, <0.01 MP/s",
	} {
		m := newMeter(nil, true)
		m.now = func() time.Time { return time.Unix(0, 0) }
		m.Start(2)
		m.Done(pipeline.Result{Outcome: pipeline.Restored, W: 2000, H: 1000})
		if got := m.rate(m.start.Add(elapsed)); got != want {
			t.Errorf("after %v: %s, want %s", elapsed, got, want)
		}
	}
}

// TestMeterNoun: the meter says what it counts, one or several, and what its rate
// is of.
func TestMeterNoun(t *testing.T) {
	t.Parallel()
	for total, want := range map[int]string{1: "1 pair to work on\n", 2: "2 pairs to work on\n1 of 2 done, 1 pairs/s, 0 MP/s, 1s left\n"} {
		var out bytes.Buffer
		clock := time.Unix(0, 0)
		m := newMeter(&out, false)
		m.noun, m.rated, m.interval = "pair", "pairs", 0
		m.now = func() time.Time { return clock }
		m.Start(total)
		clock = clock.Add(time.Second)
		m.Done(pipeline.Result{Outcome: pipeline.Restored})
		if out.String() != want {
			t.Errorf("got %q, want %q", &out, want)
		}
	}
}

// TestMeterOnly: what is no picture is not counted, unless it turns out to be one.
func TestMeterOnly(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := newMeter(&out, false)
	m.interval = 0
	items := []pipeline.Item{{Rel: "a.jpg"}, {Rel: "b.txt"}, {Rel: "c"}, {Rel: "d.doc", Named: true}, {Rel: "e.png"}}
	m.only(items)
	m.Start(len(items))
	for i, outcome := range []pipeline.Outcome{pipeline.Restored, pipeline.Ignored, pipeline.Restored, pipeline.Failed, pipeline.Restored} {
		m.Done(pipeline.Result{Item: items[i], Outcome: outcome})
	}
	var counts []string
	for line := range strings.Lines(out.String()) {
		count, _, _ := strings.Cut(strings.TrimSpace(line), ",")
		counts = append(counts, count)
	}
	if got, want := strings.Join(counts, "|"), "3 pictures to work on|1 of 3 done|2 of 4 done|3 of 4 done"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMeterUnknownTotal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := newMeter(&out, false)
	m.interval = 0
	m.Start(-1)
	m.Done(pipeline.Result{Outcome: pipeline.Skipped})
	if got := out.String(); !strings.HasPrefix(got, "1 done, 0 pictures/s") || strings.Contains(got, "left") {
		t.Errorf("got %q", got)
	}
}

// TestMeterTerminal follows the bar over time and looks at each line that was
// drawn: what it says, and that it is narrower than the terminal.
func TestMeterTerminal(t *testing.T) {
	t.Parallel()
	for columns, want := range map[int][]string{
		120: {"0 of 300 done, 0s so far", "0 of 300 done, 2s so far", "1 of 300 done, 1 failed, 2s so far, 10m35s left", "12m44s left, 0.195 MP/s"},
		80:  {"0 of 300 done, 0s so far", "0 of 300 done, 2s so far", "1 of 300 done, 1 failed, 2s so far", "5s so far"},
		40:  {"0 of 300 done, 0s so far", "1/300, 10m35s left"},
		20:  {"0/300"},
		5:   {"%"},
	} {
		t.Run(strconv.Itoa(columns), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				m := newMeter(&out, false)
				m.terminal, m.columns = true, func() int { return columns }
				m.Start(300)
				time.Sleep(2*time.Second + drawInterval/2)
				m.Done(pipeline.Result{Outcome: pipeline.Failed})
				time.Sleep(3 * time.Second)
				m.Done(pipeline.Result{Outcome: pipeline.Restored, W: 1000, H: 1000})
				m.close()
				for _, text := range want {
					if !strings.Contains(out.String(), text) {
						t.Errorf("it never shows %q, but %q", text, out.String())
					}
				}
				for _, line := range strings.Split(out.String(), "\r") {
					if len(line) >= max(columns, 16) {
						t.Errorf("%d characters in %d columns: %q", len(line), columns, line)
					}
				}
			})
		})
	}
}

func TestMeterQuiet(t *testing.T) {
	t.Parallel()
	for _, terminal := range []bool{false, true} {
		var out bytes.Buffer
		m := newMeter(&out, true)
		m.interval, m.terminal = 0, terminal
		m.Start(3)
		m.Done(pipeline.Result{Outcome: pipeline.Restored})
		m.close()
		if out.Len() > 0 {
			t.Errorf("quiet, yet printed %q", &out)
		}
	}
}
