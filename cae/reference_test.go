package cae_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae"
)

// values are feature maps in float64, plane after plane.
type values struct {
	cae.Shape
	v []float64
}

// evaluate computes a network in float64 in the plainest way there is.
func evaluate(t *testing.T, n *cae.Network, in []*cae.Tensor) values {
	t.Helper()
	all := map[string]values{}
	for i, x := range n.Inputs() {
		v := values{in[i].Shape, make([]float64, in[i].Len())}
		for j, f := range in[i].Data {
			v.v[j] = float64(f)
		}
		all[x.Name] = v
	}
	var last values
	for _, node := range n.Nodes() {
		var args []values
		var shapes []cae.Shape
		for _, name := range node.In {
			args = append(args, all[name])
			shapes = append(shapes, all[name].Shape)
		}
		s, err := node.Layer.OutShape(shapes...)
		if err != nil {
			t.Fatal(err)
		}
		last = values{s, make([]float64, s.Len())}
		apply(t, node.Layer, args, last)
		all[node.Name] = last
	}
	return last
}

func apply(t *testing.T, layer cae.Layer, in []values, out values) {
	x := in[0]
	switch l := layer.(type) {
	case *cae.Conv:
		w, b := l.Params()[0].Data, l.Params()[1].Data
		for k := range out.C {
			to := out.v[k*out.H*out.W:][:out.H*out.W]
			for i := range to {
				to[i] = float64(b[k])
			}
			for c := range l.In {
				from := x.v[c*x.H*x.W:][:x.H*x.W]
				for i := range l.Kernel[0] {
					for j := range l.Kernel[1] {
						f := float64(w[((k*l.In+c)*l.Kernel[0]+i)*l.Kernel[1]+j])
						for y := range out.H {
							v := y*l.Stride[0] + i - l.Pad[0]
							for u := 0; u < out.W && v >= 0 && v < x.H; u++ {
								if a := u*l.Stride[1] + j - l.Pad[1]; a >= 0 && a < x.W {
									to[y*out.W+u] += f * from[v*x.W+a]
								}
							}
						}
					}
				}
			}
		}
	case *cae.ConvTranspose:
		w, b := l.Params()[0].Data, l.Params()[1].Data
		for k := range out.C {
			for i := range out.H * out.W {
				y, u := i/out.W, i%out.W // stride and kernel are both 2
				sum := float64(b[k])
				for c := range l.In {
					sum += float64(w[((c*l.Out+k)*2+y%2)*2+u%2]) * x.v[(c*x.H+y/2)*x.W+u/2]
				}
				out.v[k*out.H*out.W+i] = sum
			}
		}
	case *cae.ReLU:
		for i, v := range x.v {
			out.v[i] = max(v, 0)
		}
	case *cae.Add:
		for i, v := range x.v {
			out.v[i] = v + in[1].v[i]
		}
	case *cae.Concat:
		at := 0
		for _, v := range in {
			at += copy(out.v[at:], v.v)
		}
	case *cae.SpaceToDepth:
		for i := range out.v {
			k, y, u := i/(out.H*out.W), i/out.W%out.H, i%out.W
			out.v[i] = x.v[(k/4*x.H+y*2+k/2%2)*x.W+u*2+k%2]
		}
	case *cae.DepthToSpace:
		for i := range x.v {
			k, y, u := i/(x.H*x.W), i/x.W%x.H, i%x.W
			out.v[(k/4*out.H+y*2+k/2%2)*out.W+u*2+k%2] = x.v[i]
		}
	default:
		t.Fatalf("no reference for %s", layer.Kind())
	}
}

// dncnn is the network of Zhang et al., "Beyond a Gaussian Denoiser" (2017), in
// colour: depth layers of 3x3, 64 wide, batch norms folded.
func dncnn(t *testing.T, depth int) *cae.Network {
	t.Helper()
	nodes := []cae.Node{{Name: "c0", In: []string{"image"}, Layer: conv(3, 64, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true)}}
	for i := 1; i < depth; i++ {
		out := 64
		if i == depth-1 {
			out = 3
		}
		nodes = append(nodes, cae.Node{Name: fmt.Sprintf("r%d", i), In: []string{nodes[len(nodes)-1].Name}, Layer: &cae.ReLU{}})
		nodes = append(nodes, cae.Node{Name: fmt.Sprintf("c%d", i), In: []string{nodes[len(nodes)-1].Name},
			Layer: conv(64, out, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true)})
	}
	last := nodes[len(nodes)-1].Name
	nodes = append(nodes, cae.Node{Name: "sum", In: []string{last, "image"}, Layer: &cae.Add{}})
	n, err := cae.New([]cae.Input{{Name: "image", Planes: 3}}, nodes, "sum", "")
	if err != nil {
		t.Fatal(err)
	}
	n.Init(1)
	return n
}

