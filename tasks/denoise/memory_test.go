package denoise

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/taskstest"
)

// grainy is a picture with noise of standard deviation 20, in 8 bits.
func grainy(w, h int) *pix.Image {
	m := pix.New(w, h, 3)
	m.Meta.Depth = 8
	rng := rand.New(rand.NewPCG(7, 1))
	for _, plane := range m.Planes {
		for i := range plane {
			v := 120 + 60*float64(i%w)/float64(w) + 20*rng.NormFloat64()
			plane[i] = uint16(min(max(v, 0), 255)) * 257
		}
	}
	return m
}

func openWith(t *testing.T, memory int64, options map[string]string) tasks.Coster {
	t.Helper()
	spec := Spec()
	env := taskstest.Env(spec, 2)
	env.Memory = memory
	task, err := taskstest.Open(t.Context(), spec, env, options)
	if err != nil {
		t.Fatal(err)
	}
	return task.(tasks.Coster)
}

// TestMemoryChangesNoBit: less memory means smaller tiles of the shipped
// network, and the same picture.
func TestMemoryChangesNoBit(t *testing.T) {
	t.Parallel()
	m := grainy(900, 700)
	options := map[string]string{"strength": "20"}
	var before int64
	var want *tasks.Frame
	for _, memory := range []int64{0, 80 << 20, 1} {
		task := openWith(t, memory, options)
		work := task.Cost(m.W, m.H, 3).Work
		if want != nil && work >= before {
			t.Errorf("with %d bytes it works in %d, with more in %d: nothing is compared", memory, work, before)
		}
		before = work
		got, err := task.Apply(t.Context(), &tasks.Frame{Image: m})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
			continue
		}
		for p, plane := range got.Image.Planes {
			for i, v := range plane {
				if v != want.Image.Planes[p][i] {
					t.Fatalf("with %d bytes, plane %d differs in column %d, row %d", memory, p, i%m.W, i/m.W)
				}
			}
		}
	}
}

// TestCost: the estimate of the chosen model, which depends on the memory that
// there is.
func TestCost(t *testing.T) {
	t.Parallel()
	fast, best := openWith(t, 0, map[string]string{"strength": "20"}), openWith(t, 0, map[string]string{"strength": "20", "model": "best"})
	if f, b := fast.Cost(0, 0, 0), best.Cost(0, 0, 0); f.Work != 0 || f.Once < int64(len(fastWeights)) || b.Once < int64(len(bestWeights)) || b.Once < 2*f.Once {
		t.Errorf("fast costs %+v by itself, best %+v", f, b)
	}
	if f, b := fast.Cost(1000, 800, 3).Work, best.Cost(1000, 800, 3).Work; b < f+f/8 {
		t.Errorf("a picture takes %d bytes of fast, %d of best", f, b)
	}
	const limit = 100 << 20
	if got := openWith(t, limit, map[string]string{"strength": "20"}).Cost(3000, 2000, 3).Work; got > limit || got < limit/4 {
		t.Errorf("with %d bytes it takes %d", limit, got)
	}
}

// TestLevelCost compares the estimate with all that measuring the level
// allocates. Not parallel: it watches the whole process.
func TestLevelCost(t *testing.T) {
	task := openWith(t, 0, nil)
	for _, side := range []int{40, 256, 1200} {
		m := grainy(side, side)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		EstimateLevel(m)
		runtime.ReadMemStats(&after)
		if got, cost := int64(after.TotalAlloc-before.TotalAlloc), task.Cost(side, side, 3).Work; got > cost {
			t.Errorf("%dx%d: measuring the level takes %d bytes, the estimate is %d", side, side, got, cost)
		}
	}
}
