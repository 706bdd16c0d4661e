package kernel

import (
	"fmt"
	"math"
)

// limit is the error relative to the largest value that a kernel may have whose
// results are short sums.
const limit = 1e-6

// trials returns the trials of all kernels.
func trials() (ts []trial) {
	for _, f := range []func() []trial{productTrials, winogradTrials, pixelTrials, elementTrials, depthwiseTrials} {
		ts = append(ts, f()...)
	}
	return ts
}

func productTrials() (ts []trial) {
	for _, n := range []int{0, 1, 2, 5, 6, 7, 23, 24, 25, 47, 48, 49} {
		for _, segments := range []int{0, 1, 3, 9} {
			ts = append(ts, multiplyTrial(n, segments))
		}
	}
	// More than one call of the assembly, whatever Rows is.
	ts = append(ts, multiplyTrial(3*MaxRows, 2*callProductsOf(MaxRows)))
	for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 31, 127, 128, 129, 260} {
		ts = append(ts, trial{name: fmt.Sprintf("kernel=MultiplyT/n=%d", n), long: n > 100, run: func(b *bench, s *Set) {
			a, x, c := b.full("a", n*Lanes), b.full("b", n*Lanes), b.full("c", Lanes*Lanes)
			b.freeze()
			want := make([]float64, Lanes*Lanes)
			for i := range want {
				want[i] = float64(c.data[i])
				for t := range n {
					want[i] += float64(a.data[t*Lanes+i/Lanes]) * float64(x.data[t*Lanes+i%Lanes])
				}
			}
			s.MultiplyT(c.data, a.data, x.data, n)
			b.check(c, want, limit)
		}})
	}
	return ts
}

// callProductsOf is how many segments of a block of so many rows are more than
// what a set computes without a pause.
func callProductsOf(rows int) int { return 3072 / rows }

func multiplyTrial(n, segments int) trial {
	return trial{name: fmt.Sprintf("kernel=Multiply/n=%d/segments=%d", n, segments), long: n > 100, run: func(b *bench, s *Set) {
		rounded := (n + s.Rows - 1) / s.Rows * s.Rows
		if !b.judge { // the same operands for sets that round n differently
			rounded = (n + MaxRows - 1) / MaxRows * MaxRows
		}
		// Segments stand in another order than they are added, and apart.
		step := rounded*Lanes + 3
		a := b.grid("a", max(segments, 1), step, rounded*Lanes)
		offs := make([]int, segments)
		for i := range offs {
			offs[i] = (i*7 + 2) % segments * step
			if segments%7 == 0 {
				offs[i] = i * step
			}
		}
		w := b.full("b", segments*Lanes*Lanes)
		c := b.empty("c", (rounded+3)*Lanes)
		b.freeze()
		s.Multiply(c.data, a.data, offs, w.data, n)
		want := blank(len(c.data))
		for i := range rounded * Lanes {
			want[i] = 0
			for j, off := range offs {
				for l := range Lanes {
					want[i] += float64(a.data[off+i/Lanes*Lanes+l]) * float64(w.data[(j*Lanes+l)*Lanes+i%Lanes])
				}
			}
		}
		// Errors of a sum of terms of both signs grow with the root of their number.
		b.check(c, want, limit*max(1, math.Sqrt(float64(segments))/4))
		if !b.judge {
			b.results[len(b.results)-1] = c.data[:n*Lanes]
		}
	}}
}

// pixelCounts are numbers of pixels round every unrolling, and beyond one call
// of the assembly.
var pixelCounts = []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33}

// longCount is more pixels than one call of the assembly does.
const longCount = 4096 + 3

func pixelTrials() (ts []trial) {
	for _, n := range append(pixelCounts, longCount) {
		for _, step := range []int{Lanes, 2 * Lanes, 3*Lanes + 5} {
			ts = append(ts, copyTrial(n, step))
			for i, slope := range slopes {
				for _, add := range []string{"", "other", "dst"} {
					if n != longCount || i == 0 && step == 2*Lanes {
						ts = append(ts, finishTrial(n, step, slope, add))
					}
				}
			}
		}
		for _, inPlace := range []bool{false, true} {
			ts = append(ts, affineTrial(n, inPlace))
		}
		ts = append(ts, addAffineTrial(n), momentsTrial(n))
	}
	return ts
}

func copyTrial(n, step int) trial {
	return trial{name: fmt.Sprintf("kernel=Copy/n=%d/step=%d", n, step), long: n > 100, run: func(b *bench, s *Set) {
		src, dst := b.grid("src", max(n, 1), step, Lanes), b.empty("dst", (n+1)*Lanes)
		b.freeze()
		want := blank(len(dst.data))
		for i := range n * Lanes {
			want[i] = float64(src.data[i/Lanes*step+i%Lanes])
		}
		s.Copy(dst.data, src.data, n, step)
		b.check(dst, want, 0)
	}}
}

