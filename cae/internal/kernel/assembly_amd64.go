//go:build !purego && !noasm

package kernel

import (
	"fmt"
	"unsafe"
)

// assembly is the functions of a set in assembly. They trust their operands;
// set puts the checks before them.
type assembly struct {
	multiply       func(c, a *float32, offs *int, segments int, b *float32, blocks int)
	multiplyT      func(c, a, b *float32, n int)
	inputTiles     func(v, src *float32, n, rowStep, freqStep int)
	outputTiles    func(dst, m *float32, n, rowStep, freqStep int, bias *float32, slope float32)
	outputTilesAdd func(dst, add, m *float32, n, rowStep, freqStep int, bias *float32, slope float32)
	gradTiles      func(v, src *float32, n, rowStep, freqStep int)
	filter         func(u, w *float32, step int)
	filterGrad     func(dw, du *float32, step int)
	depthwise      func(dst, src *float32, offs *int, taps int, w, bias *float32, slope float32, n, srcStep, dstStep int)
	depthwiseAdd   func(dst, add, src *float32, offs *int, taps int, w, bias *float32, slope float32, n, srcStep, dstStep int)
	depthwiseGrad  func(dw, grad, src *float32, offs *int, taps, n, gradStep, srcStep int)
	copyPixels     func(dst, src *float32, n, step int)
	finish         func(dst, src *float32, n, step int, bias *float32, slope float32)
	finishAdd      func(dst, add, src *float32, n, step int, bias *float32, slope float32)
	add            func(dst, src *float32, n int)
	activate       func(dst, src *float32, n int, slope float32)
	activateGrad   func(dst, grad, out *float32, n int, slope float32)
	affine         func(dst, src, scale, shift *float32, n int)
	addAffine      func(dst, x, y, a, b, c *float32, n int)
	moments        func(sum, dot, a, b, shift *float32, n int)
}

// Assembly cannot be interrupted: while it runs, the garbage collector and the
// scheduler wait. So a call of it gets no more than about 20 us of work, even
// where it comes from main memory: this many pixels, tiles, and products of a
// row with a matrix of Lanes by Lanes (512 operations each).
const (
	callPixels   = 1024
	callTiles    = 128
	callProducts = 3072
)

// multiplyTPixels is smaller because the AVX2 form passes several times over
// what it gets, which has to stay in the first cache.
const multiplyTPixels = 128

// reach panics unless s holds the n runs of length elements that begin step
// elements apart at first. It counts in a way that cannot overflow.
func reach(what string, s []float32, first, n, step, length int) {
	if n == 0 {
		return
	}
	if first < 0 || step < 0 || n < 0 || first > len(s) || n > 1 && step > len(s) || n > len(s) ||
		first+(n-1)*step+length > len(s) {
		outside(what, s, first, n, step, length)
	}
}

//go:noinline
func outside(what string, s []float32, first, n, step, length int) {
	panic(fmt.Sprintf("kernel: %s has %d elements: too few for %d runs of %d that begin %d apart at %d",
		what, len(s), n, length, step, first))
}

// pixels panics unless s holds n pixels.
func pixels(what string, s []float32, n int) { reach(what, s, 0, n, Lanes, Lanes) }

// rows panics unless s holds h rows, step apart, of w pixels.
func rows(what string, s []float32, h, step, w int) {
	if w > len(s) {
		outside(what, s, 0, h, step, w)
	}
	reach(what, s, 0, h, step, w*Lanes)
}

// ptr is the address of element i, which must have been checked.
func ptr(s []float32, i int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), uintptr(i)*unsafe.Sizeof(float32(0))))
}

// set makes a Set of f.
func (f *assembly) set(name string, height int) Set {
	return Set{
		Name:          name,
		Rows:          height,
		Multiply:      f.multiplySet(height),
		MultiplyT:     f.multiplyTSet,
		InputTiles:    f.inputTilesSet,
		OutputTiles:   f.outputTilesSet,
		GradTiles:     f.gradTilesSet,
		Filter:        f.filterSet,
		FilterGrad:    f.filterGradSet,
		Copy:          f.copySet,
		Finish:        f.finishSet,
		Depthwise:     f.depthwiseSet,
		DepthwiseGrad: f.depthwiseGradSet,
		Add:           f.addSet,
		Activate:      f.activateSet,
		ActivateGrad:  f.activateGradSet,
		Affine:        f.affineSet,
		AddAffine:     f.addAffineSet,
		Moments:       f.momentsSet,
	}
}

