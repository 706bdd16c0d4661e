package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	tile  = 4
	patch = tile + 2
)

// sixTimes returns six times x.
func sixTimes(x reg.GPVirtual) reg.GPVirtual {
	r := GP64()
	LEAQ(Mem{Base: x, Index: x, Scale: 2}, r)
	ADDQ(r, r)
	return r
}

// frequencies addresses the 36 pixels of the frequencies of a tile by rows.
type frequencies struct {
	rows six // the first frequency of each row of the patch
	row  six // the frequencies of the current row
}

// newFrequencies takes step as the bytes between two frequencies.
func newFrequencies(base, step reg.GPVirtual) *frequencies {
	return &frequencies{rows: newSix(base, sixTimes(step)), row: six{GP64(), GP64(), step}}
}

// begin makes row i the current one.
func (f *frequencies) begin(i int) {
	LEAQ(f.rows.at(i, 0), f.row.base)
	f.row.move()
}

// advance goes to the next tile.
func (f *frequencies) advance() {
	advance(f.rows.base, pixelBytes)
	advance(f.rows.base3, pixelBytes)
}

// columns addresses the 36 pixels of the frequencies of a tile by columns, which
// must be visited in ascending order.
type columns struct {
	base, step reg.GPVirtual
	column     six // the frequencies of the current column
	current    int
}

// newColumns takes step as the bytes between two frequencies.
func newColumns(base, step reg.GPVirtual) *columns {
	return &columns{base: base, step: step, column: six{GP64(), GP64(), sixTimes(step)}}
}

// at is the address of row i of column j, plus disp bytes.
func (c *columns) at(i, j, disp int) Mem {
	if j == 0 && c.current != 0 {
		MOVQ(c.base, c.column.base)
		c.column.move()
	} else if j != c.current {
		ADDQ(c.step, c.column.base)
		c.column.move()
	}
	c.current = j
	return c.column.at(i, disp)
}

// restart ends a pass over the columns.
func (c *columns) restart() { c.current = -1 }

func inputTiles(v *vector) {
	v.text("inputTiles", "v, src *float32, n, rowStep, freqStep int", "is Set.InputTiles; n is at least 1.")
	n, src, dst := param("n"), param("src"), param("v")
	rows := newSix(src, step("rowStep"))
	freqs := newFrequencies(dst, step("freqStep"))
	inputLine.keep(v)
	Label("tile")
	for part := range v.parts() {
		disp := part * v.bytes
		inputLine.transform(v,
			func(i, j int) Mem { return rows.at(i, j*pixelBytes+disp) },
			freqs.begin,
			func(_, j int, x reg.VecVirtual) { v.store(x, freqs.row.at(j, disp)) })
	}
	advance(rows.base, tile*pixelBytes)
	advance(rows.base3, tile*pixelBytes)
	freqs.advance()
	next(n, "tile")
	v.end()
}

func gradTiles(v *vector) {
	v.text("gradTiles", "v, src *float32, n, rowStep, freqStep int", "is Set.GradTiles; n is at least 1.")
	n, src, dst := param("n"), param("src"), param("v")
	rows := newSix(src, step("rowStep"))
	freqs := newFrequencies(dst, step("freqStep"))
	gradLine.keep(v)
	Label("tile")
	for part := range v.parts() {
		disp := part * v.bytes
		gradLine.transform(v,
			func(i, j int) Mem { return rows.at(i, j*pixelBytes+disp) },
			freqs.begin,
			func(_, j int, x reg.VecVirtual) { v.store(x, freqs.row.at(j, disp)) })
	}
	advance(rows.base, tile*pixelBytes)
	advance(rows.base3, tile*pixelBytes)
	freqs.advance()
	next(n, "tile")
	v.end()
}

func outputTiles(v *vector, withAdd bool) {
	name, more, doc := "outputTiles", "", "is Set.OutputTiles without add; n is at least 1."
	if withAdd {
		name, more, doc = "outputTilesAdd", "add, ", "is Set.OutputTiles with add; n is at least 1."
	}
	v.text(name, "dst, "+more+"m *float32, n, rowStep, freqStep int, bias *float32, slope float32", doc)
	dst, m, n, bias := param("dst"), param("m"), param("n"), param("bias")
	var plus six
	rowStep := step("rowStep")
	rows := newSix(dst, rowStep)
	if withAdd {
		plus = newSix(param("add"), rowStep)
	}
	freqs := newColumns(m, step("freqStep"))
	outputLine.keep(v)
	slope := v.slope()
	Label("tile")
	for part := range v.parts() {
		disp := part * v.bytes
		freqs.restart()
		outputLine.transform(v,
			func(i, j int) Mem { return freqs.at(i, j, disp) },
			func(int) { freqs.restart() },
			func(i, j int, x reg.VecVirtual) {
				x = v.add(x, Mem{Base: bias, Disp: disp})
				if withAdd {
					x = v.add(x, plus.at(i, j*pixelBytes+disp))
				}
				v.store(v.leaky(x, slope), rows.at(i, j*pixelBytes+disp))
			})
	}
	advance(rows.base, tile*pixelBytes)
	advance(rows.base3, tile*pixelBytes)
	if withAdd {
		advance(plus.base, tile*pixelBytes)
		advance(plus.base3, tile*pixelBytes)
	}
	advance(m, pixelBytes)
	next(n, "tile")
	v.end()
}

func filter(v *vector) {
	v.text("filter", "u, w *float32, step int", "is Set.Filter.")
	w := param("w")
	freqs := newFrequencies(param("u"), step("step"))
	filterLine.keep(v)
	for part := range v.parts() {
		disp := part * v.bytes
		filterLine.transform(v,
			func(i, j int) Mem { return Mem{Base: w, Disp: (i*3+j)*pixelBytes + disp} },
			freqs.begin,
			func(_, j int, x reg.VecVirtual) { v.store(x, freqs.row.at(j, disp)) })
	}
	v.end()
}

func filterGrad(v *vector) {
	v.text("filterGrad", "dw, du *float32, step int", "is Set.FilterGrad.")
	dw := param("dw")
	freqs := newColumns(param("du"), step("step"))
	filterGradLine.keep(v)
	for part := range v.parts() {
		disp := part * v.bytes
		freqs.restart()
		filterGradLine.transform(v,
			func(i, j int) Mem { return freqs.at(i, j, disp) },
			func(int) { freqs.restart() },
			func(i, j int, x reg.VecVirtual) {
				to := Mem{Base: dw, Disp: (i*3+j)*pixelBytes + disp}
				v.store(v.add(x, to), to)
			})
	}
	v.end()
}
