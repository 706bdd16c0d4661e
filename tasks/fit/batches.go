package fit

import (
	"context"
	"fmt"

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
	c := b.config
	var batch train.Batch
	for _, in := range b.inputs {
		batch.Inputs = append(batch.Inputs, cae.NewTensor(cae.Shape{N: c.Batch, C: in.Planes, H: c.Height, W: c.Width}))
	}
	batch.Target = cae.NewTensor(cae.Shape{N: c.Batch, C: b.out, H: c.Height, W: c.Width})
	for i := range c.Batch {
		rng := train.Rand(c.Seed, step, i)
		s, err := b.data.Patch(rng, c.Height)
		if err != nil {
			return batch, err
		}
		e, err := b.model.Pair(rng, s, b.model.ScoreOptions())
		if err != nil {
			return batch, fmt.Errorf("%s: %w", s.Name, err)
		}
		if err := b.put(&batch, i, e); err != nil {
			return batch, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return batch, nil
}

// put copies one example into its place in the batch.
func (b *batches) put(batch *train.Batch, i int, e tasks.Example) error {
	planes := 0
	for _, in := range b.inputs {
		planes += in.Planes
	}
	if len(e.Input) != planes || len(e.Target) != b.out {
		return fmt.Errorf("the model's pairs have %d planes in and %d out, its network %d and %d", len(e.Input), len(e.Target), planes, b.out)
	}
	k := 0
	for _, t := range batch.Inputs {
		for c := range t.C {
			copy(t.Plane(i, c), e.Input[k])
			k++
		}
	}
	for c, plane := range e.Target {
		copy(batch.Target.Plane(i, c), plane)
	}
	if e.Weight == nil {
		return nil
	}
	if batch.Weight == nil {
		batch.Weight = cae.NewTensor(batch.Target.Shape)
		for j := range batch.Weight.Data {
			batch.Weight.Data[j] = 1
		}
	}
	for c := range b.out {
		copy(batch.Weight.Plane(i, c), e.Weight)
	}
	return nil
}

type made struct {
	batch train.Batch
	err   error
}

// ahead makes the batches of the steps from first on, a few ahead of their use.
// It ends when ctx does.
func (b *batches) ahead(ctx context.Context, first int64) <-chan made {
	out := make(chan made, 2)
	go func() {
		defer close(out)
		for step := first; ; step++ {
			batch, err := b.at(step)
			select {
			case out <- made{batch, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}
