package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// A trial makes operands of a bench, lets a set work on them and tells the bench
// what float64 arithmetic says about each result. TestSets runs every trial on
// every set, TestSameBits on both sets in assembly.
type trial struct {
	name string
	run  func(b *bench, s *Set)
	long bool // to be run on few alignments
}

// bench makes operands whose surroundings it knows.
type bench struct {
	t    *testing.T
	rng  *rand.Rand
	skew int // how many float32 every operand begins after a 64-byte boundary
	// value makes the samples.
	value func(*rand.Rand) float32
	// judge is whether results are compared with float64.
	judge bool
	made  []*operand
	// results are what the kernels named, in the order of the calls of check.
	results [][]float32
}

// operand is a slice between guards. All of it is NaN at first: what a kernel
// reads without leave gets into its results.
type operand struct {
	name        string
	data        []float32
	all, before []float32
	output      bool
}

const margin = 48

func gaussian(rng *rand.Rand) float32 { return float32(rng.NormFloat64()) }

func newBench(t *testing.T, skew int, value func(*rand.Rand) float32, judge bool) *bench {
	return &bench{t: t, rng: rand.New(rand.NewPCG(1, 2)), skew: skew, value: value, judge: judge}
}

// empty makes an operand of n elements.
func (b *bench) empty(name string, n int) *operand {
	all := Aligned(n + 2*margin + b.skew)[b.skew:]
	for i := range all {
		// The payload tells the elements apart.
		all[i] = math.Float32frombits(0x7fc00000 | uint32(i)&0xffff)
	}
	o := &operand{name: name, all: all, data: all[margin : margin+n : margin+n]}
	b.made = append(b.made, o)
	return o
}

// put fills n elements from i on.
func (b *bench) put(o *operand, i, n int) {
	for k := range n {
		o.data[i+k] = b.value(b.rng)
	}
}

// full makes an operand of n samples.
func (b *bench) full(name string, n int) *operand {
	o := b.empty(name, n)
	b.put(o, 0, n)
	return o
}

// grid makes an operand of h runs of n samples, step apart, and NaN between.
func (b *bench) grid(name string, h, step, n int) *operand {
	o := b.empty(name, (h-1)*step+n)
	for i := range h {
		b.put(o, i*step, n)
	}
	return o
}

// freeze notes what all operands hold before the kernel runs.
func (b *bench) freeze() {
	for _, o := range b.made {
		o.before = append([]float32(nil), o.all...)
	}
}

// untouched marks elements that a kernel leaves alone.
var untouched = math.NaN()

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

// check compares an output with what it should be: within limit times the
// largest value, or, where want is untouched, to the bit as it was.
func (b *bench) check(o *operand, want []float64, limit float64) {
	b.t.Helper()
	o.output = true
	size := 0.0
	for _, w := range want {
		if !math.IsNaN(w) {
			size = max(size, math.Abs(w))
		}
	}
	worst, where := 0.0, 0
	var named []float32
	for i, w := range want {
		got := o.data[i]
		if math.IsNaN(w) {
			if b.judge && !sameBits(got, o.before[margin+i]) {
				b.t.Fatalf("%s: element %d was changed, which is not the kernel's", o.name, i)
			}
			continue
		}
		named = append(named, got)
		d := math.Abs(float64(got) - w)
		if math.IsNaN(d) || d > worst {
			worst, where = d, i
		}
		if math.IsNaN(d) && b.judge {
			b.t.Fatalf("%s: element %d is %g where %g should be", o.name, i, got, w)
		}
	}
	if b.judge && worst > limit*size {
		b.t.Errorf("%s: element %d is %g where %g should be: off by %.2g of the largest, limit %.2g",
			o.name, where, o.data[where], want[where], worst/size, limit)
	}
	b.results = append(b.results, named)
}

// finish checks that guards and inputs are as they were.
func (b *bench) finish() {
	for _, o := range b.made {
		for i, v := range o.all {
			inside := i >= margin && i < margin+len(o.data)
			if !sameBits(v, o.before[i]) && !(inside && o.output) {
				b.t.Errorf("%s: element %d of %d was written", o.name, i-margin, len(o.data))
				break
			}
		}
	}
}

// blank returns n untouched.
func blank(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = untouched
	}
	return w
}

// wantLeaky is max(v, slope*v) for finite v.
func wantLeaky(v float64, slope float32) float64 { return max(v, float64(slope)*v) }

// slopes of the trials; 0.3 is no power of two.
var slopes = []float32{0, 1, 0.3}

func TestSets(t *testing.T) {
	t.Parallel()
	for _, s := range Sets() {
		for _, tr := range trials() {
			t.Run(fmt.Sprintf("set=%s/%s", s.Name, tr.name), func(t *testing.T) {
				t.Parallel()
				for skew := range Lanes {
					if tr.long && skew > 1 {
						break
					}
					b := newBench(t, skew, gaussian, true)
					tr.run(b, s)
					b.finish()
					if t.Failed() {
						t.Fatalf("operands began %d elements after a 64-byte boundary", skew)
					}
				}
			})
		}
	}
}

// special makes the values at which kernels differ first.
func special(rng *rand.Rand) float32 {
	values := []uint32{
		0, 0x80000000, // zeros
		0x7f800000, 0xff800000, // infinities
		0x7fc01234, 0xffc01234, // NaN
		1, 0x80000001, 0x007fffff, 0x807fffff, // denormals
		0x7f7fffff, 0xff7fffff, 0x00800000, 0x80800000, // the largest and the smallest
	}
	if rng.IntN(4) > 0 {
		return float32(rng.NormFloat64())
	}
	return math.Float32frombits(values[rng.IntN(len(values))])
}

// TestSameBits compares the AVX2 and the AVX-512 set to the bit, except for the
// payload of a NaN.
func TestSameBits(t *testing.T) {
	t.Parallel()
	sets := assemblySets()
	if len(sets) < 2 {
		t.Skip("this CPU or build has not two sets in assembly")
	}
	for name, value := range map[string]func(*rand.Rand) float32{
		"gaussian": gaussian,
		"special":  special,
		// Sums overflow and cancel: nothing hides a different order.
		"wide": func(rng *rand.Rand) float32 {
			return float32(math.Ldexp(rng.NormFloat64(), rng.IntN(240)-120))
		},
	} {
		for _, tr := range trials() {
			t.Run(name+"/"+tr.name, func(t *testing.T) {
				t.Parallel()
				a, b := newBench(t, 0, value, false), newBench(t, 5, value, false)
				tr.run(a, sets[0])
				tr.run(b, sets[1])
				if len(a.results) == 0 || len(a.results) != len(b.results) {
					t.Fatalf("%d and %d results", len(a.results), len(b.results))
				}
				for i := range a.results {
					for k, v := range a.results[i] {
						w := b.results[i][k]
						if !sameBits(v, w) && !(v != v && w != w) {
							t.Fatalf("result %d, element %d: %s has %g (%x), %s has %g (%x)", i, k,
								sets[0].Name, v, math.Float32bits(v), sets[1].Name, w, math.Float32bits(w))
						}
					}
				}
			})
		}
	}
}
