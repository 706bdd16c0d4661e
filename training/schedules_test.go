package training

import (
	"encoding/json"
	"testing"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/train"
)

// run is a training of a single weight and bias that shows rates, guard and
// average.
type run struct {
	Config  train.Config `json:"config"`
	Rates   []float64    `json:"rates"`
	Losses  []float64    `json:"losses"`
	Average []float64    `json:"average"` // weight and bias
	Skipped int64        `json:"skipped"` // steps that the guard left out
}

// outlier is the step, counted from 0, whose target is 100 times itself.
const outlier = 24

// schedules are the shapes that a rate can have.
func schedules() []train.Config {
	base := train.Config{Steps: 30, Warmup: 5, Schedule: train.Cosine, Rate: 0.05, EMA: 0.99, Loss: "mse", Batch: 1, Height: 2, Width: 2}
	with := func(change func(*train.Config)) train.Config {
		c := base
		change(&c)
		return c
	}
	return []train.Config{
		base,
		with(func(c *train.Config) { c.Warmup = 0; c.Loss = "l1"; c.EMA = 0.5 }),
		with(func(c *train.Config) { c.Schedule = train.Constant; c.Loss = "charbonnier"; c.WeightDecay = 0.5 }),
		with(func(c *train.Config) { c.Schedule = train.Constant; c.DecayFrom = 12; c.Clip = 0.01 }),
		with(func(c *train.Config) { c.Schedule = train.Constant; c.DecayFrom = 3; c.EMA = 0 }), // within the warm-up
		with(func(c *train.Config) { c.Guard = 10 }),
		with(func(c *train.Config) { c.Loss = "bce"; c.Guard = 10 }),
	}
}

func runOf(t *testing.T, c train.Config) run {
	t.Helper()
	net, err := cae.New([]cae.Input{{Name: "x", Planes: 1}}, []cae.Node{
		{Name: "y", In: []string{"x"}, Layer: &cae.Conv{In: 1, Out: 1, Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}, Bias: true}},
	}, "y", "")
	if err != nil {
		t.Fatal(err)
	}
	params := net.Params()
	params[0].Data[0], params[1].Data[0] = 0.5, 0.25
	trainer, err := train.New(net, cae.NewExec(t.Context(), cae.Serial, 1), c)
	if err != nil {
		t.Fatal(err)
	}
	// The Python test has the same samples.
	in, target := cae.NewTensor(cae.Shape{N: 1, C: 1, H: 2, W: 2}), cae.NewTensor(cae.Shape{N: 1, C: 1, H: 2, W: 2})
	copy(in.Data, []float32{0, 0.25, 0.5, 1})
	clean := []float32{1, 0.5, 0.75, 0}
	copy(target.Data, clean)
	r := run{Config: c}
	for i := range c.Steps {
		if i == outlier {
			for j := range target.Data {
				target.Data[j] *= 100
			}
		}
		if i == outlier+1 {
			copy(target.Data, clean)
		}
		s, err := trainer.Step(train.Batch{Inputs: []*cae.Tensor{in}, Target: target})
		if err != nil {
			t.Fatal(err)
		}
		r.Rates, r.Losses = append(r.Rates, s.Rate), append(r.Losses, s.Loss)
	}
	r.Skipped = trainer.Skipped()
	average, err := trainer.Averaged()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range average.Params() {
		r.Average = append(r.Average, float64(p.Data[0]))
	}
	return r
}

func TestSchedulesAreStored(t *testing.T) {
	t.Parallel()
	var list []run
	for _, c := range schedules() {
		list = append(list, runOf(t, c))
	}
	if *update {
		text, err := json.MarshalIndent(list, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		write(t, schedulesFile, append(text, '\n'))
	}
	var want []run
	if err := json.Unmarshal(read(t, schedulesFile), &want); err != nil {
		t.Fatal(err)
	}
	if len(list) != len(want) {
		t.Fatalf("%d runs, %d are stored", len(list), len(want))
	}
	for i, got := range list {
		if got.Config != want[i].Config {
			t.Errorf("run %d: its configuration is %+v, stored is %+v", i, got.Config, want[i].Config)
		}
		if want := map[bool]int64{true: 1}[got.Config.Guard > 0]; got.Skipped != want {
			t.Errorf("run %d: %d steps left out, want %d", i, got.Skipped, want)
		}
		near(t, "rates", got.Rates, want[i].Rates, 1e-12)
		near(t, "losses", got.Losses, want[i].Losses, lossError)
		near(t, "average", got.Average, want[i].Average, lossError)
	}
}