// residual makes dst, a grid of h runs of n elements, and what is added to it:
// nothing, another operand or dst itself.
func (b *bench) residual(add string, h, step, n int) (dst, plus *operand, slice []float32) {
	switch add {
	case "dst":
		dst = b.grid("dst", h, step, n)
		return dst, dst, dst.data
	case "other":
		plus = b.grid("add", h, step, n)
		return b.empty("dst", (h-1)*step+n), plus, plus.data
	}
	return b.empty("dst", (h-1)*step+n), nil, nil
}

func finishTrial(n, step int, slope float32, add string) trial {
	return trial{name: fmt.Sprintf("kernel=Finish/n=%d/step=%d/slope=%g/add=%s", n, step, slope, add), long: n > 100, run: func(b *bench, s *Set) {
		src, bias := b.full("src", n*Lanes), b.full("bias", Lanes)
		dst, plus, slice := b.residual(add, max(n, 1), step, Lanes)
		b.freeze()
		want := blank(len(dst.data))
		for i := range n * Lanes {
			at := i/Lanes*step + i%Lanes
			v := float64(src.data[i]) + float64(bias.data[i%Lanes])
			if plus != nil {
				v += float64(plus.data[at])
			}
			want[at] = wantLeaky(v, slope)
		}
		s.Finish(dst.data, slice, src.data, n, step, bias.data, slope)
		b.check(dst, want, limit)
	}}
}

func affineTrial(n int, inPlace bool) trial {
	return trial{name: fmt.Sprintf("kernel=Affine/n=%d/in-place=%v", n, inPlace), long: n > 100, run: func(b *bench, s *Set) {
		src, scale, shift := b.full("src", n*Lanes), b.full("scale", Lanes), b.full("shift", Lanes)
		dst := src
		if !inPlace {
			dst = b.empty("dst", (n+1)*Lanes)
		}
		b.freeze()
		want := blank(len(dst.data))
		for i := range n * Lanes {
			want[i] = float64(src.data[i])*float64(scale.data[i%Lanes]) + float64(shift.data[i%Lanes])
		}
		s.Affine(dst.data, src.data, scale.data, shift.data, n)
		b.check(dst, want, limit)
	}}
}

func addAffineTrial(n int) trial {
	return trial{name: fmt.Sprintf("kernel=AddAffine/n=%d", n), long: n > 100, run: func(b *bench, s *Set) {
		dst, x, y := b.full("dst", (n+1)*Lanes), b.full("x", n*Lanes), b.full("y", n*Lanes)
		p, q, r := b.full("a", Lanes), b.full("b", Lanes), b.full("c", Lanes)
		b.freeze()
		want := blank(len(dst.data))
		for i := range n * Lanes {
			k := i % Lanes
			want[i] = float64(dst.data[i]) + float64(p.data[k])*float64(x.data[i]) + float64(q.data[k])*float64(y.data[i]) + float64(r.data[k])
		}
		s.AddAffine(dst.data, x.data, y.data, p.data, q.data, r.data, n)
		b.check(dst, want, limit)
	}}
}

func momentsTrial(n int) trial {
	return trial{name: fmt.Sprintf("kernel=Moments/n=%d", n), long: n > 100, run: func(b *bench, s *Set) {
		sum, dot, shift := b.full("sum", Lanes), b.full("dot", Lanes), b.full("shift", Lanes)
		x, y := b.full("a", n*Lanes), b.full("b", n*Lanes)
		b.freeze()
		wantSum, wantDot := make([]float64, Lanes), make([]float64, Lanes)
		for k := range Lanes {
			wantSum[k], wantDot[k] = float64(sum.data[k]), float64(dot.data[k])
		}
		for i := range n * Lanes {
			k := i % Lanes
			wantSum[k] += float64(x.data[i])
			wantDot[k] += float64(x.data[i]) * (float64(y.data[i]) - float64(shift.data[k]))
		}
		s.Moments(sum.data, dot.data, x.data, y.data, shift.data, n)
		l := limit * max(1, math.Sqrt(float64(n))/16)
		b.check(sum, wantSum, l)
		b.check(dot, wantDot, l)
	}}
}

func elementTrials() (ts []trial) {
	var counts []int
	for n := range 3*Lanes + 2 {
		counts = append(counts, n)
	}
	for _, n := range append(counts, longCount*Lanes+7) {
		ts = append(ts, trial{name: fmt.Sprintf("kernel=Add/n=%d", n), long: n > 100, run: func(b *bench, s *Set) {
			dst, src := b.full("dst", n+5), b.full("src", n)
			b.freeze()
			want := blank(len(dst.data))
			for i := range n {
				want[i] = float64(dst.data[i]) + float64(src.data[i])
			}
			s.Add(dst.data, src.data)
			b.check(dst, want, limit)
		}})
		for _, slope := range slopes {
			for _, inPlace := range []bool{false, true} {
				name := fmt.Sprintf("/n=%d/slope=%g/in-place=%v", n, slope, inPlace)
				ts = append(ts,
					trial{name: "kernel=Activate" + name, long: n > 100, run: func(b *bench, s *Set) { activateTrial(b, s, n, slope, inPlace) }},
					trial{name: "kernel=ActivateGrad" + name, long: n > 100, run: func(b *bench, s *Set) { activateGradTrial(b, s, n, slope, inPlace) }})
			}
		}
	}
	return ts
}

