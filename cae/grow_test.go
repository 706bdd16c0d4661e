package cae_test

import (
	"errors"
	"testing"

	"github.com/cae-restore/restore/cae"
)

// TestGrow: a grown network computes what the small one does, and its new
// planes are not dead.
func TestGrow(t *testing.T) {
	t.Parallel()
	inputs := []cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}}
	make := func(c cae.Config, seed uint64) *cae.Network {
		c.Inputs, c.Out = inputs, 3
		if c.Head == "" {
			c.Head = cae.HeadResidual
		}
		if c.Skip == "" {
			c.Skip = cae.SkipAdd
		}
		n, err := cae.Autoencoder(c)
		if err != nil {
			t.Fatal(err)
		}
		n.Init(seed)
		return n
	}
	small := cae.Config{Shuffle: 2, Widths: []int{5, 8}, Down: []int{1, 1}, Up: []int{1}}
	for name, c := range map[string]struct {
		config cae.Config
		ok     bool
	}{
		"the same":         {small, true},
		"wider":            {cae.Config{Shuffle: 2, Widths: []int{7, 20}, Down: []int{1, 1}, Up: []int{1}}, true},
		"deeper":           {cae.Config{Shuffle: 2, Widths: []int{5, 8}, Down: []int{2, 3}, Up: []int{2}}, true},
		"wider and deeper": {cae.Config{Shuffle: 2, Widths: []int{16, 17}, Down: []int{3, 1}, Up: []int{2}}, true},
		"narrower":         {cae.Config{Shuffle: 2, Widths: []int{4, 8}, Down: []int{1, 1}, Up: []int{1}}, false},
		"fewer blocks":     {cae.Config{Shuffle: 2, Widths: []int{5, 8}, Down: []int{0, 1}, Up: []int{1}}, false},
		"another shuffle":  {cae.Config{Shuffle: 4, Widths: []int{5, 8}, Down: []int{1, 1}, Up: []int{1}}, false},
		"another head":     {cae.Config{Shuffle: 2, Widths: []int{5, 8}, Down: []int{1, 1}, Up: []int{1}, Head: cae.HeadDirect}, false},
		"concat of wider":  {cae.Config{Shuffle: 2, Widths: []int{7, 9}, Down: []int{1, 1}, Up: []int{1}, Skip: cae.SkipConcat}, false},
		"other activation": {cae.Config{Shuffle: 2, Widths: []int{5, 8}, Down: []int{1, 1}, Up: []int{1}, Slope: 0.3}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, n := make(small, 1), make(c.config, 2)
			err := n.Grow(from)
			if (err == nil) != c.ok || err != nil && !errors.Is(err, cae.ErrGrow) {
				t.Fatalf("Grow: %v", err)
			}
			if !c.ok {
				return
			}
			in := feed(n, 1, 12, 16)
			a, err1 := n.Forward(serial(), in...)
			b, err2 := from.Forward(serial(), in...)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			for i, v := range b.Data {
				if d := a.Data[i] - v; !(d < 1e-4 && d > -1e-4) {
					t.Fatalf("sample %d is %g, of the small network %g", i, a.Data[i], v)
				}
			}
			for _, p := range n.Params() {
				if p.Name != "door.weight" {
					continue
				}
				if last := p.Data[len(p.Data)-9:]; len(p.Data) > 5*16*9 && last[0] == 0 {
					t.Error("a new plane of the first layer hears nothing, so it would never learn")
				}
			}
		})
	}
}
