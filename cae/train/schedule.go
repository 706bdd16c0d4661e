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

// rate is the factor of the full rate at a step, which counts from 0: a linear
// rise over warmup steps, then the schedule up to steps.
func (s Schedule) rate(step, warmup, steps int64) float64 {
	if step < warmup {
		return float64(step+1) / float64(warmup+1)
	}
	if s == Constant {
		return 1
	}
	done := float64(step-warmup) / math.Max(1, float64(steps-warmup))
	return 0.5 * (1 + math.Cos(math.Pi*math.Min(1, done)))
}
