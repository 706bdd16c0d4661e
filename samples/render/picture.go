package main

import (
	"image"
	"image/color"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// picture is a raster in linear light; row by row from the top.
type picture struct {
	w, h int
	pix  []vec
}

func newPicture(w, h int) *picture { return &picture{w, h, make([]vec, w*h)} }

// rows calls f for each of n rows, on all cores. f writes to nothing but its
// row, so the result does not depend on their number.
func rows(n int, f func(y int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for y := next.Add(1) - 1; y < int64(n); y = next.Add(1) - 1 {
				f(int(y))
			}
		})
	}
	wg.Wait()
}

// render asks f for the colour at n by n places in each pixel and takes their
// mean. The places are in pixels from the upper left corner.
func render(w, h, n int, f func(x, y float64) vec) *picture {
	p := newPicture(w, h)
	rows(h, func(y int) {
		for x := range w {
			var sum vec
			for i := range n * n {
				sum = sum.add(f(float64(x)+(float64(i%n)+0.5)/float64(n), float64(y)+(float64(i/n)+0.5)/float64(n)))
			}
			p.pix[y*w+x] = sum.times(1 / float64(n*n))
		}
	})
	return p
}

// at interpolates between the four nearest pixels; beyond the border the
// nearest one goes on. Pixel (0, 0) has its middle at 0.5, 0.5.
func (p *picture) at(x, y float64) vec {
	x, y = clamp(x-0.5, 0, float64(p.w-1)), clamp(y-0.5, 0, float64(p.h-1))
	ix, iy := int(x), int(y)
	jx, jy := min(ix+1, p.w-1), min(iy+1, p.h-1)
	u, v := x-float64(ix), y-float64(iy)
	top := p.pix[iy*p.w+ix].mix(p.pix[iy*p.w+jx], u)
	return top.mix(p.pix[jy*p.w+ix].mix(p.pix[jy*p.w+jx], u), v)
}

// develop exposes and tones the picture as a camera would: values above 1 roll off
// instead of clipping, and corners get a little darker.
func (p *picture) develop(exposure, vignette float64) *picture {
	out := newPicture(p.w, p.h)
	cx, cy := float64(p.w)/2, float64(p.h)/2
	rows(p.h, func(y int) {
		for x := range p.w {
			dx, dy := (float64(x)-cx)/cx, (float64(y)-cy)/cy
			c := p.pix[y*p.w+x].times(exposure * (1 - vignette*(dx*dx+dy*dy)/2))
			out.pix[y*p.w+x] = vec{filmic(c.X), filmic(c.Y), filmic(c.Z)}
		}
	})
	return out
}

// filmic is the fit of the ACES tone curve by Narkowicz (2015), scaled so that
// 0.18 stays about where it is.
func filmic(x float64) float64 {
	x = max(0, x) * 0.62
	return clamp(x*(2.51*x+0.03)/(x*(2.43*x+0.59)+0.14), 0, 1)
}

// toLinear and toSRGB convert between sRGB values and linear light (IEC
// 61966-2-1), both 0 to 1.
func toLinear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func toSRGB(l float64) float64 {
	if l <= 0.0031308 {
		return 12.92 * l
	}
	return 1.055*math.Pow(l, 1/2.4) - 0.055
}

func to8(l float64) uint8 { return uint8(clamp(toSRGB(clamp(l, 0, 1)), 0, 1)*255 + 0.5) }

// luminance is the weight of a linear colour on the eye (Rec. 709).
func luminance(c vec) float64 { return 0.2126*c.X + 0.7152*c.Y + 0.0722*c.Z }

// encode rounds to 8 bits, as grey by luminance or as colour.
func (p *picture) encode(grey bool) image.Image {
	bounds := image.Rect(0, 0, p.w, p.h)
	if grey {
		out := image.NewGray(bounds)
		for i, c := range p.pix {
			out.Pix[i] = to8(luminance(c))
		}
		return out
	}
	out := image.NewNRGBA(bounds)
	for i, c := range p.pix {
		out.SetNRGBA(i%p.w, i/p.w, color.NRGBA{to8(c.X), to8(c.Y), to8(c.Z), 255})
	}
	return out
}
