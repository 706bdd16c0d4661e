// Overhead measures what a run over many small pictures costs beside the work
// itself. It cuts photographs into JPEGs of 256x256 and takes them through
// `denoise` as the command line does, with its ledger; in turns with that, it
// does only the work on some of them: decode, network, encode, decode
// again, on one thread and in memory.
//
//	go run ./bench/overhead [-count N] [-rounds N] [-jobs N] [-sample N] [-cpuprofile FILE] [-dir DIR] PHOTOS
//
// PHOTOS is a folder of JPEG or PNG pictures, such as $DATA/photos/val. README.md
// beside this file says how the figures come about.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// bench is one sitting.
type bench struct {
	out      io.Writer
	photos   string
	dir      string // for pictures and outputs
	pipeline string
	count    int // pictures
	side     int // samples of a side
	sample   int // pictures on which the work alone is measured, in each round
	rounds   int
	jobs     int
	memory   int64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := &bench{out: os.Stdout, side: 256, memory: 4 << 30}
	flag.IntVar(&b.count, "count", 10000, "pictures")
	flag.IntVar(&b.sample, "sample", 200, "pictures on which the work alone is measured, each round")
	flag.IntVar(&b.rounds, "rounds", 3, "runs over all pictures, by each number of workers")
	flag.IntVar(&b.jobs, "jobs", runtime.NumCPU(), "workers")
	flag.StringVar(&b.pipeline, "pipeline", "denoise:strength=25", "what the pictures go through")
	flag.StringVar(&b.dir, "dir", "", "folder on the disk that pictures and outputs are to lie on (default: the system's temporary folder)")
	profile := flag.String("cpuprofile", "", "write a profile of the runs to this `file`")
	flag.Parse()
	if flag.NArg() != 1 || b.count < 1 || b.rounds < 1 || b.jobs < 1 || b.sample < 1 {
		fmt.Fprintln(os.Stderr, "usage: overhead [-count N] [-rounds N] [-jobs N] [-sample N] [-pipeline PIPELINE] [-cpuprofile FILE] [-dir DIR] PHOTOS")
		os.Exit(2)
	}
	b.photos = flag.Arg(0)
	if err := b.profiled(ctx, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "overhead:", err)
		os.Exit(1)
	}
}

func (b *bench) profiled(ctx context.Context, name string) (err error) {
	if name == "" {
		return b.do(ctx)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return b.do(ctx)
}

func (b *bench) do(ctx context.Context) (err error) {
	temp, err := os.MkdirTemp(b.dir, "restore-overhead-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	in, out := filepath.Join(temp, "in"), filepath.Join(temp, "out")
	files, err := makePictures(b.photos, in, b.count, b.side)
	if err != nil {
		return err
	}
	numbers := []int{b.jobs}
	if b.jobs > 1 {
		numbers = []int{1, b.jobs}
	}
	sittings := make([]sitting, len(numbers))
	for round := range b.rounds {
		for i, jobs := range numbers {
			fmt.Fprintf(os.Stderr, "overhead: round %d of %d, %d workers\n", round+1, b.rounds, jobs)
			s := &sittings[i]
			s.jobs = jobs
			// The work alone is measured before and after each run: what else the
			// machine does changes the speed of its processors, too.
			first, err := b.work(ctx, files, round)
			if err != nil {
				return err
			}
			r, err := b.run(ctx, in, out, jobs)
			if err != nil {
				return err
			}
			last, err := b.work(ctx, files, round+b.rounds)
			if err != nil {
				return err
			}
			r.work = first.add(last).scale(0.5 * float64(b.count))
			s.runs = append(s.runs, r)
			if err := os.RemoveAll(out); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(b.out, "%s/%s; %d pictures of %dx%d, %d rounds, %s.\n\n%s", runtime.GOOS, runtime.GOARCH, b.count, b.side, b.side, b.rounds, b.pipeline, report(sittings))
	return nil
}
