package neural

import (
	"context"
	"fmt"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/tasks"
)

// Windows runs the network on n windows of w by h samples, which its multiple
// must divide, side by side on the workers of env. fill sets the inputs of a
// window, one plane after another with 1.0 as full scale, and take gets the
// planes of the output, which are the caller's until it returns. Both are called
// from several goroutines at once, for different windows. A window is continued by
// nothing: what is near its edge is less certain than what is in the middle.
func (m *Model) Windows(ctx context.Context, env tasks.Env, w, h, n int, fill, take func(i int, planes [][]float32) error) error {
	if n == 0 {
		return nil
	}
	plan, err := m.compiled(ctx, env)
	if err != nil {
		return err
	}
	workers := make([]*windowWorker, max(1, env.Workers))
	defer func() {
		for _, k := range workers {
			if k != nil {
				m.execs.put(k.x)
			}
		}
	}()
	return env.Run(ctx, n, func(worker, i int) error {
		k := workers[worker]
		if k == nil {
			k = m.newWindowWorker(ctx, env, w, h)
			workers[worker] = k
		}
		if err := fill(i, k.planes); err != nil {
			return err
		}
		out, err := plan.Forward(k.x, k.inputs...)
		if err != nil {
			return err
		}
		planes := make([][]float32, out.C)
		for p := range planes {
			if planes[p] = out.Plane(0, p); !finite(planes[p]) {
				return fmt.Errorf("the network gave values that are no numbers")
			}
		}
		return take(i, planes)
	})
}

// windowWorker is what one worker of Windows computes with.
type windowWorker struct {
	x      *cae.Exec
	inputs []*cae.Tensor
	planes [][]float32 // of the inputs
}

func (m *Model) newWindowWorker(ctx context.Context, env tasks.Env, w, h int) *windowWorker {
	k := &windowWorker{x: m.execs.take(ctx, env)}
	k.x.Reset(ctx, cae.Serial, 1)
	for _, in := range m.Net.Inputs() {
		t := cae.NewTensor(cae.Shape{N: 1, C: in.Planes, H: h, W: w})
		k.inputs = append(k.inputs, t)
		for c := range in.Planes {
			k.planes = append(k.planes, t.Plane(0, c))
		}
	}
	return k
}

// WindowsCost is how many bytes Windows takes at most on so many workers.
func (m *Model) WindowsCost(w, h, workers int) int64 {
	work, err := m.Net.Workspace(h, w, 1)
	if err != nil {
		return 0
	}
	planes := int64(0)
	for _, in := range m.Net.Inputs() {
		planes += int64(in.Planes)
	}
	return int64(max(1, workers)) * (work + planes*int64(w)*int64(h)*4)
}
