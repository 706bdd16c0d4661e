package kernel

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// TestShortOperands checks that a slice that is one element too short makes a
// kernel panic, though there is memory behind it, and that nothing is written
// to that memory.
func TestShortOperands(t *testing.T) {
	t.Parallel()
	const n, step, freqStep, rowStep = 5, 3 * Lanes, 7 * Lanes, 30 * Lanes
	const tiles = (Frequencies-1)*freqStep + n*Lanes
	const strided = (n-1)*step + Lanes
	offs := []int{0, 2 * Lanes, Lanes}
	type operands = [][]float32
	for _, s := range Sets() {
		rows := (n + s.Rows - 1) / s.Rows * s.Rows
		for _, k := range []struct {
			name    string
			lengths []int
			call    func(o operands, tmp []float32)
		}{
			{"Multiply", []int{rows * Lanes, (rows + 2) * Lanes, 3 * Lanes * Lanes}, func(o operands, _ []float32) { s.Multiply(o[0], o[1], offs, o[2], n) }},
			{"Multiply without segments", []int{rows * Lanes}, func(o operands, _ []float32) { s.Multiply(o[0], nil, nil, nil, n) }},
			{"MultiplyT", []int{Lanes * Lanes, n * Lanes, n * Lanes}, func(o operands, _ []float32) { s.MultiplyT(o[0], o[1], o[2], n) }},
			{"InputTiles", []int{tiles, 5*rowStep + (n*Tile+2)*Lanes}, func(o operands, tmp []float32) { s.InputTiles(o[0], o[1], n, rowStep, freqStep, tmp) }},
			{"OutputTiles", []int{3*rowStep + n*Tile*Lanes, tiles, Lanes}, func(o operands, tmp []float32) {
				s.OutputTiles(o[0], nil, o[1], n, rowStep, freqStep, o[2], 0, tmp)
			}},
			{"OutputTiles with add", []int{3*rowStep + n*Tile*Lanes, 3*rowStep + n*Tile*Lanes, tiles, Lanes}, func(o operands, tmp []float32) {
				s.OutputTiles(o[0], o[1], o[2], n, rowStep, freqStep, o[3], 0, tmp)
			}},
			{"GradTiles", []int{tiles, 3*rowStep + n*Tile*Lanes}, func(o operands, tmp []float32) { s.GradTiles(o[0], o[1], n, rowStep, freqStep, tmp) }},
			{"Filter", []int{35*step + Lanes, 9 * Lanes}, func(o operands, tmp []float32) { s.Filter(o[0], o[1], step, tmp) }},
			{"FilterGrad", []int{9 * Lanes, 35*step + Lanes}, func(o operands, tmp []float32) { s.FilterGrad(o[0], o[1], step, tmp) }},
			{"Copy", []int{n * Lanes, strided}, func(o operands, _ []float32) { s.Copy(o[0], o[1], n, step) }},
			{"Finish", []int{strided, n * Lanes, Lanes}, func(o operands, _ []float32) { s.Finish(o[0], nil, o[1], n, step, o[2], 0) }},
			{"Finish with add", []int{strided, strided, n * Lanes, Lanes}, func(o operands, _ []float32) { s.Finish(o[0], o[1], o[2], n, step, o[3], 0) }},
			{"Depthwise", []int{strided, strided + 2*Lanes, 3 * Lanes, Lanes}, func(o operands, _ []float32) {
				s.Depthwise(o[0], nil, o[1], offs, o[2], o[3], 0, n, step, step)
			}},
			{"Depthwise with add", []int{strided, strided, strided + 2*Lanes, 3 * Lanes, Lanes}, func(o operands, _ []float32) {
				s.Depthwise(o[0], o[1], o[2], offs, o[3], o[4], 0, n, step, step)
			}},
			{"DepthwiseGrad", []int{3 * Lanes, strided, strided + 2*Lanes}, func(o operands, _ []float32) { s.DepthwiseGrad(o[0], o[1], o[2], offs, n, step, step) }},
			{"Affine", []int{n * Lanes, n * Lanes, Lanes, Lanes}, func(o operands, _ []float32) { s.Affine(o[0], o[1], o[2], o[3], n) }},
			{"AddAffine", []int{n * Lanes, n * Lanes, n * Lanes, Lanes, Lanes, Lanes}, func(o operands, _ []float32) { s.AddAffine(o[0], o[1], o[2], o[3], o[4], o[5], n) }},
			{"Moments", []int{Lanes, Lanes, n * Lanes, n * Lanes, Lanes}, func(o operands, _ []float32) { s.Moments(o[0], o[1], o[2], o[3], o[4], n) }},
			// The length that counts is that of a slice of 40 which stays whole.
			{"Add", []int{40}, func(o operands, _ []float32) { s.Add(o[0], make([]float32, 40)) }},
			{"Activate", []int{40}, func(o operands, _ []float32) { s.Activate(o[0], make([]float32, 40), 0) }},
			{"ActivateGrad", []int{40, 40}, func(o operands, _ []float32) { s.ActivateGrad(o[0], make([]float32, 40), o[1], 0) }},
		} {
			t.Run(fmt.Sprintf("set=%s/kernel=%s", s.Name, k.name), func(t *testing.T) {
				t.Parallel()
				tmp := make([]float32, TransformScratch)
				for short := -1; short < len(k.lengths); short++ {
					var o operands
					for i, n := range k.lengths {
						all := make([]float32, n+margin)
						for j := n; j < len(all); j++ {
							all[j] = 7
						}
						if i == short {
							n--
							all[n] = 7
						}
						o = append(o, all[:n])
					}
					if got := panics(func() { k.call(o, tmp) }); got != (short >= 0) {
						t.Errorf("operand %d too short: panic %v", short, got)
					}
					for i := range o {
						for j, v := range o[i][len(o[i]):cap(o[i])] {
							if v != 7 {
								t.Fatalf("operand %d too short: element %d behind operand %d was written", short, j, i)
							}
						}
					}
				}
			})
		}
	}
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return
}

