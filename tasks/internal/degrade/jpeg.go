package degrade

import (
	"fmt"
	"math/rand/v2"
)

// JPEG is what compression to a JPEG file and decompression leave of a picture
// (ITU-T T.81 and T.871): 8 bits a sample, luma and two colour differences,
// these at lower resolution, and cosine coefficients of blocks of 8x8 rounded to
// multiples that the quality sets. Entropy coding loses nothing and is left
// out. The result has 8 bits a sample.
type JPEG struct {
	Quality int    // 1..100, as the Independent JPEG Group counts it
	Chroma  Chroma // resolution of the colour differences

	// X and Y say where the patch lies within the file's blocks: how many
	// samples of its first block (of the 16 of two where chroma is halved in
	// that direction) come before it.
	X, Y int
}

// Chroma is the resolution of the colour differences in a JPEG file.
type Chroma int

// The resolutions that files have: full, halved in a row, halved in both.
const (
	Chroma444 Chroma = iota
	Chroma422
	Chroma420
)

// String returns the usual name, such as "4:2:0".
func (c Chroma) String() string {
	switch c {
	case Chroma444:
		return "4:4:4"
	case Chroma422:
		return "4:2:2"
	case Chroma420:
		return "4:2:0"
	}
	return fmt.Sprintf("Chroma(%d)", int(c))
}

// halved returns 1 for a direction in which chroma has half the resolution, else
// 0: the binary logarithm of the factor.
func (c Chroma) halved() (x, y int) {
	switch c {
	case Chroma422:
		return 1, 0
	case Chroma420:
		return 1, 1
	}
	return 0, 0
}

// uncut is the share of files that are not cropped after their compression: their
// blocks begin with the picture. A network whose own grid begins there too can
// learn where the borders of the blocks are.
const uncut = 0.7

// DrawJPEG draws a quality from least to most, any of the three resolutions (half
// of the files have 4:2:0) and a place in the blocks: their beginning in seven
// cases of ten, else any.
func DrawJPEG(rng *rand.Rand, least, most int) JPEG {
	j := JPEG{Quality: least + rng.IntN(most-least+1)}
	if rng.Float64() >= uncut {
		j.X, j.Y = rng.IntN(16), rng.IntN(16)
	}
	switch u := rng.Float64(); {
	case u < 0.5:
		j.Chroma = Chroma420
	case u < 0.7:
		j.Chroma = Chroma422
	}
	return j
}

// From Cb and Cr to red, green and blue (ITU-T T.871).
const (
	redOfCr   = 1.402
	greenOfCb = -0.344136
	greenOfCr = -0.714136
	blueOfCb  = 1.772
)

// Apply implements Degradation. It draws nothing. In blocks that the patch fills
// in part only, its outermost samples are repeated, as at a picture's edge.
func (j JPEG) Apply(_ *rand.Rand, p Patch) {
	if p.W == 0 || p.H == 0 {
		return
	}
	hx, hy := j.Chroma.halved()
	if p.Grey() {
		hx, hy = 0, 0
	}
	left, top := j.X&(8<<hx-1), j.Y&(8<<hy-1)
	var parts []*sampled
	for range p.Planes {
		parts = append(parts, newSampled(p.W, p.H, left, top, hx, hy))
	}
	if p.Grey() {
		toLuma(p, parts[0])
	} else {
		toYCbCr(p, parts)
	}
	for k, part := range parts {
		part.spread(left, top, p.W, p.H)
		table := &lumaTable
		if k > 0 {
			part.halve(hx, hy)
			table = &chromaTable
		}
		part.compress(table, j.Quality)
	}
	if p.Grey() {
		fromLuma(p, parts[0], left, top)
		return
	}
	fromYCbCr(p, parts, left, top, hx, hy)
}

// toLuma puts the 8-bit samples of a grey patch, less 128, in their place.
func toLuma(p Patch, luma *sampled) {
	for y := range p.H {
		to := luma.inner(y, p.W)
		for x, v := range p.Planes[0][y*p.W : (y+1)*p.W] {
			to[x] = float32(toByte(v*255)) - 128
		}
	}
}

// toYCbCr puts luma, less 128, and the colour differences of a patch's 8-bit
// samples in their places.
func toYCbCr(p Patch, parts []*sampled) {
	for y := range p.H {
		at := y * p.W
		red, green, blue := p.Planes[0][at:at+p.W], p.Planes[1][at:at+p.W], p.Planes[2][at:at+p.W]
		luma, cb, cr := parts[0].inner(y, p.W), parts[1].inner(y, p.W), parts[2].inner(y, p.W)
		for x := range red {
			r, g, b := float32(toByte(red[x]*255)), float32(toByte(green[x]*255)), float32(toByte(blue[x]*255))
			luma[x] = round(0.299*r + 0.587*g + 0.114*b - 128)
			cb[x] = round(-0.168736*r - 0.331264*g + 0.5*b)
			cr[x] = round(0.5*r - 0.418688*g - 0.081312*b)
		}
	}
}

func fromLuma(p Patch, luma *sampled, left, top int) {
	for y := range p.H {
		from := luma.row(top + y)[left : left+p.W]
		to := p.Planes[0][y*p.W : (y+1)*p.W]
		for x := range to {
			to[x] = byteValues[toByte(from[x]+128)]
		}
	}
}

// fromYCbCr is the inverse of toYCbCr. Chroma of half the resolution is
// interpolated: its samples lie half-way between two of luma, so each of these
// gets three quarters of the nearer and one of the farther (the triangle filter
// of most decoders).
func fromYCbCr(p Patch, parts []*sampled, left, top, hx, hy int) {
	cols, rows := triangles(p.W, left, hx), triangles(p.H, top, hy)
	cw := parts[1].w
	mixed := [2][]float32{make([]float32, cw), make([]float32, cw)}
	for y, r := range rows {
		for k, m := range mixed {
			near, far := parts[k+1].row(r.near), parts[k+1].row(r.far)
			for x := range m {
				m[x] = near[x] + r.share*(far[x]-near[x])
			}
		}
		at := y * p.W
		red, green, blue := p.Planes[0][at:at+p.W], p.Planes[1][at:at+p.W], p.Planes[2][at:at+p.W]
		luma := parts[0].row(top + y)[left : left+p.W]
		for x, c := range cols {
			l := luma[x] + 128
			u := round(mixed[0][c.near] + c.share*(mixed[0][c.far]-mixed[0][c.near]))
			v := round(mixed[1][c.near] + c.share*(mixed[1][c.far]-mixed[1][c.near]))
			red[x] = byteValues[toByte(l+redOfCr*v)]
			green[x] = byteValues[toByte(l+greenOfCb*u+greenOfCr*v)]
			blue[x] = byteValues[toByte(l+blueOfCb*u)]
		}
	}
}

// triangle says which two chroma samples make one, and the share of the second.
type triangle struct {
	near, far int
	share     float32
}

// triangles interpolates n samples from place first on, from chroma with half
// (halved 1) or all (0) of the samples. Beyond the patch the outermost chroma
// sample counts.
func triangles(n, first, halved int) []triangle {
	out := make([]triangle, n)
	lo, hi := first>>halved, (first+n-1)>>halved
	for i := range out {
		near := (first + i) >> halved
		out[i] = triangle{near: near, far: near}
		if halved == 1 {
			out[i].far = min(max(near-1+(first+i)&1*2, lo), hi)
			out[i].share = 0.25
		}
	}
	return out
}
