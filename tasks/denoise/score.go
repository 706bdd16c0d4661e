package denoise

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/cae-restore/restore/tasks"
)

const protocol = "Gaussian noise by a generator that is seeded by the picture's name added to sRGB samples, neither clipped nor rounded; " +
	"PSNR and SSIM over all samples and channels after clipping the output; means over the pictures."

// photoProtocol is that of tables with other damage. It explains what is in them.
func (o *ScoreOptions) photoProtocol() string {
	var parts []string
	if slices.Contains(o.Noise, Camera) {
		parts = append(parts, "Camera noise: simulated sensor noise of a level drawn for each picture by a generator that is seeded by its name, clipped and rounded to 8 bits.")
	}
	if slices.Contains(o.Noise, Gaussian) {
		parts = append(parts, "Gaussian noise: the number is its standard deviation on the scale of 0 to 255; neither clipped nor rounded unless JPEG follows.")
	}
	if slices.ContainsFunc(o.JPEG, func(q int) bool { return q != 0 }) {
		parts = append(parts, "JPEG of the quality given, 4:2:0, after the noise; its result has 8 bits.")
	}
	parts = append(parts, "PSNR and SSIM over all samples and channels after clipping the output; means over the pictures, and the lowest PSNR.")
	if slices.ContainsFunc(o.trials(), func(t trial) bool { return !t.damages() }) {
		parts = append(parts, "A PSNR above 60 dB, as of equal pictures, counts as 60. The score leaves clean pictures out, unless there is nothing else.")
	}
	return strings.Join(parts, " ")
}

// shortName is the name of a model without the task before it, in which a
// protocol names it whichever way it was asked for. A file keeps its name.
func shortName(models []tasks.Model, name string) string {
	if name == "denoise" {
		return models[0].Name
	}
	short := strings.TrimPrefix(name, "denoise:")
	if slices.ContainsFunc(models, func(m tasks.Model) bool { return m.Name == short }) {
		return short
	}
	return name
}

// mostPSNR is what the PSNR of equal pictures counts as, which is infinite.
const mostPSNR = 60

// score damages each picture in every way asked for and measures what the task
// makes of it. The one number is the mean PSNR over these ways; clean pictures,
// whose PSNR is of another order and would outweigh the rest, do not count unless
// they are alone.
func score(ctx context.Context, env tasks.Env, models []tasks.Model, name string, samples iter.Seq2[tasks.Sample, error], o *ScoreOptions) (tasks.Table, error) {
	name = weightsFor(models, name, !o.Strength.True && o.Strength.Strength.measures())
	m, err := open(env, name)
	if err != nil {
		return tasks.Table{}, err
	}
	trials := o.trials()
	if len(trials) == 0 {
		return tasks.Table{}, fmt.Errorf("no noise to score at: name kinds of noise, levels of Gaussian noise and JPEG qualities")
	}
	bench := &bench{env: env, model: m, options: o, trials: trials}
	sums := make([]sum, len(trials))
	count := 0
	for s, err := range samples {
		if err != nil {
			return tasks.Table{}, err
		}
		results, err := bench.picture(ctx, s)
		if err != nil {
			return tasks.Table{}, fmt.Errorf("%s: %w", s.Name, err)
		}
		for k, r := range results {
			sums[k].add(r)
		}
		count++
	}
	if count == 0 {
		return tasks.Table{}, fmt.Errorf("there is no picture to score on")
	}
	return o.table(shortName(models, m.Name), trials, sums, count), nil
}

// plain reports whether all damage is Gaussian noise, neither clipped nor
// rounded: the protocol of the benchmarks, which has a table of its own.
func (o *ScoreOptions) plain() bool {
	return !slices.ContainsFunc(o.Noise, func(n Noise) bool { return n != Gaussian }) &&
		!slices.ContainsFunc(o.JPEG, func(q int) bool { return q != 0 })
}

// table makes the table of the sums over count pictures.
func (o *ScoreOptions) table(weights string, trials []trial, sums []sum, count int) tasks.Table {
	measured := !o.Strength.True && o.Strength.Strength.measures()
	t := tasks.Table{Unit: "dB", Protocol: o.photoProtocol(), Columns: []string{"noise", "input_psnr", "psnr", "worst_psnr", "ssim", "pictures"}}
	if o.plain() {
		t.Protocol, t.Columns = protocol, []string{"sigma", "input_psnr", "psnr", "ssim", "pictures"}
	}
	strength, _ := o.Strength.MarshalText()
	switch {
	case o.Strength.True && o.plain():
		t.Protocol += " The network is told the true level."
	case o.Strength.True:
		t.Protocol += " The network is told the true level: the root mean square of what was added."
	case measured:
		t.Protocol += fmt.Sprintf(" Blind: the level is measured in each noisy picture (strength %s); one below %g is left as it is.", strength, leastLevel)
		t.Columns = append(t.Columns, "level_error")
	default:
		t.Protocol += fmt.Sprintf(" The network is told the level %s.", strength)
	}
	t.Protocol += " Weights: " + weights + "."
	n := float64(count)
	damaged := slices.ContainsFunc(trials, trial.damages)
	scored, counted := 0., 0.
	for k, s := range sums {
		row := []any{trials[k].sigma, round2(s.input / n), round2(s.psnr / n), round4(s.ssim / n), count}
		if !o.plain() {
			row = []any{trials[k].String(), round2(s.input / n), round2(s.psnr / n), round2(s.worst), round4(s.ssim / n), count}
		}
		if measured {
			row = append(row, round2(s.miss/n))
		}
		t.Rows = append(t.Rows, row)
		if trials[k].damages() || !damaged {
			scored += s.psnr / n
			counted++
		}
	}
	t.Score = scored / counted
	return t
}

func round4(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// result is what one picture scores; sum adds them up.
type result struct{ input, psnr, ssim, miss float64 }

type sum struct {
	result
	worst float64
	any   bool
}

func (a *sum) add(r result) {
	a.input, a.psnr, a.ssim, a.miss = a.input+r.input, a.psnr+r.psnr, a.ssim+r.ssim, a.miss+r.miss
	if !a.any || r.psnr < a.worst {
		a.worst, a.any = r.psnr, true
	}
}
