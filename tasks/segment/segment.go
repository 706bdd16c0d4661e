// Package segment is the task that says what is in a picture, sample by sample.
// Its model "damage" finds damage of old prints and films and its kinds: a
// convolutional autoencoder with skips (as in Ronneberger, Fischer and Brox,
// "U-Net", MICCAI 2015) sees the picture and says how probable each is. The
// picture itself stays as it is.
package segment

import (
	"context"
	_ "embed" // the shipped weights
	"maps"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

//go:embed damage.safetensors
var damageWeights []byte // the shipped weights

// Spec is the task for the registry.
func Spec() *tasks.Spec {
	return &tasks.Spec{
		Name:     "segment",
		Summary:  "finds scratches, dust, hairs, stains and blots of old photographs, and makes a map and a mask of them",
		Version:  1,
		Makes:    []string{"labels", "mask"},
		Keeps:    true,
		ExtrasOf: func(options any) []string { return options.(*Options).Files.files(true).suffixes() },
		Models:   models(),
		Options:  func() any { return defaults() },
		New: func(_ context.Context, env tasks.Env, options any) (tasks.Task, error) {
			o := options.(*Options)
			m, err := open(env, o.Model)
			if err != nil {
				return nil, err
			}
			return &task{env: env, model: m, options: *o, files: o.Files.files(env.Alone)}, nil
		},
	}
}

func open(env tasks.Env, name string) (*neural.Model, error) {
	return neural.Open(env, name, "segment", []int{3}, 1+kindCount)
}

type task struct {
	env     tasks.Env
	model   *neural.Model
	options Options
	files   files
}

// Cost implements tasks.Coster.
func (t *task) Cost(w, h, _ int) tasks.Cost {
	c := tasks.Cost{Once: t.model.Resident()}
	if w > 0 && h > 0 {
		n := int64(w) * int64(h)
		c.Work = t.model.CostIn(t.env, w, h) + 4*n // the classes, one byte each; the runs of a piece that covers all, four samples long
		c.Kept = 2 * 2 * n                         // labels and mask
		if t.files[overlayFile] {
			c.Kept += 3 * 2 * n
		}
	}
	return c
}

// Apply implements tasks.Task. The plane "labels" holds for each sample the index
// of its kind of damage times 257, 0 where there is none; "mask" is 65535 where
// it is of one of the chosen kinds, or no farther from one than it grows. Samples
// that cannot be seen are not damaged. The notes are the share of the picture
// that is damaged and that of each kind, in percent.
func (t *task) Apply(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	m := f.Image
	found, err := classify(ctx, t.env, t.model, &rows{m}, limits{t.options.Threshold, t.options.Certain})
	if err != nil {
		return nil, err
	}
	for i, a := range m.Alpha {
		if a == 0 {
			found.class[i] = 0
		}
	}
	out := *f
	out.Planes = maps.Clone(f.Planes)
	if out.Planes == nil {
		out.Planes = map[string]*pix.Plane{}
	}
	out.Planes["labels"], out.Planes["mask"] = found.labels(), found.mask(t.options.Classes, t.options.Grow, m.Alpha)
	out.Outputs = maps.Clone(f.Outputs)
	for k, write := range t.files {
		if write {
			if out.Outputs == nil {
				out.Outputs = map[string]*pix.Image{}
			}
			out.Outputs[fileKind(k).suffix()] = fileKind(k).picture(m, found, out.Planes)
		}
	}
	out.Notes = append(append([]tasks.Note(nil), f.Notes...), found.notes()...)
	if text := t.options.unused(t.files); t.env.Alone && text != "" {
		out.Notes = append(out.Notes, remark(text))
	}
	return &out, nil
}

// rows is a picture as the network's input: red, green and blue. Grey goes in
// three times.
type rows struct{ image *pix.Image }

// Size implements neural.Source.
func (r *rows) Size() (w, h int) { return r.image.W, r.image.H }

// ReadRow implements neural.Source.
func (r *rows) ReadRow(y int, planes [][]float32) error {
	w := r.image.W
	for p, to := range planes {
		from := r.image.Planes[p%len(r.image.Planes)][y*w : (y+1)*w]
		for x, v := range from {
			to[x] = float32(v) / 65535
		}
	}
	return nil
}
