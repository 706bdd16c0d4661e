package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// multiplyRow adds the products of one element of each row of a, at rows(r), with
// the row of b, at b(part), to sums[r].
func (v *vector) multiplyRow(sums [][]reg.VecVirtual, rows func(r int) Mem, b func(part int) Mem) {
	bs := make([]reg.VecVirtual, v.parts())
	for part := range bs {
		bs[part] = v.load(b(part))
	}
	for r := range sums {
		if v.wide() {
			VFMADD231PS_BCST(rows(r), bs[0], sums[r][0])
			continue
		}
		x := v.broadcast(rows(r))
		for part := range bs {
			v.fma(sums[r][part], x, bs[part])
		}
	}
}

// forSums calls f for each part of rows sums.
func (v *vector) forSums(rows int, f func(r, part int) reg.VecVirtual) [][]reg.VecVirtual {
	sums := make([][]reg.VecVirtual, rows)
	for r := range sums {
		for part := range v.parts() {
			sums[r] = append(sums[r], f(r, part))
		}
	}
	return sums
}

func multiply(v *vector) {
	v.text("multiply", "c, a *float32, offs *int, segments int, b *float32, blocks int",
		"computes blocks of rows of Set.Multiply; segments, the length of offs, and blocks are at least 1.")
	c, a, offs, segments, b, blocks := param("c"), param("a"), param("offs"), param("segments"), param("b"), param("blocks")
	pa, pb, po, n := GP64(), GP64(), GP64(), GP64()
	Label("block")
	sums := v.forSums(v.rows, func(int, int) reg.VecVirtual { return v.zero() })
	MOVQ(offs, po)
	MOVQ(b, pb)
	MOVQ(segments, n)
	Label("segment")
	MOVQ(Mem{Base: po}, pa)
	LEAQ(Mem{Base: a, Index: pa, Scale: 4}, pa)
	for l := range 16 {
		v.multiplyRow(sums,
			func(r int) Mem { return Mem{Base: pa, Disp: r*pixelBytes + 4*l} },
			func(part int) Mem { return Mem{Base: pb, Disp: l*pixelBytes + part*v.bytes} })
	}
	advance(po, 8)
	advance(pb, 16*pixelBytes)
	next(n, "segment")
	for r := range sums {
		for part, sum := range sums[r] {
			v.store(sum, Mem{Base: c, Disp: r*pixelBytes + part*v.bytes})
		}
	}
	advance(a, v.rows*pixelBytes)
	advance(c, v.rows*pixelBytes)
	next(blocks, "block")
	v.end()
}

func multiplyT(v *vector) {
	v.text("multiplyT", "c, a, b *float32, n int", "is Set.MultiplyT; n is at least 1.")
	c, a, b := param("c"), param("a"), param("b")
	pa, pb, n := GP64(), GP64(), GP64()
	passes := []int{16}
	if !v.wide() {
		passes = []int{6, 5, 5} // what fits the registers
	}
	first := 0
	for _, rows := range passes {
		pass := string(rune('A' + first))
		at := func(r, part int) Mem { return Mem{Base: c, Disp: (first+r)*pixelBytes + part*v.bytes} }
		sums := v.forSums(rows, func(r, part int) reg.VecVirtual { return v.load(at(r, part)) })
		MOVQ(a, pa)
		MOVQ(b, pb)
		Load(Param("n"), n)
		step := func(t int) {
			v.multiplyRow(sums,
				func(r int) Mem { return Mem{Base: pa, Disp: t*pixelBytes + 4*(first+r)} },
				func(part int) Mem { return Mem{Base: pb, Disp: t*pixelBytes + part*v.bytes} })
		}
		const unroll = 4
		SUBQ(Imm(unroll), n)
		JLT(LabelRef("rest" + pass))
		Label("four" + pass)
		for t := range unroll {
			step(t)
		}
		advance(pa, unroll*pixelBytes)
		advance(pb, unroll*pixelBytes)
		SUBQ(Imm(unroll), n)
		JGE(LabelRef("four" + pass))
		Label("rest" + pass)
		ADDQ(Imm(unroll), n)
		JZ(LabelRef("done" + pass))
		Label("one" + pass)
		step(0)
		advance(pa, pixelBytes)
		advance(pb, pixelBytes)
		next(n, "one"+pass)
		Label("done" + pass)
		for r := range sums {
			for part, sum := range sums[r] {
				v.store(sum, at(r, part))
			}
		}
		first += rows
	}
	v.end()
}

// peakSums is how many multiply-adds a turn of peak's loop does: as many
// independent ones as any kernel keeps, so that none waits for another.
const peakSums = 24

func peak(v *vector) {
	v.text("peak", "n int", "does 24 fused multiply-adds of registers n times and forgets the results.")
	n := param("n")
	x, y := v.zero(), v.zero()
	independent := peakSums / v.parts()
	sums := make([]reg.VecVirtual, independent)
	for i := range sums {
		sums[i] = v.zero()
	}
	Label("turn")
	for i := range peakSums {
		VFMADD231PS(x, y, sums[i%independent])
	}
	next(n, "turn")
	v.end()
}
