package cae

import (
	"fmt"

	"github.com/cae-restore/restore/cae/internal/kernel"
)

// ReLU is max(0, x), element by element. Its gradient at 0 is 0.
type ReLU struct{ unary }

// LeakyReLU is x where that is above 0 and Slope*x elsewhere, Slope being at
// least 0 and below 1 (Maas, Hannun and Ng, ICML 2013). Its gradient at 0 is
// Slope.
type LeakyReLU struct {
	unary
	Slope float64 `json:"slope"`
}

// activation is a layer that a finish can take over.
type activation interface{ slope() float32 }

func (l *ReLU) slope() float32      { return 0 }
func (l *LeakyReLU) slope() float32 { return float32(l.Slope) }

// Kind implements Layer.
func (l *ReLU) Kind() string { return "relu" }

// Kind implements Layer.
func (l *LeakyReLU) Kind() string { return "leaky_relu" }

// OutShape implements Layer.
func (l *ReLU) OutShape(in ...Shape) (Shape, error) { return one("relu", in) }

// OutShape implements Layer.
func (l *LeakyReLU) OutShape(in ...Shape) (Shape, error) {
	if !(l.Slope >= 0 && l.Slope < 1) {
		return Shape{}, fmt.Errorf("leaky_relu with slope %g: it must be at least 0 and below 1", l.Slope)
	}
	return one("leaky_relu", in)
}

// Forward implements Layer.
func (l *ReLU) Forward(s *Step) []Work { return activate(s, 0) }

// Forward implements Layer.
func (l *LeakyReLU) Forward(s *Step) []Work { return activate(s, l.slope()) }

// Backward implements Layer.
func (l *ReLU) Backward(s *Step) []Work { return activateBack(s, 0) }

// Backward implements Layer.
func (l *LeakyReLU) Backward(s *Step) []Work { return activateBack(s, l.slope()) }

func activate(s *Step, slope float32) []Work {
	return []Work{elementwise(s.Out, func(k *kernel.Set, lo, hi int) {
		k.Activate(s.Out.Data[lo:hi], s.In[0].Data[lo:hi], slope)
	})}
}

func activateBack(s *Step, slope float32) []Work {
	if s.DIn[0] == nil {
		return nil
	}
	return []Work{activationGradient(s.DOut, s.Out, slope), hand(s, 0, s.DOut)}
}

// activationGradient turns the gradient with respect to an activation's output
// into that with respect to its input, in place.
func activationGradient(grad, out *Map, slope float32) Work {
	return elementwise(grad, func(k *kernel.Set, lo, hi int) {
		k.ActivateGrad(grad.Data[lo:hi], grad.Data[lo:hi], out.Data[lo:hi], slope)
	})
}

// hand sets or adds grad to the gradient of input i.
func hand(s *Step, i int, grad *Map) Work {
	return convert(s.DIn[i], grad, s.sum(i) != nil)
}
