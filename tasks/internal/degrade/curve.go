package degrade

import "math"

// curve leads from linear light to what a camera stores and back: the transfer
// function of sRGB (IEC 61966-2-1), then an S-shaped tone curve that mixes the
// value x with 3x^2-2x^3 (the one of Brooks et al., CVPR 2019).
type curve struct {
	// encoded holds the curve at squares: entry i is that of (i/curveSteps)^2,
	// which gives the dark end, where it is steep, enough of them.
	encoded [curveSteps + 1]float32
	linear  [curveSteps + 1]float32 // inverse, at i/curveSteps
	slope   float32                 // of the curve in white
}

const curveSteps = 512

// srgb is the transfer function of sRGB at (i/curveSteps)^2.
var srgb = func() (t [curveSteps + 1]float64) {
	for i := range t {
		v := float64(i) / curveSteps
		if v *= v; v <= 0.0031308 {
			t[i] = 12.92 * v
		} else {
			t[i] = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
	}
	return t
}()

// newCurve makes the curve with a tone curve of strength tone, 0 to 1.
func newCurve(tone float64) *curve {
	c := &curve{}
	for i, v := range srgb {
		c.encoded[i] = float32(v + tone*(v*v*(3-2*v)-v))
	}
	// The slope of x + tone*(3x^2-2x^3-x) at 1, times that of sRGB.
	c.slope = float32((1 - tone) * 1.055 / 2.4)
	k := 0
	for i := range c.linear {
		want := float32(i) / curveSteps
		for k < curveSteps-1 && c.encoded[k+1] < want {
			k++
		}
		lo, hi := c.encoded[k], c.encoded[k+1]
		root := (float32(k) + min(1, (want-lo)/(hi-lo))) / curveSteps
		c.linear[i] = root * root
	}
	return c
}

// encode returns the encoded value of v in linear light. Below black it goes on
// point-symmetrically, above white in a straight line: noise goes there.
func (c *curve) encode(v float32) float32 {
	if v > 1 {
		return 1 + c.slope*(v-1)
	}
	if v < 0 {
		return -c.encode(-v)
	}
	at := float32(math.Sqrt(float64(v))) * curveSteps
	i := min(int(at), curveSteps-1)
	lo, hi := c.encoded[i], c.encoded[i+1]
	return lo + (at-float32(i))*(hi-lo)
}

// decode returns the linear light of an encoded value, clipped to 0..1.
func (c *curve) decode(v float32) float32 {
	at := clip(v) * curveSteps
	i := min(int(at), curveSteps-1)
	lo, hi := c.linear[i], c.linear[i+1]
	return lo + (at-float32(i))*(hi-lo)
}
