package fit

import (
	"fmt"
	"sync"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/tasks"
)

// batches makes the batch of any step: what it holds depends on seed and step
// alone.
type batches struct {
	data   *Dataset
	model  *tasks.Model
	config train.Config
	inputs []cae.Input
	out    int
}

// at makes the batch of a step, which counts from 0.
func (b *batches) at(step int64) (train.Batch, error) {
	f := b.newFilling()
	for i := range b.config.Batch {
		if err := b.example(f, step, i); err != nil {
			return train.Batch{}, err
		}
	}
	return f.done(), nil
}

// filling is a batch while it is made. Its memory serves one batch after
// another; its examples may be made at the same time.
type filling struct {
	batch    train.Batch
	weighted []bool // by example: it has weights of its own

	mu     sync.Mutex
	weight *cae.Tensor // nil until an example has weights
}

func (b *batches) newFilling() *filling {
	c := b.config
	f := &filling{weighted: make([]bool, c.Batch)}
	for _, in := range b.inputs {
		f.batch.Inputs = append(f.batch.Inputs, cae.NewTensor(cae.Shape{N: c.Batch, C: in.Planes, H: c.Height, W: c.Width}))
	}
	f.batch.Target = cae.NewTensor(cae.Shape{N: c.Batch, C: b.out, H: c.Height, W: c.Width})
	return f
}

// example makes example i of the batch of a step.
func (b *batches) example(f *filling, step int64, i int) error {
	rng := train.Rand(b.config.Seed, step, i)
	s, err := b.data.Patch(rng, b.config.Height)
	if err != nil {
		return err
	}
	e, err := b.model.Pair(rng, s)
	if err == nil {
		err = f.put(i, e)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	return nil
}

// put copies an example into its place.
func (f *filling) put(i int, e tasks.Example) error {
	target := f.batch.Target
	planes, samples := 0, target.H*target.W
	for _, t := range f.batch.Inputs {
		planes += t.C
	}
	if len(e.Input) != planes || len(e.Target) != target.C {
		return fmt.Errorf("the model's pairs have %d planes in and %d out, its network %d and %d", len(e.Input), len(e.Target), planes, target.C)
	}
	for _, plane := range append(e.Input[:planes:planes], e.Target...) {
		if len(plane) != samples {
			return fmt.Errorf("the model's pair of a patch of %d samples has a plane of %d", samples, len(plane))
		}
	}
	k := 0
	for _, t := range f.batch.Inputs {
		for c := range t.C {
			copy(t.Plane(i, c), e.Input[k])
			k++
		}
	}
	for c, plane := range e.Target {
		copy(target.Plane(i, c), plane)
	}
	if n := len(e.Weight); n != 0 && n != samples && n != samples*target.C {
		return fmt.Errorf("the model's pair of a patch of %d samples and %d planes has %d weights", samples, target.C, n)
	}
	if f.weighted[i] = len(e.Weight) > 0; f.weighted[i] {
		f.mu.Lock()
		if f.weight == nil {
			f.weight = cae.NewTensor(target.Shape)
		}
		weight := f.weight
		f.mu.Unlock()
		for c := range target.C {
			copy(weight.Plane(i, c), e.Weight[c*samples%len(e.Weight):])
		}
	}
	return nil
}

// done returns the batch when all examples are in their places. Where some have
// weights, those of the others are 1.
func (f *filling) done() train.Batch {
	f.batch.Weight = nil
	for _, own := range f.weighted {
		if own {
			f.batch.Weight = f.weight
		}
	}
	for i, own := range f.weighted {
		for c := 0; f.batch.Weight != nil && !own && c < f.weight.C; c++ {
			plane := f.weight.Plane(i, c)
			for j := range plane {
				plane[j] = 1
			}
		}
	}
	return f.batch
}
