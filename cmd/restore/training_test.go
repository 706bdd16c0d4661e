package main

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks/fit"
)

// testLog is a log whose clock stands at *now.
func testLog(t *testing.T, terminal bool, now *time.Time) (*trainLog, *bytes.Buffer) {
	var out bytes.Buffer
	l := newTrainLog(&program{stderr: &out}, false, t.TempDir(), "training of a test")
	l.terminal, l.columns, l.now = terminal, func() int { return 120 }, func() time.Time { return *now }
	return l, &out
}

func TestTrainLogPlain(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	l, out := testLog(t, false, &now)
	e := fit.Event{Kind: "progress", Step: 10, Steps: 1000, Loss: 0.0123456, Rate: 1.2e-3, Speed: 1.5e6, Left: 7384}
	l.event(e)
	l.event(fit.Event{Kind: "score", Score: 30, Unit: "dB"})
	l.event(fit.Event{Kind: "score", Step: 10, Score: 31.2345, Unit: "dB"})
	for range 4 {
		now = now.Add(3 * time.Second)
		e.Kind, e.Step = "step", e.Step+10
		l.event(e)
	}
	e.Step, e.Left, e.Skipped = 1000, 0, 2
	l.event(e) // the last one in any case
	l.close()
	want := "step 10 of 1000, loss 0.01235, rate 0.0012, 1.5 MP/s, 2h3m left\n" +
		"score 30.000 dB before the first step\n" +
		"score 31.235 dB at step 10\n" +
		"step 50 of 1000, loss 0.01235, rate 0.0012, 1.5 MP/s, 2h3m left, score 31.235 dB at step 10\n" +
		"step 1000 of 1000, loss 0.01235, rate 0.0012, 1.5 MP/s, 0s left, score 31.235 dB at step 10, 2 skipped\n"
	if got := out.String(); got != want {
		t.Errorf("it printed\n%swant\n%s", got, want)
	}
}

// TestTrainLogTerminal: one line is drawn anew, in the room that there is, and
// gives way to others.
func TestTrainLogTerminal(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	l, out := testLog(t, true, &now)
	e := fit.Event{Kind: "progress", Step: 10, Steps: 1000, Loss: 0.0123456, Rate: 1.2e-3, Speed: 1.5e6, Left: 59.6}
	l.event(fit.Event{Kind: "score", Step: 1, Score: 31, Unit: "dB"})
	l.event(e)
	first := screen(out.String())
	if want := "score 31.000 dB at step 1\nstep 10 of 1000, loss 0.01235, rate 0.0012, 1.5 MP/s, 1m0s left, score 31.000 dB at step 1"; first != want {
		t.Errorf("the terminal shows\n%s\nwant\n%s", first, want)
	}
	for _, columns := range []int{200, 90, 60, 40, 20, 8, 1} {
		l.columns = func() int { return columns }
		e.Step++
		l.event(e)
		lines := strings.Split(screen(out.String()), "\n")
		last := strings.TrimRight(lines[len(lines)-1], " ")
		if len(lines) != 2 || len(last) >= columns || columns > 8 && !strings.Contains(last, "/1000") && !strings.Contains(last, " of 1000") {
			t.Errorf("in %d columns the line is %q, of %d", columns, last, len(lines))
		}
		if columns >= 40 && !strings.Contains(last, "score 31.000 dB") {
			t.Errorf("in %d columns the score is not in the line %q", columns, last)
		}
	}
	l.columns = func() int { return 120 }
	l.event(e)
	l.event(fit.Event{Kind: "warning", Text: "one is left out"})
	l.close()
	if got, want := screen(out.String()), "score 31.000 dB at step 1\nrestore: warning: one is left out\n"; got != want {
		t.Errorf("at the end the terminal shows\n%q\nwant\n%q", got, want)
	}
}

// screen is what a terminal shows after a text with carriage returns.
func screen(text string) string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		var shown []rune
		for _, part := range strings.Split(line, "\r") {
			letters := []rune(part)
			shown = append(letters, shown[min(len(letters), len(shown)):]...)
		}
		lines = append(lines, strings.TrimRight(string(shown), " "))
	}
	return strings.Join(lines, "\n")
}

