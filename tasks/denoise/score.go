package denoise

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

const protocol = "Gaussian noise by a seeded generator added to sRGB samples, neither clipped nor rounded; " +
	"PSNR and SSIM over all samples and channels after clipping the output; means over the pictures."

// score adds noise of each level to each picture and measures what the network
// makes of it. The one number is the mean PSNR over the levels.
func score(ctx context.Context, env tasks.Env, name string, samples iter.Seq2[tasks.Sample, error], options any) (tasks.Table, error) {
	o := options.(*ScoreOptions)
	m, err := open(env, name)
	if err != nil {
		return tasks.Table{}, err
	}
	t := tasks.Table{Protocol: protocol, Columns: []string{"sigma", "input_psnr", "psnr", "ssim", "pictures"}}
	blind := o.Strength == "auto"
	if blind {
		t.Protocol += " Blind: the level is measured in each noisy picture."
		t.Columns = append(t.Columns, "level_error")
	} else {
		t.Protocol += " The network is told the true level."
	}
	sums := make([]sum, len(o.Sigma))
	index := 0
	for s, err := range samples {
		if err != nil {
			return t, err
		}
		clean := planesOf(s.Image)
		for k, sigma := range o.Sigma {
			rng := rand.New(rand.NewPCG(uint64(o.Seed)<<32|uint64(index), uint64(sigma*1000)))
			if err := sums[k].add(ctx, env, m, rng, clean, s.Image, sigma, blind); err != nil {
				return t, fmt.Errorf("%s: %w", s.Name, err)
			}
		}
		index++
	}
	if index == 0 {
		return t, fmt.Errorf("there is no picture to score on")
	}
	for k, sigma := range o.Sigma {
		n := float64(index)
		row := []any{sigma, round2(sums[k].input / n), round2(sums[k].psnr / n), round4(sums[k].ssim / n), index}
		if blind {
			row = append(row, round2(sums[k].miss/n))
		}
		t.Rows = append(t.Rows, row)
		t.Score += sums[k].psnr / n / float64(len(o.Sigma))
	}
	return t, nil
}

func round4(v float64) float64 { return math.Round(v*1e4) / 1e4 }

type sum struct{ input, psnr, ssim, miss float64 }

func (a *sum) add(ctx context.Context, env tasks.Env, m *neural.Model, rng *rand.Rand, clean [][]float32, image *pix.Image, sigma float64, blind bool) error {
	noisy := addNoise(rng, clean, sigma)
	if blind {
		level := estimateLevel(noisy[:3], image.W, image.H)
		a.miss += max(level-sigma, sigma-level)
		fill(noisy[3], float32(level/255))
	}
	in := &neural.Planes{W: image.W, H: image.H, Data: noisy}
	out := neural.NewPlanes(image.W, image.H, 3)
	if err := m.Stream(ctx, env, in, out); err != nil {
		return err
	}
	for _, plane := range out.Data {
		for i, v := range plane {
			plane[i] = min(max(v, 0), 1)
		}
	}
	before, err := pix.PSNRPlanes(noisy[:3], clean, 1)
	if err != nil {
		return err
	}
	after, err := pix.PSNRPlanes(out.Data, clean, 1)
	if err != nil {
		return err
	}
	similar, err := pix.SSIMPlanes(out.Data, clean, image.W, image.H, 1)
	if err != nil {
		return err
	}
	a.input, a.psnr, a.ssim = a.input+before, a.psnr+after, a.ssim+similar
	return nil
}
