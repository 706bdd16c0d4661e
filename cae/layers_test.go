package cae_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/caetest"
)

func at(x *cae.Tensor, n, c, y, v int) float64 {
	if y < 0 || y >= x.H || v < 0 || v >= x.W {
		return 0
	}
	return float64(x.Plane(n, c)[y*x.W+v])
}

// each calls f for every element of a shape, in order.
func each(s cae.Shape, f func(n, c, y, x int) float64) []float64 {
	out := make([]float64, 0, s.Len())
	for n := range s.N {
		for c := range s.C {
			for y := range s.H {
				for x := range s.W {
					out = append(out, f(n, c, y, x))
				}
			}
		}
	}
	return out
}

func referenceConv(layer cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
	l := layer.(*cae.Conv)
	w := l.Params()[0].Data
	return each(s, func(n, k, y, x int) float64 {
		sum := 0.0
		if l.Bias {
			sum = float64(l.Params()[1].Data[k])
		}
		groups, dy, dx := max(1, l.Groups), max(1, l.Dilation[0]), max(1, l.Dilation[1])
		per := l.In / groups
		for c := range per {
			for i := range l.Kernel[0] {
				for j := range l.Kernel[1] {
					sum += float64(w[((k*per+c)*l.Kernel[0]+i)*l.Kernel[1]+j]) *
						at(in[0], n, k/(l.Out/groups)*per+c, y*l.Stride[0]+i*dy-l.Pad[0], x*l.Stride[1]+j*dx-l.Pad[1])
				}
			}
		}
		return sum
	})
}

// referenceTranspose adds each input sample's kernel to the output, as the
// definition has it.
func referenceTranspose(layer cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
	l := layer.(*cae.ConvTranspose)
	w := l.Params()[0].Data
	out := each(s, func(n, k, y, x int) float64 {
		if l.Bias {
			return float64(l.Params()[1].Data[k])
		}
		return 0
	})
	for n := range in[0].N {
		for a := range l.In {
			for k := range l.Out {
				for v := range in[0].H {
					for u := range in[0].W {
						for i := range l.Kernel[0] {
							for j := range l.Kernel[1] {
								y, x := v*l.Stride[0]+i-l.Pad[0], u*l.Stride[1]+j-l.Pad[1]
								if y >= 0 && y < s.H && x >= 0 && x < s.W {
									out[((n*s.C+k)*s.H+y)*s.W+x] += at(in[0], n, a, v, u) *
										float64(w[((a*l.Out+k)*l.Kernel[0]+i)*l.Kernel[1]+j])
								}
							}
						}
					}
				}
			}
		}
	}
	return out
}

func conv(in, out int, kernel, stride, pad [2]int, bias bool) *cae.Conv {
	return &cae.Conv{In: in, Out: out, Kernel: kernel, Stride: stride, Pad: pad, Bias: bias}
}

func transpose(in, out int, kernel, stride, pad [2]int, bias bool) *cae.ConvTranspose {
	return &cae.ConvTranspose{In: in, Out: out, Kernel: kernel, Stride: stride, Pad: pad, Bias: bias}
}

type shapes = []cae.Shape

// grouped is a 3x3 convolution in groups, with everything that is unusual.
func grouped(in, out, groups, stride, dilation int) *cae.Conv {
	return &cae.Conv{In: in, Out: out, Groups: groups, Kernel: [2]int{3, 3}, Stride: [2]int{stride, stride},
		Dilation: [2]int{dilation, dilation}, Pad: [2]int{dilation, dilation}, Bias: true}
}

func TestGroupsAndDilation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		l            *cae.Conv
		h, w, oh, ow int
	}{
		"dilation 2":                    {grouped(3, 5, 1, 1, 2), 7, 9, 7, 9},
		"dilation 5 beyond the picture": {grouped(2, 3, 1, 1, 5), 4, 3, 4, 3},
		"dilation 3 stride 2":           {grouped(3, 4, 1, 2, 3), 9, 8, 5, 4},
		"groups within a block":         {grouped(6, 4, 2, 1, 1), 6, 7, 6, 7},
		"groups across blocks":          {grouped(36, 24, 3, 1, 1), 5, 6, 5, 6},
		"groups of whole blocks":        {grouped(32, 32, 2, 1, 1), 5, 9, 5, 9},
		"groups, stride and dilation":   {grouped(24, 36, 3, 2, 2), 7, 6, 4, 3},
		"depthwise":                     {grouped(20, 20, 20, 1, 1), 6, 9, 6, 9},
		"depthwise stride 2":            {grouped(5, 5, 5, 2, 1), 7, 8, 4, 4},
		"depthwise dilation 2":          {grouped(17, 17, 17, 1, 2), 6, 5, 6, 5},
		"depthwise stride 3 dilation 2": {grouped(4, 4, 4, 3, 2), 8, 10, 3, 4},
		"depthwise with a multiplier":   {grouped(3, 6, 3, 1, 1), 5, 4, 5, 4},
	} {
		in, out := cae.Shape{N: 2, C: c.l.In, H: c.h, W: c.w}, cae.Shape{N: 2, C: c.l.Out, H: c.oh, W: c.ow}
		caetest.Run(t, []caetest.Case{{Name: name, Layer: c.l, In: shapes{in}, Out: out, Reference: referenceConv}})
	}
	for _, l := range []*cae.Conv{grouped(6, 4, 4, 1, 1), grouped(6, 6, -1, 1, 1), grouped(6, 6, 1, 1, -1)} {
		if s, err := l.OutShape(cae.Shape{N: 1, C: 6, H: 9, W: 9}); err == nil {
			t.Errorf("%+v gives %v, want an error", l, s)
		}
	}
}

