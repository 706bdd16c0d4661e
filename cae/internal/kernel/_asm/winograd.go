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

// frequencies addresses the 36 pixels of the frequencies of a tile.
type frequencies struct {
	rows six // the first frequency of each row of the patch
	row  six // the frequencies of the current row
}

// newFrequencies takes step as the bytes between two frequencies.
func newFrequencies(base, step reg.GPVirtual) *frequencies {
	six6 := GP64()
	LEAQ(Mem{Base: step, Index: step, Scale: 2}, six6)
	ADDQ(six6, six6)
	return &frequencies{rows: newSix(base, six6), row: six{GP64(), GP64(), step}}
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
	// The frequencies of a column of the patch are six steps apart.
	freqStep := step("freqStep")
	six6 := GP64()
	LEAQ(Mem{Base: freqStep, Index: freqStep, Scale: 2}, six6)
	ADDQ(six6, six6)
	column := six{GP64(), GP64(), six6}
	outputLine.keep(v)
	slope := v.slope()
	Label("tile")
	for part := range v.parts() {
		disp := part * v.bytes
		current := -1
		outputLine.transform(v,
			func(i, j int) Mem {
				if j != current {
					if j == 0 {
						MOVQ(m, column.base)
					} else {
						ADDQ(freqStep, column.base)
					}
					column.move()
					current = j
				}
				return column.at(i, disp)
			},
			func(int) { current = -1 },
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
	freqs := newFrequencies(param("du"), step("step"))
	filterGradLine.keep(v)
	for part := range v.parts() {
		disp := part * v.bytes
		current := -1
		filterGradLine.transform(v,
			func(i, j int) Mem {
				if j != current {
					if j == 0 {
						MOVQ(freqs.rows.base, freqs.row.base)
					} else {
						ADDQ(freqs.row.step, freqs.row.base)
					}
					LEAQ(Mem{Base: freqs.row.base, Index: freqs.rows.step, Scale: 2}, freqs.row.base3)
					ADDQ(freqs.rows.step, freqs.row.base3)
					current = j
				}
				return six{freqs.row.base, freqs.row.base3, freqs.rows.step}.at(i, disp)
			},
			func(int) { current = -1 },
			func(i, j int, x reg.VecVirtual) {
				to := Mem{Base: dw, Disp: (i*3+j)*pixelBytes + disp}
				v.store(v.add(x, to), to)
			})
	}
	v.end()
}
