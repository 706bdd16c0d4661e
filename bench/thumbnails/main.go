// Thumbnails measures the whole program on many small pictures and on a large
// one: it cuts photographs into 1,000 thumbnails of 256x256, lays the same cuts
// side by side as one picture of 24 megapixels, and runs `restore denoise` on
// each, a process from start to end, turn by turn.
//
//	go run ./bench/thumbnails [-rounds N] [-jobs N] [-dir DIR] PHOTOS
//
// PHOTOS is a folder of JPEG or PNG pictures, such as $DATA/photos/val. The level
// of the noise is given, so that none is measured and all pictures go through the
// network. What it prints is megapixels a second on either side, with all that the
// program does for a picture: start, decoding, network, encoding, reading
// back, bringing the file to the disk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
)

// bench is one sitting.
type bench struct {
	out      io.Writer
	photos   string
	dir      string // for pictures and outputs
	binary   string // the program; built where it is empty
	rounds   int
	jobs     int
	strength float64
	sizes    sizes
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := &bench{out: os.Stdout, sizes: sizes{count: 1000, side: 256, width: 6000, height: 4000}}
	flag.IntVar(&b.rounds, "rounds", 5, "runs on each side")
	flag.IntVar(&b.jobs, "jobs", runtime.NumCPU(), "workers of the program")
	flag.Float64Var(&b.strength, "strength", 25, "level of the noise that the program is told, on the scale of 0 to 255")
	flag.StringVar(&b.dir, "dir", "", "folder on the disk that pictures and outputs are to lie on (default: the system's temporary folder)")
	flag.Parse()
	if flag.NArg() != 1 || b.rounds < 1 || b.jobs < 1 {
		fmt.Fprintln(os.Stderr, "usage: thumbnails [-rounds N] [-jobs N] [-strength LEVEL] [-dir DIR] PHOTOS")
		os.Exit(2)
	}
	b.photos = flag.Arg(0)
	if err := b.do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "thumbnails:", err)
		os.Exit(1)
	}
}

func (b *bench) do(ctx context.Context) (err error) {
	temp, err := os.MkdirTemp(b.dir, "restore-thumbnails-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if b.binary == "" {
		b.binary = filepath.Join(temp, "restore")
		if err := build(ctx, b.binary); err != nil {
			return err
		}
	}
	small, large := filepath.Join(temp, "thumbnails"), filepath.Join(temp, "large")
	if err := makePictures(b.photos, small, large, b.sizes); err != nil {
		return err
	}
	sides := [2]*side{
		{name: fmt.Sprintf("%d of %dx%d", b.sizes.count, b.sizes.side, b.sizes.side), in: small, pixels: b.sizes.count * b.sizes.side * b.sizes.side, files: b.sizes.count},
		{name: fmt.Sprintf("one of %dx%d", b.sizes.width, b.sizes.height), in: large, pixels: b.sizes.width * b.sizes.height, files: 1},
	}
	for round := range b.rounds {
		fmt.Fprintf(os.Stderr, "thumbnails: round %d of %d\n", round+1, b.rounds)
		// Every other round the sides swap, so that neither always follows
		// the other.
		for i := range sides {
			s := sides[(i+round)%2]
			if err := b.run(ctx, s, filepath.Join(temp, "out")); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	fmt.Fprintf(b.out, "%s, %s/%s; %d workers, %d rounds of turns, --strength %g.\n\n%s",
		cpuName(), runtime.GOOS, runtime.GOARCH, b.jobs, b.rounds, b.strength, report(sides[0], sides[1]))
	return nil
}

// build makes the program as users do, from the checkout that this one is
// started in.
func build(ctx context.Context, to string) error {
	c := exec.CommandContext(ctx, "go", "build", "-o", to, "github.com/cae-restore/restore/cmd/restore")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("start it in a checkout of the project: go build: %w\n%s", err, text)
	}
	return nil
}

// cpuName is the processor's name, where the system tells it.
func cpuName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return "unknown processor"
}
