package kernel

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Sizes of the benchmarks: a run of tiles whose transforms fit the second cache.
const (
	benchTiles  = 48
	benchPixels = 1024
)

func sequence(n int) []float32 {
	s := Aligned(n)
	for i := range s {
		s[i] = float32(i%17)/16 - 0.4
	}
	return s
}

// measure times f, which does flops operations and moves so many bytes from and
// to its operands, and between its calls the peak of the set. All figures are
// medians over the calls: what else the machine does falls on some of them only.
func measure(b *testing.B, s *Set, flops, bytes float64, f func()) (call float64) {
	const turns = 1000
	var calls, peaks []float64
	seconds := func(f func()) float64 {
		begin := time.Now()
		f()
		return time.Since(begin).Seconds()
	}
	operations := Peak(s, turns)
	f()
	for b.Loop() {
		calls = append(calls, seconds(f))
		if len(calls)%4 == 1 {
			peaks = append(peaks, seconds(func() { Peak(s, turns) }))
		}
	}
	slices.Sort(calls)
	slices.Sort(peaks)
	call = calls[len(calls)/2]
	peak := peaks[len(peaks)/2]
	b.ReportMetric(call*1e9, "ns/op")
	if bytes > 0 {
		b.ReportMetric(bytes/call/1e9, "GB/s")
	}
	if flops > 0 {
		b.ReportMetric(flops/call/1e9, "GFLOP/s")
		b.ReportMetric(100*(flops/call)/(operations/peak), "%peak")
	}
	return call
}

func BenchmarkProducts(b *testing.B) {
	for _, s := range Sets() {
		for _, blocks := range []int{1, 4, 10} {
			const row = benchTiles * Lanes
			freqStep := blocks*row + Lanes
			v, u, m := sequence(Frequencies*freqStep), sequence(Frequencies*blocks*Lanes*Lanes), sequence(Frequencies*(row+Lanes))
			offs := make([]int, blocks)
			for i := range offs {
				offs[i] = i * row
			}
			flops := float64(2 * Frequencies * benchTiles * blocks * Lanes * Lanes)
			b.Run(fmt.Sprintf("set=%s/kernel=Multiply/planes=%d", s.Name, blocks*Lanes), func(b *testing.B) {
				measure(b, s, flops, 0, func() {
					for f := range Frequencies {
						s.Multiply(m[f*(row+Lanes):], v[f*freqStep:], offs, u[f*blocks*Lanes*Lanes:], benchTiles)
					}
				})
			})
			b.Run(fmt.Sprintf("set=%s/kernel=MultiplyT/planes=%d", s.Name, blocks*Lanes), func(b *testing.B) {
				measure(b, s, flops, 0, func() {
					for f := range Frequencies {
						for c := range blocks {
							s.MultiplyT(u[(f*blocks+c)*Lanes*Lanes:], v[f*freqStep+c*row:], m[f*(row+Lanes):], benchTiles)
						}
					}
				})
			})
		}
	}
}

func BenchmarkTransforms(b *testing.B) {
	const rowStep = (benchTiles*Tile + 2) * Lanes
	// 16 blocks of planes: the transforms of one leave the caches for those of
	// the next, as in a network.
	const blocks = 16
	const freqStep = (benchTiles + 1) * Lanes
	maps, v := sequence(blocks*Patch*rowStep), sequence(Frequencies*freqStep)
	u, w, bias, tmp := sequence(Frequencies*Lanes), sequence(9*Lanes), sequence(Lanes), Aligned(TransformScratch)
	at := func(i int) []float32 { return maps[i*Patch*rowStep:] }
	for _, s := range Sets() {
		for _, k := range []struct {
			name  string
			tiles int
			run   func(i int)
		}{
			{"InputTiles", benchTiles, func(i int) { s.InputTiles(v, at(i), benchTiles, rowStep, freqStep, tmp) }},
			{"OutputTiles", benchTiles, func(i int) { s.OutputTiles(at(i), nil, v, benchTiles, rowStep, freqStep, bias, 0, tmp) }},
			{"OutputTilesAdd", benchTiles, func(i int) { s.OutputTiles(at(i), at(i), v, benchTiles, rowStep, freqStep, bias, 0, tmp) }},
			{"GradTiles", benchTiles, func(i int) { s.GradTiles(v, at(i), benchTiles, rowStep, freqStep, tmp) }},
			{"Filter", 1, func(int) { s.Filter(u, w, Lanes, tmp) }},
			{"FilterGrad", 1, func(int) { s.FilterGrad(w, u, Lanes, tmp) }},
		} {
			b.Run(fmt.Sprintf("set=%s/kernel=%s", s.Name, k.name), func(b *testing.B) {
				i := 0
				call := measure(b, s, 0, 0, func() {
					k.run(i % blocks)
					i++
				})
				b.ReportMetric(call*1e9/float64(k.tiles), "ns/tile")
			})
		}
	}
}

func BenchmarkPixels(b *testing.B) {
	const n = benchPixels
	x, y, z := sequence(n*Lanes*2), sequence(n*Lanes*2), sequence(n*Lanes)
	p, q, r := sequence(Lanes), sequence(Lanes), sequence(Lanes)
	offs := make([]int, 9)
	for i := range offs {
		offs[i] = (i/3*300 + i%3) * Lanes
	}
	w := sequence(9 * Lanes)
	bytes := func(pixels float64) float64 { return pixels * n * Lanes * 4 }
	for _, s := range Sets() {
		for _, k := range []struct {
			name         string
			flops, bytes float64
			run          func()
		}{
			{"Copy", 0, bytes(2), func() { s.Copy(z, x, n, 2*Lanes) }},
			{"Finish", 0, bytes(3), func() { s.Finish(z, z, x, n, Lanes, p, 0) }},
			{"Depthwise", 2 * 9 * n * Lanes, 0, func() { s.Depthwise(z, nil, x, offs, w, p, 0, n, Lanes, Lanes) }},
			{"DepthwiseGrad", 2 * 9 * n * Lanes, 0, func() { s.DepthwiseGrad(w, z, x, offs, n, Lanes, Lanes) }},
			{"Add", 0, bytes(3), func() { s.Add(z, x[:n*Lanes]) }},
			{"Activate", 0, bytes(2), func() { s.Activate(z, x[:n*Lanes], 0) }},
			{"ActivateGrad", 0, bytes(3), func() { s.ActivateGrad(z, x[:n*Lanes], y, 0) }},
			{"Affine", 0, bytes(2), func() { s.Affine(z, x, p, q, n) }},
			{"AddAffine", 0, bytes(4), func() { s.AddAffine(z, x, y, p, q, r, n) }},
			{"Moments", 0, bytes(2), func() { s.Moments(q, r, x, y, p, n) }},
		} {
			b.Run(fmt.Sprintf("set=%s/kernel=%s", s.Name, k.name), func(b *testing.B) { measure(b, s, k.flops, k.bytes, k.run) })
		}
	}
}
