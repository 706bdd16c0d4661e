package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/cae-restore/restore/cae"
)

// Config is what a training is made of, beside network and data.
type Config struct {
	Steps       int64    `json:"steps"`        // length of the run
	Warmup      int64    `json:"warmup"`       // steps over which the rate rises
	Schedule    Schedule `json:"schedule"`     // how it goes from there
	DecayFrom   int64    `json:"decay_from"`   // step from which a constant rate falls to 0 at the last step; 0: it does not fall
	Rate        float64  `json:"rate"`         // full learning rate
	WeightDecay float64  `json:"weight_decay"` // decoupled
	Clip        float64  `json:"clip"`         // longest gradient; 0: no limit
	Guard       float64  `json:"guard"`        // a step whose gradient is so many times as long as the recent ones is left out; 0: only one that is not finite
	Freeze      string   `json:"freeze"`       // what keeps its parameters: "" nothing, FreezeEncoder the network's encoder
	EMA         float64  `json:"ema"`          // memory of the moving average of the weights, below 1
	Loss        string   `json:"loss"`         // see NewLoss
	Batch       int      `json:"batch"`        // pictures a step
	Height      int      `json:"height"`       // of each
	Width       int      `json:"width"`
	Seed        uint64   `json:"seed"`
}

// FreezeEncoder is the Config.Freeze of a training that teaches the decoder
// alone.
const FreezeEncoder = "encoder"

func (c Config) check() error {
	switch {
	case c.Steps < 1 || c.Batch < 1 || c.Height < 1 || c.Width < 1 || c.Warmup < 0:
		return fmt.Errorf("a training of %d steps (%d of warm-up) on batches of %d of %dx%d", c.Steps, c.Warmup, c.Batch, c.Width, c.Height)
	case !(c.Rate > 0) || c.WeightDecay < 0 || c.Clip < 0 || !(c.EMA >= 0 && c.EMA < 1) || c.Guard != 0 && !(c.Guard > 1):
		return fmt.Errorf("a training with rate %g, weight decay %g, clip %g, EMA %g, guard %g", c.Rate, c.WeightDecay, c.Clip, c.EMA, c.Guard)
	case c.Freeze != "" && c.Freeze != FreezeEncoder:
		return fmt.Errorf("a training that freezes %q; there is %q", c.Freeze, FreezeEncoder)
	}
	if c.DecayFrom < 0 || c.DecayFrom >= c.Steps || c.DecayFrom > 0 && c.Schedule != Constant {
		return fmt.Errorf("a rate that falls from step %d of %d with the schedule %q", c.DecayFrom, c.Steps, c.Schedule)
	}
	return c.Schedule.check()
}

// Batch is what one step learns from: the network's inputs and the target, all
// of the trainer's batch and size. Weight is nil where all samples count alike.
type Batch struct {
	Inputs []*cae.Tensor
	Target *cae.Tensor
	Weight *cae.Tensor
}

// ErrDiverged marks a training that has had no usable gradient for many steps.
var ErrDiverged = errors.New("the training has diverged")

// Trainer trains one network, which it owns from then on: it writes to the
// network's parameters. Not for concurrent use.
type Trainer struct {
	config Config
	net    *cae.Network
	params []*cae.Param
	tape   *cae.Tape
	loss   *lossWork
	adam   *adam
	ema    [][]float32
	x      *cae.Exec
	update *update
	works  struct{ loss, measure, apply cae.Work }
	guard  guard
	done   int64
}

