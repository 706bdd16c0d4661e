package fit

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/cae/train"
)

// weights loads a model file.
func weights(t *testing.T, path string) (*cae.Network, modelfile.Card) {
	t.Helper()
	data := read(t, path)
	n, f, err := cae.Load(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return n, f.Metadata.Card
}

func sameWeights(a, b *cae.Network) bool {
	for i, p := range a.Params() {
		if !slices.Equal(p.Data, b.Params()[i].Data) {
			return false
		}
	}
	return true
}

// TestBadPicture: a picture that cannot be decoded is left out with a warning,
// and whether that is found out before or during the training changes no bit.
func TestBadPicture(t *testing.T) {
	t.Parallel()
	data := folder(t, [2]int{40, 30}, [2]int{30, 30}, [2]int{20, 20})
	path := filepath.Join(data, "sub", "b.png")
	whole := read(t, path)
	write(t, path, whole[:len(whole)*2/3])
	write(t, filepath.Join(data, "sub", "head.png"), whole[:20])
	var nets []*cae.Network
	for _, memory := range []int64{1 << 20, 1} { // all are read before, or none
		o := options(t, data)
		o.Memory = memory
		var warnings []string
		o.Log = func(e Event) {
			if e.Kind == "warning" && strings.Contains(e.Text, "left out") {
				warnings = append(warnings, e.Text)
			}
		}
		path, err := Train(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(warnings, "\n")
		if !strings.Contains(text, "b.png is left out") || !strings.Contains(text, "head.png is left out") || strings.Contains(text, "a.png") {
			t.Errorf("with %d bytes of memory, the warnings are:\n%s", memory, text)
		}
		log, err := os.ReadFile(filepath.Join(o.Out, LogName))
		if err != nil || !strings.Contains(string(log), "b.png is left out") {
			t.Errorf("the log does not name the picture (%v)", err)
		}
		n, card := weights(t, path)
		if !strings.Contains(strings.Join(card.Data, " "), "2 pictures") {
			t.Errorf("the card counts %v", card.Data)
		}
		nets = append(nets, n)
	}
	if !sameWeights(nets[0], nets[1]) {
		t.Error("the weights depend on when the picture was found out")
	}
}

// TestBadHeldOut: a picture to score on that cannot be decoded is left out, and
// those after it are not.
func TestBadHeldOut(t *testing.T) {
	t.Parallel()
	dir := folder(t, [2]int{40, 30}, [2]int{30, 30}, [2]int{20, 20})
	path := filepath.Join(dir, "sub", "b.png")
	whole := read(t, path)
	write(t, path, whole[:len(whole)*2/3])
	d, err := OpenDataset([]string{dir}, 8, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // it is known the second time
		var names []string
		for s, err := range d.Centres(10, 8) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, s.Name)
		}
		if got := strings.Join(names, " "); got != "sub/a.png sub/c.png" {
			t.Errorf("the pictures are %s", got)
		}
	}
	if w := d.Warnings(); len(w) != 1 || !strings.Contains(w[0], "b.png") {
		t.Errorf("the warnings are %q", w)
	}
}

func TestShared(t *testing.T) {
	t.Parallel()
	a := folder(t, [2]int{40, 30}, [2]int{20, 20})
	b := folder(t, [2]int{32, 32})
	open := func(folders ...string) *Dataset {
		d, err := OpenDataset(folders, 8, 0)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if n, _ := shared(open(a), open(b)); n != 0 {
		t.Errorf("%d pictures are in both of two different folders", n)
	}
	write(t, filepath.Join(b, "copy.png"), read(t, filepath.Join(a, "sub", "b.png")))
	other := read(t, filepath.Join(a, "sub", "a.png"))
	other[len(other)-1] ^= 1 // one of the same length
	write(t, filepath.Join(b, "other.png"), other)
	if n, example := shared(open(a), open(b)); n != 1 || filepath.Base(example) != "copy.png" {
		t.Errorf("%d pictures, such as %s, are in both; want copy.png alone", n, example)
	}
}

// TestFreezeEncoder: frozen weights stay those of the model that the training
// began from, over a resume too.
func TestFreezeEncoder(t *testing.T) {
	t.Parallel()
	data := folder(t, [2]int{40, 30})
	o := options(t, data)
	first, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	o = options(t, data)
	o.Config.Freeze = train.FreezeEncoder
	if _, err := Train(t.Context(), o); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), "start from") {
		t.Errorf("frozen random weights: %v, want ErrOptions", err)
	}
	o.From, o.Config.Seed, o.Every = first, 9, time.Nanosecond
	ctx, cancel := context.WithCancel(t.Context())
	o.Log = func(e Event) {
		if e.Kind == "saved" && e.Step == 11 {
			cancel()
		}
	}
	if _, err := Train(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	o.Resume, o.Config, o.Every, o.Log = filepath.Join(o.Out, CheckpointName), train.Config{}, 0, nil
	path, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := weights(t, first)
	after, _ := weights(t, path)
	encoder, err := after.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	for i, node := range after.Nodes() {
		for k, p := range node.Layer.Params() {
			if same := slices.Equal(p.Data, before.Nodes()[i].Layer.Params()[k].Data); same != encoder[i] {
				t.Errorf("%s.%s stayed: %t, frozen: %t", node.Name, p.Name, same, encoder[i])
			}
		}
	}
}

