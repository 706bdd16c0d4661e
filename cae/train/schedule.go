package train

import (
	"fmt"
	"math"
)

// Schedule says how the rate goes over the steps of a run.
type Schedule string

// After the warm-up, Cosine falls from the full rate to 0 at the last step
// (Loshchilov and Hutter, "SGDR", ICLR 2017), Constant stays.
const (
	Cosine   Schedule = "cosine"
	Constant Schedule = "constant"
)

// check reports an unknown schedule.
func (s Schedule) check() error {
	if s != Cosine && s != Constant {
		return fmt.Errorf("there is no schedule %q; there are cosine and constant", s)
	}
	return nil
}

// factor is what the full rate is multiplied by at a step, which counts from 0:
// a linear rise over the warm-up, then the schedule, then, where a constant rate
// falls at last, a straight line to 0.
func (c Config) factor(step int64) float64 {
	f := 1.0
	if step < c.Warmup {
		f = float64(step+1) / float64(c.Warmup+1)
	}
	switch {
	case c.Schedule == Cosine && step >= c.Warmup:
		done := float64(step-c.Warmup) / math.Max(1, float64(c.Steps-c.Warmup))
		f = 0.5 * (1 + math.Cos(math.Pi*math.Min(1, done)))
	case c.DecayFrom > 0 && step >= c.DecayFrom:
		left := math.Max(0, float64(c.Steps-step)/float64(c.Steps-c.DecayFrom))
		if c.DecayFrom < c.Warmup { // from the rate that the warm-up had reached
			return left * float64(c.DecayFrom) / float64(c.Warmup+1)
		}
		f *= left
	}
	return f
}
