package kernel

import (
	"fmt"
	"math"
	"testing"
)

// matrix is a matrix of float64 by rows.
type matrix [][]float64

// The transforms of F(4x4, 3x3), made here from the points alone: a row of at
// transposed is the powers of a point, of g the first three over the product of
// its distances from the others, and bt follows from the two.
func winogradMatrices() (at, g, bt matrix) {
	r := math.Sqrt2
	points := []float64{0, 1 / r, -1 / r, r, -r}
	at, g, bt = newMatrix(Tile, Patch), newMatrix(Patch, 3), newMatrix(Patch, Patch)
	for f, x := range points {
		product := 1.0
		// The coefficients of the polynomial that is 0 at all other points.
		poly := []float64{1}
		for other, y := range points {
			if other == f {
				continue
			}
			product *= x - y
			poly = append(poly, 0)
			for k := len(poly) - 1; k >= 0; k-- {
				poly[k] *= -y
				if k > 0 {
					poly[k] += poly[k-1]
				}
			}
		}
		for i := range Tile {
			at[i][f] = math.Pow(x, float64(i))
		}
		for i := range 3 {
			g[f][i] = math.Pow(x, float64(i)) / product
		}
		copy(bt[f], poly)
	}
	at[Tile-1][Patch-1], g[Patch-1][2] = 1, 1
	poly := []float64{1}
	for _, y := range points {
		poly = append(poly, 0)
		for k := len(poly) - 1; k >= 0; k-- {
			poly[k] *= -y
			if k > 0 {
				poly[k] += poly[k-1]
			}
		}
	}
	copy(bt[Patch-1], poly)
	return at, g, bt
}

func newMatrix(h, w int) matrix {
	m := make(matrix, h)
	for i := range m {
		m[i] = make([]float64, w)
	}
	return m
}

func (m matrix) transpose() matrix {
	t := newMatrix(len(m[0]), len(m))
	for i := range m {
		for j, v := range m[i] {
			t[j][i] = v
		}
	}
	return t
}

func (m matrix) times(o matrix) matrix {
	p := newMatrix(len(m), len(o[0]))
	for i := range p {
		for j := range p[i] {
			for k, v := range m[i] {
				p[i][j] += v * o[k][j]
			}
		}
	}
	return p
}

// sandwich is m*x*mT.
func (m matrix) sandwich(x matrix) matrix { return m.times(x).times(m.transpose()) }

// gather returns the h by w values at(i, j) of s.
func gather(s []float32, h, w int, at func(i, j int) int) matrix {
	m := newMatrix(h, w)
	for i := range m {
		for j := range m[i] {
			m[i][j] = float64(s[at(i, j)])
		}
	}
	return m
}

// TestWinogradMatrices checks the test's own matrices: with them the transforms
// give a convolution.
func TestWinogradMatrices(t *testing.T) {
	t.Parallel()
	at, g, bt := winogradMatrices()
	d, w := newMatrix(Patch, Patch), newMatrix(3, 3)
	b := newBench(t, 0, gaussian, true)
	for _, m := range []matrix{d, w} {
		for i := range m {
			for j := range m[i] {
				m[i][j] = b.rng.NormFloat64()
			}
		}
	}
	u, v := g.sandwich(w), bt.sandwich(d)
	for i := range v {
		for j := range v[i] {
			v[i][j] *= u[i][j]
		}
	}
	y := at.sandwich(v)
	for i := range Tile {
		for j := range Tile {
			want := 0.0
			for k := range 9 {
				want += w[k/3][k%3] * d[i+k/3][j+k%3]
			}
			if math.Abs(y[i][j]-want) > 1e-12 {
				t.Errorf("output %d,%d is %g instead of %g", i, j, y[i][j], want)
			}
		}
	}
}

var tileCounts = []int{0, 1, 2, 3, 7}

func winogradTrials() (ts []trial) {
	at, g, bt := winogradMatrices()
	for _, n := range append(tileCounts, 257) {
		for _, gap := range []int{0, 5} {
			ts = append(ts, tilesTrial("InputTiles", n, gap, Patch, bt, func(s *Set) tilesFunc { return s.InputTiles }))
			ts = append(ts, tilesTrial("GradTiles", n, gap, Tile, at.transpose(), func(s *Set) tilesFunc { return s.GradTiles }))
			for i, slope := range slopes {
				for _, add := range []string{"", "other", "dst"} {
					if n < 257 || i == 0 {
						ts = append(ts, outputTrial(n, gap, at, slope, add))
					}
				}
			}
		}
	}
	for _, step := range []int{Lanes, 5*Lanes + 3} {
		ts = append(ts, filterTrial(step, g), filterGradTrial(step, g.transpose()))
	}
	return ts
}

