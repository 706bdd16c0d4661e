package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/watch"
)

// TestEventsOfRun: standard output holds events alone, and standard error what
// failed, as without them.
func TestEventsOfRun(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	writeFile(t, filepath.Join(in, "c.png"), pngOf(t, painting(40, 40))[:60])
	writeFile(t, filepath.Join(in, "d.png"), pngOf(t, painting(4, 3)))
	r := restore(t, "fade", in, "-o", out, "--json", "--refuse", "d.png", "--truth", in)
	if r.code != exitSomeFailed {
		t.Errorf("exit code %d", r.code)
	}
	if n := strings.Count(r.stderr, "restore: failed: "); n != 2 || strings.Contains(r.stderr, " done") {
		t.Errorf("on standard error:\n%s", r.stderr)
	}
	list := eventsOf(t, r.stdout)
	if len(list) != 7 {
		t.Fatalf("%d events:\n%s", len(list), r.stdout)
	}
	start, end := list[0], list[6]
	if start["total"] != 5.0 || start["pipeline"] != "fade:refuse=d.png" || start["out"] != out || len(start["fingerprint"].(string)) != 64 {
		t.Errorf("start: %v", start)
	}
	for key, want := range map[string]float64{"exit": 1, "restored": 2, "failed": 2, "ignored": 1, "copied": 0, "skipped": 0, "unfinished": 0, "megapixels": (12*9 + 7*5) / 1e6} {
		if got := end[key].(float64); math.Abs(got-want) > 1e-12 {
			t.Errorf("end: %s is %v, want %v", key, got, want)
		}
	}
	items := map[any]map[string]any{}
	for _, e := range list[1:6] {
		items[e["rel"]] = e
	}
	b, c, d := items["sub/b.png"], items["c.png"], items["d.png"]
	if b["outcome"] != "restored" || b["width"] != 7.0 || b["height"] != 5.0 || b["output"] != filepath.Join(out, "sub", "b.png") || b["path"] != filepath.Join(in, "sub", "b.png") {
		t.Errorf("b.png: %v", b)
	}
	if got := fmt.Sprint(b["notes"]); got != "[map[key:amount step:fade value:0.5]]" {
		t.Errorf("b.png: notes %v", got)
	}
	if truth := b["truth"].(map[string]any); truth["before"] != nil || truth["after"].(float64) < 1 {
		t.Errorf("b.png: truth %v", truth)
	}
	fault := c["error"].(map[string]any)
	if c["outcome"] != "failed" || c["output"] != nil || fault["kind"] != "input" || strings.Contains(fault["message"].(string), "c.png") || !strings.Contains(fault["hint"].(string), "copy it again") {
		t.Errorf("c.png: %v", c)
	}
	if fault := d["error"].(map[string]any); fault["step"] != "fade" || strings.HasPrefix(fault["message"].(string), "fade") {
		t.Errorf("d.png: %v", d)
	}
	if items["notes.txt"]["outcome"] != "ignored" {
		t.Errorf("notes.txt: %v", items["notes.txt"])
	}

	// The options are others than before; then they are as before.
	list = eventsOf(t, restore(t, "fade", in, "-o", out, "--json", "--quiet").stdout)
	if end := list[len(list)-1]; end["restored"] != 3.0 || end["exit"] != 1.0 {
		t.Errorf("the run with other options: %v", end)
	}
	list = eventsOf(t, restore(t, "fade", in, "-o", out, "--json", "--quiet").stdout)
	if end := list[len(list)-1]; end["current"] != 3.0 || end["exit"] != 1.0 {
		t.Errorf("the second run: %v", end)
	}
	for _, e := range list {
		if e["outcome"] == "current" && e["why"] == nil {
			t.Errorf("current for no reason: %v", e)
		}
	}
}

// TestEventsOfRefused: a run that does not begin has an end.
func TestEventsOfRefused(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	for _, c := range []struct {
		args []string
		code int
		kind string
	}{
		{[]string{"fade", "-o", out, in, "--amount", "7"}, exitUsage, "usage"},
		{[]string{"run", "-p", "nosuch", "-o", out, in}, exitUsage, "usage"},
		{[]string{"fade", "-o", out, in, "--model", "hard"}, exitEnvironment, "environment"},
	} {
		r := restore(t, append(c.args, "--json")...)
		list := eventsOf(t, r.stdout)
		if r.code != c.code || len(list) != 1 || list[0]["exit"] != float64(c.code) || list[0]["error"].(map[string]any)["kind"] != c.kind {
			t.Errorf("%v: exit code %d:\n%s", c.args, r.code, r.stdout)
		}
		if !strings.HasPrefix(r.stderr, "restore: ") {
			t.Errorf("%v: on standard error: %q", c.args, r.stderr)
		}
	}
}