// TestWildSteps checks sizes whose product overflows an int.
func TestWildSteps(t *testing.T) {
	t.Parallel()
	const huge = math.MaxInt / 8
	x, tmp := make([]float32, 4096), make([]float32, TransformScratch)
	for _, s := range Sets() {
		for name, f := range map[string]func(){
			"Copy, step":            func() { s.Copy(x, x, 9, huge) },
			"Copy, negative step":   func() { s.Copy(x, x, 2, -Lanes) },
			"Finish, step":          func() { s.Finish(x, nil, x, 9, huge, x, 0) },
			"InputTiles, row":       func() { s.InputTiles(x, x, 1, huge, Lanes, tmp) },
			"InputTiles, frequency": func() { s.InputTiles(x, x, 1, Lanes, huge, tmp) },
			"Multiply, offset":      func() { s.Multiply(x, x, []int{huge * 8}, x, 1) },
			"Multiply, negative":    func() { s.Multiply(x, x, []int{-1}, x, 1) },
			"Depthwise, offset":     func() { s.Depthwise(x, nil, x, []int{-1}, x, x, 0, 1, Lanes, Lanes) },
		} {
			if !panics(f) {
				t.Errorf("set=%s: %s: no panic", s.Name, name)
			}
		}
	}
}

// TestMaximum checks what max(v, slope*v) is where that is not obvious, in every
// kernel that ends with it.
func TestMaximum(t *testing.T) {
	t.Parallel()
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	negative := float32(math.Copysign(0, -1))
	for _, c := range []struct{ v, slope, want float32 }{
		{nan, 0, nan}, {nan, 0.5, nan}, {nan, 1, nan},
		{inf, 0, inf}, {inf, 0.5, inf}, {-inf, 0.5, -inf}, {-inf, 1, -inf},
		{3, 0, 3}, {-3, 0, negative}, {-3, 0.5, -1.5}, {-3, 1, -3}, {0, 0, 0},
	} {
		for _, s := range Sets() {
			for _, n := range []int{1, Lanes + 1} { // the tail and whole pixels
				x := make([]float32, n)
				for i := range x {
					x[i] = c.v
				}
				s.Activate(x, x, c.slope)
				for _, got := range x {
					judgeMaximum(t, s.Name+": Activate", c.v, c.slope, got, c.want)
				}
			}
			v := make([]float32, 16*Lanes)
			for i := range v {
				v[i] = c.v
			}
			zero, one := make([]float32, Frequencies*Lanes), make([]float32, Lanes)
			for i := range one {
				one[i] = 1
			}
			dst := make([]float32, 16*Lanes)
			s.Finish(dst, nil, v, 1, Lanes, zero, c.slope)
			judgeMaximum(t, s.Name+": Finish", c.v, c.slope, dst[3], c.want)
			s.Finish(dst, v, zero, 1, Lanes, zero, c.slope)
			judgeMaximum(t, s.Name+": Finish with add", c.v, c.slope, dst[3], c.want)
			s.Depthwise(dst, nil, v, []int{0}, one, zero, c.slope, 1, Lanes, Lanes)
			judgeMaximum(t, s.Name+": Depthwise", c.v, c.slope, dst[3], c.want)
			s.OutputTiles(dst, v, zero, 1, 4*Lanes, Lanes, zero, c.slope, make([]float32, TransformScratch))
			judgeMaximum(t, s.Name+": OutputTiles", c.v, c.slope, dst[3], c.want)
		}
	}
}

