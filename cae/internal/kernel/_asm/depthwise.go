package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// depthwise computes v.pixels pixels together, so that the sums do not wait for
// each other, and what is left one by one.
func depthwise(v *vector, withAdd bool) {
	name, more, doc := "depthwise", "", "is Set.Depthwise without add; taps, the length of offs, and n are at least 1."
	if withAdd {
		name, more, doc = "depthwiseAdd", "add, ", "is Set.Depthwise with add; taps, the length of offs, and n are at least 1."
	}
	v.text(name, "dst, "+more+"src *float32, offs *int, taps int, w, bias *float32, slope float32, n, srcStep, dstStep int", doc)
	dst, src, n, w, bias := param("dst"), param("src"), param("n"), param("w"), param("bias")
	var plus reg.GPVirtual
	if withAdd {
		plus = param("add")
	}
	srcStep := step("srcStep")
	slope := v.slope()
	po, pw, p, left := GP64(), GP64(), GP64(), GP64()
	body := func(pixels int, label string) {
		sums := v.forSums(pixels, func(_, part int) reg.VecVirtual { return v.load(Mem{Base: bias, Disp: part * v.bytes}) })
		Load(Param("offs"), po)
		MOVQ(w, pw)
		Load(Param("taps"), left)
		Label(label)
		MOVQ(Mem{Base: po}, p)
		LEAQ(Mem{Base: src, Index: p, Scale: 4}, p)
		weights := v.loadPixel(pw)
		for t := range sums {
			for part, sum := range sums[t] {
				v.fma(sum, weights[part], Mem{Base: p, Disp: part * v.bytes})
			}
			if t < pixels-1 {
				ADDQ(srcStep, p)
			}
		}
		advance(po, 8)
		advance(pw, pixelBytes)
		next(left, label)
		dstStep := step("dstStep")
		for t := range sums {
			for part, sum := range sums[t] {
				if withAdd {
					sum = v.add(sum, Mem{Base: plus, Disp: part * v.bytes})
				}
				v.store(v.leaky(sum, slope), Mem{Base: dst, Disp: part * v.bytes})
			}
			ADDQ(srcStep, src)
			ADDQ(dstStep, dst)
			if withAdd {
				ADDQ(dstStep, plus)
			}
		}
	}
	SUBQ(Imm(uint64(v.pixels)), n)
	JLT(LabelRef("rest"))
	Label("many")
	body(v.pixels, "manyTaps")
	SUBQ(Imm(uint64(v.pixels)), n)
	JGE(LabelRef("many"))
	Label("rest")
	ADDQ(Imm(uint64(v.pixels)), n)
	JZ(LabelRef("done"))
	Label("one")
	body(1, "oneTaps")
	next(n, "one")
	Label("done")
	v.end()
}

// depthwiseGrad passes over the pixels once for every four weights, so that
// the sums do not wait for each other, and once for each that is left.
func depthwiseGrad(v *vector) {
	v.text("depthwiseGrad", "dw, grad, src *float32, offs *int, taps, n, gradStep, srcStep int",
		"is Set.DepthwiseGrad; taps, the length of offs, and n are at least 1.")
	dw, src, offs, taps := param("dw"), param("src"), param("offs"), param("taps")
	gradStep, srcStep := step("gradStep"), step("srcStep")
	g, left := GP64(), GP64()
	body := func(count int, label string) {
		sums := v.forSums(count, func(s, part int) reg.VecVirtual {
			return v.load(Mem{Base: dw, Disp: s*pixelBytes + part*v.bytes})
		})
		ps := make([]reg.GPVirtual, count)
		for s := range ps {
			ps[s] = GP64()
			MOVQ(Mem{Base: offs, Disp: 8 * s}, ps[s])
			LEAQ(Mem{Base: src, Index: ps[s], Scale: 4}, ps[s])
		}
		Load(Param("grad"), g)
		Load(Param("n"), left)
		Label(label)
		grad := v.loadPixel(g)
		for s, p := range ps {
			for part, sum := range sums[s] {
				v.fma(sum, grad[part], Mem{Base: p, Disp: part * v.bytes})
			}
			ADDQ(srcStep, p)
		}
		ADDQ(gradStep, g)
		next(left, label)
		for s := range sums {
			for part, sum := range sums[s] {
				v.store(sum, Mem{Base: dw, Disp: s*pixelBytes + part*v.bytes})
			}
		}
		advance(dw, count*pixelBytes)
		advance(offs, 8*count)
	}
	const together = 4
	SUBQ(Imm(together), taps)
	JLT(LabelRef("rest"))
	Label("many")
	body(together, "manyPixels")
	SUBQ(Imm(together), taps)
	JGE(LabelRef("many"))
	Label("rest")
	ADDQ(Imm(together), taps)
	JZ(LabelRef("done"))
	Label("one")
	body(1, "onePixels")
	next(taps, "one")
	Label("done")
	v.end()
}
