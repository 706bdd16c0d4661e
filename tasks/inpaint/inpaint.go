// Package inpaint is the task that fills holes in photographs: scratches, dust,
// writing, things that are not to be there. A membrane is spanned over each hole,
// and a convolutional autoencoder that sees it beside the mask corrects it. Large
// holes are filled at coarser scales first.
package inpaint

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

// Spec is the task for the registry.
func Spec() *tasks.Spec {
	list := models()
	return &tasks.Spec{
		Name:    "inpaint",
		Summary: "fills what a mask marks (scratches, writing, things) with what may have been there",
		Version: 1,
		NeedsOf: func(options any) []string {
			if o := options.(*Options); o.Holes.Alpha || o.Holes.Keyed {
				return nil
			}
			return []string{"mask"}
		},
		Models:  list,
		Options: func() any { return &Options{Texture: true, Model: list[0].Name} },
		New: func(_ context.Context, env tasks.Env, options any) (tasks.Task, error) {
			o := options.(*Options)
			if err := o.check(); err != nil {
				return nil, err
			}
			m, err := open(env, o.Model)
			if err != nil {
				return nil, err
			}
			return &task{env: env, model: m, options: *o}, nil
		},
	}
}

func open(env tasks.Env, name string) (*neural.Model, error) {
	return neural.Open(env, name, "inpaint", []int{3, 1}, 3)
}

type task struct {
	env     tasks.Env
	model   *neural.Model
	options Options
}

// Cost implements tasks.Coster.
func (t *task) Cost(w, h, planes int) tasks.Cost {
	c := tasks.Cost{Once: t.model.Resident()}
	if w > 0 && h > 0 {
		c.Work = costOf(t.model, w, h, planes, t.env.Workers)
	}
	return c
}

// costOf is the memory of filling a picture: its holes at all scales and while
// they grow, the coarser scales of its planes, the list of the samples of one hole,
// and the windows; or, afterwards, the levels of a search for texture.
func costOf(m *neural.Model, w, h, planes, workers int) int64 {
	n := int64(w) * int64(h)
	const side = tileSide + 2*wideMargin
	windows := m.WindowsCost(side, side, workers) + int64(workers)*side*side*4*12
	const textureBytes = 60 // of a sample that is searched, at all levels
	return 3*n + 4*n + max(n*int64(planes)*4/3+windows, n+min(n, mostArea)*textureBytes)
}

// Apply implements tasks.Task. Its notes are "filled", how much of the picture was
// filled, in percent, and "model"; "filled" alone, of 0, where there was no hole,
// with a remark where somebody said that there is one. Where most of the picture was
// filled, a remark says so.
func (t *task) Apply(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	found, err := t.options.find(f)
	if err != nil {
		return nil, err
	}
	found = found.dilate(t.options.Dilate)
	n := found.count()
	share := tasks.Note{Step: "inpaint", Key: "filled", Value: percent(n, len(found.at)), Unit: "%"}
	switch n {
	case 0:
		out := *f
		out.Notes = append(slices.Clone(f.Notes), share)
		if remark := t.options.unused(slices.Contains(t.env.Given, "mask")); remark != "" {
			out.Notes = append(out.Notes, tasks.Note{Step: "inpaint", Key: tasks.Remark, Value: remark})
		}
		return &out, nil
	case len(found.at):
		return nil, fmt.Errorf("%w: its holes cover the whole picture, so there is nothing to fill them from", tasks.ErrInput)
	}
	m := f.Image.Like()
	for p, plane := range f.Image.Planes {
		copy(m.Planes[p], plane)
	}
	c := &completer{env: t.env, model: t.model, scales: pyramid(f.Image, found), out: m, grey: f.Image.Neutral()}
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	if t.options.Texture {
		x := &texturer{env: t.env, out: m, holes: found}
		if err := x.run(ctx); err != nil {
			return nil, err
		}
	}
	if t.options.Feather > 0 {
		fade(m, f.Image, found.inside(t.options.Feather), t.options.Feather)
	}
	if t.options.Holes.Alpha {
		m.Alpha = opaque(m.Alpha, found)
	}
	out := f.With(m, share, tasks.Note{Step: "inpaint", Key: "model", Value: t.model.Name})
	if float64(n) > mostFilled*float64(len(found.at)) {
		out.Notes = append(out.Notes, tasks.Note{Step: "inpaint", Key: tasks.Remark,
			Value: fmt.Sprintf("%.0f %% of the picture were filled, so that most of it is made up: white marks what is to go, black what stays", share.Value)})
	}
	return out, nil
}

// mostFilled is the share of a picture that nobody means to have filled: the mask is
// the wrong way round.
const mostFilled = 0.6

// fade mixes what was there into what was filled in, near the border of the holes.
func fade(m, before *pix.Image, steps []uint8, feather int) {
	whole := uint32(feather + 1)
	for p, plane := range m.Planes {
		old := before.Planes[p]
		for i, s := range steps {
			if s != 0 && uint32(s) < whole {
				plane[i] = uint16((uint32(plane[i])*uint32(s) + uint32(old[i])*(whole-uint32(s)) + whole/2) / whole)
			}
		}
	}
}

// percent is n of all, rounded to what a report can show.
func percent(n, all int) float64 {
	return math.Round(1e5*float64(n)/float64(all)) / 1e3
}
