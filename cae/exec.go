package cae

import "context"

// Runner shares out n independent pieces of work: it calls f(worker, i) for
// every i in [0, n), worker being below the number of workers and different for
// calls that overlap. It returns the first error after all have ended.
type Runner func(ctx context.Context, n int, f func(worker, i int) error) error

// Serial does all the work itself, in order.
func Serial(ctx context.Context, n int, f func(worker, i int) error) error {
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(0, i); err != nil {
			return err
		}
	}
	return nil
}

// Exec is where a network runs: workers and their scratch memory. One Exec
// serves one run at a time; concurrent runs take one each.
type Exec struct {
	ctx     context.Context
	run     Runner
	scratch [][]float32
	free    map[int][][]float32 // buffers of tensors no longer needed, by length
}

// NewExec returns an Exec on the given runner with that many workers; a nil
// runner is Serial. ctx ends a run between two pieces of work.
func NewExec(ctx context.Context, run Runner, workers int) *Exec {
	if run == nil {
		run, workers = Serial, 1
	}
	return &Exec{ctx: ctx, run: run, scratch: make([][]float32, workers), free: map[int][][]float32{}}
}

// each shares out n pieces; f gets at least size elements of scratch, of
// undefined content.
func (x *Exec) each(n, size int, f func(i int, scratch []float32)) error {
	return x.run(x.ctx, n, func(worker, i int) error {
		if len(x.scratch[worker]) < size {
			x.scratch[worker] = make([]float32, size)
		}
		f(i, x.scratch[worker])
		return nil
	})
}

// grain is how many elements an elementwise piece of work covers.
const grain = 1 << 15

// span shares out the elements [0, n) in runs of grain.
func (x *Exec) span(n int, f func(lo, hi int)) error {
	return x.each((n+grain-1)/grain, 0, func(i int, _ []float32) {
		f(i*grain, min((i+1)*grain, n))
	})
}

func (x *Exec) alloc(s Shape) *Tensor {
	n := s.Len()
	if l := x.free[n]; len(l) > 0 {
		x.free[n] = l[:len(l)-1]
		return &Tensor{s, l[len(l)-1]}
	}
	return NewTensor(s)
}

func (x *Exec) release(t *Tensor) {
	x.free[len(t.Data)] = append(x.free[len(t.Data)], t.Data)
}

// Trim drops the buffers kept for the next run.
func (x *Exec) Trim() { clear(x.free) }
