package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// trainPixels is what a training step of the runners goes over: 16 patches of 96x96.
const trainPixels = 16 * 96 * 96

// measure does one case.
func (b *bench) measure(ctx context.Context, name string) (table, error) {
	switch name {
	case "train":
		return b.against(ctx, name, "PyTorch", trainPixels, func(*runner) (*runner, error) {
			return start(ctx, b.root, b.python, filepath.Join("bench", "torch_train.py"), "--threads", strconv.Itoa(b.threads))
		})
	case "threads":
		return b.scale(ctx)
	case "check":
		return b.check(ctx)
	}
	return b.against(ctx, name, "ONNX Runtime", b.height*b.width, func(ours *runner) (*runner, error) {
		model := filepath.Join(b.temp, name+".onnx")
		if _, err := ours.ask("export " + model); err != nil {
			return nil, err
		}
		return b.ort(ctx, model)
	})
}

// ours starts our runner.
func (b *bench) ours(ctx context.Context, name string, threads int) (*runner, error) {
	return start(ctx, b.root, b.network, "-threads", strconv.Itoa(threads), "-size", b.size, name)
}

// ort starts ONNX Runtime's runner.
func (b *bench) ort(ctx context.Context, model string) (*runner, error) {
	return start(ctx, filepath.Join(b.root, "bench", "ort"), b.node, "run.mjs", "--threads", strconv.Itoa(b.threads), "--size", b.size, model)
}

// note keeps what a runner says of itself, once.
func (b *bench) note(what string, r *runner) error {
	info, err := r.ask("info")
	if err == nil {
		b.infos = append(b.infos, what+": "+info)
	}
	return err
}

// against measures our runner of a case and the peer's, which other starts.
func (b *bench) against(ctx context.Context, name, peerName string, pixels int, other func(ours *runner) (*runner, error)) (table, error) {
	ours, err := b.ours(ctx, name, b.threads)
	if err != nil {
		return table{}, err
	}
	defer ours.close()
	peer, err := other(ours)
	if err != nil {
		return table{}, err
	}
	defer peer.close()
	for _, r := range []*runner{ours, peer} {
		if err := b.note(name, r); err != nil {
			return table{}, err
		}
	}
	p, err := b.interleave(ours, peer)
	if err != nil {
		return table{}, err
	}
	return speeds(name, peerName, p, pixels), nil
}

// scale measures our runner on one thread and on more.
func (b *bench) scale(ctx context.Context) (table, error) {
	var all table
	for _, name := range []string{"dncnn", "mark", "train"} {
		t, err := b.scaleCase(ctx, name)
		if err != nil {
			return table{}, fmt.Errorf("%s: %w", name, err)
		}
		t.rows = append(all.rows, t.rows...)
		all = t
	}
	return all, nil
}

func (b *bench) scaleCase(ctx context.Context, name string) (table, error) {
	more, err := b.ours(ctx, name, b.threads)
	if err != nil {
		return table{}, err
	}
	defer more.close()
	one, err := b.ours(ctx, name, 1)
	if err != nil {
		return table{}, err
	}
	defer one.close()
	p, err := b.interleave(more, one)
	if err != nil {
		return table{}, err
	}
	return scaling(name, b.threads, p), nil
}

// interleave takes turns; the time of a turn is the median of its runs. Every other round the sides swap,
// so that neither always follows the other.
func (b *bench) interleave(ours, peer *runner) (pairs, error) {
	var p pairs
	turn := func(r *runner, to *[]float64) error {
		ms, err := r.times(b.warm, b.runs)
		if err == nil {
			*to = append(*to, median(ms))
		}
		return err
	}
	for round := range b.rounds {
		first, second := func() error { return turn(ours, &p.ours) }, func() error { return turn(peer, &p.peers) }
		if round%2 == 1 {
			first, second = second, first
		}
		if err := first(); err != nil {
			return p, err
		}
		if err := second(); err != nil {
			return p, err
		}
	}
	return p, nil
}
