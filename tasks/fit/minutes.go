package fit

import (
	"fmt"
	"time"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/train"
)

// stepsFor turns minutes into steps by timing a few steps of a trial on a copy.
func (r *run) stepsFor(minutes float64) (int64, error) {
	if !(minutes > 0) {
		return 0, fmt.Errorf("a training wants a number of steps or of minutes")
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
	c.Steps = 1
	trial, err := train.New(net, r.x, c)
	if err != nil {
		return 0, err
	}
	out, err := net.OutShape(1, c.Height, c.Width)
	if err != nil {
		return 0, err
	}
	source := &batches{data: r.data, model: r.o.Model, config: c, inputs: net.Inputs(), out: out.C}
	batch, err := source.at(0)
	if err != nil {
		return 0, err
	}
	var took time.Duration
	const trials = 4
	for i := range trials + 1 {
		begin := time.Now()
		if _, err := trial.Step(batch); err != nil {
			return 0, err
		}
		if i > 0 { // the first one warms up
			took += time.Since(begin)
		}
	}
	return max(1, int64(minutes*60/(took.Seconds()/trials))), nil
}
