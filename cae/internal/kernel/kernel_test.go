package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// guard is put round every operand; a kernel that writes or reads beyond its
// slices changes it or brings it into the result.
const guard = 17

var canary = float32(math.NaN())

// memory is an operand with guards on both sides.
type memory struct{ all, data []float32 }

// operands makes operands and checks their guards at the end of the test.
type operands struct {
	rng  *rand.Rand
	made []memory
}

func newOperands(t *testing.T, seed uint64) *operands {
	o := &operands{rng: rand.New(rand.NewPCG(seed, 2))}
	t.Cleanup(func() {
		for i, m := range o.made {
			for _, v := range append(m.all[:guard:guard], m.all[guard+len(m.data):]...) {
				if !math.IsNaN(float64(v)) {
					t.Errorf("something was written beside operand %d", i)
				}
			}
		}
	})
	return o
}

// random returns n random values.
func (o *operands) random(n int) []float32 {
	all := make([]float32, n+2*guard)
	for i := range all {
		all[i] = canary
	}
	data := all[guard : guard+n : guard+n]
	for i := range data {
		data[i] = float32(o.rng.NormFloat64())
	}
	o.made = append(o.made, memory{all, data})
	return data
}

func closeTo(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	var worst, size float64
	for i, v := range got {
		d := math.Abs(float64(v) - want[i])
		if math.IsNaN(d) {
			t.Fatalf("%s: element %d is no number", what, i)
		}
		worst, size = max(worst, d), max(size, math.Abs(want[i]))
	}
	if worst > 3e-6*max(size, 1) {
		t.Errorf("%s: off the float64 reference by %g of %g", what, worst, size)
	}
}

func TestProduct(t *testing.T) {
	t.Parallel()
	for _, s := range [][3]int{{1, 1, 1}, {3, 5, 7}, {64, 192, 9}, {65, 191, 30}, {130, 64, 216}, {2, 3, 0}, {80, 1, 720}} {
		for _, add := range []bool{false, true} {
			m, n, k := s[0], s[1], s[2]
			t.Run(fmt.Sprintf("m=%d/n=%d/k=%d/add=%v", m, n, k, add), func(t *testing.T) {
				t.Parallel()
				o := newOperands(t, 1)
				ldc := n + 3
				a, b, c := o.random(m*k), o.random(k*n), o.random(m*ldc)
				want := make([]float64, m*ldc)
				for i := range m {
					for j := range ldc {
						want[i*ldc+j] = float64(c[i*ldc+j])
						if j >= n { // between the rows nothing changes
							continue
						}
						if !add {
							want[i*ldc+j] = 0
						}
						for l := range k {
							want[i*ldc+j] += float64(a[i*k+l]) * float64(b[l*n+j])
						}
					}
				}
				Product(c, ldc, a, b, m, n, k, add)
				closeTo(t, "Product", c, want)
			})
		}
	}
}

func TestProductNT(t *testing.T) {
	t.Parallel()
	for _, s := range [][3]int{{1, 1, 1}, {3, 5, 7}, {24, 216, 192}, {80, 720, 50}, {65, 193, 191}} {
		m, n, k := s[0], s[1], s[2]
		o := newOperands(t, 1)
		lda := k + 5
		a, b, c := o.random(m*lda), o.random(n*k), o.random(m*n)
		want := make([]float64, m*n)
		for i := range m {
			for j := range n {
				want[i*n+j] = float64(c[i*n+j])
				for l := range k {
					want[i*n+j] += float64(a[i*lda+l]) * float64(b[j*k+l])
				}
			}
		}
		ProductNT(c, a, lda, b, m, n, k)
		closeTo(t, fmt.Sprint("ProductNT ", s), c, want)
	}
}

// TestNoGoroutines shows that products of the largest block sizes stay under
// the size at which gonum's Sgemm would go parallel on its own: no goroutine
// that gonum started is seen while they run.
func TestNoGoroutines(t *testing.T) {
	o := newOperands(t, 1)
	const m, n, k = 130, Columns, 2000
	a, b, c := o.random(m*k), o.random(k*n), o.random(m*n)
	stop, found := make(chan bool), make(chan bool)
	go func() {
		stacks := make([]byte, 1<<20)
		seen := false
		for {
			select {
			case <-stop:
				found <- seen
				return
			default:
				text := string(stacks[:runtime.Stack(stacks, true)])
				seen = seen || strings.Contains(text, "created by gonum.org/")
				runtime.Gosched()
			}
		}
	}()
	for range 5 {
		Product(c, n, a, b, m, n, k, false)
		ProductNT(c[:m*64], a, k, b[:64*k], m, 64, k)
	}
	stop <- true
	if <-found {
		t.Error("gonum started goroutines of its own")
	}
}

