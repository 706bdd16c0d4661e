package fit

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// folder writes pictures of the given sizes, named a.png, b.png and so on, and
// files that are none.
func folder(t *testing.T, sizes ...[2]int) string {
	t.Helper()
	dir := t.TempDir()
	for i, s := range sizes {
		m := image.NewRGBA(image.Rect(0, 0, s[0], s[1]))
		for y := range s[1] {
			for x := range s[0] {
				m.SetRGBA(x, y, color.RGBA{uint8(x * 7), uint8(y * 5), uint8(x + y + 50*i), 255})
			}
		}
		var file bytes.Buffer
		if err := png.Encode(&file, m); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "sub", string(rune('a'+i))+".png"), file.Bytes())
	}
	write(t, filepath.Join(dir, "README.txt"), []byte("no picture"))
	write(t, filepath.Join(dir, ".hidden", "x.png"), []byte("broken"))
	write(t, filepath.Join(dir, "empty"), nil)
	return dir
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func env() tasks.Env {
	return tasks.Env{Run: cae.Serial, Workers: 1, OpenModel: func(name string) (io.ReaderAt, int64, error) {
		data, err := os.ReadFile(name)
		return bytes.NewReader(data), int64(len(data)), err
	}}
}

func TestDataset(t *testing.T) {
	t.Parallel()
	dir := folder(t, [2]int{40, 30}, [2]int{9, 50}, [2]int{20, 20})
	d, err := OpenDataset([]string{dir}, 16, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for s, err := range d.Samples() {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, s.Name)
		if got := s.Image.Planes[0][s.Image.W+3]; got != 21*257 {
			t.Errorf("%s: a sample is %d, want %d", s.Name, got, 21*257)
		}
	}
	if got := strings.Join(names, " "); got != "sub/a.png sub/c.png" {
		t.Errorf("the pictures are %s", got)
	}
	seen := map[string]bool{}
	for i := range 50 {
		s, err := d.Patch(train.Rand(1, 0, i), 16)
		if err != nil || s.Image.W != 16 || s.Image.H != 16 {
			t.Fatalf("a patch of %v: %v", s.Image, err)
		}
		again, err := d.Patch(train.Rand(1, 0, i), 16)
		if err != nil || again.Name != s.Name || !equal(again.Image, s.Image) {
			t.Fatalf("patch %d differs the second time (%v)", i, err)
		}
		seen[s.Name] = true
	}
	if len(seen) != 2 {
		t.Errorf("50 patches came from %v", seen)
	}
	for s, err := range d.Centres(1, 10) {
		if err != nil || s.Image.W != 10 || s.Image.H != 10 || s.Image.Planes[0][0] != 15*7*257 {
			t.Errorf("the middle of %s: %dx%d (%v)", s.Name, s.Image.W, s.Image.H, err)
		}
	}
}

func equal(a, b *pix.Image) bool {
	for p := range a.Planes {
		for i, v := range a.Planes[p] {
			if b.Planes[p][i] != v {
				return false
			}
		}
	}
	return true
}

