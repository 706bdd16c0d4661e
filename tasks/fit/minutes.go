package fit

import (
	"context"
	"errors"
	"time"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/train"
)

// How long the trial runs that turns minutes into steps: so long, but at most
// such a share of the minutes.
const (
	trialTime  = 4 * time.Second
	trialShare = 0.1
)

// stepsFor turns minutes into steps by timing the steps of a trial on a copy of
// the network, with the batches that the training will have.
func (r *run) stepsFor(ctx context.Context, minutes float64) (int64, error) {
	if !(minutes > 0) {
		return 0, errors.New("a training wants a number of steps or of minutes")
	}
	text, err := r.net.MarshalJSON()
	if err != nil {
		return 0, err
	}
	net, err := cae.Parse(text)
	if err != nil {
		return 0, err
	}
	for i, p := range net.Params() {
		copy(p.Data, r.net.Params()[i].Data)
	}
	c := r.o.Config
	c.Steps = 1 << 40
	trial, err := train.New(net, r.x, c)
	if err != nil {
		return 0, err
	}
	source, err := r.newBatches(c)
	if err != nil {
		return 0, err
	}
	loader := newLoader(ctx, source, 0, r.o.Env.Workers)
	defer loader.close()
	length := minutes * 60
	each, err := timeSteps(trial, loader, min(trialTime.Seconds(), trialShare*length))
	if err != nil {
		return 0, err
	}
	return max(1, int64(length/each)), nil
}

// timeSteps returns the seconds that a step takes. The first steps, which take
// memory and fill caches, do not count: a quarter of the time, and the batches
// that were made meanwhile.
func timeSteps(trial *train.Trainer, loader *loader, seconds float64) (float64, error) {
	begin := time.Now()
	counted, steps := time.Time{}, 0
	for i := 0; ; i++ {
		now := time.Now()
		switch {
		case !counted.IsZero() && steps > 0 && now.Sub(begin).Seconds() >= seconds:
			return now.Sub(counted).Seconds() / float64(steps), nil
		case counted.IsZero() && i > loadAhead && now.Sub(begin).Seconds() >= seconds/4:
			counted = now
		}
		batch, err := loader.next()
		if err != nil {
			return 0, err
		}
		if _, err := trial.Step(batch); err != nil {
			return 0, err
		}
		if !counted.IsZero() {
			steps++
		}
	}
}
