package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pixelBytes is the size of a pixel: 16 float32.
const pixelBytes = 64

// vector writes instructions for registers of one width. An operand is a
// register or memory; where an instruction takes only one of them from memory,
// its method loads the other.
type vector struct {
	suffix string
	bytes  int // of a register
	rows   int // of a block of multiply
	pixels int // that depthwise computes together
	held   map[float64]reg.VecVirtual
}

var (
	// 12 sums, 2 registers of b and 1 of a out of 16.
	avx2 = &vector{suffix: "AVX2", bytes: 32, rows: 6, pixels: 4}
	// 16 sums and 1 register of b out of 32; a comes from memory, broadcast by
	// the multiplication itself. More rows were no quicker, and with fewer, small
	// maps leave less of a block empty.
	avx512 = &vector{suffix: "AVX512", bytes: 64, rows: 16, pixels: 8}
)

func (v *vector) wide() bool { return v.bytes == 64 }

// parts is how many registers a pixel takes.
func (v *vector) parts() int { return pixelBytes / v.bytes }

func (v *vector) reg() reg.VecVirtual {
	if v.wide() {
		return ZMM()
	}
	return YMM()
}

// text begins a function; signature leaves out the parentheses.
func (v *vector) text(name, signature, doc string) {
	TEXT(name+v.suffix, NOSPLIT, "func("+signature+")")
	Pragma("noescape")
	Doc(name + v.suffix + " " + doc)
	v.held = map[float64]reg.VecVirtual{}
}

// end ends a function. The caller's code is compiled for SSE, which is slow
// while the upper halves of the registers are in use.
func (v *vector) end() {
	VZEROUPPER()
	RET()
}

func (v *vector) zero() reg.VecVirtual {
	r := v.reg()
	if v.wide() {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
	return r
}

// load returns x in a register: itself where it is one.
func (v *vector) load(x Op) reg.VecVirtual {
	if r, ok := x.(reg.VecVirtual); ok {
		return r
	}
	return v.copy(x)
}

// copy returns x in a register of its own.
func (v *vector) copy(x Op) reg.VecVirtual {
	r := v.reg()
	if _, ok := x.(reg.VecVirtual); ok {
		VMOVAPS(x, r)
	} else {
		VMOVUPS(x, r)
	}
	return r
}

func (v *vector) store(x reg.VecVirtual, to Op) { VMOVUPS(x, to) }

// broadcast returns the float32 at m in every lane.
func (v *vector) broadcast(m Op) reg.VecVirtual {
	r := v.reg()
	VBROADCASTSS(m, r)
	return r
}

// slope returns the parameter slope in every lane. Load would take an
// instruction of SSE, which is slow beside those of AVX.
func (v *vector) slope() reg.VecVirtual {
	slope, err := Param("slope").Resolve()
	if err != nil {
		panic(err)
	}
	return v.broadcast(slope.Addr)
}

// commute brings the operand that may lie in memory to the front.
func (v *vector) commute(x, y Op) (mem Op, r reg.VecVirtual) {
	if r, ok := x.(reg.VecVirtual); ok {
		return y, r
	}
	return x, v.load(y)
}

// add returns x+y.
func (v *vector) add(x, y Op) reg.VecVirtual {
	m, r := v.commute(x, y)
	sum := v.reg()
	VADDPS(m, r, sum)
	return sum
}

// sub returns x-y.
func (v *vector) sub(x, y Op) reg.VecVirtual {
	r := v.load(x)
	difference := v.reg()
	VSUBPS(y, r, difference)
	return difference
}

// mul returns x*y.
func (v *vector) mul(x, y Op) reg.VecVirtual {
	m, r := v.commute(x, y)
	product := v.reg()
	VMULPS(m, r, product)
	return product
}

// fma adds x*y to sum, rounding once.
func (v *vector) fma(sum reg.VecVirtual, x, y Op) {
	m, r := v.commute(x, y)
	VFMADD231PS(m, r, sum)
}

// fnma subtracts x*y from sum, rounding once.
func (v *vector) fnma(sum reg.VecVirtual, x, y Op) {
	m, r := v.commute(x, y)
	VFNMADD231PS(m, r, sum)
}

// leaky returns x or slope*x, whichever is larger. The maximum is its second
// source, x, where either is no number or both are zero: that order is what
// keeps a NaN, and an infinite x under slope 0.
func (v *vector) leaky(x reg.VecVirtual, slope Op) reg.VecVirtual {
	scaled := v.mul(x, slope)
	r := v.reg()
	VMAXPS(x, scaled, r)
	return r
}

// The constants of the transforms; package kernel explains them.
const (
	pointA  = 0.70710678118654752440
	pointB  = 1.41421356237309504880
	squareA = 0.5
	squareB = 2
	squares = 2.5
	scaleA  = -2. / 3
	scaleB  = 1. / 6
)

var constants = []float64{pointA, pointB, squareA, squareB, squares, scaleA, scaleB, scaleA * pointA, scaleB * pointB}

var constantsAt Mem

// declareConstants writes each constant in every lane of a pixel, so that it
// can be an operand in memory.
func declareConstants() {
	constantsAt = GLOBL("constants", RODATA|NOPTR)
	for i, x := range constants {
		for k := 0; k < pixelBytes; k += 4 {
			// Not F32: it writes 2 as an integer, which the assembler takes at
			// its word.
			DATA(i*pixelBytes+k, U32(math.Float32bits(float32(x))))
		}
	}
}

// constant returns x in every lane: a register where hold was told x, memory
// elsewhere.
func (v *vector) constant(x float64) Op {
	if r, ok := v.held[x]; ok {
		return r
	}
	for i, y := range constants {
		if x == y {
			return constantsAt.Offset(i * pixelBytes)
		}
	}
	panic("not in the list of constants")
}

// hold keeps constants in registers from here on, until drop.
func (v *vector) hold(xs ...float64) {
	for _, x := range xs {
		if _, ok := v.held[x]; !ok {
			v.held[x] = v.load(v.constant(x))
		}
	}
}

// drop ends hold.
func (v *vector) drop() { clear(v.held) }

// param loads a parameter into a general register.
func param(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

// step loads a parameter that counts float32 and turns it into bytes.
func step(name string) reg.GPVirtual {
	r := param(name)
	SHLQ(Imm(2), r)
	return r
}

// six addresses six things that are a step apart: the first three from base, the
// others from base3, which is three steps further, because an address can hold a
// register times 1 or 2 but not times 3.
type six struct {
	base, base3, step reg.GPVirtual
}

// newSix sets base3.
func newSix(base, step reg.GPVirtual) six {
	s := six{base, GP64(), step}
	s.move()
	return s
}

// move sets base3 again after base was changed.
func (s six) move() {
	LEAQ(Mem{Base: s.base, Index: s.step, Scale: 2}, s.base3)
	ADDQ(s.step, s.base3)
}

// at is the address of thing i, plus disp bytes.
func (s six) at(i, disp int) Mem {
	m := Mem{Base: s.base, Disp: disp}
	if i >= 3 {
		m.Base, i = s.base3, i-3
	}
	if i > 0 {
		m.Index, m.Scale = s.step, uint8(i)
	}
	return m
}

// advance adds a constant number of bytes to p.
func advance(p reg.GPVirtual, bytes int) { ADDQ(U32(uint32(bytes)), p) }

// next closes a loop that runs n times.
func next(n reg.GPVirtual, label string) {
	DECQ(n)
	JNZ(LabelRef(label))
}
