package main

import "github.com/cae-restore/restore/cae"

// trial is one short training: the first one with something changed.
type trial struct {
	group, name string
	config      cae.Config
	batch       int
	patch       int
	rate        string
	loss        string
	seed        string
}

// base is what the other trials change.
func base() trial {
	return trial{"base", "48-64-96, 1 1 1 / 1 1", network([]int{48, 64, 96}, []int{1, 1, 1}, []int{1, 1}), 16, 96, "1.2e-3", "l1", "1"}
}

// network is that of the denoiser, see tasks/denoise.
func network(widths, down, up []int) cae.Config {
	return cae.Config{
		Inputs: []cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}}, Out: 3,
		Shuffle: 2, Widths: widths, Down: down, Up: up, Skip: cae.SkipAdd, Head: cae.HeadResidual,
	}
}

// trials are all, in the order in which they run.
func trials() []trial {
	list := []trial{base()}
	with := func(group, name string, change func(t *trial)) {
		t := base()
		t.group, t.name = group, name
		change(&t)
		list = append(list, t)
	}
	shape := func(name string, widths, down, up []int) {
		with("shape", name, func(t *trial) { t.config = network(widths, down, up) })
	}
	with("repeat", "another seed", func(t *trial) { t.seed = "2" })
	shape("48-64-112, 1 1 1 / 1 1", []int{48, 64, 112}, []int{1, 1, 1}, []int{1, 1})
	shape("32-64-128, 1 2 2 / 1 1", []int{32, 64, 128}, []int{1, 2, 2}, []int{1, 1})
	shape("32-96-128, 1 1 1 / 1 1", []int{32, 96, 128}, []int{1, 1, 1}, []int{1, 1})
	shape("48-80, 1 1 / 1", []int{48, 80}, []int{1, 1}, []int{1})
	shape("64-64-128, 1 1 1 / 0 1", []int{64, 64, 128}, []int{1, 1, 1}, []int{0, 1})
	shape("32-64-96-160, 1 1 2 2 / 1 1 1", []int{32, 64, 96, 160}, []int{1, 1, 2, 2}, []int{1, 1, 1})
	with("shape", "shuffle 4: 96-160, 1 1 / 1", func(t *trial) {
		t.config = network([]int{96, 160}, []int{1, 1}, []int{1})
		t.config.Shuffle = 4
	})
	with("block", "gated", func(t *trial) { t.config.Block = cae.BlockGated })
	with("block", "separable, 48-96-160, 3 3 3 / 2 2", func(t *trial) {
		t.config = network([]int{48, 96, 160}, []int{3, 3, 3}, []int{2, 2})
		t.config.Block = cae.BlockSeparable
	})
	with("activation", "leaky, slope 0.1", func(t *trial) { t.config.Slope = 0.1 })
	with("first kernel", "5x5", func(t *trial) { t.config.Door = 5 })
	with("loss", "charbonnier", func(t *trial) { t.loss = "charbonnier" })
	with("loss", "mse", func(t *trial) { t.loss = "mse" })
	with("rate", "6e-4", func(t *trial) { t.rate = "6e-4" })
	with("rate", "2.4e-3", func(t *trial) { t.rate = "2.4e-3" })
	with("batch", "8 of 96x96", func(t *trial) { t.batch = 8 })
	with("batch", "32 of 96x96", func(t *trial) { t.batch = 32 })
	with("patch", "36 of 64x64", func(t *trial) { t.batch, t.patch = 36, 64 })
	with("patch", "9 of 128x128", func(t *trial) { t.batch, t.patch = 9, 128 })
	return list
}