// TestEventsInterrupted: the end of a run that was cut short says so.
func TestEventsInterrupted(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	wait := make(chan struct{}, 8)
	var stdout, stderr bytes.Buffer
	p := &program{registry: tasks.NewRegistry(fadeSpec(wait)), stdout: &stdout, stderr: &stderr}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-wait; cancel() }()
	if code := p.run(ctx, []string{"fade", in, "-o", out, "--json"}); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	list := eventsOf(t, stdout.String())
	end := list[len(list)-1]
	if end["exit"] != 130.0 || end["unfinished"].(float64) < 2 || end["error"].(map[string]any)["kind"] != "cancelled" {
		t.Errorf("end: %v", end)
	}
}

// TestEventsHostile: what JSON cannot hold.
func TestEventsHostile(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	e := newEvents(&out, func(err error) { t.Error(err) })
	e.run = runFacts{pipeline: "fade:refuse=\xff", out: "o\xfe"}
	e.Start(-1)
	e.Done(pipeline.Result{Item: pipeline.Item{Path: "in/caf\xe9\n.png", Rel: "caf\xe9\n.png"}, Output: "out/caf\xe9\n.png", Outcome: pipeline.Restored, W: 3, H: 2,
		Notes: []tasks.Note{{Step: "s", Key: "inf", Value: math.Inf(1)}, {Step: "s", Key: "nan", Value: math.NaN()}, {Step: "s", Key: "n", Value: 3, Unit: "%"}, {Step: "s", Key: "b", Value: true}, {Step: "s", Key: "t", Value: "\xff<&>"}, {Step: "s", Key: "d", Value: time.Second}},
		Truth: &pipeline.Score{Before: math.Inf(1), After: 30.5}})
	e.Done(pipeline.Result{Item: pipeline.Item{Path: "x"}, Outcome: pipeline.Failed, Err: &pipeline.Error{Kind: pipeline.KindTransient, Item: "x", Step: "s", Err: errors.New("bad \xff byte")}})
	for _, w := range []watch.Event{
		{Kind: watch.Retrying, Path: "in/y\xff", Rel: "y\xff", Err: &fs.PathError{Op: "open", Path: "in/y\xff", Err: syscall.EAGAIN}, Wait: 1500 * time.Millisecond},
		{Kind: watch.Polling, Path: "in", Err: syscall.ENOSPC}, {Kind: watch.Overflow}, {Kind: watch.LeftOut, Path: "in/far", Err: fs.ErrPermission}, {Kind: watch.Gone, Path: "in/z", Rel: "z"},
		{Kind: watch.Moved, Path: "in/x", Rel: "x", Target: "done/x\xff"}, {Kind: watch.MoveFailed, Path: "in/x", Rel: "x", Err: fs.ErrExist},
	} {
		e.notify(w)
	}
	if err := e.close(nil, func(error) int { return 0 }); err != nil {
		t.Error(err)
	}
	list := eventsOf(t, out.String())
	if start := list[0]; start["total"] != nil || start["out"] != "o\uFFFD" || start["out_bytes"] != "b/4=" {
		t.Errorf("start: %v", start)
	}
	item := list[1]
	if item["path"] != "in/caf\uFFFD\n.png" || item["path_bytes"] != "aW4vY2Fm6QoucG5n" || item["rel_bytes"] == nil || item["output_bytes"] == nil {
		t.Errorf("names: %v", item)
	}
	values := []any{}
	for _, n := range item["notes"].([]any) {
		values = append(values, n.(map[string]any)["value"])
	}
	if got := fmt.Sprintf("%v", values); got != "[<nil> <nil> 3 true \uFFFD<&> 1s]" {
		t.Errorf("values of the notes: %s", got)
	}
	if truth := item["truth"].(map[string]any); truth["before"] != nil || truth["after"] != 30.5 {
		t.Errorf("truth: %v", truth)
	}
	if fault := list[2]["error"].(map[string]any); fault["kind"] != "transient" || fault["step"] != "s" || fault["message"] != "bad \uFFFD byte" {
		t.Errorf("error: %v", fault)
	}
	if list[3]["after"] != 1.5 || list[3]["error"].(map[string]any)["kind"] != "transient" || list[3]["rel_bytes"] != "ef8=" {
		t.Errorf("retry: %v", list[3])
	}
	if len(list) != 11 || list[4]["kind"] != "polling" || list[4]["error"] == nil || list[5]["kind"] != "overflow" || list[8]["target_bytes"] == nil || list[9]["kind"] != "move-failed" {
		t.Errorf("watch: %v", list[4:])
	}
	if strings.Contains(out.String(), `\u003c`) {
		t.Error("characters are written as HTML needs them")
	}
}