func TestTrainLogQuiet(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	l, out := testLog(t, true, &now)
	l.quiet = true
	for _, kind := range []string{"data", "step", "progress", "score", "warning", "skipped"} {
		l.event(fit.Event{Kind: kind, Step: 1, Steps: 1})
	}
	if out.Len() > 0 {
		t.Errorf("it printed %q", out)
	}
	l.event(fit.Event{Kind: "saved"}) // there is no log to draw
	if !strings.Contains(out.String(), "curves were not drawn") {
		t.Errorf("a curve that was not drawn: %q", out)
	}
}

// TestTrainLogResume: the score of the training so far is known at once.
func TestTrainLogResume(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	l, out := testLog(t, false, &now)
	writeFile(t, filepath.Join(l.out, fit.LogName), []byte(`{"kind":"score","step":5,"score":20,"unit":"dB"}`+"\n"+`{"kind":"score","step":9,"score":21,"unit":"dB"}`+"\n"))
	l.resume()
	l.event(fit.Event{Kind: "step", Step: 12, Steps: 100})
	if !strings.Contains(out.String(), "score 21.000 dB at step 9") {
		t.Errorf("it printed %q", out)
	}
}

// flat is a picture of one value.
func flat(w, h, planes int, v uint16) *pix.Image {
	m := pix.New(w, h, planes)
	for _, plane := range m.Planes {
		for i := range plane {
			plane[i] = v
		}
	}
	return m
}

// TestDrawSheet: each picture is in its place, grey ones beside colour, and the
// captions are drawn.
func TestDrawSheet(t *testing.T) {
	t.Parallel()
	red := flat(20, 30, 3, 0)
	for i := range red.Planes[0] {
		red.Planes[0][i] = 65535
	}
	list := []fit.Comparison{
		{Name: "a/first.png", Before: flat(20, 30, 3, 10*257), After: flat(20, 30, 3, 20*257), Truth: red, InputPSNR: 20.125, PSNR: math.Inf(1)},
		{Name: "second.png", Before: flat(40, 16, 1, 40*257), After: flat(40, 16, 1, 50*257), Truth: flat(40, 16, 1, 60*257)},
	}
	var file bytes.Buffer
	if err := drawSheet(&file, "a test", list); err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	column := func(i int) int { return sheetGap + i*(40*sheetZoom+sheetGap) + 3 }
	second := sheetHeader + 30*sheetZoom + sheetCaption + sheetGap
	for _, c := range []struct {
		x, y    int
		r, g, b uint8
	}{
		{column(0), sheetHeader + 3, 10, 10, 10}, {column(1), sheetHeader + 3, 20, 20, 20}, {column(2), sheetHeader + 3, 255, 0, 0},
		{column(0), second + 3, 40, 40, 40}, {column(1), second + 3, 50, 50, 50}, {column(2), second + 3, 60, 60, 60},
	} {
		if r, g, b, _ := m.At(c.x, c.y).RGBA(); uint8(r>>8) != c.r || uint8(g>>8) != c.g || uint8(b>>8) != c.b {
			t.Errorf("at %d,%d the sheet is %d,%d,%d, want %d,%d,%d", c.x, c.y, r>>8, g>>8, b>>8, c.r, c.g, c.b)
		}
	}
	captions := func(i int) bool {
		area := image.Rect(column(i), sheetHeader+30*sheetZoom, column(i)+70, sheetHeader+30*sheetZoom+sheetCaption)
		for y := area.Min.Y; y < area.Max.Y; y++ {
			for x := area.Min.X; x < area.Max.X; x++ {
				if r, _, _, _ := m.At(x, y).RGBA(); r < 0x8000 {
					return true
				}
			}
		}
		return false
	}
	for i := range 3 {
		if !captions(i) {
			t.Errorf("column %d has no caption", i)
		}
	}
	if err := drawSheet(&file, "a test", nil); err == nil {
		t.Error("a sheet of nothing is drawn")
	}
}
