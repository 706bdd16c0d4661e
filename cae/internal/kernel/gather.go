// Package kernel holds the float32 kernels of the engine: slices and sizes in,
// slices out; it knows neither tensors nor layers. What stands here is the
// portable reference form of each.
package kernel

// Tap is one element of a convolution kernel as an offset from the position
// that an output sample starts reading at.
type Tap struct{ DY, DX int }

// Geometry says which input samples each output sample reads and where it is
// written. The output sample (y, x), 0 <= y < OH, 0 <= x < OW, reads the input
// plane (H rows of W) at (y*SY+t.DY, x*SX+t.DX) for every tap t; positions
// outside the plane count as zero. It is written to the output plane (rows of
// PW samples, PH of them) at (Y0+y*StepY, X0+x*StepX): a step above 1 is one
// phase of a transposed convolution.
type Geometry struct {
	C, H, W      int // input planes, rows, columns
	K, OH, OW    int // output planes, rows, columns of this phase
	SY, SX       int
	Taps         []Tap
	PH, PW       int // rows and columns of the whole output plane
	Y0, X0       int
	StepY, StepX int
}

// dense reports whether output samples lie one after another in their plane.
func (g *Geometry) dense() bool {
	return g.StepY == 1 && g.StepX == 1 && g.Y0 == 0 && g.X0 == 0 && g.PW == g.OW
}

// Gather copies what the output samples p0 <= p < p1 (counted along rows) read
// into dst, a matrix of C*len(Taps) rows and p1-p0 columns: "im2col".
func Gather(dst, src []float32, g *Geometry, p0, p1 int) {
	n := p1 - p0
	row := 0
	for c := range g.C {
		plane := src[c*g.H*g.W : (c+1)*g.H*g.W]
		for _, t := range g.Taps {
			gatherRow(dst[row*n:(row+1)*n], plane, g, t, p0, p1)
			row++
		}
	}
}

func gatherRow(dst, plane []float32, g *Geometry, t Tap, p0, p1 int) {
	y, x := p0/g.OW, p0%g.OW
	for i := 0; i < len(dst); {
		run := min(g.OW-x, len(dst)-i)
		out := dst[i : i+run]
		iy := y*g.SY + t.DY
		if iy < 0 || iy >= g.H {
			clear(out)
		} else {
			gatherRun(out, plane[iy*g.W:(iy+1)*g.W], x*g.SX+t.DX, g.SX)
		}
		i += run
		x, y = 0, y+1
	}
}

// gatherRun copies row[at], row[at+step], ... into out, zero outside the row.
func gatherRun(out, row []float32, at, step int) {
	i := 0
	for ; i < len(out) && at < 0; i++ {
		out[i] = 0
		at += step
	}
	if step == 1 {
		if n := min(len(out)-i, len(row)-at); n > 0 {
			copy(out[i:i+n], row[at:at+n])
			i += n
		}
	} else {
		for ; i < len(out) && at < len(row); i++ {
			out[i] = row[at]
			at += step
		}
	}
	clear(out[i:])
}
