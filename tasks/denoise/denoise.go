// Package denoise is the task that takes the noise out of photographs: a
// convolutional autoencoder sees the picture and a map of its noise level (as in
// Zhang, Zuo and Zhang, "FFDNet", IEEE TIP 2018) and says what to correct.
package denoise

import (
	"context"
	_ "embed" // the shipped weights
	"math"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

// The shipped weights.
var (
	//go:embed fast.safetensors
	fastWeights []byte
	//go:embed best.safetensors
	bestWeights []byte
	//go:embed fast-photo.safetensors
	fastPhotoWeights []byte
	//go:embed best-photo.safetensors
	bestPhotoWeights []byte
)

// Spec is the task for the registry.
func Spec() *tasks.Spec {
	list := models()
	return &tasks.Spec{
		Name:    "denoise",
		Summary: "takes noise and grain out, as strong as it measures it in each picture",
		Version: 1,
		Models:  list,
		Options: func() any { return &Options{Strength: Auto, Model: "fast"} },
		New: func(_ context.Context, env tasks.Env, options any) (tasks.Task, error) {
			o := options.(*Options)
			m, err := open(env, weightsFor(list, o.Model, o.Strength.measures()))
			if err != nil {
				return nil, err
			}
			return &task{env: env, model: m, strength: o.Strength}, nil
		},
	}
}

func open(env tasks.Env, name string) (*neural.Model, error) {
	return neural.Open(env, name, "denoise", []int{3, 1}, 3)
}

type task struct {
	env      tasks.Env
	model    *neural.Model
	strength Strength
}

// levelBytes is what EstimateLevel takes at most, whatever the picture's size.
const levelBytes = 32 << 20

// Cost implements tasks.Coster. The level is measured before the network runs.
func (t *task) Cost(w, h, _ int) tasks.Cost {
	c := tasks.Cost{Once: t.model.Resident()}
	if w > 0 && h > 0 {
		c.Work = t.model.CostIn(t.env, w, h)
		if t.strength.measures() {
			c.Work = max(c.Work, levelBytes)
		}
	}
	return c
}

// Apply implements tasks.Task. Its notes are "measured", the standard deviation
// of the noise on the scale of 0 to 255, where the strength depends on it;
// "level", what the network was told; "share", how much of its correction was
// taken where that is not all; and "model", the weights used, or "clean" where the
// picture was left as it was.
func (t *task) Apply(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	var notes []tasks.Note
	note := func(key string, value any) {
		notes = append(notes, tasks.Note{Step: "denoise", Key: key, Value: value})
	}
	d := t.strength.decide(func() float64 {
		if twoTones(f.Image) { // what was black and white is no noise
			return 0
		}
		return EstimateLevel(f.Image)
	})
	if t.strength.measures() {
		note("measured", round2(d.measured))
	}
	note("level", round2(d.level))
	if d.clean {
		note("clean", true)
		out := *f
		out.Notes = append(append([]tasks.Note(nil), f.Notes...), notes...)
		return &out, nil
	}
	if d.share < 1 {
		note("share", round2(d.share))
	}
	note("model", t.model.Name)
	m := f.Image.Like()
	if err := t.model.Stream(ctx, t.env, &rows{f.Image, d.level}, &corrected{m, f.Image, float32(d.share), f.Image.Neutral()}); err != nil {
		return nil, err
	}
	return f.With(m, notes...), nil
}

func round2(v float64) float64 { return math.Round(v*100) / 100 }

// rows is a picture as the network's inputs: red, green, blue and the level. Grey
// goes in three times.
type rows struct {
	image *pix.Image
	level float64
}

// Size implements neural.Source.
func (r *rows) Size() (w, h int) { return r.image.W, r.image.H }

// ReadRow implements neural.Source.
func (r *rows) ReadRow(y int, planes [][]float32) error {
	w := r.image.W
	for p := range 3 {
		from := r.image.Planes[p%len(r.image.Planes)][y*w : (y+1)*w]
		for x, v := range from {
			planes[p][x] = float32(v) / 65535
		}
	}
	fill(planes[3], float32(r.level/255))
	return nil
}

// corrected is a place for the network's output, of which share is taken, the rest
// of the picture before. Where it is neutral, all planes get the mean of the three.
type corrected struct {
	image, before *pix.Image
	share         float32
	neutral       bool
}

// WriteRow implements neural.Sink.
func (r *corrected) WriteRow(y int, planes [][]float32) error {
	w := r.image.W
	if r.neutral {
		for x := range w {
			planes[0][x] = (planes[0][x] + planes[1][x] + planes[2][x]) / 3
		}
	}
	for p, plane := range r.image.Planes {
		from := planes[p]
		if r.neutral {
			from = planes[0]
		}
		to, old := plane[y*w:(y+1)*w], r.before.Planes[p][y*w:(y+1)*w]
		for x := range to {
			v := from[x]
			if r.share < 1 {
				v = float32(old[x])/65535*(1-r.share) + v*r.share
			}
			to[x] = sample(v)
		}
	}
	return nil
}

// twoTones reports whether a picture has two colours or fewer, as faxes and
// drawings have that were scanned in black and white.
func twoTones(m *pix.Image) bool {
	n := len(m.Planes)
	colour := func(i int) [3]uint16 { return [3]uint16{m.Planes[0][i], m.Planes[1%n][i], m.Planes[2%n][i]} }
	first, second := colour(0), colour(0)
	for i := range m.Planes[0] {
		switch c := colour(i); {
		case c == first, c == second:
		case first == second:
			second = c
		default:
			return false
		}
	}
	return true
}

func sample(v float32) uint16 {
	return uint16(min(max(v, 0), 1)*65535 + 0.5)
}

func fill(row []float32, v float32) {
	for i := range row {
		row[i] = v
	}
}