// TestCard: a model file says what made it, and how good its weights are when
// they have just been scored.
func TestCard(t *testing.T) {
	t.Parallel()
	o := options(t, folder(t, [2]int{40, 30}, [2]int{20, 20}))
	o.Val = o.Data
	o.Program, o.Licence = "restore v9", "CC0-1.0"
	o.Score = time.Nanosecond // after each step
	var saved []int64
	var cards []modelfile.Card
	o.Log = func(e Event) {
		if e.Kind == "saved" {
			_, card := weights(t, e.Path)
			saved, cards = append(saved, e.Step), append(cards, card)
		}
	}
	o.Config.Steps = 3
	if _, err := Train(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(saved, []int64{1, 2, 3}) {
		t.Fatalf("saved after the steps %v, want each once", saved)
	}
	for i, c := range cards {
		if c.Program != "restore v9" || c.Licence != "CC0-1.0" || c.Date == "" || !strings.Contains(c.CPU, "1 workers, kernels "+cae.KernelSet()) || c.Steps != int64(i+1) {
			t.Errorf("after step %d the card says %+v", i+1, c)
		}
		whose := "these are the weights of step " + strconv.Itoa(i+1)
		if i == 0 {
			whose = "these are its weights"
		}
		if len(c.Scores) > 0 && !strings.HasSuffix(c.Scores[len(c.Scores)-1].Case, whose) {
			t.Errorf("after step %d the card says %q of the best score", i+1, c.Scores[len(c.Scores)-1].Case)
		}
		if len(c.Scores) == 0 || c.Scores[len(c.Scores)-1].Value != 2 || !strings.Contains(c.Scores[len(c.Scores)-1].Case, "best so far, at step 1") {
			t.Errorf("after step %d the card has the scores %+v", i+1, c.Scores)
		}
	}
}

// TestScoreBefore: a training from other weights scores those first; a new one and
// a resumed one have nothing to compare with.
func TestScoreBefore(t *testing.T) {
	t.Parallel()
	scored := func(o TrainOptions) (steps []int64, path string) {
		o.Log = func(e Event) {
			if e.Kind == "score" {
				steps = append(steps, e.Step)
			}
		}
		path, err := Train(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return steps, path
	}
	o := options(t, folder(t, [2]int{40, 30}))
	o.Val, o.Config.Steps = o.Data, 2
	steps, first := scored(o)
	if !slices.Equal(steps, []int64{2}) {
		t.Errorf("a new training scores at the steps %v, want 2", steps)
	}
	o.From, o.Out = first, t.TempDir()
	steps, second := scored(o)
	if !slices.Equal(steps, []int64{0, 2}) {
		t.Errorf("from other weights it scores at the steps %v, want 0 and 2", steps)
	}
	if _, card := weights(t, second); !strings.HasPrefix(card.Scores[len(card.Scores)-1].Case, "best so far, before the first step; these are the weights of step 2") {
		t.Errorf("the card has the scores %+v", card.Scores)
	}
	log, err := ReadLog(bytes.NewReader(read(t, filepath.Join(o.Out, LogName))))
	if err != nil || !slices.ContainsFunc(log, func(e Event) bool { return e.Kind == "score" && e.Step == 0 }) {
		t.Errorf("the log lacks the score before the first step: %+v (%v)", log, err)
	}
}

// TestComplete: a training that is resumed after its last step says so and
// touches nothing; what a kill at the very end left unwritten is written.
func TestComplete(t *testing.T) {
	t.Parallel()
	o := options(t, folder(t, [2]int{40, 30}))
	o.Config.Steps = 2
	path, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	whole := read(t, path)
	o.Resume, o.Config = filepath.Join(o.Out, CheckpointName), train.Config{}
	checkpoint := read(t, o.Resume)
	var kinds []string
	o.Log = func(e Event) {
		if e.Kind != "data" {
			kinds = append(kinds, e.Kind)
		}
	}
	for _, c := range []struct{ name, want string }{{"whole", "complete"}, {"without the model", "saved complete"}, {"whole again", "complete"}} {
		kinds = nil
		if c.name == "without the model" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if again, err := Train(t.Context(), o); err != nil || again != path {
			t.Fatalf("%s: %s, %v", c.name, again, err)
		}
		if got := strings.Join(kinds, " "); got != c.want {
			t.Errorf("%s: the events are %s, want %s", c.name, got, c.want)
		}
		if c.name == "whole" && (!bytes.Equal(whole, read(t, path)) || !bytes.Equal(checkpoint, read(t, o.Resume))) {
			t.Error("a complete training was written anew")
		}
	}
}

// TestMeter: steps that were left out do not enter the mean loss, and the time
// of a score does not enter the speed.
func TestMeter(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	m := newMeter(train.Config{Steps: 4, Batch: 1, Height: 10, Width: 10}, func() int64 { return 1 }, func() time.Time { return now })
	step := func(s train.Stats, after time.Duration) (Event, bool) {
		now = now.Add(after)
		return m.add(s)
	}
	if e, ok := step(train.Stats{Step: 1, Loss: 1, Gradient: 3}, time.Second); !ok || e.Kind != "progress" || e.Loss != 1 || e.Left != 3 {
		t.Errorf("after a second: %+v", e)
	}
	if e, ok := step(train.Stats{Step: 2, Loss: math.NaN(), Gradient: math.Inf(1), Skipped: true}, 0); ok {
		t.Errorf("at once after that: %+v", e)
	}
	since := now
	now = now.Add(time.Hour)
	m.pause(since)
	if e, ok := step(train.Stats{Step: 3, Loss: 2, Gradient: 5}, 500*time.Millisecond); ok {
		t.Errorf("half a second later: %+v", e)
	}
	e, ok := step(train.Stats{Step: 4, Loss: 3, Gradient: 7}, 500*time.Millisecond)
	if !ok || e.Kind != "step" || e.Loss != 2 || e.Gradient != 5 || e.Skipped != 1 || e.Speed != 200 || e.Left != 0 {
		t.Errorf("the last event is %+v", e)
	}
}