func (f *assembly) multiplySet(height int) func(c, a []float32, offs []int, b []float32, n int) {
	return func(c, a []float32, offs []int, b []float32, n int) {
		blocks := (n + height - 1) / height
		if blocks <= 0 {
			return
		}
		// This call is the shortest of all, so its checks count.
		used := blocks * height * Lanes
		if len(c) < used || blocks > len(c) {
			outside("c", c, 0, blocks*height, Lanes, Lanes)
		}
		if len(offs) == 0 {
			clear(c[:used])
			return
		}
		if len(b) < len(offs)*Lanes*Lanes {
			outside("b", b, 0, len(offs)*Lanes, Lanes, Lanes)
		}
		for _, off := range offs {
			if off < 0 || off > len(a)-used {
				outside("a", a, off, blocks*height, Lanes, Lanes)
			}
		}
		call := blocks
		if blocks*height*len(offs) > callProducts {
			call = max(callProducts/(len(offs)*height), 1)
		}
		for i := 0; i < blocks; i += call {
			f.multiply(ptr(c, i*height*Lanes), ptr(a, i*height*Lanes), &offs[0], len(offs), ptr(b, 0), min(call, blocks-i))
		}
	}
}

func (f *assembly) multiplyTSet(c, a, b []float32, n int) {
	pixels("c", c, Lanes)
	pixels("a", a, n)
	pixels("b", b, n)
	for i := 0; i < n; i += multiplyTPixels {
		f.multiplyT(ptr(c, 0), ptr(a, i*Lanes), ptr(b, i*Lanes), min(multiplyTPixels, n-i))
	}
}

func (f *assembly) inputTilesSet(v, src []float32, n, rowStep, freqStep int, _ []float32) {
	if n <= 0 {
		return
	}
	rows("v", v, Frequencies, freqStep, n)
	rows("src", src, Patch, rowStep, n*Tile+Patch-Tile)
	for i := 0; i < n; i += callTiles {
		f.inputTiles(ptr(v, i*Lanes), ptr(src, i*Tile*Lanes), min(callTiles, n-i), rowStep, freqStep)
	}
}

func (f *assembly) gradTilesSet(v, src []float32, n, rowStep, freqStep int, _ []float32) {
	if n <= 0 {
		return
	}
	rows("v", v, Frequencies, freqStep, n)
	rows("src", src, Tile, rowStep, n*Tile)
	for i := 0; i < n; i += callTiles {
		f.gradTiles(ptr(v, i*Lanes), ptr(src, i*Tile*Lanes), min(callTiles, n-i), rowStep, freqStep)
	}
}

func (f *assembly) outputTilesSet(dst, add, m []float32, n, rowStep, freqStep int, bias []float32, slope float32, _ []float32) {
	if n <= 0 {
		return
	}
	rows("dst", dst, Tile, rowStep, n*Tile)
	rows("m", m, Frequencies, freqStep, n)
	pixels("bias", bias, 1)
	if add != nil {
		rows("add", add, Tile, rowStep, n*Tile)
	}
	for i := 0; i < n; i += callTiles {
		tiles, at := min(callTiles, n-i), i*Tile*Lanes
		if add == nil {
			f.outputTiles(ptr(dst, at), ptr(m, i*Lanes), tiles, rowStep, freqStep, ptr(bias, 0), slope)
		} else {
			f.outputTilesAdd(ptr(dst, at), ptr(add, at), ptr(m, i*Lanes), tiles, rowStep, freqStep, ptr(bias, 0), slope)
		}
	}
}

func (f *assembly) filterSet(u, w []float32, step int, _ []float32) {
	rows("u", u, Frequencies, step, 1)
	pixels("w", w, 9)
	f.filter(ptr(u, 0), ptr(w, 0), step)
}

func (f *assembly) filterGradSet(dw, du []float32, step int, _ []float32) {
	rows("du", du, Frequencies, step, 1)
	pixels("dw", dw, 9)
	f.filterGrad(ptr(dw, 0), ptr(du, 0), step)
}

func (f *assembly) copySet(dst, src []float32, n, step int) {
	pixels("dst", dst, n)
	reach("src", src, 0, n, step, Lanes)
	for i := 0; i < n; i += callPixels {
		f.copyPixels(ptr(dst, i*Lanes), ptr(src, i*step), min(callPixels, n-i), step)
	}
}

func (f *assembly) finishSet(dst, add, src []float32, n, step int, bias []float32, slope float32) {
	reach("dst", dst, 0, n, step, Lanes)
	pixels("src", src, n)
	pixels("bias", bias, 1)
	if add != nil {
		reach("add", add, 0, n, step, Lanes)
	}
	for i := 0; i < n; i += callPixels {
		count, at := min(callPixels, n-i), i*step
		if add == nil {
			f.finish(ptr(dst, at), ptr(src, i*Lanes), count, step, ptr(bias, 0), slope)
		} else {
			f.finishAdd(ptr(dst, at), ptr(add, at), ptr(src, i*Lanes), count, step, ptr(bias, 0), slope)
		}
	}
}