func TestDatasetRefuses(t *testing.T) {
	t.Parallel()
	broken := folder(t, [2]int{40, 40})
	data, err := os.ReadFile(filepath.Join(broken, "sub", "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(broken, "sub", "b.png"), data[:len(data)/2])
	for name, dir := range map[string]string{"no pictures": folder(t), "all too small": folder(t, [2]int{5, 5}), "no folder": filepath.Join(t.TempDir(), "none")} {
		if _, err := OpenDataset([]string{dir}, 16, 1<<20); !errors.Is(err, ErrData) {
			t.Errorf("%s: %v, want ErrData", name, err)
		}
	}
	write(t, filepath.Join(broken, "sub", "a.png"), data[:len(data)/2])
	d, err := OpenDataset([]string{broken}, 16, 1<<20)
	if err == nil { // what a header does not show, reading does
		err = d.Preload(t.Context(), env())
	}
	if !errors.Is(err, ErrData) || !strings.Contains(err.Error(), "a.png") {
		t.Errorf("truncated pictures only: %v, want ErrData that names one", err)
	}
}

// testModel learns to give back its input: enough to try the loop.
func testModel(t *testing.T) *tasks.Model {
	t.Helper()
	net, err := cae.Autoencoder(cae.Config{Inputs: []cae.Input{{Name: "image", Planes: 3}}, Out: 3, Shuffle: 1,
		Widths: []int{4, 4}, Down: []int{0, 1}, Up: []int{0}, Skip: cae.SkipAdd, Head: cae.HeadDirect})
	if err != nil {
		t.Fatal(err)
	}
	text, err := net.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return &tasks.Model{Name: "copy", Network: text, Loss: "l1",
		ScoreOptions: func() any { return &struct{}{} },
		Pair: func(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) {
			e := tasks.Example{W: s.Image.W, H: s.Image.H}
			for _, plane := range s.Image.Planes {
				to := make([]float32, len(plane))
				for i, v := range plane {
					to[i] = float32(v) / 65535
				}
				e.Target = append(e.Target, to)
				from := append([]float32(nil), to...)
				from[0] += float32(rng.NormFloat64())
				e.Input = append(e.Input, from)
			}
			return e, nil
		},
		Score: func(_ context.Context, env tasks.Env, model string, samples iter.Seq2[tasks.Sample, error], _ any) (tasks.Table, error) {
			if _, _, err := env.OpenModel(model); err != nil {
				return tasks.Table{}, err
			}
			n := 0
			for _, err := range samples {
				if err != nil {
					return tasks.Table{}, err
				}
				n++
			}
			return tasks.Table{Columns: []string{"pictures"}, Rows: [][]any{{n}}, Score: float64(n)}, nil
		},
	}
}

func options(t *testing.T, data string) TrainOptions {
	return TrainOptions{Spec: &tasks.Spec{Name: "test"}, Model: testModel(t), Data: []string{data}, Out: t.TempDir(), Env: env(),
		Config:  train.Config{Steps: 30, Warmup: 2, Schedule: train.Cosine, Rate: 1e-2, EMA: 0.9, Batch: 2, Height: 16, Width: 16, Seed: 3},
		Command: "a test"}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTrain(t *testing.T) {
	t.Parallel()
	data := folder(t, [2]int{40, 30}, [2]int{20, 20})
	o := options(t, data)
	o.Val = o.Data
	var kinds []string
	o.Log = func(e Event) {
		if e.Kind == "progress" || len(kinds) > 0 && kinds[len(kinds)-1] == e.Kind {
			return // more of them on a slow machine
		}
		kinds = append(kinds, e.Kind)
	}
	path, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(kinds, " "); got != "warning data step score samples saved" {
		t.Errorf("events: %s", got)
	}
	whole := read(t, path)
	_, f, err := cae.Load(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	if c := f.Metadata.Card; c.Steps != 30 || c.Command != "a test" || f.Metadata.Task != "test" || len(c.Data) != 1 {
		t.Errorf("the card says %+v", c)
	}
	log, err := os.Open(filepath.Join(o.Out, LogName))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	events, err := ReadLog(log)
	at := slices.IndexFunc(events, func(e Event) bool { return e.Kind == "step" })
	if err != nil || at < 0 || events[at].Step != 30 || !(events[at].Loss > 0) {
		t.Errorf("the log reads %+v (%v)", events, err)
	}

	t.Run("resumed", func(t *testing.T) {
		o := options(t, data)
		ctx, cancel := context.WithCancel(t.Context())
		o.Every = time.Nanosecond // a checkpoint after every step
		o.Log = func(e Event) {
			if e.Kind == "saved" && e.Step == 11 {
				cancel()
			}
		}
		if _, err := Train(ctx, o); !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted: %v", err)
		}
		o.Resume = filepath.Join(o.Out, CheckpointName)
		o.Every, o.Log = 0, nil
		path, err := Train(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		n1, _, err1 := cae.Load(bytes.NewReader(whole), int64(len(whole)))
		again := read(t, path)
		n2, f, err2 := cae.Load(bytes.NewReader(again), int64(len(again)))
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		for i, p := range n1.Params() {
			for j, v := range p.Data {
				if n2.Params()[i].Data[j] != v {
					t.Fatalf("%s differs from that of the uninterrupted run", p.Name)
				}
			}
		}
		if f.Metadata.Card.Steps != 30 {
			t.Errorf("the card counts %d steps", f.Metadata.Card.Steps)
		}
	})

	t.Run("branch and warm start", func(t *testing.T) {
		if _, err := Train(t.Context(), TrainOptions{Spec: o.Spec, Model: o.Model, Data: o.Data, Out: t.TempDir(), Env: env(),
			Resume: filepath.Join(o.Out, CheckpointName), Decay: 5}); !errors.Is(err, ErrOptions) {
			t.Errorf("a branch off a cosine: %v, want ErrOptions", err)
		}
		trunk := options(t, data)
		trunk.Config.Schedule = train.Constant
		if _, err := Train(t.Context(), trunk); err != nil {
			t.Fatal(err)
		}
		b := options(t, data)
		b.Resume, b.Decay = filepath.Join(trunk.Out, CheckpointName), 5
		b.Command = "a branch"
		path, err := Train(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		branch := read(t, path)
		if _, f, err := cae.Load(bytes.NewReader(branch), int64(len(branch))); err != nil || f.Metadata.Card.Command != "a test; a branch" {
			t.Errorf("the card of the branch says %q (%v)", f.Metadata.Card.Command, err)
		}
		w := options(t, data)
		w.From, w.Command = path, "on and on"
		path, err = Train(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		file := read(t, path)
		_, f, err := cae.Load(bytes.NewReader(file), int64(len(file)))
		if err != nil || f.Metadata.Card.Steps != 65 || f.Metadata.Card.Command != "a test; a branch; on and on" {
			t.Errorf("30, 5 and 30 steps: the card counts %d, by %q (%v)", f.Metadata.Card.Steps, f.Metadata.Card.Command, err)
		}
	})
}

func TestTrainRefuses(t *testing.T) {
	t.Parallel()
	data := folder(t, [2]int{40, 30})
	for name, spoil := range map[string]func(o *TrainOptions){
		"no data":                   func(o *TrainOptions) { o.Data = []string{filepath.Join(data, "none")} },
		"neither steps nor minutes": func(o *TrainOptions) { o.Config.Steps = 0 },
		"no such checkpoint":        func(o *TrainOptions) { o.Resume = filepath.Join(data, "none") },
		"no such model":             func(o *TrainOptions) { o.From = filepath.Join(data, "none") },
		"out is a file":             func(o *TrainOptions) { o.Out = filepath.Join(data, "README.txt") },
		"no network":                func(o *TrainOptions) { o.Model.Network = nil },
		"decay without resume":      func(o *TrainOptions) { o.Decay = 5 },
	} {
		o := options(t, data)
		spoil(&o)
		if _, err := Train(t.Context(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestSpare: a training in the folder is not written over, unless told to.
func TestSpare(t *testing.T) {
	t.Parallel()
	o := options(t, folder(t, [2]int{40, 30}))
	path, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	if _, err := Train(t.Context(), o); !errors.Is(err, ErrOptions) {
		t.Errorf("a second training in the same folder: %v, want ErrOptions", err)
	}
	if !bytes.Equal(read(t, path), before) {
		t.Error("the first training's model changed")
	}
	o.Overwrite, o.Config.Seed = true, 4
	if _, err := Train(t.Context(), o); err != nil || bytes.Equal(read(t, path), before) {
		t.Errorf("told to overwrite: %v, or the model is the same", err)
	}
}

func TestMinutes(t *testing.T) {
	t.Parallel()
	o := options(t, folder(t, [2]int{40, 30}))
	o.Config.Steps, o.Minutes = 0, 0.005
	path, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	file := read(t, path)
	if _, f, err := cae.Load(bytes.NewReader(file), int64(len(file))); err != nil || f.Metadata.Card.Steps < 1 {
		t.Errorf("the card counts %d steps (%v)", f.Metadata.Card.Steps, err)
	}
}
