package kernel

// Lanes is how many planes stand side by side in a block. Feature maps are
// stored in blocks of Lanes planes ("NCHWc16"): a pixel of a block is Lanes
// neighbouring float32, which one AVX-512 register or two AVX2 registers hold.
const Lanes = 16

// The tile of Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", CVPR 2016): Tile x Tile output
// pixels are computed from Patch x Patch input pixels at Frequencies points.
const (
	Tile        = 4
	Patch       = Tile + 2
	Frequencies = Patch * Patch
)

// TransformScratch is how many float32 the transforms take as tmp. The sets in
// assembly do not touch it.
const TransformScratch = Frequencies * Lanes

// Set is a set of kernels: all do the same for the same operands, up to
// rounding; those of the AVX2 and the AVX-512 set to the bit, as they do the
// same fused operations in the same order for each element of the result.
//
// "Pixel" means Lanes elements. Steps and offsets count elements, not bytes.
// Operands do not overlap unless a comment says that they may. Slices may be
// longer than needed; shorter ones panic. Every kernel leaves the elements that
// it does not name alone. No operand needs to be aligned; those of Aligned, with
// steps that are multiples of Lanes, are quickest.
//
// max(v, slope*v), for a slope from 0 to 1, is slope*v where that is above v, and
// v elsewhere: a NaN in v comes out as a NaN, and an infinite v stays what it is
// where slope is 0 and the product no number. A negative v under slope 0 gives
// the negative zero.
type Set struct {
	Name string // generic, avx2 or avx512

	// Rows is the number of rows that Multiply computes together. It divides
	// MaxRows.
	Rows int

	// Multiply sets c to the product of a and b for the rows 0 <= t < n, n
	// rounded up to a multiple of Rows:
	//
	//	c[t*Lanes+k] = sum over s < len(offs), l < Lanes, in that order, of
	//	    a[offs[s]+t*Lanes+l] * b[(s*Lanes+l)*Lanes+k]
	//
	// The sums begin with 0 where len(offs) is 0 and with the first product
	// elsewhere or with 0, which is the same.
	Multiply func(c, a []float32, offs []int, b []float32, n int)

	// MultiplyT adds the product of the transpose of a with b to c:
	//
	//	c[l*Lanes+k] += sum over 0 <= t < n, in that order, of
	//	    a[t*Lanes+l] * b[t*Lanes+k]
	//
	// the sum beginning with the value that c holds. n needs no rounding.
	MultiplyT func(c, a, b []float32, n int)

	// InputTiles transforms n tiles that stand side by side: V = BT d B.
	// d[i][j] is the pixel src[i*rowStep + (Tile*t+j)*Lanes], i, j < Patch, of
	// tile t. The frequency f = i*Patch+j of tile t is written to the pixel
	// v[f*freqStep + t*Lanes].
	InputTiles func(v, src []float32, n, rowStep, freqStep int, tmp []float32)

	// OutputTiles transforms n tiles back: Y = AT m A, then finishes them.
	// m is laid out as InputTiles' v. The pixel (i, j), i, j < Tile, of tile t
	// is written to dst[i*rowStep + (Tile*t+j)*Lanes] as
	//
	//	v = Y + bias + add (left out where add is nil); max(v, slope*v)
	//
	// add has the layout of dst and may be dst itself. A slope of 1 does
	// nothing, 0 is ReLU, what is between a leaky ReLU.
	OutputTiles func(dst, add, m []float32, n, rowStep, freqStep int, bias []float32, slope float32, tmp []float32)

	// GradTiles is the transpose of OutputTiles' transform, for gradients:
	// Y = A g AT. g[i][j], i, j < Tile, is the pixel
	// src[i*rowStep + (Tile*t+j)*Lanes] of tile t; v is laid out as InputTiles'.
	GradTiles func(v, src []float32, n, rowStep, freqStep int, tmp []float32)

	// Filter transforms the 3x3 kernels of Lanes output planes: U = G w GT.
	// w[i*3+j] is a pixel, u[f*step] the pixel of frequency f.
	Filter func(u, w []float32, step int, tmp []float32)

	// FilterGrad is the transpose of Filter, for gradients:
	// dw += GT du G.
	FilterGrad func(dw, du []float32, step int, tmp []float32)

	// Copy gathers n pixels: dst[t*Lanes...] = src[t*step...].
	Copy func(dst, src []float32, n, step int)

	// Finish writes n pixels: dst[t*step] = max(v, slope*v) with
	// v = src[t*Lanes] + bias + add[t*step] (left out where add is nil). add
	// may be dst.
	Finish func(dst, add, src []float32, n, step int, bias []float32, slope float32)

	// Depthwise convolves each plane by itself:
	//
	//	v = bias + sum over s < len(offs), in that order, of
	//	    w[s*Lanes...] * src[offs[s]+t*srcStep...], pixel by pixel
	//	dst[t*dstStep] = max(v, slope*v) with add[t*dstStep] added to v last
	//
	// for 0 <= t < n; add may be nil or dst.
	Depthwise func(dst, add, src []float32, offs []int, w, bias []float32, slope float32, n, srcStep, dstStep int)

	// DepthwiseGrad adds the gradient of Depthwise's weights:
	// dw[s*Lanes...] += sum over 0 <= t < n, in that order, of
	// grad[t*gradStep...] * src[offs[s]+t*srcStep...], the sum beginning with
	// the value that dw holds.
	DepthwiseGrad func(dw, grad, src []float32, offs []int, n, gradStep, srcStep int)

	// Add adds src to dst, element by element; len(src) counts, any length.
	Add func(dst, src []float32)

	// Activate sets dst to max(src, slope*src); len(src) counts, any length.
	// dst may be src.
	Activate func(dst, src []float32, slope float32)

	// ActivateGrad sets dst to grad where out is above 0 and to slope*grad
	// elsewhere; len(grad) counts, any length. dst may be grad.
	ActivateGrad func(dst, grad, out []float32, slope float32)

	// Affine sets n pixels: dst = src*scale + shift, one scale and shift a lane.
	// dst may be src.
	Affine func(dst, src, scale, shift []float32, n int)

	// AddAffine adds to n pixels: dst += a*x + b*y + c, one a, b, c a lane
	// (computed as fma(b, y, fma(a, x, c)), then added).
	AddAffine func(dst, x, y, a, b, c []float32, n int)

	// Moments adds sums over n pixels in ascending order, lane by lane:
	// sum += a, dot += a*(b-shift).
	Moments func(sum, dot, a, b, shift []float32, n int)
}

// MaxRows is the largest Rows: buffers that Multiply reads or writes are made
// for a multiple of it.
const MaxRows = 48