// geometries covers strides, offsets beyond every border, phases and sizes
// around a block.
func geometries() map[string]*Geometry {
	grid := func(h, w, dy, dx int) (taps []Tap) {
		for y := range h {
			for x := range w {
				taps = append(taps, Tap{y - dy, x - dx})
			}
		}
		return taps
	}
	dense := func(c, h, w, k, oh, ow, s int, taps []Tap) *Geometry {
		return &Geometry{C: c, H: h, W: w, K: k, OH: oh, OW: ow, SY: s, SX: s, Taps: taps, PH: oh, PW: ow, StepY: 1, StepX: 1}
	}
	return map[string]*Geometry{
		"3x3":             dense(3, 9, 11, 4, 9, 11, 1, grid(3, 3, 1, 1)),
		"exactly a block": dense(2, 12, 16, 3, 12, 16, 1, grid(3, 3, 1, 1)),
		"a block and one": dense(1, 1, 193, 3, 1, 193, 1, grid(1, 3, 0, 1)),
		"one sample":      dense(2, 1, 1, 3, 1, 1, 1, grid(5, 5, 2, 2)),
		"stride 2":        dense(3, 10, 31, 2, 5, 15, 2, grid(2, 2, 0, 0)),
		"far taps":        dense(1, 4, 5, 1, 4, 5, 1, []Tap{{-9, 0}, {0, -9}, {9, 9}, {0, 0}, {0, 4}, {-3, -4}}),
		"phase": {C: 2, H: 5, W: 6, K: 3, OH: 5, OW: 6, SY: 1, SX: 1, Taps: grid(2, 2, 1, 1),
			PH: 10, PW: 13, Y0: 1, X0: 1, StepY: 2, StepX: 2},
		"no taps": {C: 2, H: 3, W: 3, K: 2, OH: 3, OW: 3, SY: 1, SX: 1, PH: 6, PW: 6, StepY: 2, StepX: 2},
	}
}

func (g *Geometry) reads(src []float32, c int, t Tap, y, x int) float64 {
	iy, ix := y*g.SY+t.DY, x*g.SX+t.DX
	if iy < 0 || iy >= g.H || ix < 0 || ix >= g.W {
		return 0
	}
	return float64(src[(c*g.H+iy)*g.W+ix])
}

func TestCorrelate(t *testing.T) {
	t.Parallel()
	for name, g := range geometries() {
		for _, add := range []bool{false, true} {
			o := newOperands(t, 3)
			src, w, bias := o.random(g.C*g.H*g.W), o.random(g.K*g.C*len(g.Taps)), o.random(g.K)
			dst, scratch := o.random(g.K*g.PH*g.PW), o.random(g.Scratch())
			want := make([]float64, len(dst))
			for i, v := range dst {
				want[i] = float64(v)
			}
			for k := range g.K {
				for y := range g.OH {
					for x := range g.OW {
						sum := float64(bias[k])
						for c := range g.C {
							for i, tap := range g.Taps {
								sum += float64(w[(k*g.C+c)*len(g.Taps)+i]) * g.reads(src, c, tap, y, x)
							}
						}
						at := (k*g.PH+g.Y0+y*g.StepY)*g.PW + g.X0 + x*g.StepX
						if !add {
							want[at] = 0
						}
						want[at] += sum
					}
				}
			}
			Correlate(dst, src, w, bias, g, 0, g.Blocks(), add, scratch)
			closeTo(t, name, dst, want)
		}
	}
}

func TestWeightGradient(t *testing.T) {
	t.Parallel()
	for name, g := range geometries() {
		if !g.dense() || len(g.Taps) == 0 {
			continue
		}
		o := newOperands(t, 5)
		src, grad := o.random(g.C*g.H*g.W), o.random(g.K*g.OH*g.OW)
		dw, scratch := o.random(g.K*g.C*len(g.Taps)), o.random(g.Scratch())
		want := make([]float64, len(dw))
		for i := range want {
			want[i] = float64(dw[i])
			k, c, tap := i/len(g.Taps)/g.C, i/len(g.Taps)%g.C, g.Taps[i%len(g.Taps)]
			for y := range g.OH {
				for x := range g.OW {
					want[i] += float64(grad[(k*g.OH+y)*g.OW+x]) * g.reads(src, c, tap, y, x)
				}
			}
		}
		WeightGradient(dw, grad, src, g, 0, g.Blocks(), scratch)
		closeTo(t, name, dw, want)
	}
}

func BenchmarkCorrelate(b *testing.B) {
	for _, width := range []int{24, 48, 80} {
		b.Run(fmt.Sprintf("planes=%d/side=96", width), func(b *testing.B) {
			var taps []Tap
			for y := range 3 {
				for x := range 3 {
					taps = append(taps, Tap{y - 1, x - 1})
				}
			}
			g := &Geometry{C: width, H: 96, W: 96, K: width, OH: 96, OW: 96, SY: 1, SX: 1, Taps: taps, PH: 96, PW: 96, StepY: 1, StepX: 1}
			src, w, dst := make([]float32, width*96*96), make([]float32, width*width*9), make([]float32, width*96*96)
			for i := range w {
				w[i] = 1 // gonum passes over zeros
			}
			scratch := make([]float32, g.Scratch())
			b.ResetTimer()
			for range b.N {
				Correlate(dst, src, w, nil, g, 0, g.Blocks(), false, scratch)
			}
			macs := float64(width*width*9) * 96 * 96
			b.ReportMetric(2*macs*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