func activateTrial(b *bench, s *Set, n int, slope float32, inPlace bool) {
	src := b.full("src", n)
	dst := src
	if !inPlace {
		dst = b.empty("dst", n+5)
	}
	b.freeze()
	want := blank(len(dst.data))
	for i := range n {
		want[i] = wantLeaky(float64(src.data[i]), slope)
	}
	s.Activate(dst.data, src.data, slope)
	b.check(dst, want, limit)
}

func activateGradTrial(b *bench, s *Set, n int, slope float32, inPlace bool) {
	grad, out := b.full("grad", n), b.full("out", n)
	for i := 0; i < n; i += 3 { // as ReLU leaves it
		out.data[i] = 0
	}
	dst := grad
	if !inPlace {
		dst = b.empty("dst", n+5)
	}
	b.freeze()
	want := blank(len(dst.data))
	for i := range n {
		want[i] = float64(grad.data[i])
		if out.data[i] <= 0 {
			want[i] *= float64(slope)
		}
	}
	s.ActivateGrad(dst.data, grad.data, out.data, slope)
	b.check(dst, want, limit)
}

func depthwiseTrials() (ts []trial) {
	for _, n := range pixelCounts {
		for _, taps := range []int{0, 1, 3, 4, 9, 10} {
			for _, srcStep := range []int{Lanes, 2 * Lanes} {
				for i, slope := range slopes {
					add := []string{"", "other", "dst"}[i]
					for _, dstStep := range []int{Lanes, 2*Lanes + 3} {
						ts = append(ts, depthwiseTrial(n, taps, srcStep, dstStep, slope, add))
					}
				}
				ts = append(ts, depthwiseGradTrial(n, taps, srcStep, 2*Lanes+srcStep))
			}
		}
	}
	return append(ts, depthwiseTrial(2*longCount, 9, Lanes, Lanes, 0, ""), depthwiseGradTrial(2*longCount, 9, Lanes, Lanes))
}

// taps returns an operand for n pixels srcStep apart and the offsets of count
// taps in it, of which each third stands in a row of its own.
func (b *bench) taps(n, count, srcStep int) (*operand, []int) {
	row := (max(n, 1)-1)*srcStep + 5*Lanes
	offs := make([]int, count)
	for i := range offs {
		offs[i] = i/3*row + i%3*Lanes
	}
	return b.full("src", (count/3+1)*row), offs
}

func depthwiseTrial(n, taps, srcStep, dstStep int, slope float32, add string) trial {
	name := fmt.Sprintf("kernel=Depthwise/n=%d/taps=%d/steps=%d,%d/slope=%g/add=%s", n, taps, srcStep, dstStep, slope, add)
	return trial{name: name, long: n > 100, run: func(b *bench, s *Set) {
		src, offs := b.taps(n, taps, srcStep)
		w, bias := b.full("w", taps*Lanes), b.full("bias", Lanes)
		dst, plus, slice := b.residual(add, max(n, 1), dstStep, Lanes)
		b.freeze()
		want := blank(len(dst.data))
		for i := range n * Lanes {
			t, k := i/Lanes, i%Lanes
			v := float64(bias.data[k])
			for j, off := range offs {
				v += float64(w.data[j*Lanes+k]) * float64(src.data[off+t*srcStep+k])
			}
			if plus != nil {
				v += float64(plus.data[t*dstStep+k])
			}
			want[t*dstStep+k] = wantLeaky(v, slope)
		}
		s.Depthwise(dst.data, slice, src.data, offs, w.data, bias.data, slope, n, srcStep, dstStep)
		b.check(dst, want, limit)
	}}
}

func depthwiseGradTrial(n, taps, srcStep, gradStep int) trial {
	name := fmt.Sprintf("kernel=DepthwiseGrad/n=%d/taps=%d/steps=%d,%d", n, taps, gradStep, srcStep)
	return trial{name: name, long: n > 100, run: func(b *bench, s *Set) {
		src, offs := b.taps(n, taps, srcStep)
		grad, dw := b.grid("grad", max(n, 1), gradStep, Lanes), b.full("dw", (taps+1)*Lanes)
		b.freeze()
		want := blank(len(dw.data))
		for j, off := range offs {
			for k := range Lanes {
				v := float64(dw.data[j*Lanes+k])
				for t := range n {
					v += float64(grad.data[t*gradStep+k]) * float64(src.data[off+t*srcStep+k])
				}
				want[j*Lanes+k] = v
			}
		}
		s.DepthwiseGrad(dw.data, grad.data, src.data, offs, n, gradStep, srcStep)
		b.check(dw, want, limit*max(1, math.Sqrt(float64(n))/16))
	}}
}
