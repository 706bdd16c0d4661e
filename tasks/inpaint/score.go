package inpaint

import (
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/degrade"
)

// ScoreOptions are the options of scoring.
type ScoreOptions struct {
	Holes Kinds  `opt:"holes" help:"kinds of holes to score at, joined by commas: scratches (1 to 3 samples wide), strokes (8 to 20) and boxes (of 40 to 80)" values:"scratches|strokes|boxes"`
	Crop  bool   `opt:"crop" help:"score on the middle 768x512 samples (upright 512x768) of the pictures that are large enough; false: on whole pictures of any size"`
	Write string `opt:"write" help:"folder, for looking and for comparing with other programs: each picture as KIND/NAME.truth.png, its holes as .mask.png, with grey in the holes as .holes.png, and filled as .filled.png"`
	Seed  int    `opt:"seed" help:"seed of the holes" min:"0" max:"1000000000"`
}

// Kind is a kind of holes.
type Kind string

// The kinds of holes.
const (
	Scratches Kind = "scratches"
	Strokes   Kind = "strokes"
	Boxes     Kind = "boxes"
)

// Kinds is a list of kinds.
type Kinds []Kind

// UnmarshalText reads kinds joined by commas.
func (k *Kinds) UnmarshalText(text []byte) error {
	var list Kinds
	for _, word := range strings.Split(string(text), ",") {
		switch kind := Kind(strings.TrimSpace(word)); kind {
		case Scratches, Strokes, Boxes:
			list = append(list, kind)
		default:
			return fmt.Errorf("%q is none of scratches, strokes, boxes", word)
		}
	}
	*k = list
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (k Kinds) MarshalText() ([]byte, error) {
	var words []string
	for _, kind := range k {
		words = append(words, string(kind))
	}
	return []byte(strings.Join(words, ",")), nil
}

func defaultScore() *ScoreOptions {
	return &ScoreOptions{Holes: Kinds{Scratches, Strokes, Boxes}, Crop: true}
}

// The protocol: the size of the part that is scored, and how many holes of each
// kind it has. Other sizes have as many for their area, and at least one.
const (
	cropLong, cropShort               = 768, 512
	scratchCount, strokeCount         = 18, 8
	boxCount, leastScored, mostScored = 4, 40, 80
)

const protocol = "Each kind of holes by itself, by a generator that is seeded by the picture's name: in 768x512 samples 18 scratches of 1 to 3 samples' width, 8 strokes of 8 to 20, 4 boxes with sides of 40 to 80. " +
	"PSNR over the samples in holes and all channels, of 8-bit pictures; means over the pictures. \"membrane\" is what the network begins with."

// draw makes the holes of a kind.
func (k Kind) draw(rng *rand.Rand, w, h int) holes {
	m := newHoles(w, h)
	times := func(n int, f func()) {
		for range max(1, (n*w*h+cropLong*cropShort/2)/(cropLong*cropShort)) {
			f()
		}
	}
	switch k {
	case Scratches:
		times(scratchCount, func() { m.scratch(rng) })
	case Strokes:
		times(strokeCount, func() { m.stroke(rng) })
	default:
		times(boxCount, func() { m.box(rng, min(leastScored, w/2, h/2), min(mostScored, w/2, h/2)) })
	}
	return m
}

// crop is the middle of a picture that is large enough for the protocol, else
// nil.
func crop(m *pix.Image) *pix.Image {
	w, h := cropLong, cropShort
	if m.H > m.W {
		w, h = h, w
	}
	if m.W < w || m.H < h {
		return nil
	}
	out := pix.New(w, h, len(m.Planes))
	out.Meta = pix.Meta{Format: m.Meta.Format, Depth: m.Meta.Depth}
	x0, y0 := (m.W-w)/2, (m.H-h)/2
	for p, plane := range out.Planes {
		for y := range h {
			copy(plane[y*w:(y+1)*w], m.Planes[p][(y0+y)*m.W+x0:])
		}
	}
	return out
}

// score makes holes in each picture, fills them, and measures what is in them.
func score(ctx context.Context, env tasks.Env, name string, samples iter.Seq2[tasks.Sample, error], options any) (tasks.Table, error) {
	o := options.(*ScoreOptions)
	model, err := open(env, name)
	if err != nil {
		return tasks.Table{}, err
	}
	if o.Write != "" {
		if err := pix.NewFolder(o.Write); err != nil {
			return tasks.Table{}, err
		}
	}
	if len(o.Holes) == 0 {
		return tasks.Table{}, fmt.Errorf("no kind of holes to score at")
	}
	whole := !o.Crop
	if o.Crop { // where no picture is large enough, all are scored as they are
		whole = true
		for s, err := range samples {
			if err != nil {
				return tasks.Table{}, err
			}
			if crop(s.Image) != nil {
				whole = false
				break
			}
		}
	}
	t := &task{env: env, model: model}
	sums := make([]sum, len(o.Holes))
	for s, err := range samples {
		if err != nil {
			return tasks.Table{}, err
		}
		m := s.Image
		if !whole {
			if m = crop(m); m == nil {
				continue
			}
		}
		if min(m.W, m.H) < 8 {
			continue // a hole would be all of it
		}
		for k, kind := range o.Holes {
			if err := o.trial(ctx, t, kind, s.Name, m, &sums[k]); err != nil {
				return tasks.Table{}, fmt.Errorf("%s: %w", s.Name, err)
			}
		}
	}
	if sums[0].n == 0 {
		return tasks.Table{}, fmt.Errorf("there is no picture to score on")
	}
	return o.table(name, sums), nil
}

// sum adds the results of a kind.
type sum struct {
	before, after, worst float64
	n                    int
}

func (o *ScoreOptions) table(name string, sums []sum) tasks.Table {
	t := tasks.Table{Unit: "dB", Protocol: protocol + " Weights: " + strings.TrimPrefix(name, "inpaint:") + ".", Columns: []string{"holes", "membrane_psnr", "psnr", "worst_psnr", "pictures"}}
	for k, s := range sums {
		n := float64(s.n)
		t.Rows = append(t.Rows, []any{string(o.Holes[k]), round2(s.before / n), round2(s.after / n), round2(s.worst), s.n})
		t.Score += s.after / n / float64(len(sums))
	}
	return t
}

func round2(v float64) float64 { return math.Round(v*100) / 100 }

// trial makes holes of a kind in a picture, fills them as the task does, and adds
// the result.
func (o *ScoreOptions) trial(ctx context.Context, t *task, kind Kind, name string, m *pix.Image, to *sum) error {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%d/%s/%s", o.Seed, kind, name)
	mask := kind.draw(rand.New(rand.NewPCG(hash.Sum64(), 0)), m.W, m.H)
	spoilt := m.Like()
	plane := &pix.Plane{W: m.W, H: m.H, Pix: make([]uint16, m.W*m.H)}
	for i, d := range mask.at {
		if d != 0 {
			plane.Pix[i] = 65535
		}
		for p := range m.Planes {
			if spoilt.Planes[p][i] = m.Planes[p][i]; d != 0 {
				spoilt.Planes[p][i] = 128 * 257
			}
		}
	}
	f, err := t.Apply(ctx, &tasks.Frame{Name: name, Image: spoilt, Planes: map[string]*pix.Plane{"mask": plane}})
	if err != nil {
		return err
	}
	v := &window{w: m.W, h: m.H, planes: degrade.FromImage(spoilt).Planes, hole: mask.at, scale: 255}
	v.fill()
	var before, after float64
	for p, truth := range m.Planes {
		for _, i := range v.list {
			want := math.Round(float64(truth[i]) / 257)
			for _, r := range []struct {
				got float64
				sum *float64
			}{{float64(v.planes[p][i]) * 255, &before}, {float64(f.Image.Planes[p][i]) / 257, &after}} {
				d := math.Round(min(max(r.got, 0), 255)) - want
				*r.sum += d * d
			}
		}
	}
	n := float64(len(v.list) * len(m.Planes))
	in, out := psnr(before/n), psnr(after/n)
	to.before, to.after = to.before+in, to.after+out
	if to.n == 0 || out < to.worst {
		to.worst = out
	}
	to.n++
	if o.Write == "" {
		return nil
	}
	return o.write(kind, name, m, plane, spoilt, f.Image)
}

// psnr is that of a mean squared error on the scale of 0 to 255; equal samples
// count as 60 dB.
func psnr(mse float64) float64 {
	return min(60, 10*math.Log10(255*255/max(mse, 1e-12)))
}
