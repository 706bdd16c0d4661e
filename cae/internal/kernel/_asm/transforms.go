package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A transform of a square is a transform of lines: first of all its columns, then
// of the rows that come out. What lies between stays in registers. The 36 values
// of a patch do not fit them, so each step of the transform of a line makes one or
// two of the rows that come out, from what it loads of every column, and these
// rows are finished before the next step begins. Loads are repeated; what is
// saved is that every value between would be stored and loaded again.

// line is a transform of a line of in values to out values.
type line struct {
	in, out int
	// steps list the results that are computed together.
	steps []lineStep
}

// lineStep computes the results which, in their order, from the elements in(i).
type lineStep struct {
	which  []int
	consts []float64
	run    func(v *vector, in func(i int) Op) []reg.VecVirtual
}

// sumAndDifference returns even+x*odd and even-x*odd.
func sumAndDifference(v *vector, even, odd reg.VecVirtual, x float64) []reg.VecVirtual {
	sum := v.copy(even)
	v.fma(sum, odd, v.constant(x))
	v.fnma(even, odd, v.constant(x))
	return []reg.VecVirtual{sum, even}
}

// raw is a result that is an element of the line.
func raw(result, element int) lineStep {
	return lineStep{[]int{result}, nil, func(v *vector, in func(i int) Op) []reg.VecVirtual {
		return []reg.VecVirtual{v.load(in(element))}
	}}
}

// inputPair are the results for the points x and -x; square belongs to the other
// pair of points.
func inputPair(first int, point, square float64) lineStep {
	return lineStep{[]int{first, first + 1}, []float64{point, square}, func(v *vector, in func(i int) Op) []reg.VecVirtual {
		odd := v.copy(in(3))
		v.fnma(odd, in(1), v.constant(square))
		even := v.copy(in(4))
		v.fnma(even, in(2), v.constant(square))
		return sumAndDifference(v, even, odd, point)
	}}
}

// inputEnd is the result for 0 (first is 0) or infinity (first is 1).
func inputEnd(result, first int) lineStep {
	return lineStep{[]int{result}, []float64{squares}, func(v *vector, in func(i int) Op) []reg.VecVirtual {
		sum := v.add(in(first), in(first+4))
		v.fnma(sum, in(first+2), v.constant(squares))
		return []reg.VecVirtual{sum}
	}}
}

var inputLine = line{in: 6, out: 6, steps: []lineStep{
	inputEnd(0, 0), inputEnd(5, 1), inputPair(1, pointA, squareB), inputPair(3, pointB, squareA),
}}

var gradLine = line{in: 4, out: 6, steps: []lineStep{
	raw(0, 0), raw(5, 3), gradPair(1, pointA, squareA), gradPair(3, pointB, squareB),
}}

func gradPair(first int, point, square float64) lineStep {
	return lineStep{[]int{first, first + 1}, []float64{point, square}, func(v *vector, in func(i int) Op) []reg.VecVirtual {
		odd := v.copy(in(1))
		v.fma(odd, in(3), v.constant(square))
		even := v.copy(in(0))
		v.fma(even, in(2), v.constant(square))
		return sumAndDifference(v, even, odd, point)
	}}
}

var outputLine = line{in: 6, out: 4, steps: []lineStep{
	{[]int{0, 2}, []float64{squareA, squareB}, func(v *vector, in func(i int) Op) []reg.VecVirtual {
		a, b := v.add(in(1), in(2)), v.add(in(3), in(4))
		first := v.add(v.add(a, in(0)), b)
		second := v.mul(a, v.constant(squareA))
		v.fma(second, b, v.constant(squareB))
		return []reg.VecVirtual{first, second}
	}},
	{[]int{1, 3}, []float64{pointA, pointB, squareA, squareB}, func(v *vector, in func(i int) Op) []reg.VecVirtual {
		a, b := v.sub(in(1), in(2)), v.sub(in(3), in(4))
		a, b = v.mul(a, v.constant(pointA)), v.mul(b, v.constant(pointB))
		first, second := v.add(a, b), v.copy(in(5))
		v.fma(second, a, v.constant(squareA))
		v.fma(second, b, v.constant(squareB))
		return []reg.VecVirtual{first, second}
	}},
}}

var filterLine = line{in: 3, out: 6, steps: []lineStep{
	raw(0, 0), raw(5, 2), filterPair(1, pointA, squareA, scaleA), filterPair(3, pointB, squareB, scaleB),
}}

func filterPair(first int, point, square, scale float64) lineStep {
	return lineStep{[]int{first, first + 1}, []float64{square, scale, scale * point}, func(v *vector, in func(i int) Op) []reg.VecVirtual {
		even := v.copy(in(0))
		v.fma(even, in(2), v.constant(square))
		even = v.mul(even, v.constant(scale))
		return sumAndDifference(v, even, v.load(in(1)), scale*point)
	}}
}

var filterGradLine = line{in: 6, out: 3, steps: []lineStep{
	{[]int{0, 2}, []float64{scaleA, scaleB, squareA, squareB}, func(v *vector, in func(i int) Op) []reg.VecVirtual {
		a := v.mul(v.add(in(1), in(2)), v.constant(scaleA))
		b := v.mul(v.add(in(3), in(4)), v.constant(scaleB))
		first, second := v.add(v.add(a, in(0)), b), v.copy(in(5))
		v.fma(second, a, v.constant(squareA))
		v.fma(second, b, v.constant(squareB))
		return []reg.VecVirtual{first, second}
	}},
	{[]int{1}, []float64{scaleA * pointA, scaleB * pointB}, func(v *vector, in func(i int) Op) []reg.VecVirtual {
		sum := v.mul(v.sub(in(1), in(2)), v.constant(scaleA*pointA))
		v.fma(sum, v.sub(in(3), in(4)), v.constant(scaleB*pointB))
		return []reg.VecVirtual{sum}
	}},
}}

// keep holds the constants of l for all tiles, where there are registers enough.
func (l line) keep(v *vector) {
	if v.wide() {
		for _, step := range l.steps {
			v.hold(step.consts...)
		}
	}
}

// transform transforms the square of values at(i, j) and gives each row that
// comes out to emit, element by element, after a call of begin.
func (l line) transform(v *vector, at func(i, j int) Mem, begin func(row int), emit func(row, column int, x reg.VecVirtual)) {
	for _, step := range l.steps {
		if !v.wide() {
			v.drop()
			v.hold(step.consts...)
		}
		rows := make([][]reg.VecVirtual, len(step.which))
		for j := range l.in {
			for k, x := range step.run(v, func(i int) Op { return at(i, j) }) {
				rows[k] = append(rows[k], x)
			}
		}
		for r, row := range step.which {
			begin(row)
			for _, across := range l.steps {
				for k, x := range across.run(v, func(j int) Op { return rows[r][j] }) {
					emit(row, across.which[k], x)
				}
			}
		}
	}
}