// TestWinogradSizes covers every remainder of the tile, several pictures and
// several blocks of planes and of tiles.
func TestWinogradSizes(t *testing.T) {
	t.Parallel()
	var cases []caetest.Case
	for h := 1; h <= 9; h += 2 {
		for w := 1; w <= 8; w++ {
			for _, pad := range []int{0, 1, 2} {
				oh, ow := h+2*pad-2, w+2*pad-2
				if oh < 1 || ow < 1 {
					continue
				}
				l := conv(2, 17, [2]int{3, 3}, [2]int{1, 1}, [2]int{pad, pad}, true)
				cases = append(cases, caetest.Case{Name: fmt.Sprintf("%dx%d pad %d", w, h, pad), Layer: l,
					In: shapes{{N: 2, C: 2, H: h, W: w}}, Out: cae.Shape{N: 2, C: 17, H: oh, W: ow}, Reference: referenceConv})
			}
		}
	}
	big := conv(100, 17, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true)
	cases = append(cases, caetest.Case{Name: "many planes and tiles", Layer: big, In: shapes{{N: 2, C: 100, H: 17, W: 18}},
		Out: cae.Shape{N: 2, C: 17, H: 17, W: 18}, Reference: referenceConv, Step: 1})
	caetest.Run(t, cases)
}

func TestConv(t *testing.T) {
	t.Parallel()
	caetest.Run(t, []caetest.Case{
		{Name: "3x3", Layer: conv(3, 5, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true),
			In: shapes{{2, 3, 7, 6}}, Out: cae.Shape{N: 2, C: 5, H: 7, W: 6}, Reference: referenceConv,
			Reject: []shapes{{{1, 4, 7, 6}}, {}, {{1, 3, 7, 6}, {1, 3, 7, 6}}}},
		{Name: "many blocks", Layer: conv(2, 3, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true),
			In: shapes{{2, 2, 19, 57}}, Out: cae.Shape{N: 2, C: 3, H: 19, W: 57}, Reference: referenceConv},
		{Name: "more than 64 planes out", Layer: conv(2, 70, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true),
			In: shapes{{1, 2, 3, 4}}, Out: cae.Shape{N: 1, C: 70, H: 3, W: 4}, Reference: referenceConv},
		{Name: "many taps", Layer: conv(30, 2, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, false),
			In: shapes{{1, 30, 3, 4}}, Out: cae.Shape{N: 1, C: 2, H: 3, W: 4}, Reference: referenceConv},
		{Name: "1x1 without bias", Layer: conv(4, 3, [2]int{1, 1}, [2]int{1, 1}, [2]int{0, 0}, false),
			In: shapes{{1, 4, 3, 5}}, Out: cae.Shape{N: 1, C: 3, H: 3, W: 5}, Reference: referenceConv},
		{Name: "2x2 stride 2", Layer: conv(3, 4, [2]int{2, 2}, [2]int{2, 2}, [2]int{0, 0}, true),
			In: shapes{{2, 3, 6, 8}}, Out: cae.Shape{N: 2, C: 4, H: 3, W: 4}, Reference: referenceConv},
		{Name: "5x3 stride 2x3 pad 1x2, rows left over", Layer: conv(2, 3, [2]int{5, 3}, [2]int{2, 3}, [2]int{1, 2}, true),
			In: shapes{{2, 2, 10, 11}}, Out: cae.Shape{N: 2, C: 3, H: 4, W: 5}, Reference: referenceConv},
		{Name: "kernel smaller than stride", Layer: conv(2, 2, [2]int{1, 1}, [2]int{3, 2}, [2]int{0, 0}, true),
			In: shapes{{1, 2, 7, 5}}, Out: cae.Shape{N: 1, C: 2, H: 3, W: 3}, Reference: referenceConv},
		{Name: "one sample", Layer: conv(1, 1, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true),
			In: shapes{{1, 1, 1, 1}}, Out: cae.Shape{N: 1, C: 1, H: 1, W: 1}, Reference: referenceConv},
		{Name: "no padding, nothing left of two rows", Layer: conv(1, 2, [2]int{3, 3}, [2]int{1, 1}, [2]int{0, 0}, true),
			In: shapes{{1, 1, 4, 5}}, Out: cae.Shape{N: 1, C: 2, H: 2, W: 3}, Reference: referenceConv,
			Reject: []shapes{{{1, 1, 2, 5}}, {{1, 1, 5, 2}}}},
	})
}

