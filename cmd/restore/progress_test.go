package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestMeterPlainLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	clock := time.Unix(0, 0)
	m := newMeter(&out, 4, false)
	m.now = func() time.Time { return clock }
	m.start, m.last = clock, clock

	clock = clock.Add(m.interval / 2)
	m.add(1e6)
	if out.Len() > 0 {
		t.Errorf("a line before the interval is over: %q", &out)
	}
	clock = clock.Add(m.interval / 2)
	m.add(3e6)
	if got, want := out.String(), "2 of 4 pictures, 0.2 pictures/s, 0.4 MP/s, 10s left\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	out.Reset()
	m.add(1e6) // at the same instant: no second line
	clock = clock.Add(m.interval)
	m.add(1e6) // the last picture: the summary follows anyway
	m.message("%s failed", "x.jpg")
	m.close()
	if got, want := out.String(), "x.jpg failed\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMeterQuiet(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := newMeter(&out, 4, true)
	m.interval = 0
	m.add(1)
	m.message("x.jpg failed")
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "x.jpg failed") {
		t.Errorf("quiet, yet printed %q, want the message alone", got)
	}
}