func (f *assembly) depthwiseSet(dst, add, src []float32, offs []int, w, bias []float32, slope float32, n, srcStep, dstStep int) {
	if n <= 0 {
		return
	}
	reach("dst", dst, 0, n, dstStep, Lanes)
	if add != nil {
		reach("add", add, 0, n, dstStep, Lanes)
	}
	pixels("bias", bias, 1)
	pixels("w", w, len(offs))
	for _, off := range offs {
		reach("src", src, off, n, srcStep, Lanes)
	}
	if len(offs) == 0 { // nothing to sum: a case that no network has
		depthwiseGeneric(dst, add, src, offs, w, bias, slope, n, srcStep, dstStep)
		return
	}
	call := max(4*callPixels/len(offs), 1)
	for i := 0; i < n; i += call {
		count, from, to := min(call, n-i), i*srcStep, i*dstStep
		if add == nil {
			f.depthwise(ptr(dst, to), ptr(src, from), &offs[0], len(offs), ptr(w, 0), ptr(bias, 0), slope, count, srcStep, dstStep)
		} else {
			f.depthwiseAdd(ptr(dst, to), ptr(add, to), ptr(src, from), &offs[0], len(offs), ptr(w, 0), ptr(bias, 0), slope, count, srcStep, dstStep)
		}
	}
}

func (f *assembly) depthwiseGradSet(dw, grad, src []float32, offs []int, n, gradStep, srcStep int) {
	if n <= 0 || len(offs) == 0 {
		return
	}
	pixels("dw", dw, len(offs))
	reach("grad", grad, 0, n, gradStep, Lanes)
	for _, off := range offs {
		reach("src", src, off, n, srcStep, Lanes)
	}
	call := max(4*callPixels/len(offs), 1)
	for i := 0; i < n; i += call {
		f.depthwiseGrad(ptr(dw, 0), ptr(grad, i*gradStep), ptr(src, i*srcStep), &offs[0], len(offs), min(call, n-i), gradStep, srcStep)
	}
}

// The kernels for any length do whole pixels in assembly and the rest in Go;
// neither fuses anything, so the bits are the same.

func (f *assembly) addSet(dst, src []float32) {
	dst = head(dst, len(src))
	n := len(src) / Lanes
	for i := 0; i < n; i += callPixels {
		f.add(ptr(dst, i*Lanes), ptr(src, i*Lanes), min(callPixels, n-i))
	}
	addGeneric(dst[n*Lanes:], src[n*Lanes:])
}

func (f *assembly) activateSet(dst, src []float32, slope float32) {
	dst = head(dst, len(src))
	n := len(src) / Lanes
	for i := 0; i < n; i += callPixels {
		f.activate(ptr(dst, i*Lanes), ptr(src, i*Lanes), min(callPixels, n-i), slope)
	}
	activateGeneric(dst[n*Lanes:], src[n*Lanes:], slope)
}

func (f *assembly) activateGradSet(dst, grad, out []float32, slope float32) {
	dst, out = head(dst, len(grad)), head(out, len(grad))
	n := len(grad) / Lanes
	for i := 0; i < n; i += callPixels {
		f.activateGrad(ptr(dst, i*Lanes), ptr(grad, i*Lanes), ptr(out, i*Lanes), min(callPixels, n-i), slope)
	}
	activateGradGeneric(dst[n*Lanes:], grad[n*Lanes:], out[n*Lanes:], slope)
}

func (f *assembly) affineSet(dst, src, scale, shift []float32, n int) {
	pixels("dst", dst, n)
	pixels("src", src, n)
	pixels("scale", scale, 1)
	pixels("shift", shift, 1)
	for i := 0; i < n; i += callPixels {
		f.affine(ptr(dst, i*Lanes), ptr(src, i*Lanes), ptr(scale, 0), ptr(shift, 0), min(callPixels, n-i))
	}
}

func (f *assembly) addAffineSet(dst, x, y, a, b, c []float32, n int) {
	pixels("dst", dst, n)
	pixels("x", x, n)
	pixels("y", y, n)
	pixels("a", a, 1)
	pixels("b", b, 1)
	pixels("c", c, 1)
	for i := 0; i < n; i += callPixels {
		f.addAffine(ptr(dst, i*Lanes), ptr(x, i*Lanes), ptr(y, i*Lanes), ptr(a, 0), ptr(b, 0), ptr(c, 0), min(callPixels, n-i))
	}
}

func (f *assembly) momentsSet(sum, dot, a, b, shift []float32, n int) {
	pixels("sum", sum, 1)
	pixels("dot", dot, 1)
	pixels("a", a, n)
	pixels("b", b, n)
	pixels("shift", shift, 1)
	for i := 0; i < n; i += callPixels {
		f.moments(ptr(sum, 0), ptr(dot, 0), ptr(a, i*Lanes), ptr(b, i*Lanes), ptr(shift, 0), min(callPixels, n-i))
	}
}
