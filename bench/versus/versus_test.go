package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// fakeRunner makes this test's binary a runner, in a process of its own: its
// value is how it behaves.
const fakeRunner = "RESTORE_VERSUS_FAKE_RUNNER"

func TestMain(m *testing.M) {
	if how := os.Getenv(fakeRunner); how != "" {
		fake(how)
		return
	}
	os.Exit(m.Run())
}

func fake(how string) {
	if how == "silent" {
		return
	}
	fmt.Println("ready")
	if how == "busy" { // counts for as long as it is let
		go func() {
			for i := 0; ; i++ {
				_ = os.WriteFile(os.Getenv("COUNT"), fmt.Append(nil, i), 0o666)
				time.Sleep(time.Millisecond)
			}
		}()
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch {
		case lines.Text() == "run 3":
			fmt.Println("90 10 20.5")
		case lines.Text() == "run 2":
			fmt.Println("90 nonsense")
		case how == "dies":
			return
		default:
			fmt.Println("error cannot", lines.Text())
		}
	}
}

func startFake(t *testing.T, how string, env ...string) (*runner, error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(append([]string{fakeRunner + "=" + how}, env...), exe)
	r, err := start(context.Background(), t.TempDir(), "env", args...)
	if err == nil {
		t.Cleanup(r.close)
	}
	return r, err
}

func TestRunner(t *testing.T) {
	t.Parallel()
	r, err := startFake(t, "good")
	if err != nil {
		t.Fatal(err)
	}
	if ms, err := r.times(1, 2); err != nil || !slices.Equal(ms, []float64{10, 20.5}) {
		t.Errorf("times %v, %v: the first run is the warm one", ms, err)
	}
	if _, err := r.times(1, 1); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a time that is none gave %v", err)
	}
	if _, err := r.ask("jump"); err == nil || !strings.Contains(err.Error(), "cannot jump") {
		t.Errorf("an error of the runner came as %v", err)
	}
	if _, err := startFake(t, "silent"); err == nil || !strings.Contains(err.Error(), "does not start") {
		t.Errorf("a runner that never gets ready gave %v", err)
	}
	dying, err := startFake(t, "dies")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dying.ask("info"); err == nil || !strings.Contains(err.Error(), "info") {
		t.Errorf("a runner that ended gave %v", err)
	}
}

// TestPause looks whether a runner that is not asked does anything.
func TestPause(t *testing.T) {
	t.Parallel()
	if !canPause {
		t.Skip("this system cannot stop processes")
	}
	count := filepath.Join(t.TempDir(), "count")
	r, err := startFake(t, "busy", "COUNT="+count)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.times(1, 2); err != nil { // it is awake for a moment
		t.Fatal(err)
	}
	read := func() string { text, _ := os.ReadFile(count); return string(text) } // a file not yet there is ""
	time.Sleep(50 * time.Millisecond)                                            // signals arrive a little later
	before := read()
	time.Sleep(100 * time.Millisecond)
	if after := read(); after != before {
		t.Errorf("it counted from %s to %s while it should be stopped", before, after)
	}
	if err := resume(r.process.Process); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); read() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not go on")
		}
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values  []float64
		q, want float64
	}{
		{[]float64{3}, 0.5, 3},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{5, 1, 4, 2, 3}, 0.25, 2},
		{[]float64{5, 1, 4, 2, 3}, 0, 1},
		{[]float64{5, 1, 4, 2, 3}, 1, 5},
		{[]float64{0, 10}, 0.3, 3},
	} {
		if got := quantile(c.values, c.q); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("quantile %g of %v is %g, want %g", c.q, c.values, got, c.want)
		}
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	p := pairs{ours: []float64{10, 20, 10}, peers: []float64{20, 20, 30}} // medians 10 and 20, ratios 2, 1, 3
	if got := speeds("mark", "Peer", p, 1e6).rows[0]; !slices.Equal(got, []string{
		"mark", "Peer", "10.0 (10.0 to 15.0)", "20.0 (20.0 to 25.0)", "100.000", "50.000", "2.00", "2.00"}) {
		t.Errorf("speeds: %q", got)
	}
	if got := scaling("mark", 2, p).rows[0]; !slices.Equal(got, []string{"mark", "20.0", "10.0", "2.00"}) {
		t.Errorf("scaling: %q", got)
	}
	a := table{"A.", []string{"x", "y"}, [][]string{{"1", "2"}}}
	b := table{"B.", []string{"z"}, [][]string{{"3"}}}
	all := merge(merge(merge(nil, a), b), a)
	if len(all) != 2 || all[0].String() != "A.\n\n| x | y |\n|---|---|\n| 1 | 2 |\n| 1 | 2 |\n" {
		t.Errorf("merged: %v", all)
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	for _, c := range []struct {
		a, b       []float32
		off, width float64
	}{
		{[]float32{0, 2}, []float32{0, 2}, 0, 2},
		{[]float32{-1, 2}, []float32{-1, 1.5}, 0.5, 3},
		{[]float32{0, 1, 2}, []float32{0, nan, 2}, math.Inf(1), 1},
	} {
		off, width, err := difference(c.a, c.b)
		if err != nil || off != c.off || width != c.width {
			t.Errorf("%v and %v: %g of %g (%v), want %g of %g", c.a, c.b, off, width, err, c.off, c.width)
		}
	}
	if _, _, err := difference([]float32{1}, nil); err == nil {
		t.Error("outputs of different lengths gave no error")
	}
	raw := randomPicture(100)
	if v := math.Float32frombits(binary.LittleEndian.Uint32(raw[396:])); len(raw) != 400 || v < 0 || v >= 1 {
		t.Errorf("%d bytes, the last sample is %g", len(raw), v)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		b    bench
		args []string
		want string
	}{
		{bench{size: "8x8", rounds: 1, threads: 1, runs: 1}, []string{"vgg"}, "vgg"},
		{bench{size: "big", rounds: 1, threads: 1, runs: 1}, nil, "-size big"},
		{bench{size: "8x8", rounds: 1, threads: 1}, nil, "-runs 0"},
		{bench{size: "8x8", rounds: 0, threads: 1}, nil, "-rounds 0"},
	} {
		if err := c.b.do(t.Context(), c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: it does not say %q", err, c.want)
		}
	}
}
