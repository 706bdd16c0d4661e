package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// forParts calls f for each register of a pixel, with its offset.
func (v *vector) forParts(f func(disp int)) {
	for part := range v.parts() {
		f(part * v.bytes)
	}
}

// loadPixel loads the pixel at p.
func (v *vector) loadPixel(p reg.GPVirtual) (parts []reg.VecVirtual) {
	v.forParts(func(disp int) { parts = append(parts, v.load(Mem{Base: p, Disp: disp})) })
	return parts
}

func copyPixels(v *vector) {
	v.text("copy", "dst, src *float32, n, step int", "is Set.Copy; n is at least 1.")
	dst, src, n, srcStep := param("dst"), param("src"), param("n"), step("step")
	Label("pixel")
	v.forParts(func(disp int) {
		v.store(v.load(Mem{Base: src, Disp: disp}), Mem{Base: dst, Disp: disp})
	})
	ADDQ(srcStep, src)
	advance(dst, pixelBytes)
	next(n, "pixel")
	v.end()
}

func finish(v *vector, withAdd bool) {
	name, more, doc := "finish", "", "is Set.Finish without add; n is at least 1."
	if withAdd {
		name, more, doc = "finishAdd", "add, ", "is Set.Finish with add; n is at least 1."
	}
	v.text(name, "dst, "+more+"src *float32, n, step int, bias *float32, slope float32", doc)
	dst, src, n, dstStep := param("dst"), param("src"), param("n"), step("step")
	bias, slope := v.loadPixel(param("bias")), v.slope()
	var plus reg.GPVirtual
	if withAdd {
		plus = param("add")
	}
	Label("pixel")
	for part, b := range bias {
		disp := part * v.bytes
		x := v.add(b, Mem{Base: src, Disp: disp})
		if withAdd {
			x = v.add(x, Mem{Base: plus, Disp: disp})
		}
		v.store(v.leaky(x, slope), Mem{Base: dst, Disp: disp})
	}
	advance(src, pixelBytes)
	ADDQ(dstStep, dst)
	if withAdd {
		ADDQ(dstStep, plus)
	}
	next(n, "pixel")
	v.end()
}

func add(v *vector) {
	v.text("add", "dst, src *float32, n int", "is Set.Add for n pixels; n is at least 1.")
	dst, src, n := param("dst"), param("src"), param("n")
	Label("pixel")
	v.forParts(func(disp int) {
		x := v.load(Mem{Base: dst, Disp: disp})
		v.store(v.add(x, Mem{Base: src, Disp: disp}), Mem{Base: dst, Disp: disp})
	})
	advance(dst, pixelBytes)
	advance(src, pixelBytes)
	next(n, "pixel")
	v.end()
}

func activate(v *vector) {
	v.text("activate", "dst, src *float32, n int, slope float32", "is Set.Activate for n pixels; n is at least 1.")
	dst, src, n, slope := param("dst"), param("src"), param("n"), v.slope()
	Label("pixel")
	v.forParts(func(disp int) {
		v.store(v.leaky(v.load(Mem{Base: src, Disp: disp}), slope), Mem{Base: dst, Disp: disp})
	})
	advance(dst, pixelBytes)
	advance(src, pixelBytes)
	next(n, "pixel")
	v.end()
}

func activateGrad(v *vector) {
	v.text("activateGrad", "dst, grad, out *float32, n int, slope float32", "is Set.ActivateGrad for n pixels; n is at least 1.")
	dst, grad, out, n, slope := param("dst"), param("grad"), param("out"), param("n"), v.slope()
	zero := v.zero()
	const below = 0x11 // 0 < out, false for a NaN, quiet
	Label("pixel")
	v.forParts(func(disp int) {
		g := v.load(Mem{Base: grad, Disp: disp})
		r := v.mul(g, slope)
		if v.wide() {
			above := K()
			VCMPPS(Imm(below), Mem{Base: out, Disp: disp}, zero, above)
			VMOVAPS(g, above, r)
		} else {
			above := v.reg()
			VCMPPS(Imm(below), Mem{Base: out, Disp: disp}, zero, above)
			VBLENDVPS(above, g, r, r)
		}
		v.store(r, Mem{Base: dst, Disp: disp})
	})
	advance(dst, pixelBytes)
	advance(grad, pixelBytes)
	advance(out, pixelBytes)
	next(n, "pixel")
	v.end()
}

func affine(v *vector) {
	v.text("affine", "dst, src, scale, shift *float32, n int", "is Set.Affine; n is at least 1.")
	dst, src, n := param("dst"), param("src"), param("n")
	scale, shift := v.loadPixel(param("scale")), v.loadPixel(param("shift"))
	Label("pixel")
	for part := range scale {
		disp := part * v.bytes
		x := v.copy(shift[part])
		v.fma(x, scale[part], Mem{Base: src, Disp: disp})
		v.store(x, Mem{Base: dst, Disp: disp})
	}
	advance(dst, pixelBytes)
	advance(src, pixelBytes)
	next(n, "pixel")
	v.end()
}

func addAffine(v *vector) {
	v.text("addAffine", "dst, x, y, a, b, c *float32, n int", "is Set.AddAffine; n is at least 1.")
	dst, px, py, n := param("dst"), param("x"), param("y"), param("n")
	a, b, c := v.loadPixel(param("a")), v.loadPixel(param("b")), v.loadPixel(param("c"))
	Label("pixel")
	for part := range a {
		disp := part * v.bytes
		sum := v.copy(c[part])
		v.fma(sum, a[part], Mem{Base: px, Disp: disp})
		v.fma(sum, b[part], Mem{Base: py, Disp: disp})
		v.store(v.add(sum, Mem{Base: dst, Disp: disp}), Mem{Base: dst, Disp: disp})
	}
	advance(dst, pixelBytes)
	advance(px, pixelBytes)
	advance(py, pixelBytes)
	next(n, "pixel")
	v.end()
}

func moments(v *vector) {
	v.text("moments", "sum, dot, a, b, shift *float32, n int", "is Set.Moments; n is at least 1.")
	sumAt, dotAt := param("sum"), param("dot")
	a, b, n := param("a"), param("b"), param("n")
	sum, dot, shift := v.loadPixel(sumAt), v.loadPixel(dotAt), v.loadPixel(param("shift"))
	Label("pixel")
	for part := range sum {
		disp := part * v.bytes
		x := v.load(Mem{Base: a, Disp: disp})
		VADDPS(x, sum[part], sum[part])
		centred := v.sub(Mem{Base: b, Disp: disp}, shift[part])
		v.fma(dot[part], x, centred)
	}
	advance(a, pixelBytes)
	advance(b, pixelBytes)
	next(n, "pixel")
	for part := range sum {
		v.store(sum[part], Mem{Base: sumAt, Disp: part * v.bytes})
		v.store(dot[part], Mem{Base: dotAt, Disp: part * v.bytes})
	}
	v.end()
}
