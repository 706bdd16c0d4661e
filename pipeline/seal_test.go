package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// sealBatch is a Batch of which only Seal is called.
type sealBatch struct {
	Batch
	seal func() error
}

func (b sealBatch) Seal() error { return b.seal() }

// Outputs that come within a moment go to the disk together, each with its own
// error; a full group waits for nothing.
func TestSealer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s sealer
		var mu sync.Mutex
		var when []time.Duration
		start := time.Now()
		odd := errors.New("odd")
		errs := make([]error, 4)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * gather / 3) // the last comes when the first group goes
				errs[i] = s.seal(sealBatch{seal: func() error {
					mu.Lock()
					when = append(when, time.Since(start))
					mu.Unlock()
					switch i {
					case 1:
						return odd
					case 2:
						panic("broken")
					}
					return nil
				}})
			})
		}
		wg.Wait()
		slices.Sort(when)
		if len(when) != 4 || when[0] != gather || when[2] != gather || when[3] > 2*gather {
			t.Errorf("sealed after %v", when)
		}
		var broken *PanicError
		if errs[0] != nil || errs[1] != odd || !errors.As(errs[2], &broken) || errs[3] != nil {
			t.Errorf("errors %v", errs)
		}

		start = time.Now()
		var n atomic.Int32
		for range mostGathered {
			wg.Go(func() { _ = s.seal(sealBatch{seal: func() error { n.Add(1); return nil }}) })
		}
		wg.Wait()
		if n.Load() != mostGathered || time.Since(start) != 0 {
			t.Errorf("%d sealed after %v", n.Load(), time.Since(start))
		}
		time.Sleep(gather)
	})
}

// With many pictures, all have their outputs, and each its own outcome.
func TestRunMany(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{}
	for i := range 3 * fewItems {
		files[fmt.Sprintf("%02d.png", i)] = png(t, i)
	}
	in := tree(t, files)
	out := t.TempDir()
	odd := errors.New("odd")
	sink := &faultySink{Sink: sinkOf(t, out), seal: forItem("07.png", odd)}
	j := job{inputs: []string{in}, out: out, sink: sink}
	report := j.must(t)
	if report.Restored != len(files)-1 || report.Failed != 1 || !errors.Is(report.Results[7].Err, odd) {
		t.Errorf("%s", outcomes(report))
	}
}
