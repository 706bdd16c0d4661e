package cae_test

import (
	"fmt"
	"testing"

	"github.com/cae-restore/restore/cae"
)

// mark is the network that the engine is measured by: 1.51 million parameters.
var mark = cae.Config{
	Inputs: []cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}}, Out: 3, Shuffle: 2,
	Widths: []int{48, 96, 160}, Down: []int{1, 1, 2}, Up: []int{1, 1}, Skip: cae.SkipAdd, Head: cae.HeadResidual,
}

// BenchmarkLayer times single layers on one thread, at sizes of the mark
// network on a picture of 512x512.
func BenchmarkLayer(b *testing.B) {
	for _, c := range []struct {
		name string
		l    cae.Layer
		in   cae.Shape
	}{
		{"3x3/planes=16-48", conv(16, 48, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true), cae.Shape{N: 1, C: 16, H: 256, W: 256}},
		{"3x3/planes=48-48", conv(48, 48, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true), cae.Shape{N: 1, C: 48, H: 256, W: 256}},
		{"3x3/planes=64-64", conv(64, 64, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true), cae.Shape{N: 1, C: 64, H: 256, W: 256}},
		{"3x3/planes=96-96", conv(96, 96, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true), cae.Shape{N: 1, C: 96, H: 128, W: 128}},
		{"3x3/planes=160-160", conv(160, 160, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true), cae.Shape{N: 1, C: 160, H: 64, W: 64}},
		{"3x3/planes=48-12", conv(48, 12, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true), cae.Shape{N: 1, C: 48, H: 256, W: 256}},
		{"2x2s2/planes=48-96", conv(48, 96, [2]int{2, 2}, [2]int{2, 2}, [2]int{0, 0}, true), cae.Shape{N: 1, C: 48, H: 256, W: 256}},
		{"2x2s2/planes=96-160", conv(96, 160, [2]int{2, 2}, [2]int{2, 2}, [2]int{0, 0}, true), cae.Shape{N: 1, C: 96, H: 128, W: 128}},
		{"2x2t2/planes=96-48", transpose(96, 48, [2]int{2, 2}, [2]int{2, 2}, [2]int{0, 0}, true), cae.Shape{N: 1, C: 96, H: 128, W: 128}},
		{"1x1/planes=96-48", conv(96, 48, [2]int{1, 1}, [2]int{1, 1}, [2]int{0, 0}, true), cae.Shape{N: 1, C: 96, H: 256, W: 256}},
		{"5x5/planes=48-48", conv(48, 48, [2]int{5, 5}, [2]int{1, 1}, [2]int{2, 2}, true), cae.Shape{N: 1, C: 48, H: 256, W: 256}},
		{"depthwise/planes=48", grouped(48, 48, 48, 1, 1), cae.Shape{N: 1, C: 48, H: 256, W: 256}},
		{"s2d/planes=4", &cae.SpaceToDepth{Factor: 2}, cae.Shape{N: 1, C: 4, H: 512, W: 512}},
		{"d2s/planes=12", &cae.DepthToSpace{Factor: 2}, cae.Shape{N: 1, C: 12, H: 256, W: 256}},
	} {
		out, err := c.l.OutShape(c.in)
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range c.l.Params() {
			p.Data = make([]float32, p.Len())
			for i := range p.Data {
				p.Data[i] = float32(i%7) - 3
			}
		}
		from, to := c.l.Layout(true)
		s := &cae.Step{In: []*cae.Map{cae.NewMap(c.in, from)}, Out: cae.NewMap(out, to)}
		s.DOut, s.DIn = cae.NewMap(out, to), []*cae.Map{cae.NewMap(c.in, from)}
		for _, p := range c.l.Params() {
			s.Grad = append(s.Grad, make([]float32, p.Len()))
		}
		flops := 2 * float64(c.l.MACs(c.in))
		x := serial()
		for pass, works := range map[string][]cae.Work{"forward": c.l.Forward(s), "backward": c.l.Backward(s)} {
			b.Run(fmt.Sprintf("layer=%s/pass=%s", c.name, pass), func(b *testing.B) {
				for b.Loop() {
					if err := x.Do(works...); err != nil {
						b.Fatal(err)
					}
				}
				times := 1.0
				if pass == "backward" {
					times = 2
				}
				b.ReportMetric(times*flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// BenchmarkNetwork times the mark network on a picture of 512x512, and a step of
// its training on 16 patches of 96x96. GFLOP/s count the multiplications and
// additions of direct convolution.
func BenchmarkNetwork(b *testing.B) {
	net, err := cae.Autoencoder(mark)
	if err != nil {
		b.Fatal(err)
	}
	net.Init(1)
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("pass=forward/threads=%d", threads), func(b *testing.B) {
			plan, err := net.Compile()
			if err != nil {
				b.Fatal(err)
			}
			x := cae.NewExec(b.Context(), cae.Goroutines(threads), threads)
			in := feed(net, 1, 512, 512)
			for b.Loop() {
				if _, err := plan.Forward(x, in...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(2*float64(net.MACs(512, 512))*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
		b.Run(fmt.Sprintf("pass=train/threads=%d", threads), func(b *testing.B) {
			x := cae.NewExec(b.Context(), cae.Goroutines(threads), threads)
			tape, err := net.NewTape(x, 16, 96, 96)
			if err != nil {
				b.Fatal(err)
			}
			grad := make([]float32, 16*3*96*96)
			for b.Loop() {
				if _, err := tape.Forward(); err != nil {
					b.Fatal(err)
				}
				if err := tape.Backward(grad); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(16*96*96*float64(b.N)/b.Elapsed().Seconds()/1e3, "kpixel/s")
		})
	}
}
