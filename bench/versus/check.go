package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// tolerance is how far two outputs may be apart, as a share of the range of ours.
const tolerance = 1e-4

// shipped is the model that is part of the program, and the name by which
// restore exports it.
const (
	shipped     = "tasks/denoise/fast.safetensors"
	shippedName = "fast"
)

// check holds the output of ONNX Runtime against ours: both peer networks, and
// the shipped model as the command line exports it.
func (b *bench) check(ctx context.Context) (table, error) {
	all := table{
		about: "Output for a random picture: the largest difference between ONNX Runtime's and ours, and that as a share of the range of ours.",
		head:  []string{"model", "largest difference", "range", "share"},
	}
	for _, c := range []struct{ name, ours string }{{"dncnn", "dncnn"}, {"mark", "mark"}, {shippedName, shipped}} {
		off, width, err := b.compare(ctx, c.name, c.ours)
		if err != nil {
			return table{}, fmt.Errorf("%s: %w", c.name, err)
		}
		all.rows = append(all.rows, []string{c.name, fmt.Sprintf("%.2e", off), fmt.Sprintf("%.2f", width), fmt.Sprintf("%.1e", off/width)})
		if !(off <= tolerance*width) {
			return table{}, fmt.Errorf("%s: the outputs differ by %g where ours spans %g; at most %g of that is natural", c.name, off, width, tolerance)
		}
	}
	return all, nil
}

// compare returns the largest difference of the two outputs, and the range of ours.
func (b *bench) compare(ctx context.Context, name, network string) (off, width float64, err error) {
	ours, err := b.ours(ctx, network, b.threads)
	if err != nil {
		return 0, 0, err
	}
	defer ours.close()
	model := filepath.Join(b.temp, name+"-check.onnx")
	if name == shippedName {
		err = b.command(ctx, "go", "run", "./cmd/restore", "model", "export", "--onnx", model, name)
	} else {
		_, err = ours.ask("export " + model)
	}
	if err != nil {
		return 0, 0, err
	}
	peer, err := b.ort(ctx, model)
	if err != nil {
		return 0, 0, err
	}
	defer peer.close()
	in := filepath.Join(b.temp, "in.f32")
	planes := 4 // image and level
	if name == "dncnn" {
		planes = 3
	}
	if err := os.WriteFile(in, randomPicture(planes*b.height*b.width), 0o666); err != nil {
		return 0, 0, err
	}
	var outputs [2][]float32
	for i, r := range []*runner{ours, peer} {
		out := filepath.Join(b.temp, fmt.Sprintf("out%d.f32", i))
		if _, err := r.ask("compare " + in + " " + out); err != nil {
			return 0, 0, err
		}
		if outputs[i], err = readFloats(out); err != nil {
			return 0, 0, err
		}
	}
	return difference(outputs[0], outputs[1])
}

// difference returns the largest difference of two outputs and the range of the
// first. What is not a number is as far off as can be.
func difference(a, b []float32) (off, width float64, err error) {
	if len(a) != len(b) || len(a) == 0 {
		return 0, 0, fmt.Errorf("outputs of %d and %d samples", len(a), len(b))
	}
	low, high := math.Inf(1), math.Inf(-1)
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		low, high = min(low, x), max(high, x)
		if d := math.Abs(x - y); d > off || math.IsNaN(d) {
			off = d
		}
		if math.IsNaN(off) {
			return math.Inf(1), high - low, nil
		}
	}
	return off, high - low, nil
}

// randomPicture returns n samples from 0 to 1 as raw little-endian float32.
func randomPicture(n int) []byte {
	rng := rand.New(rand.NewPCG(7, 7))
	raw := make([]byte, 0, 4*n)
	for range n {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(rng.Float32()))
	}
	return raw
}

func readFloats(path string) ([]float32, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list := make([]float32, len(raw)/4)
	for i := range list {
		list[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return list, nil
}