type tilesFunc func(v, src []float32, n, rowStep, freqStep int, tmp []float32)

// tilesTrial is for the transforms to frequencies by m, of squares of side
// pixels.
func tilesTrial(name string, n, gap, side int, m matrix, kernel func(*Set) tilesFunc) trial {
	return trial{name: fmt.Sprintf("kernel=%s/n=%d/gap=%d", name, n, gap), long: n > 100, run: func(b *bench, s *Set) {
		row := (max(n, 1)*Tile + side - Tile) * Lanes
		rowStep, freqStep := row+gap, max(n, 1)*Lanes+gap
		src := b.grid("src", side, rowStep, row)
		v := b.empty("v", (Frequencies-1)*freqStep+max(n, 1)*Lanes+gap)
		tmp := b.empty("tmp", TransformScratch)
		tmp.output = true
		b.freeze()
		want := blank(len(v.data))
		for t := range n {
			for k := range Lanes {
				y := m.sandwich(gather(src.data, side, side, func(i, j int) int { return i*rowStep + (Tile*t+j)*Lanes + k }))
				for f := range Frequencies {
					want[f*freqStep+t*Lanes+k] = y[f/Patch][f%Patch]
				}
			}
		}
		kernel(s)(v.data, src.data, n, rowStep, freqStep, tmp.data)
		b.check(v, want, limit)
	}}
}

func outputTrial(n, gap int, at matrix, slope float32, add string) trial {
	return trial{name: fmt.Sprintf("kernel=OutputTiles/n=%d/gap=%d/slope=%g/add=%s", n, gap, slope, add), long: n > 100, run: func(b *bench, s *Set) {
		row := max(n, 1) * Tile * Lanes
		rowStep, freqStep := row+gap, max(n, 1)*Lanes+gap
		m := b.grid("m", Frequencies, freqStep, max(n, 1)*Lanes)
		bias, tmp := b.full("bias", Lanes), b.empty("tmp", TransformScratch)
		tmp.output = true
		dst, plus, slice := b.residual(add, Tile, rowStep, row)
		b.freeze()
		want := blank(len(dst.data))
		for t := range n {
			for k := range Lanes {
				y := at.sandwich(gather(m.data, Patch, Patch, func(i, j int) int { return (i*Patch+j)*freqStep + t*Lanes + k }))
				for i := range Tile {
					for j := range Tile {
						p := i*rowStep + (Tile*t+j)*Lanes + k
						v := y[i][j] + float64(bias.data[k])
						if plus != nil {
							v += float64(plus.data[p])
						}
						want[p] = wantLeaky(v, slope)
					}
				}
			}
		}
		s.OutputTiles(dst.data, slice, m.data, n, rowStep, freqStep, bias.data, slope, tmp.data)
		b.check(dst, want, limit)
	}}
}

func filterTrial(step int, g matrix) trial {
	return trial{name: fmt.Sprintf("kernel=Filter/step=%d", step), run: func(b *bench, s *Set) {
		w, u, tmp := b.full("w", 9*Lanes), b.empty("u", Frequencies*step), b.empty("tmp", TransformScratch)
		tmp.output = true
		b.freeze()
		want := blank(len(u.data))
		for k := range Lanes {
			y := g.sandwich(gather(w.data, 3, 3, func(i, j int) int { return (i*3+j)*Lanes + k }))
			for f := range Frequencies {
				want[f*step+k] = y[f/Patch][f%Patch]
			}
		}
		s.Filter(u.data, w.data, step, tmp.data)
		b.check(u, want, limit)
	}}
}

func filterGradTrial(step int, gt matrix) trial {
	return trial{name: fmt.Sprintf("kernel=FilterGrad/step=%d", step), run: func(b *bench, s *Set) {
		du, dw, tmp := b.grid("du", Frequencies, step, Lanes), b.full("dw", 9*Lanes), b.empty("tmp", TransformScratch)
		tmp.output = true
		b.freeze()
		want := make([]float64, 9*Lanes)
		for k := range Lanes {
			y := gt.sandwich(gather(du.data, Patch, Patch, func(i, j int) int { return (i*Patch+j)*step + k }))
			for i := range 9 {
				want[i*Lanes+k] = float64(dw.data[i*Lanes+k]) + y[i/3][i%3]
			}
		}
		s.FilterGrad(dw.data, du.data, step, tmp.data)
		b.check(dw, want, limit)
	}}
}

