package train

import (
	"fmt"
	"math"
)

// guard watches the lengths of the gradients: a step whose gradient is not
// finite, or far longer than those before it, is left out, as a single bad batch
// can undo thousands of good steps. It depends on the lengths alone, so a
// resumed training that has its state goes on as it would have.
type guard struct {
	Mean    float64 `json:"mean"`    // moving average of the lengths
	Seen    int64   `json:"seen"`    // how many are in it
	Skipped int64   `json:"skipped"` // steps left out so far
	InARow  int64   `json:"in_a_row"`
}

const (
	// DefaultGuard is the usual Config.Guard.
	DefaultGuard = 10

	guardMemory  = 100 // steps over which the average looks back
	guardFrom    = 20  // so many lengths are needed before one can be far from them
	guardPatient = 50  // so many steps left out in a row are no accident
)

// pass says whether a step with such a loss and gradient may be taken. limit is
// Config.Guard.
func (g *guard) pass(loss, length, limit float64) bool {
	finite := !math.IsNaN(loss+length) && !math.IsInf(loss+length, 0)
	most := math.Inf(1)
	if limit > 0 && g.Seen >= guardFrom {
		most = limit * g.Mean
	}
	ok := finite && length <= most
	if finite {
		// What is left out counts for as much as could have passed: where
		// gradients grow for good, the average follows in a few steps.
		g.Seen++
		g.Mean += (min(length, most) - g.Mean) / float64(min(g.Seen, guardMemory))
	}
	if ok {
		g.InARow = 0
	} else {
		g.Skipped++
		g.InARow++
	}
	return ok
}

// check reports that no step has been taken for too long.
func (g *guard) check(s Stats) error {
	if g.InARow < guardPatient {
		return nil
	}
	return fmt.Errorf("%w at step %d: %d steps in a row had no usable gradient, the last a loss of %g and a gradient of length %g; start again with a lower rate or a longer warm-up",
		ErrDiverged, s.Step, g.InARow, s.Loss, s.Gradient)
}
