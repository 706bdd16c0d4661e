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
	switch {
	case step < c.Warmup:
		return float64(step+1) / float64(c.Warmup+1)
	case c.Schedule == Cosine:
		done := float64(step-c.Warmup) / math.Max(1, float64(c.Steps-c.Warmup))
		return 0.5 * (1 + math.Cos(math.Pi*math.Min(1, done)))
	case c.DecayFrom > 0 && step >= c.DecayFrom:
		return math.Max(0, float64(c.Steps-step)/float64(c.Steps-c.DecayFrom))
	}
	return 1
}