// TestEventsProgress: a run that works on one large picture shows that it lives.
func TestEventsProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		e := newEvents(&out, func(err error) { t.Error(err) })
		e.Start(2)
		time.Sleep(progressInterval + time.Second)
		e.Done(pipeline.Result{Outcome: pipeline.Failed, Err: errors.New("bad")})
		time.Sleep(2 * progressInterval)
		_ = e.close(&reported{exitSomeFailed}, func(error) int { return exitSomeFailed })
		var got []string
		for _, v := range eventsOf(t, out.String()) {
			line := fmt.Sprintf("%v %v %v %v %v", v["event"], v["done"], v["failed"], v["total"], v["seconds"])
			got = append(got, strings.ReplaceAll(line, "<nil>", "-"))
		}
		want := "[start - - 2 -|progress 0 0 2 10|item - - - 0|progress 1 1 2 20|progress 1 1 2 30|end - 1 - 31]"
		if want := strings.Split(strings.Trim(want, "[]"), "|"); !slices.Equal(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
	})
}

// shutWriter is a pipe whose reader goes away after some lines.
type shutWriter struct {
	mu    sync.Mutex
	lines int
}

func (w *shutWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lines--; w.lines < 0 {
		return 0, syscall.EPIPE
	}
	return len(b), nil
}

// TestEventsUnread: a run whose events nobody reads any more ends, in order.
func TestEventsUnread(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const pictures = 200 // more than may wait for the disk at a time
	for i := range pictures {
		writeFile(t, filepath.Join(dir, "in", fmt.Sprintf("%02d.png", i)), pngOf(t, painting(8, 8)))
	}
	for _, lines := range []int{0, 1, 3} {
		out := filepath.Join(dir, fmt.Sprint("out", lines))
		var stderr bytes.Buffer
		p := &program{registry: tasks.NewRegistry(fadeSpec(nil)), stdout: &shutWriter{lines: lines}, stderr: &stderr}
		code := p.run(t.Context(), []string{"fade", filepath.Join(dir, "in"), "-o", out, "--json", "--jobs", "1"})
		if code != exitEnvironment || !strings.Contains(stderr.String(), "the events of --json cannot be written") {
			t.Errorf("after %d lines: exit code %d: %s", lines, code, &stderr)
		}
		names, _ := filepath.Glob(filepath.Join(out, "*.png"))
		if len(names) == pictures {
			t.Errorf("after %d lines: all pictures were worked on", lines)
		}
		for _, name := range names {
			read(t, name)
		}
	}
	// The end is lost alone: nothing is left to stop, but a script waits for it.
	var stderr bytes.Buffer
	p := &program{registry: tasks.NewRegistry(fadeSpec(nil)), stdout: &shutWriter{lines: 2}, stderr: &stderr}
	if code := p.run(t.Context(), []string{"fade", filepath.Join(dir, "in", "00.png"), "-o", filepath.Join(dir, "one"), "--json"}); code != exitEnvironment {
		t.Errorf("the end was lost: exit code %d: %s", code, &stderr)
	}
}

// TestEventsPipe does the same with a pipe of the system, where a signal would
// end a program that does not look.
func TestEventsPipe(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	c := child("denoise", "--json", "--strength", "10", "--model", smallModel(t), "-o", out, in)
	var stderr bytes.Buffer
	c.Stdout, c.Stderr = w, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != exitEnvironment || !strings.Contains(stderr.String(), "the events of --json cannot be written") {
		t.Errorf("exit code %d (%v): %s", code, c.ProcessState, &stderr)
	}
}
