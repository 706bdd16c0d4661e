package degrade

import (
	"math"
	"math/rand/v2"
)

// Camera is the noise of a camera's sensor after everything that the camera does
// to it: signal-dependent, correlated between neighbours and between colours,
// and shaped by the tone curve.
//
// The picture is taken back to what the sensor saw (as in Brooks et al.,
// "Unprocessing Images for Learned Raw Denoising", CVPR 2019): inverse tone curve,
// linear light, the camera's own colours, white balance undone. There each
// site of the Bayer mosaic gets noise of variance Shot*signal + Read^2, the
// normal approximation of photon counting and read-out (Foi et al., "Practical
// Poissonian-Gaussian Noise Modeling and Fitting for Single-Image Raw-Data", IEEE
// TIP 2008). Then white balance, demosaicing, colour matrix and tone curve
// bring it back.
//
// Demosaicing is linear here, so it is done to the noise alone: the
// picture itself is not interpolated. Without noise the result is the original,
// sample for sample, and a network that has it as its target learns to take
// noise away and not to sharpen.
type Camera struct {
	Shot   float64       // variance of photon noise at full scale, in linear light
	Read   float64       // standard deviation of read noise, in linear light
	Red    float64       // gain of the white balance for red; green has 1
	Blue   float64       // likewise for blue
	Matrix [3][3]float64 // from camera colours to linear sRGB; rows sum to 1
	Tone   float64       // strength of the S-shaped tone curve, 0 (none) to 1
	Phase  int           // 0..3: bit 0 and 1 move the mosaic by a sample to the left and up
	Malvar bool          // demosaicing after Malvar, He and Cutler (ICASSP 2004) instead of bilinear
}

// DrawCamera draws a camera and, evenly in its logarithm, a level of photon
// noise from least to most: 1e-4 is hardly visible, 0.02 is a dim room. Read
// noise grows with it: both are amplified by the same gain.
func DrawCamera(rng *rand.Rand, least, most float64) Camera {
	c := Camera{
		Shot:   logBetween(rng, least, most),
		Red:    between(rng, 1.3, 2.4),
		Blue:   between(rng, 1.3, 2.2),
		Tone:   between(rng, 0, 1),
		Phase:  rng.IntN(4),
		Malvar: rng.IntN(2) == 0,
	}
	// One electron is worth Shot: read noise is 0.4 to 3 electrons.
	c.Read = c.Shot * logBetween(rng, 0.4, 3)
	// Colour matrices of cameras are near this, whatever the light: each colour
	// less what the filters of the others let through.
	others := [3][3]float64{
		{0, -between(rng, 0.2, 0.8), between(rng, -0.2, 0.1)},
		{-between(rng, 0.05, 0.3), 0, -between(rng, 0.1, 0.5)},
		{between(rng, -0.1, 0.1), -between(rng, 0.2, 0.7), 0},
	}
	for i, row := range others {
		c.Matrix[i] = row
		c.Matrix[i][i] = 1 - row[0] - row[1] - row[2]
	}
	return c
}

// Apply implements Degradation. A grey patch becomes what a grey object in
// colour, turned grey afterwards, would be. Values outside 0..1 are as noisy as
// black and white.
func (c Camera) Apply(rng *rand.Rand, p Patch) {
	if p.W == 0 || p.H == 0 {
		return
	}
	if p.Grey() {
		grey := p.Planes[0]
		colour := Patch{W: p.W, H: p.H, Planes: [][]float32{grey, grey, grey}}.Clone()
		c.Apply(rng, colour)
		copy(grey, colour.Luma().Planes[0])
		return
	}
	curve := newCurve(c.Tone)
	linear := make([][]float32, 3)
	for k, plane := range p.Planes {
		linear[k] = make([]float32, len(plane))
		for i, v := range plane {
			linear[k][i] = curve.decode(v)
		}
	}
	noise := c.demosaic(p.W, p.H, c.expose(rng, p.W, p.H, linear))
	var m [3][3]float32
	for i := range m {
		for j := range m[i] {
			m[i][j] = float32(c.Matrix[i][j])
		}
	}
	for k, plane := range p.Planes {
		for i, l := range linear[k] {
			n := m[k][0]*noise[0][i] + m[k][1]*noise[1][i] + m[k][2]*noise[2][i]
			plane[i] += curve.encode(l+n) - curve.encode(l)
		}
	}
}

// border is how far demosaicing looks round a sample. The noise is made on a
// mosaic larger by that on all sides, so that it is the same at the edges.
const border = 2

// expose returns the noise of the sensor's sites, white-balanced, for a mosaic of
// (w+2*border)*(h+2*border) sites. linear is the picture in linear sRGB; beyond
// its edges the outermost samples count.
func (c Camera) expose(rng *rand.Rand, w, h int, linear [][]float32) []float32 {
	inverse := invert(c.Matrix)
	gains := [3]float64{c.Red, 1, c.Blue}
	// The signal at a site of colour k, and the noise after its gain g:
	// g*sqrt(Shot*s/g + Read^2) for a white-balanced signal s.
	var rows [3][3]float32
	var shot, read [3]float32
	for k, g := range gains {
		for j := range rows[k] {
			rows[k][j] = float32(inverse[k][j])
		}
		shot[k], read[k] = float32(c.Shot*g), float32(c.Read*c.Read*g*g)
	}
	mw, mh := w+2*border, h+2*border
	mosaic := make([]float32, mw*mh)
	for y := range mh {
		at := min(max(y-border, 0), h-1) * w
		red, green, blue := linear[0][at:at+w], linear[1][at:at+w], linear[2][at:at+w]
		row := mosaic[y*mw : (y+1)*mw]
		for x := range row {
			i := min(max(x-border, 0), w-1)
			k := c.site(x, y)
			signal := max(0, rows[k][0]*red[i]+rows[k][1]*green[i]+rows[k][2]*blue[i])
			deviation := float32(math.Sqrt(float64(shot[k]*signal + read[k])))
			row[x] = deviation * float32(rng.NormFloat64())
		}
	}
	return mosaic
}

// site is the colour of a site of the mosaic: 0 red, 1 green, 2 blue.
func (c Camera) site(x, y int) int { return (x+c.Phase)&1 + (y+c.Phase>>1)&1 }

// invert returns the inverse of a matrix, by its cofactors.
func invert(m [3][3]float64) (inverse [3][3]float64) {
	cofactor := func(i, j int) float64 {
		a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return m[a][c]*m[b][d] - m[a][d]*m[b][c]
	}
	det := m[0][0]*cofactor(0, 0) + m[0][1]*cofactor(0, 1) + m[0][2]*cofactor(0, 2)
	for i := range m {
		for j := range m {
			inverse[j][i] = cofactor(i, j) / det
		}
	}
	return inverse
}
