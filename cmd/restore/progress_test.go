package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
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

func TestMeterTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := newMeter(&out, false)
	m.terminal, m.interval = true, 0
	m.Start(3)
	m.Done(pipeline.Result{Outcome: pipeline.Restored, W: 1000, H: 1000})
	if got := out.String(); !strings.Contains(got, "MP/s") || !strings.Contains(got, "1/3") {
		t.Errorf("the bar shows %q, want the rate and 1/3", got)
	}
	m.close()
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
