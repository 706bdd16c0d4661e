package fit

import (
	"fmt"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// Comparison is one held-out patch as the network sees it, as it gives it back,
// and as it should be; all of one size, grey or in colour as the planes are.
type Comparison struct {
	Name                 string // of the picture
	Before, After, Truth *pix.Image
	InputPSNR, PSNR      float64 // in dB; 0 where the planes do not compare
}

// How many patches are compared, and their greatest side in samples.
const (
	compared     = 6
	comparedSide = 128
)

// compare runs the averaged weights on the middles of some held-out pictures,
// damaged in the same way each time.
func (r *run) compare() ([]Comparison, error) {
	net, err := r.trainer.Averaged()
	if err != nil {
		return nil, err
	}
	x := cae.NewExec(r.ctx, cae.Runner(r.o.Env.Run), r.o.Env.Workers)
	multiple := net.Footprint().Multiple
	side := max(comparedSide/multiple, 1) * multiple
	var list []Comparison
	index := 0
	for s, err := range r.val.Centres(compared, side) {
		if err != nil {
			return nil, err
		}
		rng := train.Rand(0, -1, index) // no step of a training draws these
		index++
		w, h := s.Image.W/multiple*multiple, s.Image.H/multiple*multiple
		if w == 0 || h == 0 {
			continue
		}
		s.Image = s.Image.Crop(0, 0, w, h)
		e, err := r.o.Model.Pair(rng, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		c, err := comparison(net, x, e)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		c.Name = s.Name
		list = append(list, c)
	}
	return list, nil
}

func comparison(net *cae.Network, x *cae.Exec, e tasks.Example) (Comparison, error) {
	var in []*cae.Tensor
	k := 0
	for _, input := range net.Inputs() {
		t := cae.NewTensor(cae.Shape{N: 1, C: input.Planes, H: e.H, W: e.W})
		for c := range t.C {
			if k >= len(e.Input) || len(e.Input[k]) != e.W*e.H {
				return Comparison{}, fmt.Errorf("the model's pairs do not fit its network")
			}
			copy(t.Plane(0, c), e.Input[k])
			k++
		}
		in = append(in, t)
	}
	result, err := net.Forward(x, in...)
	if err != nil {
		return Comparison{}, err
	}
	var out [][]float32
	for c := range result.C {
		out = append(out, result.Plane(0, c))
	}
	if len(out) != len(e.Target) || len(out[0]) != len(e.Target[0]) {
		return Comparison{}, fmt.Errorf("the model's targets do not fit its network")
	}
	before := e.Input[:net.Inputs()[0].Planes]
	c := Comparison{Before: shown(before, e.W, e.H), After: shown(out, e.W, e.H), Truth: shown(e.Target, e.W, e.H)}
	if len(before) == len(out) {
		for _, plane := range out {
			for i, v := range plane {
				plane[i] = min(max(v, 0), 1)
			}
		}
		if c.InputPSNR, err = pix.PSNRPlanes(before, e.Target, 1); err != nil {
			return c, err
		}
		if c.PSNR, err = pix.PSNRPlanes(out, e.Target, 1); err != nil {
			return c, err
		}
	}
	return c, nil
}

// shown is planes as a picture: the first three in colour, or the first alone.
func shown(planes [][]float32, w, h int) *pix.Image {
	n := 1
	if len(planes) >= 3 {
		n = 3
	}
	m := pix.New(w, h, n)
	for p, to := range m.Planes {
		for i, v := range planes[p] {
			to[i] = uint16(min(max(v, 0), 1)*65535 + 0.5)
		}
	}
	return m
}
