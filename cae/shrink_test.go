package cae_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae"
)

// TestShrink: of a network in which some planes count for nothing, those that do
// are what is left, and the result computes the same.
func TestShrink(t *testing.T) {
	t.Parallel()
	build := func(c cae.Config, seed uint64) *cae.Network {
		c.Inputs, c.Out, c.Shuffle, c.Skip, c.Head = []cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}}, 3, 2, cae.SkipAdd, cae.HeadResidual
		n, err := cae.Autoencoder(c)
		if err != nil {
			t.Fatal(err)
		}
		n.Init(seed)
		return n
	}
	small := build(cae.Config{Widths: []int{4, 5}, Down: []int{1, 1}, Up: []int{1}}, 1)
	big := build(cae.Config{Widths: []int{6, 8}, Down: []int{1, 1}, Up: []int{1}}, 2)
	// The planes 1 and 4 of the first scale and 0, 3 and 7 of the second one are
	// made from nothing, and so are all others of those ranks within blocks.
	idle := map[int][]int{6: {1, 4}, 8: {0, 3, 7}}
	for _, p := range big.Params() {
		planes, axis := p.Shape[0], 0
		if strings.HasPrefix(p.Name, "up") && len(p.Shape) > 1 {
			planes, axis = p.Shape[1], 1
		}
		rest := 1
		for _, d := range p.Shape[1:] {
			rest *= d
		}
		for i := range p.Data {
			at := i / rest
			if axis == 1 {
				at = i / (rest / planes) % planes
			}
			if strings.HasPrefix(p.Name, "draw") {
				continue
			}
			if slices.Contains(idle[planes], at) {
				p.Data[i] = 0
			}
		}
	}
	if err := small.Shrink(big); err != nil {
		t.Fatal(err)
	}
	in := feed(big, 1, 12, 16)
	a, err1 := small.Forward(serial(), in...)
	b, err2 := big.Forward(serial(), in...)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	for i, v := range b.Data {
		if d := a.Data[i] - v; !(d < 1e-4 && d > -1e-4) {
			t.Fatalf("sample %d is %g, of the big network %g", i, a.Data[i], v)
		}
	}
}

func TestShrinkRefuses(t *testing.T) {
	t.Parallel()
	base := cae.Config{Inputs: []cae.Input{{Name: "image", Planes: 3}}, Out: 3, Shuffle: 2, Widths: []int{6, 8}, Down: []int{1, 1}, Up: []int{1},
		Skip: cae.SkipAdd, Head: cae.HeadResidual}
	big, err := cae.Autoencoder(base)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *cae.Config){
		"wider":            func(c *cae.Config) { c.Widths = []int{6, 9} },
		"more blocks":      func(c *cae.Config) { c.Up = []int{2} },
		"other kernel":     func(c *cae.Config) { c.Door = 5 },
		"other blocks":     func(c *cae.Config) { c.Block = cae.BlockGated },
		"separable blocks": func(c *cae.Config) { c.Block = cae.BlockSeparable },
		"other shuffle":    func(c *cae.Config) { c.Shuffle = 4 },
	} {
		c := base
		change(&c)
		n, err := cae.Autoencoder(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Shrink(big); !errors.Is(err, cae.ErrGrow) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