func TestConvTranspose(t *testing.T) {
	t.Parallel()
	caetest.Run(t, []caetest.Case{
		{Name: "2x2 stride 2", Layer: transpose(4, 3, [2]int{2, 2}, [2]int{2, 2}, [2]int{0, 0}, true),
			In: shapes{{2, 4, 3, 4}}, Out: cae.Shape{N: 2, C: 3, H: 6, W: 8}, Reference: referenceTranspose,
			Reject: []shapes{{{1, 3, 3, 4}}, {}}},
		{Name: "4x4 stride 2 pad 1", Layer: transpose(2, 3, [2]int{4, 4}, [2]int{2, 2}, [2]int{1, 1}, true),
			In: shapes{{2, 2, 4, 3}}, Out: cae.Shape{N: 2, C: 3, H: 8, W: 6}, Reference: referenceTranspose},
		{Name: "3x5 stride 2x1 pad 0x2", Layer: transpose(2, 2, [2]int{3, 5}, [2]int{2, 1}, [2]int{0, 2}, false),
			In: shapes{{1, 2, 4, 6}}, Out: cae.Shape{N: 1, C: 2, H: 9, W: 6}, Reference: referenceTranspose},
		{Name: "3x3 stride 1", Layer: transpose(3, 2, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, true),
			In: shapes{{1, 3, 5, 4}}, Out: cae.Shape{N: 1, C: 2, H: 5, W: 4}, Reference: referenceTranspose},
		{Name: "kernel smaller than stride", Layer: transpose(2, 2, [2]int{1, 2}, [2]int{3, 3}, [2]int{0, 0}, true),
			In: shapes{{1, 2, 3, 2}}, Out: cae.Shape{N: 1, C: 2, H: 7, W: 5}, Reference: referenceTranspose},
	})
}

func TestShuffle(t *testing.T) {
	t.Parallel()
	caetest.Run(t, []caetest.Case{
		{Name: "space to depth", Layer: &cae.SpaceToDepth{Factor: 2},
			In: shapes{{2, 3, 4, 6}}, Out: cae.Shape{N: 2, C: 12, H: 2, W: 3}, Reject: []shapes{{{1, 3, 5, 6}}, {{1, 3, 4, 3}}},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, k, y, x int) float64 { return at(in[0], n, k/4, y*2+k/2%2, x*2+k%2) })
			}},
		{Name: "space to depth, several blocks", Layer: &cae.SpaceToDepth{Factor: 2},
			In: shapes{{2, 5, 4, 6}}, Out: cae.Shape{N: 2, C: 20, H: 2, W: 3},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, k, y, x int) float64 { return at(in[0], n, k/4, y*2+k/2%2, x*2+k%2) })
			}},
		{Name: "space to depth by 3", Layer: &cae.SpaceToDepth{Factor: 3},
			In: shapes{{2, 2, 6, 3}}, Out: cae.Shape{N: 2, C: 18, H: 2, W: 1},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, k, y, x int) float64 { return at(in[0], n, k/9, y*3+k/3%3, x*3+k%3) })
			}},
		{Name: "depth to space by 2", Layer: &cae.DepthToSpace{Factor: 2},
			In: shapes{{2, 20, 2, 3}}, Out: cae.Shape{N: 2, C: 5, H: 4, W: 6},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, c, y, x int) float64 { return at(in[0], n, c*4+y%2*2+x%2, y/2, x/2) })
			}},
		{Name: "depth to space", Layer: &cae.DepthToSpace{Factor: 3},
			In: shapes{{2, 18, 2, 3}}, Out: cae.Shape{N: 2, C: 2, H: 6, W: 9}, Reject: []shapes{{{1, 10, 4, 6}}},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, c, y, x int) float64 { return at(in[0], n, c*9+y%3*3+x%3, y/3, x/3) })
			}},
	})
}

