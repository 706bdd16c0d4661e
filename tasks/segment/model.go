package segment

import (
	"context"
	"iter"

	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

// damageNetwork is an autoencoder of 38 kMAC a sample that sees a picture and says
// for each sample, as logits, whether it is damaged and how.
var damageNetwork = neural.Autoencoder(neural.Config{
	Inputs:  []neural.Input{{Name: "image", Planes: 3}},
	Out:     1 + kindCount,
	Shuffle: 2,
	Widths:  []int{32, 64, 112, 160, 192},
	Down:    []int{1, 1, 1, 2, 2},
	Up:      []int{1, 1, 1, 1},
	Skip:    neural.SkipAdd,
	Head:    neural.HeadDirect,
})

// models are the networks of the task, the default first.
func models() []tasks.Model {
	return []tasks.Model{{
		Name:    "damage",
		Summary: "damage of old prints and films: scratches and folds, dust, hairs, stains, blots",
		Weights: damageWeights,
		Network: damageNetwork,
		Loss:    "bce",
		Assets:  []string{overlaysName},
		Limits:  "trained on simulated damage: wires, twigs, rain and fine print may be taken for scratches or hairs, highlights, snow and white flowers for dust or blots, and damage that is as bright as what it lies on is not found",
		Cost:    neural.CostOf(damageNetwork),
		Pair:    pair,
		ScoreOptions: func() any {
			return &ScoreOptions{Threshold: defaultThreshold, Certain: defaultCertain, Aged: true}
		},
		Score: func(ctx context.Context, env tasks.Env, name string, samples iter.Seq2[tasks.Sample, error], options any) (tasks.Table, error) {
			return score(ctx, env, name, samples, options.(*ScoreOptions))
		},
	}}
}