// TestAccuracy holds whole networks against float64: the error is at most 1e-5
// of the output's range, that of one layer 3e-6.
func TestAccuracy(t *testing.T) {
	t.Parallel()
	big, err := cae.Autoencoder(mark)
	if err != nil {
		t.Fatal(err)
	}
	big.Init(2)
	one := func(c, k int) *cae.Network {
		n, err := cae.New([]cae.Input{{Name: "x", Planes: c}},
			[]cae.Node{{Name: "y", In: []string{"x"}, Layer: conv(c, k, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true)}}, "y", "")
		if err != nil {
			t.Fatal(err)
		}
		n.Init(3)
		return n
	}
	for name, c := range map[string]struct {
		n     *cae.Network
		side  int
		limit float64
	}{
		"64 planes":  {one(64, 64), 30, 3e-6},
		"160 planes": {one(160, 160), 21, 3e-6},
		"mark":       {big, 40, 1e-5},
		"dncnn":      {dncnn(t, 17), 20, 1e-5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := feed(c.n, 1, c.side, c.side)
			out, err := c.n.Forward(serial(), in...)
			if err != nil {
				t.Fatal(err)
			}
			want := evaluate(t, c.n, in)
			var worst, size float64
			for i, v := range out.Data {
				worst, size = max(worst, math.Abs(float64(v)-want.v[i])), max(size, math.Abs(want.v[i]))
			}
			if !(worst <= c.limit*size) {
				t.Errorf("off the float64 reference by %.2g of the range, limit %.1g", worst/size, c.limit)
			}
			t.Logf("error %.2g of the range", worst/size)
		})
	}
}

// digest prints a number that any bit of a forward and backward run changes.
func digest(t *testing.T) string {
	c := configs()["shuffled, added skips, residual"]
	c.Widths = []int{20, 50, 70} // wide enough for both ways of gradients
	n := small(t, c)
	tape, err := n.NewTape(cae.NewExec(t.Context(), cae.Goroutines(2), 2), 2, 240, 168)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range feed(n, 2, 240, 168) {
		copy(tape.Inputs()[i].Data, x.Data)
	}
	out, err := tape.Forward()
	if err != nil {
		t.Fatal(err)
	}
	if err := tape.Backward(out.Data); err != nil {
		t.Fatal(err)
	}
	all := [][]float32{out.Data}
	rng, sum := rand.New(rand.NewPCG(1, 1)), uint64(0)
	for _, list := range append(all, tape.Grads()...) {
		for _, v := range list {
			sum += uint64(math.Float32bits(v)) * (rng.Uint64() | 1)
		}
	}
	return fmt.Sprintf("digest %016x of %s", sum, cae.KernelSet())
}

// TestSetsAgree runs a network and its gradients with the AVX2 and the AVX-512
// kernels, in a process of its own each: they must give the same bits.
func TestSetsAgree(t *testing.T) {
	if os.Getenv("RESTORE_TEST_DIGEST") != "" {
		fmt.Println(digest(t))
		return
	}
	t.Parallel()
	of := func(set string) string {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSetsAgree$")
		c.Env = append(os.Environ(), "RESTORE_TEST_DIGEST=1", "RESTORE_KERNEL="+set)
		text, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var sum, used string
			if n, _ := fmt.Sscanf(line, "digest %s of %s", &sum, &used); n == 2 && used == set {
				return sum
			}
		}
		return ""
	}
	a, b := of("avx2"), of("avx512")
	if a == "" || b == "" {
		t.Skip("this machine or build does not have both sets of kernels")
	}
	if a != b {
		t.Errorf("avx2 gives %s, avx512 %s", a, b)
	}
	if g := of("generic"); g == a {
		t.Error("the digest does not tell kernels apart")
	}
}

// TestTapeWorkers trains on one and on three workers: the same bits.
func TestTapeWorkers(t *testing.T) {
	t.Parallel()
	c := configs()["shuffled, added skips, residual"]
	c.Widths = []int{20, 50, 70} // wide enough for both ways of gradients
	run := func(workers int) [][]float32 {
		n := small(t, c)
		tape, err := n.NewTape(cae.NewExec(t.Context(), cae.Goroutines(workers), workers), 2, 96, 64)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range feed(n, 2, 96, 64) {
			copy(tape.Inputs()[i].Data, x.Data)
		}
		out, err := tape.Forward()
		if err != nil {
			t.Fatal(err)
		}
		if err := tape.Backward(out.Data); err != nil {
			t.Fatal(err)
		}
		return append([][]float32{out.Data}, tape.Grads()...)
	}
	want := run(1)
	for i, got := range run(3) {
		if !same(got, want[i]) {
			t.Fatalf("result %d on three workers differs from that on one", i)
		}
	}
}
