package segment

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
	"github.com/cae-restore/restore/tasks/internal/neural"
)

// How a picture is damaged for scoring.
const (
	samplesPerCover = 25000 // one piece of damage on so many samples
	leastCovers     = 2

	leastGrain, mostGrain = 4., 14. // of pictures that are not aged, see degrade.Grain
)

// agedProtocol and freshProtocol say what is done to the pictures, protocol what is
// measured.
const (
	agedProtocol = "Each picture becomes an old print by a generator that is seeded by its name: grey or brown, faded, flat, as for the training; " +
		"then one piece of damage for each 25,000 samples is laid on it, at least two, and grain, noise and JPEG follow. "
	freshProtocol = "By a generator that is seeded by the picture's name, one piece of damage for each 25,000 samples is laid on it, at least two; film grain of standard deviation 4 to 14 of 255 in mid-grey follows. "
)

const protocol = "A sample is damaged where it is covered by 0.25 and more. IoU (intersection over union, Jaccard), precision and recall over all samples of all pictures, of a kind for the samples that are said to be of it. " +
	"Share: damaged samples. False alarms: marked samples of the undamaged pictures."

// overlaysProtocol and generatedProtocol say what the damage is.
const (
	overlaysProtocol  = " The damage is the overlays held out from training, every fifth of each kind, as they are: at scales of 0.5 to 1.6, those of stains and blots of 0.2 to 0.7."
	generatedProtocol = " There were no overlays: the damage is generated, by the program that the training's is from."
)

// tally counts samples.
type tally struct{ both, found, there int64 }

func (t *tally) add(found, there bool) {
	if found {
		t.found++
	}
	if there {
		t.there++
	}
	if found && there {
		t.both++
	}
}

// ratio is a of b to four places; of nothing it is 0. percent is the same in
// percent, to three places.
func ratio(a, b int64) float64   { return rounded(a, b, 1, 1e4) }
func percent(a, b int64) float64 { return rounded(a, b, 100, 1e3) }

func rounded(a, b int64, unit, places float64) float64 {
	if b == 0 {
		return 0
	}
	return math.Round(float64(a)/float64(b)*unit*places) / places
}

func (t tally) iou() float64 { return ratio(t.both, t.found+t.there-t.both) }

// tallies are those of any damage and of each kind.
type tallies struct {
	tally     [1 + kindCount]tally
	alarms    [1 + kindCount]int64 // samples of undamaged pictures that are marked
	samples   int64
	pictures  int
	generated bool
}

// score damages each picture and compares what is found with what is there.
func score(ctx context.Context, env tasks.Env, name string, samples iter.Seq2[tasks.Sample, error], o *ScoreOptions) (tasks.Table, error) {
	m, err := open(env, name)
	if err != nil {
		return tasks.Table{}, err
	}
	if o.Write != "" {
		if err := pix.NewFolder(o.Write); err != nil {
			return tasks.Table{}, err
		}
	}
	var t tallies
	for s, err := range samples {
		if err != nil {
			return tasks.Table{}, err
		}
		if err := t.picture(ctx, env, m, s, o); err != nil {
			return tasks.Table{}, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if t.pictures == 0 {
		return tasks.Table{}, fmt.Errorf("there is no picture to score on")
	}
	return t.table(strings.TrimPrefix(m.Name, "segment:"), o), nil
}

// picture scores one picture, damaged and as it is.
func (t *tallies) picture(ctx context.Context, env tasks.Env, m *neural.Model, s tasks.Sample, o *ScoreOptions) error {
	clean := degrade.FromImage(s.Image)
	d := scoredDamage(s, clean, o)
	found, err := classify(ctx, env, m, planesOf(d.patch), o.limits())
	if err != nil {
		return err
	}
	for i, k := range found.class {
		any := false
		for j := range kinds {
			there := d.covers[j][i] >= damageFrom
			any = any || there
			t.tally[j+1].add(int(k) == j+1, there)
		}
		t.tally[0].add(k != 0, any)
	}
	if o.Write != "" {
		if err := o.write(s, &d, found); err != nil {
			return err
		}
	}
	if found, err = classify(ctx, env, m, planesOf(clean), o.limits()); err != nil {
		return err
	}
	for _, k := range found.class {
		if k != 0 {
			t.alarms[0]++
			t.alarms[k]++
		}
	}
	t.samples += int64(len(found.class))
	t.pictures++
	t.generated = t.generated || !scoredSource(s).overlays.any()
	return nil
}

// scoredSource is the damage to score on: overlays that no training has seen.
func scoredSource(s tasks.Sample) source {
	return source{overlays: overlaysOf(s.Assets[overlaysName], true), overlaid: 1}
}

// scoredDamage damages a picture. The same name and seed give the same damage.
func scoredDamage(s tasks.Sample, clean degrade.Patch, o *ScoreOptions) damaged {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s", o.Seed, s.Name) // a hash never fails
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	from, pieces := scoredSource(s), max(leastCovers, clean.W*clean.H/samplesPerCover)
	if o.Aged {
		return from.damage(rng, clean, pieces)
	}
	d := from.lay(rng, clean.Clone(), pieces)
	grain := degrade.DrawGrain(rng)
	grain.Sigma = leastGrain + (mostGrain-leastGrain)*rng.Float64()
	degrade.Sequence{grain, degrade.EightBit{}}.Apply(rng, d.patch)
	return d
}

func planesOf(p degrade.Patch) *neural.Planes {
	return &neural.Planes{W: p.W, H: p.H, Data: p.InColour()}
}

// table makes the table of the sums over all pictures.
func (t *tallies) table(weights string, o *ScoreOptions) tasks.Table {
	out := tasks.Table{
		Protocol: agedProtocol + protocol,
		Columns:  []string{"damage", "iou", "precision", "recall", "share_percent", "false_alarms_percent", "pictures"},
		Score:    t.tally[0].iou(),
		Unit:     "IoU",
	}
	if !o.Aged {
		out.Protocol = freshProtocol + protocol
	}
	if t.generated {
		out.Protocol += generatedProtocol
	} else {
		out.Protocol += overlaysProtocol
	}
	out.Protocol += fmt.Sprintf(" Threshold %g, certain %g. Weights: %s.", o.Threshold, max(o.Threshold, o.Certain), weights)
	for k, a := range t.tally {
		name := "any"
		if k > 0 {
			name = kind(k).String()
		}
		out.Rows = append(out.Rows, []any{name, a.iou(), ratio(a.both, a.found), ratio(a.both, a.there), percent(a.there, t.samples), percent(t.alarms[k], t.samples), t.pictures})
	}
	return out
}