// New makes a trainer at step 0, starting from the parameters that net has.
func New(net *cae.Network, x *cae.Exec, c Config) (*Trainer, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	loss, err := NewLoss(c.Loss)
	if err != nil {
		return nil, err
	}
	frozen := make([]bool, len(net.Nodes()))
	if c.Freeze == FreezeEncoder {
		if frozen, err = net.Encoder(); err != nil {
			return nil, fmt.Errorf("the encoder cannot be frozen: %w", err)
		}
	}
	tape, err := net.NewFrozenTape(x, c.Batch, c.Height, c.Width, frozen)
	if err != nil {
		return nil, err
	}
	out, err := net.OutShape(c.Batch, c.Height, c.Width)
	if err != nil {
		return nil, err
	}
	t := &Trainer{config: c, net: net, params: net.Params(), tape: tape, x: x}
	t.loss = &lossWork{loss: loss, grad: make([]float32, out.Len())}
	t.works.loss = t.loss.work(out.Len())
	t.adam = newAdam(t.params)
	for _, p := range t.params {
		t.ema = append(t.ema, append([]float32(nil), p.Data...))
	}
	t.update = newUpdate(t.params, tape.Grads(), t.ema, t.adam)
	t.works.measure, t.works.apply = t.update.measure(), t.update.apply()
	return t, nil
}

// Done is the number of steps so far, those left out too.
func (t *Trainer) Done() int64 { return t.done }

// Skipped is how many of them were left out.
func (t *Trainer) Skipped() int64 { return t.guard.Skipped }

// Config is the training's configuration.
func (t *Trainer) Config() Config { return t.config }

// Stats are the figures of one step.
type Stats struct {
	Step     int64   // counted from 1
	Loss     float64 // of the batch, before the step
	Gradient float64 // length of the gradient before clipping
	Rate     float64 // learning rate used
	Skipped  bool    // the guard left the step out: no parameter has changed
}

// Step learns from one batch. After an ErrDiverged the parameters are those
// of the last step that was not left out.
func (t *Trainer) Step(b Batch) (Stats, error) {
	c := t.config
	s := Stats{Step: t.done + 1, Rate: c.Rate * c.factor(t.done)}
	for i, in := range t.tape.Inputs() {
		if len(b.Inputs) <= i || b.Inputs[i].Shape != in.Shape {
			return s, fmt.Errorf("the batch's input %d is not of shape %v", i, in.Shape)
		}
		copy(in.Data, b.Inputs[i].Data)
	}
	out, err := t.tape.Forward()
	if err != nil {
		return s, err
	}
	if b.Target.Shape != out.Shape {
		return s, fmt.Errorf("the batch's target has shape %v, the network's output %v", b.Target.Shape, out.Shape)
	}
	t.loss.out, t.loss.target, t.loss.weight = out.Data, b.Target.Data, nil
	if b.Weight != nil {
		if b.Weight.Shape != out.Shape {
			return s, fmt.Errorf("the batch's weight has shape %v, the network's output %v", b.Weight.Shape, out.Shape)
		}
		t.loss.weight = b.Weight.Data
	}
	if err := t.x.Do(t.works.loss); err != nil {
		return s, err
	}
	s.Loss = t.loss.mean()
	if err := t.tape.Backward(t.loss.grad); err != nil {
		return s, err
	}
	if err := t.x.Do(t.works.measure); err != nil {
		return s, err
	}
	length, scale := t.update.clip(c.Clip)
	s.Gradient = length
	if s.Skipped = !t.guard.pass(s.Loss, length, c.Guard); s.Skipped {
		t.done++
		return s, t.guard.check(s)
	}
	taken := s.Step - t.guard.Skipped
	// Early on the average's memory is as long as the run so far, so that the
	// first values are forgotten.
	t.update.keep = math.Min(c.EMA, float64(taken)/float64(taken+10))
	t.update.motion = motionOf(taken, s.Rate, c.WeightDecay, scale)
	if err := t.x.DoWhole(t.works.apply); err != nil {
		return s, err
	}
	t.done++
	return s, nil
}

// Averaged returns a copy of the network with the moving average of its weights
// over the steps (Polyak and Juditsky 1992), which is what to keep.
func (t *Trainer) Averaged() (*cae.Network, error) {
	text, err := t.net.MarshalJSON()
	if err != nil {
		return nil, err
	}
	n, err := cae.Parse(text)
	if err != nil {
		return nil, err
	}
	for i, p := range n.Params() {
		copy(p.Data, t.ema[i])
	}
	return n, nil
}
