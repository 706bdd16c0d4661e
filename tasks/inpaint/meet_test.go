package inpaint

import (
	"math"
	"testing"

	"github.com/cae-restore/restore/tasks/taskstest"
)

// TestMeet: a hole whose patches are all a little too bright meets what is known,
// and one whose patches show another thing is left as they say.
func TestMeet(t *testing.T) {
	t.Parallel()
	const side, flat = 60, 20000
	for _, c := range []struct {
		name        string
		lift        int16
		least, most float64 // of what is left of it
	}{
		{"a step in the light", 1500, 0, 0.2},
		{"another thing", 8000, 0.95, 1.05},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLevel(side, side, 1)
			for i := range l.px {
				if l.px[i] = flat; i%side >= 20 && i%side < 40 && i/side >= 20 && i/side < 40 {
					l.state[i] = wanted
				}
			}
			l.prepare()
			l.targets()
			for s, from := range l.from {
				if from >= 0 {
					l.from[s], l.lift[s] = l.any(0), c.lift
				}
			}
			if err := l.vote(t.Context(), taskstest.Env(Spec(), 2), true); err != nil {
				t.Fatal(err)
			}
			for i, state := range l.state {
				if state != wanted {
					if l.px[i] != flat {
						t.Fatal("a known sample changed")
					}
				} else if left := (float64(l.px[i]) - flat) / float64(c.lift); math.IsNaN(left) || left < c.least || left > c.most {
					t.Fatalf("%.2f of the step is left at column %d, row %d", left, i%side, i/side)
				}
			}
		})
	}
}