func TestElementwise(t *testing.T) {
	t.Parallel()
	product := func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
		return each(s, func(n, c, y, x int) float64 { return at(in[0], n, c, y, x) * at(in[1], n, c, y, x) })
	}
	sum := func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
		return each(s, func(n, c, y, x int) float64 {
			v := 0.0
			for _, t := range in {
				v += at(t, n, c, y, x)
			}
			return v
		})
	}
	caetest.Run(t, []caetest.Case{
		{Name: "relu", Layer: &cae.ReLU{}, In: shapes{{2, 3, 4, 5}}, Out: cae.Shape{N: 2, C: 3, H: 4, W: 5},
			Reject: []shapes{{}, {{1, 1, 1, 1}, {1, 1, 1, 1}}},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, c, y, x int) float64 { return math.Max(0, at(in[0], n, c, y, x)) })
			}},
		{Name: "leaky relu", Layer: &cae.LeakyReLU{Slope: 0.25}, In: shapes{{2, 17, 4, 5}}, Out: cae.Shape{N: 2, C: 17, H: 4, W: 5},
			Reject: []shapes{{}},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, c, y, x int) float64 {
					return math.Max(at(in[0], n, c, y, x), 0.25*at(in[0], n, c, y, x))
				})
			}},
		{Name: "upsample", Layer: &cae.Upsample{Factor: 3}, In: shapes{{2, 17, 2, 3}}, Out: cae.Shape{N: 2, C: 17, H: 6, W: 9},
			Reject: []shapes{{}},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, c, y, x int) float64 { return at(in[0], n, c, y/3, x/3) })
			}},
		{Name: "concat across blocks", Layer: &cae.Concat{}, In: shapes{{2, 9, 2, 3}, {2, 32, 2, 3}, {2, 3, 2, 3}}, Out: cae.Shape{N: 2, C: 44, H: 2, W: 3},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, c, y, x int) float64 {
					switch {
					case c < 9:
						return at(in[0], n, c, y, x)
					case c < 41:
						return at(in[1], n, c-9, y, x)
					}
					return at(in[2], n, c-41, y, x)
				})
			}},
		{Name: "concat of whole blocks", Layer: &cae.Concat{}, In: shapes{{1, 16, 2, 3}, {1, 20, 2, 3}}, Out: cae.Shape{N: 1, C: 36, H: 2, W: 3},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, c, y, x int) float64 {
					if c < 16 {
						return at(in[0], n, c, y, x)
					}
					return at(in[1], n, c-16, y, x)
				})
			}},
		{Name: "add two", Layer: &cae.Add{}, In: shapes{{2, 3, 4, 5}, {2, 3, 4, 5}}, Out: cae.Shape{N: 2, C: 3, H: 4, W: 5},
			Reference: sum, Reject: []shapes{{{1, 1, 1, 1}}, {{1, 1, 1, 1}, {1, 2, 1, 1}}}},
		{Name: "add three", Layer: &cae.Add{}, In: shapes{{1, 2, 2, 3}, {1, 2, 2, 3}, {1, 2, 2, 3}}, Out: cae.Shape{N: 1, C: 2, H: 2, W: 3}, Reference: sum},
		{Name: "multiply", Layer: &cae.Multiply{}, In: shapes{{2, 3, 4, 5}, {2, 3, 4, 5}}, Out: cae.Shape{N: 2, C: 3, H: 4, W: 5}, Reference: product,
			Reject: []shapes{{{2, 3, 4, 5}}, {{2, 3, 4, 5}, {2, 3, 4, 4}}, {{2, 3, 4, 5}, {2, 3, 4, 5}, {2, 3, 4, 5}}}},
		{Name: "concat", Layer: &cae.Concat{}, In: shapes{{2, 3, 2, 3}, {2, 1, 2, 3}}, Out: cae.Shape{N: 2, C: 4, H: 2, W: 3},
			Reject: []shapes{{}, {{1, 1, 2, 2}, {1, 1, 2, 3}}},
			Reference: func(_ cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				return each(s, func(n, c, y, x int) float64 {
					if c < 3 {
						return at(in[0], n, c, y, x)
					}
					return at(in[1], n, c-3, y, x)
				})
			}},
		{Name: "batch norm", Layer: &cae.BatchNorm{Planes: 3}, In: shapes{{4, 3, 3, 5}}, Out: cae.Shape{N: 4, C: 3, H: 3, W: 5},
			Reject: []shapes{{{1, 2, 3, 3}}},
			Reference: func(l cae.Layer, in []*cae.Tensor, s cae.Shape) []float64 {
				p := l.Params()
				return each(s, func(n, c, y, x int) float64 {
					v := (at(in[0], n, c, y, x) - float64(p[2].Data[c])) / math.Sqrt(float64(p[3].Data[c])+1e-5)
					return v*float64(p[0].Data[c]) + float64(p[1].Data[c])
				})
			}},
	})
}
