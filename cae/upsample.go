package cae

import (
	"fmt"

	"github.com/cae-restore/restore/cae/internal/kernel"
)

// Upsample repeats each sample Factor times along rows and columns (nearest
// neighbour).
type Upsample struct {
	Factor int `json:"factor"`
}

// Kind implements Layer.
func (l *Upsample) Kind() string { return "upsample" }

// OutShape implements Layer.
func (l *Upsample) OutShape(in ...Shape) (Shape, error) {
	s, err := one("upsample", in)
	if err != nil {
		return s, err
	}
	if l.Factor < 1 || l.Factor > 64 {
		return s, fmt.Errorf("upsample by %d: it must be between 1 and 64", l.Factor)
	}
	return Shape{s.N, s.C, s.H * l.Factor, s.W * l.Factor}, nil
}

// Window implements Layer.
func (l *Upsample) Window(int) Window {
	return Window{Kernel: l.Factor, Stride: 1, Pad: l.Factor - 1, Up: l.Factor}
}

// Layout implements Layer.
func (l *Upsample) Layout(bool) (in, out Layout) { return Blocked, Blocked }

// Params implements Layer.
func (l *Upsample) Params() []*Param { return nil }

// MACs implements Layer.
func (l *Upsample) MACs(...Shape) int64 { return 0 }

// Forward implements Layer.
func (l *Upsample) Forward(s *Step) []Work {
	in, out, f := s.In[0], s.Out, l.Factor
	return []Work{{N: out.N * out.blocks() * in.H, Do: func(_ []float32, i int) {
		n, b, y := i/(out.blocks()*in.H), i/in.H%out.blocks(), i%in.H
		from := in.Data[in.at(n, b, y, 0):][:in.W*lanes]
		first := out.Data[out.at(n, b, y*f, 0):][:out.W*lanes]
		for x := range in.W {
			for j := range f {
				copy(first[(x*f+j)*lanes:][:lanes], from[x*lanes:])
			}
		}
		for j := 1; j < f; j++ {
			copy(out.Data[out.at(n, b, y*f+j, 0):], first)
		}
	}}}
}

// Backward implements Layer.
func (l *Upsample) Backward(s *Step) []Work {
	if s.DIn[0] == nil {
		return nil
	}
	din, grad, f := s.DIn[0], s.DOut, l.Factor
	return []Work{{N: din.N * din.blocks() * din.H, Do: func(_ []float32, i int) {
		k := kernel.Active()
		n, b, y := i/(din.blocks()*din.H), i/din.H%din.blocks(), i%din.H
		to := din.Data[din.at(n, b, y, 0):][:din.W*lanes]
		if s.sum(0) == nil {
			clear(to)
		}
		for v := range f {
			row := grad.Data[grad.at(n, b, y*f+v, 0):][:grad.W*lanes]
			for x := range din.W {
				for j := range f {
					k.Add(to[x*lanes:(x+1)*lanes], row[(x*f+j)*lanes:][:lanes])
				}
			}
		}
	}}}
}
