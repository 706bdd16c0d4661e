// Training measures what restore train loses beside its own kernels: the rate of
// the whole loop, with loader, damage and bookkeeping, and the rate of steps on
// one batch that is ready. The two take turns in one process, so that whatever
// else the machine does meets both. Beside the rates it compares the processor
// time of a step, on all cores: that is not disturbed by other programs.
//
//	go run ./bench/training [-threads N] [-rounds N] [-batch N] [-patch N] DIR [TASK[:MODEL]]
//
// DIR holds pictures to learn from, of which the first round reads all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/train"
	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/all"
	"github.com/cae-restore/restore/tasks/fit"
)

func main() {
	threads := flag.Int("threads", runtime.NumCPU(), "workers that compute at the same time")
	rounds := flag.Int("rounds", 5, "how often each side is measured")
	batch := flag.Int("batch", 16, "patches a step")
	patch := flag.Int("patch", 96, "height and width of a patch")
	profile := flag.String("cpuprofile", "", "file for a profile of the loop's turns and ours")
	flag.Parse()
	if flag.NArg() < 1 || flag.NArg() > 2 || *threads < 1 || *rounds < 1 || *batch < 1 || *patch < 1 {
		fmt.Fprintln(os.Stderr, "usage: training [-threads N] [-rounds N] [-batch N] [-patch N] DIR [TASK[:MODEL]]")
		os.Exit(2)
	}
	name := "denoise"
	if flag.NArg() == 2 {
		name = flag.Arg(1)
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "training:", err)
			os.Exit(1)
		}
		defer pprof.StopCPUProfile()
	}
	runtime.GOMAXPROCS(*threads)
	if err := measure(name, flag.Arg(0), *threads, *rounds, *batch, *patch); err != nil {
		fmt.Fprintln(os.Stderr, "training:", err)
		os.Exit(1)
	}
}

// errEnough ends the training when all rounds are done.
var errEnough = errors.New("measured enough")

func measure(name, dir string, threads, rounds, batch, patch int) error {
	task, which, _ := strings.Cut(name, ":")
	spec, err := all.Registry().Lookup(task)
	if err != nil {
		return err
	}
	model, err := spec.Model(which)
	if err != nil {
		return err
	}
	out, err := os.MkdirTemp("", "restore-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	pool := pipeline.NewPool(threads)
	if err := pool.Enter(ctx); err != nil {
		return err
	}
	defer pool.Leave()
	config := train.Config{Steps: 1 << 40, Schedule: train.Constant, Rate: 1e-4, EMA: 0.999, Loss: model.Loss,
		Clip: 0.25, Batch: batch, Height: patch, Width: patch, Seed: 1}
	k, err := newKernels(ctx, pool, model, config)
	if err != nil {
		return err
	}
	c := &contest{kernels: k, rounds: rounds, stop: stop, pixels: float64(batch * patch * patch)}
	_, err = fit.Train(ctx, fit.TrainOptions{
		Spec: spec, Model: model, Data: []string{dir}, Out: out, Config: config,
		Env: tasks.Env{Run: pool.Run, Workers: pool.Workers()}, Log: c.event,
	})
	if err != nil && context.Cause(ctx) != errEnough {
		return errors.Join(err, c.err)
	}
	if c.err != nil {
		return c.err
	}
	fmt.Printf("%s, model %s, batches of %d of %dx%d, %d threads, kernels %s; medians of %d rounds\n",
		spec.Name, model.Name, batch, patch, patch, threads, cae.KernelSet(), rounds)
	fmt.Printf("kernels alone  %.3f MP/s, %.1f ms of processor time a step\nwhole loop     %.3f MP/s, %.1f ms\nshare          %.1f %% of the rate, %.1f %% by processor time\n",
		median(c.alone.rate)/1e6, median(c.alone.cpu), median(c.whole.rate)/1e6, median(c.whole.cpu), 100*median(c.share), 100*median(c.alone.cpu)/median(c.whole.cpu))
	return nil
}

// kernels takes steps on one batch, again and again.
type kernels struct {
	trainer *train.Trainer
	batch   train.Batch
}

func newKernels(ctx context.Context, pool *pipeline.Pool, model *tasks.Model, config train.Config) (*kernels, error) {
	net, err := cae.Parse(model.Network)
	if err != nil {
		return nil, err
	}
	net.Init(config.Seed)
	trainer, err := train.New(net, cae.NewExec(ctx, pool.Run, pool.Workers()), config)
	if err != nil {
		return nil, err
	}
	out, err := net.OutShape(config.Batch, config.Height, config.Width)
	if err != nil {
		return nil, err
	}
	b := train.Batch{Target: cae.NewTensor(out)}
	rng := train.Rand(config.Seed, 0, 0)
	for _, in := range net.Inputs() {
		t := cae.NewTensor(cae.Shape{N: config.Batch, C: in.Planes, H: config.Height, W: config.Width})
		for i := range t.Data {
			t.Data[i] = rng.Float32()
		}
		b.Inputs = append(b.Inputs, t)
	}
	return &kernels{trainer, b}, nil
}

// run takes steps for a while and returns how many.
func (k *kernels) run(during time.Duration) (n int, err error) {
	for begin := time.Now(); time.Since(begin) < during || n == 0; n++ {
		if _, err := k.trainer.Step(k.batch); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// side is what was measured of one side, a figure a round.
type side struct {
	rate []float64 // pixels a second
	cpu  []float64 // milliseconds a step
}

// mark is a point in time from which on steps are measured.
type mark struct {
	wall time.Time
	cpu  time.Duration
}

func now() mark { return mark{time.Now(), cpuTime()} }

// add enters steps of so many pixels since the mark.
func (s *side) add(since mark, steps int64, pixels float64) {
	s.rate = append(s.rate, float64(steps)*pixels/time.Since(since.wall).Seconds())
	s.cpu = append(s.cpu, (cpuTime()-since.cpu).Seconds()*1e3/float64(steps))
}

// contest is called by the training now and then, which waits meanwhile.
type contest struct {
	kernels *kernels
	rounds  int
	stop    context.CancelCauseFunc
	pixels  float64
	err     error

	step         int64
	since        mark // when the loop went on from step
	turns        int
	alone, whole side
	share        []float64 // of the rate, by round
}

func (c *contest) event(e fit.Event) {
	if e.Kind != "step" || c.err != nil || c.turns > c.rounds {
		return
	}
	counts := c.turns > 0 // the first turn warms both up
	if counts {
		c.whole.add(c.since, e.Step-c.step, c.pixels)
	}
	// The loader makes its batches ahead before the kernels are alone.
	_, err := c.kernels.run(time.Second)
	begin, n := now(), 0
	if err == nil {
		n, err = c.kernels.run(5 * time.Second)
	}
	if err != nil {
		c.err = err
		c.stop(errEnough)
		return
	}
	if counts {
		c.alone.add(begin, int64(n), c.pixels)
		last := len(c.alone.rate) - 1
		c.share = append(c.share, c.whole.rate[last]/c.alone.rate[last])
	}
	if c.turns++; c.turns > c.rounds {
		c.stop(errEnough)
	}
	c.step, c.since = e.Step, now()
}

func median(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return (s[len(s)/2] + s[(len(s)-1)/2]) / 2
}