// TestConvolution runs a whole convolution by 3x3 kernels through the
// transforms and compares it with the sums in float64.
func TestConvolution(t *testing.T) {
	t.Parallel()
	for _, s := range Sets() {
		for _, blocks := range []int{1, 4, 10} {
			t.Run(fmt.Sprintf("set=%s/planes=%d", s.Name, blocks*Lanes), func(t *testing.T) {
				t.Parallel()
				worst := convolutionError(t, s, blocks)
				t.Logf("largest error: %.2g of the range", worst)
				if worst > 3e-6 {
					t.Errorf("largest error is %.2g of the range, limit 3e-6", worst)
				}
			})
		}
	}
}

func convolutionError(t *testing.T, s *Set, blocks int) float64 {
	const n = 7
	const rowStep = (n*Tile + 2) * Lanes
	held := (n + s.Rows - 1) / s.Rows * s.Rows
	b := newBench(t, 0, gaussian, true)
	src := b.full("src", blocks*Patch*rowStep).data
	w := b.full("w", blocks*Lanes*9*Lanes).data
	bias := b.full("bias", Lanes).data
	freqStep := blocks * held * Lanes
	v, u, m := Aligned(Frequencies*freqStep), Aligned(Frequencies*blocks*Lanes*Lanes), Aligned(Frequencies*held*Lanes)
	dst, tmp := Aligned(Tile*n*Tile*Lanes), Aligned(TransformScratch)
	offs := make([]int, blocks)
	for c := range blocks {
		offs[c] = c * held * Lanes
		s.InputTiles(v[offs[c]:], src[c*Patch*rowStep:], n, rowStep, freqStep, tmp)
		for l := range Lanes {
			s.Filter(u[(c*Lanes+l)*Lanes:], w[(c*Lanes+l)*9*Lanes:], blocks*Lanes*Lanes, tmp)
		}
	}
	for f := range Frequencies {
		s.Multiply(m[f*held*Lanes:], v[f*freqStep:], offs, u[f*blocks*Lanes*Lanes:], n)
	}
	s.OutputTiles(dst, nil, m, n, n*Tile*Lanes, held*Lanes, bias, 1, tmp)
	worst, size := 0.0, 0.0
	for y := range Tile {
		for x := range n * Tile {
			for k := range Lanes {
				want := float64(bias[k])
				for c := range blocks * Lanes {
					for i := range 9 {
						at := c/Lanes*Patch*rowStep + (y+i/3)*rowStep + (x+i%3)*Lanes + c%Lanes
						want += float64(src[at]) * float64(w[(c*9+i)*Lanes+k])
					}
				}
				size = max(size, math.Abs(want))
				worst = max(worst, math.Abs(want-float64(dst[(y*n*Tile+x)*Lanes+k])))
			}
		}
	}
	return worst / size
}

// TestAdjoint checks that each gradient's transform is the transpose of the
// forward one: <GradTiles(g), m> is <g, OutputTiles(m)>, and <Filter(w), u> is
// <w, FilterGrad(u)>. It needs no matrices.
func TestAdjoint(t *testing.T) {
	t.Parallel()
	for _, s := range Sets() {
		t.Run("set="+s.Name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 0, gaussian, true)
			const n = 5
			const rowStep, freqStep = n * Tile * Lanes, n * Lanes
			tmp := Aligned(TransformScratch)
			g, m := b.full("g", Tile*rowStep).data, b.full("m", Frequencies*freqStep).data
			v, y := Aligned(len(m)), Aligned(len(g))
			s.GradTiles(v, g, n, rowStep, freqStep, tmp)
			s.OutputTiles(y, nil, m, n, rowStep, freqStep, Aligned(Lanes), 1, tmp)
			sameProduct(t, "GradTiles and OutputTiles", v, m, g, y)

			w, du := b.full("w", 9*Lanes).data, b.full("du", Frequencies*Lanes).data
			u, dw := Aligned(len(du)), Aligned(len(w))
			s.Filter(u, w, Lanes, tmp)
			s.FilterGrad(dw, du, Lanes, tmp)
			sameProduct(t, "Filter and FilterGrad", u, du, w, dw)
		})
	}
}

// sameProduct checks that <a, b> is <c, d>.
func sameProduct(t *testing.T, what string, a, b, c, d []float32) {
	t.Helper()
	product := func(x, y []float32) (sum, size float64) {
		for i, v := range x {
			sum += float64(v) * float64(y[i])
			size += math.Abs(float64(v) * float64(y[i]))
		}
		return sum, size
	}
	p, size := product(a, b)
	q, _ := product(c, d)
	if math.Abs(p-q) > 1e-6*size || size == 0 {
		t.Errorf("%s: the products are %g and %g of terms that add up to %g", what, p, q, size)
	}
}
