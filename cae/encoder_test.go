package cae_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae"
)

func TestEncoder(t *testing.T) {
	t.Parallel()
	for _, skip := range []cae.Skip{cae.SkipAdd, cae.SkipConcat} {
		n, err := cae.Autoencoder(cae.Config{Inputs: []cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}}, Out: 3, Shuffle: 2,
			Widths: []int{4, 6}, Down: []int{1, 1}, Up: []int{1}, Skip: skip, Head: cae.HeadResidual, Norm: true})
		if err != nil {
			t.Fatal(err)
		}
		in, err := n.Encoder()
		if err != nil {
			t.Fatal(err)
		}
		for i, node := range n.Nodes() {
			first, _, _ := strings.Cut(node.Name, ".")
			want := slices.Contains([]string{"join", "unshuffle", "door", "down1", "enc0", "enc1"}, first)
			if in[i] != want {
				t.Errorf("skip %s: node %s is in the encoder: %t", skip, node.Name, in[i])
			}
		}
	}
}

// TestFrozenTape: the gradients of what is not frozen are those of a tape
// without frozen nodes, bit for bit, and the others are not there.
func TestFrozenTape(t *testing.T) {
	t.Parallel()
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Norm = false // in training, frozen statistics compute something else
			n := small(t, c)
			encoder, err := n.Encoder()
			if err != nil {
				t.Fatal(err)
			}
			m := n.Footprint().Multiple
			whole, err := n.NewTape(serial(), 2, 2*m, 2*m)
			if err != nil {
				t.Fatal(err)
			}
			part, err := n.NewFrozenTape(serial(), 2, 2*m, 2*m, encoder)
			if err != nil {
				t.Fatal(err)
			}
			grad := make([]float32, 2*c.Out*4*m*m)
			for i := range grad {
				grad[i] = float32(i%7 - 3)
			}
			for _, tape := range []*cae.Tape{whole, part} {
				for i, x := range feed(n, 2, 2*m, 2*m) {
					copy(tape.Inputs()[i].Data, x.Data)
				}
				if _, err := tape.Forward(); err != nil {
					t.Fatal(err)
				}
				if err := tape.Backward(grad); err != nil {
					t.Fatal(err)
				}
			}
			i := 0
			for k, node := range n.Nodes() {
				for _, p := range node.Layer.Params() {
					switch {
					case encoder[k] && part.Grads()[i] != nil:
						t.Errorf("%s.%s is frozen and has a gradient", node.Name, p.Name)
					case !encoder[k] && !slices.Equal(part.Grads()[i], whole.Grads()[i]):
						t.Errorf("%s.%s has another gradient beside a frozen encoder", node.Name, p.Name)
					}
					i++
				}
			}
			wrong := make([]bool, len(encoder))
			wrong[len(wrong)-1] = true
			if _, err := n.NewFrozenTape(serial(), 1, m, m, wrong); err == nil {
				t.Error("a frozen node above trained ones is taken")
			}
		})
	}
}

// TestFrozenNorm: a frozen batch norm computes what it does in inference.
func TestFrozenNorm(t *testing.T) {
	t.Parallel()
	n := small(t, configs()["plain, concatenated skips, normalised"])
	m := n.Footprint().Multiple
	in := feed(n, 2, 4*m, 4*m)
	want, err := n.Forward(serial(), in...)
	if err != nil {
		t.Fatal(err)
	}
	for _, frozen := range []bool{true, false} {
		nodes := make([]bool, len(n.Nodes()))
		for i := range nodes {
			nodes[i] = frozen
		}
		tape, err := n.NewFrozenTape(serial(), 2, 4*m, 4*m, nodes)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range in {
			copy(tape.Inputs()[i].Data, x.Data)
		}
		got, err := tape.Forward()
		if err != nil {
			t.Fatal(err)
		}
		var most float64
		for i, v := range got.Data {
			most = max(most, math.Abs(float64(v-want.Data[i])))
		}
		if frozen != (most < 1e-4) {
			t.Errorf("frozen %t: the output is up to %g from that of inference", frozen, most)
		}
	}
}