func judgeMaximum(t *testing.T, what string, v, slope, got, want float32) {
	t.Helper()
	if got != want && !(got != got && want != want) {
		t.Errorf("%s: max(%g, %g*%g) is %g instead of %g", what, v, slope, v, got, want)
	}
}

func TestAligned(t *testing.T) {
	t.Parallel()
	for n := range 70 {
		s := Aligned(n)
		if len(s) != n || cap(s) != n {
			t.Errorf("Aligned(%d) has length %d and capacity %d", n, len(s), cap(s))
		}
		if n > 0 && address(s)%cacheLine != 0 {
			t.Errorf("Aligned(%d) begins at %#x", n, address(s))
		}
	}
	// Sizes round those from which large pages are asked for.
	for _, n := range []int{1<<20 - 16, 1<<20 - 15, 1 << 20, 3<<20 + 5} {
		s := Aligned(n)
		for i, v := range s {
			if v != 0 {
				t.Fatalf("Aligned(%d): element %d is %g", n, i, v)
			}
			s[i] = 1
		}
		if len(s) != n || address(s)%cacheLine != 0 {
			t.Errorf("Aligned(%d) has length %d and begins at %#x", n, len(s), address(s))
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	quick, slow := &Set{Name: "avx2"}, &Set{Name: "generic"}
	for _, c := range []struct {
		name    string
		want    *Set
		problem string
	}{
		{"", quick, ""},
		{"avx2", quick, ""},
		{"generic", slow, ""},
		{"avx512", quick, "avx512"},
		{"sse", quick, "sse"},
	} {
		got := choose(c.name, []*Set{quick, slow})
		if got.set != c.want {
			t.Errorf("%q: %s instead of %s", c.name, got.set.Name, c.want.Name)
		}
		if (got.problem != nil) != (c.problem != "") {
			t.Errorf("%q: problem %v", c.name, got.problem)
		} else if got.problem != nil && !strings.Contains(got.problem.Error(), c.problem) {
			t.Errorf("%q: the problem does not name it: %v", c.name, got.problem)
		}
	}
}

// TestSetsAreWhole checks that no set lacks a kernel, and what the engine takes
// for granted of Rows.
func TestSetsAreWhole(t *testing.T) {
	t.Parallel()
	all := Sets()
	if all[len(all)-1].Name != "generic" {
		t.Errorf("the last set is %s", all[len(all)-1].Name)
	}
	for _, s := range all {
		if s.Rows < 1 || MaxRows%s.Rows != 0 {
			t.Errorf("set=%s: %d rows do not divide %d", s.Name, s.Rows, MaxRows)
		}
		if missing := missingKernels(s); len(missing) > 0 {
			t.Errorf("set=%s lacks %v", s.Name, missing)
		}
	}
	if Active() == nil {
		t.Error("no set is active")
	}
}

func missingKernels(s *Set) (names []string) {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Func && f.IsNil() {
			names = append(names, v.Type().Field(i).Name)
		}
	}
	return names
}

func address(s []float32) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s))) }
