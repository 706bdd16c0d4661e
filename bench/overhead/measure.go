package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/all"
)

// stages are seconds of processor time that the work itself takes.
type stages struct{ decode, network, encode, again float64 }

func (s stages) add(t stages) stages {
	return stages{s.decode + t.decode, s.network + t.network, s.encode + t.encode, s.again + t.again}
}

func (s stages) scale(f float64) stages {
	return stages{s.decode * f, s.network * f, s.encode * f, s.again * f}
}

func (s stages) sum() float64 { return s.decode + s.network + s.encode + s.again }

// run is one run over all pictures.
type run struct {
	work    stages  // of all pictures, as measured beside the run
	cpu     float64 // seconds of processor time that the process took
	wall    float64 // seconds
	delay   float64 // seconds in which its threads waited for a processor
	current float64 // seconds of a second run, with nothing to do
}

// open opens the chain on so many workers.
func (b *bench) open(ctx context.Context, jobs int) (*pipeline.Chain, *pipeline.Pool, error) {
	chain, err := pipeline.Parse(all.Registry(), b.pipeline)
	if err != nil {
		return nil, nil, err
	}
	pool := pipeline.NewPool(jobs)
	return chain, pool, chain.Open(ctx, tasks.Env{Run: pool.Run, Workers: pool.Workers(), Memory: pipeline.Workspace(b.memory, jobs)})
}

// work measures the work alone, for one picture on the average: on one thread,
// from memory to memory, with nothing else in the process but the collector,
// whose own threads do not count.
func (b *bench) work(ctx context.Context, files []string, round int) (mean stages, err error) {
	chain, pool, err := b.open(ctx, 1)
	if err != nil {
		return mean, err
	}
	if err := pool.Enter(ctx); err != nil {
		return mean, err
	}
	defer pool.Leave()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const warm = 5 // pictures that do not count: memory, the encoder's runtime
	for i := range warm + b.sample {
		// Files far apart, and others in every round.
		name := files[(i*7919+round*131)%len(files)]
		data, err := os.ReadFile(name)
		if err != nil {
			return mean, err
		}
		s, err := once(ctx, chain, data)
		if err != nil {
			return mean, fmt.Errorf("%s: %w", name, err)
		}
		if i >= warm {
			mean = mean.add(s.scale(1 / float64(b.sample)))
		}
	}
	return mean, nil
}

// once does the work on one file.
func once(ctx context.Context, chain *pipeline.Chain, data []byte) (s stages, err error) {
	start := threadSeconds()
	lap := func() float64 {
		before := start
		start = threadSeconds()
		return start - before
	}
	m, err := pix.Decode(bytes.NewReader(data), pix.DefaultLimits)
	if err != nil {
		return s, err
	}
	s.decode = lap()
	f, err := chain.Process(ctx, &tasks.Frame{Name: "picture", Image: m})
	if err != nil {
		return s, err
	}
	s.network = lap()
	var out bytes.Buffer
	if err := pix.Encode(&out, f.Image, pix.EncodeOptions{}); err != nil {
		return s, err
	}
	s.encode = lap()
	if _, err := pix.Decode(bytes.NewReader(out.Bytes()), pix.DefaultLimits); err != nil {
		return s, err
	}
	s.again = lap()
	return s, nil
}

// run takes all pictures through the pipeline, as the command line does, and
// then once more.
func (b *bench) run(ctx context.Context, in, out string, jobs int) (r run, err error) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(b.memory - pipeline.OutsideHeap))
	pass := func() (report pipeline.Report, err error) {
		chain, pool, err := b.open(ctx, jobs)
		if err != nil {
			return report, err
		}
		source, err := pipeline.NewFolder([]string{in}, pipeline.FolderOptions{Out: out})
		if err != nil {
			return report, err
		}
		sink, err := pipeline.NewDirSink(out)
		if err != nil {
			return report, err
		}
		o := pipeline.Options{Pool: pool, Memory: b.memory, Ledger: &pipeline.Ledger{Out: out}}
		return pipeline.Run(ctx, o, chain, source, sink, nil)
	}
	runtime.GC()
	cpu, delay, start := processSeconds(), delaySeconds(), time.Now()
	report, err := pass()
	r.wall, r.cpu, r.delay = time.Since(start).Seconds(), processSeconds()-cpu, delaySeconds()-delay
	if err == nil && report.Restored != b.count {
		err = fmt.Errorf("%d pictures went in, %d came out", b.count, report.Restored)
	}
	if err != nil {
		return r, err
	}
	start = time.Now()
	report, err = pass()
	r.current = time.Since(start).Seconds()
	if err == nil && report.Restored > 0 {
		err = fmt.Errorf("%d pictures were made again", report.Restored)
	}
	return r, err
}
