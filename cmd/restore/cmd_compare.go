package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
	"github.com/urfave/cli/v2"
)

// defaultGain makes a difference of one 8-bit step just visible on black, and
// clips what is plain to see anyway: 32 steps and more.
const defaultGain = 8

func (p *program) compareCommand() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "measure how far pictures are apart: PSNR, SSIM, the largest difference, a difference picture",
		ArgsUsage: "A B",
		Description: "A and B are two files or two folders. In folders, pictures with the same relative path belong\n" +
			"together, then those whose endings alone differ (x.jpg and x.png); what has no partner is named.\n" +
			"Pictures are compared upright, as the EXIF orientation says, on the samples that the files hold:\n" +
			"no colour profile is applied. Grey against colour is compared in colour. Opacity does not count,\n" +
			"but a warning says where it differs. Pictures of different sizes are not compared.\n" +
			"PSNR and SSIM are over all samples and channels; the largest difference is on the scale of 0 to 255.\n" +
			"The mean PSNR is over the pairs that are not equal.\n" +
			"--diff writes PNG, of 16 bits where A or B has them: gain*|B-A| on black, or with --signed\n" +
			"128+gain*(B-A), so that mid-grey is equal and lighter means that B is lighter; both clipped.\n" +
			"--json prints one object a pair, with a, b, width, height, psnr (null where they are equal), ssim,\n" +
			"max_difference and opacity_differs, or with a, b and error; of folders, a last one with the counts pairs,\n" +
			"equal, failed and unpaired and the means psnr and ssim and the largest max_difference.\n" +
			"Exit codes: 0 done, 1 some pairs could not be compared or are below --min-psnr, 2 wrong usage,\n" +
			"3 could not start or go on, 130 interrupted.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "diff", Usage: "write the difference as a picture: `FILE` (.png), or for folders a folder that keeps A's tree"},
			&cli.Float64Flag{Name: "gain", Value: defaultGain, Usage: "by what differences are multiplied in the picture of --diff, above 0"},
			&cli.BoolFlag{Name: "signed", Usage: "difference pictures around mid-grey instead of absolute ones on black"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace difference pictures that exist; without it they are an error"},
			&cli.Float64Flag{Name: "min-psnr", Usage: "exit with 1 if a pair is below `DB` decibels", DefaultText: "none"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON lines instead of the table"},
		}, pictureFlags()...),
		Action: p.compare,
	}
}

func (p *program) compare(c *cli.Context) error {
	run, err := newComparing(c)
	if err != nil {
		return err
	}
	p.partners(run)
	if len(run.pairs) == 0 {
		p.leftOut(run.failed)
		return usagef("there is nothing to compare: no picture in %s has a partner in %s", c.Args().Get(0), c.Args().Get(1))
	}
	pool, err := jobs(c)
	if err != nil {
		return err
	}
	if run.sink != nil {
		if err := run.sink.Open(); err != nil {
			return err
		}
	}
	if err := pool.Enter(c.Context); err != nil {
		return err
	}
	defer pool.Leave()
	m := newMeter(p.stderr, c.Bool("quiet") || len(run.pairs) == 1)
	m.noun, m.rated = "pair", "pairs"
	m.Start(len(run.pairs))
	err = run.all(c.Context, pool, m)
	m.close()
	return p.compared(c, run, err)
}

// comparing is one run of compare.
type comparing struct {
	folders    bool
	singlesOfA int // how many of singles are A's; they come first
	pairs      []pipeline.Pair
	singles    []pipeline.Single
	failed     []unread // folders that could not be looked into
	limits     pix.Limits
	sink       *pipeline.DirSink // nil: no difference pictures
	suffix     string            // of their files
	gain       float64
	signed     bool
	overwrite  bool
	results    []comparison // by pair
}

// newComparing reads the command line and finds the pairs. All that can be found
// wrong before the first picture is found here.
func newComparing(c *cli.Context) (*comparing, error) {
	if c.NArg() != 2 {
		return nil, usagef("say which two: %s A B, two files or two folders", c.Command.HelpName)
	}
	r := &comparing{gain: c.Float64("gain"), signed: c.Bool("signed"), overwrite: c.Bool("overwrite")}
	var err error
	if r.limits, err = limits(c); err != nil {
		return nil, err
	}
	diff := c.String("diff")
	switch least := c.Float64("min-psnr"); {
	case !(r.gain > 0 && r.gain <= 65535):
		return nil, usagef("option --gain: %g is not above 0 and at most 65535", r.gain)
	case c.IsSet("min-psnr") && !(least > 0 && !math.IsInf(least, 0)):
		return nil, usagef("option --min-psnr: %g is not a number of decibels above 0", least)
	case diff == "" && (c.IsSet("diff") || c.IsSet("gain") || r.signed || r.overwrite):
		return nil, usagef("--gain, --signed and --overwrite are about the picture of --diff: say where to write it")
	}
	if err := r.find(c.Context, c.Args().Slice(), diff, c.StringSlice("exclude")); err != nil {
		return nil, err
	}
	if diff != "" {
		if err := r.plan(diff); err != nil {
			return nil, err
		}
	}
	r.results = make([]comparison, len(r.pairs))
	return r, nil
}

// find lists both sides and pairs them.
func (r *comparing) find(ctx context.Context, sides []string, diff string, exclude []string) error {
	var isDir [2]bool
	for i, name := range sides {
		info, err := os.Stat(name)
		if err != nil {
			return &usageError{&pipeline.Error{Item: name, Err: err}}
		}
		isDir[i] = info.IsDir()
	}
	if isDir[0] != isDir[1] {
		kind := map[bool]string{false: "a file", true: "a folder"}
		return usagef("%s is %s and %s %s: compare two files or two folders", sides[0], kind[isDir[0]], sides[1], kind[isDir[1]])
	}
	r.folders = isDir[0]
	o := pipeline.FolderOptions{Exclude: exclude}
	if r.folders {
		o.Out = diff
	}
	var lists [2][]pipeline.Item
	for i, name := range sides {
		folder, err := pipeline.NewFolder([]string{name}, o)
		if err != nil {
			return err
		}
		var failed []unread
		lists[i], failed = picturesIn(ctx, folder, r.limits)
		r.failed = append(r.failed, failed...)
	}
	if !r.folders {
		r.pairs = []pipeline.Pair{{A: lists[0][0], B: lists[1][0]}}
		return nil
	}
	r.pairs, r.singles = pipeline.Pairs(lists[0], lists[1])
	r.singlesOfA = len(lists[0]) - len(r.pairs)
	return nil
}

// plan finds the places of the difference pictures, and that each is free.
func (r *comparing) plan(diff string) error {
	r.suffix = ".png"
	dir := diff
	if !r.folders {
		ending := filepath.Ext(diff)
		if !strings.EqualFold(ending, ".png") || filepath.Base(diff) == ending {
			return usagef("option --diff: the difference of two files is a PNG; write a name that ends in .png, not %q", diff)
		}
		dir, r.suffix = filepath.Dir(diff), ending
	} else if info, err := os.Stat(diff); err == nil && !info.IsDir() {
		return usagef("option --diff: %s is a file; the differences of two folders need a folder", diff)
	}
	var err error
	if r.sink, err = pipeline.NewDirSink(dir); err != nil {
		return err
	}
	inputs, places := r.inputPlaces(), map[string]string{}
	var exist []string
	for i := range r.pairs {
		if !r.folders {
			r.pairs[i].A.Rel = filepath.Base(diff)
		}
		batch, err := r.sink.Begin(context.Background(), r.pairs[i].A)
		if err != nil {
			return err
		}
		target := batch.Path(r.suffix)
		batch.Abort()
		at := placeOf(target)
		info, err := os.Lstat(target)
		other, clash := places[at]
		switch {
		case inputs[at]:
			return usagef("option --diff: the difference picture would take the place of %s, which is compared; inputs are never changed", target)
		case clash:
			return usagef("%s and %s would have the same difference picture, %s; leave one out with --exclude", other, r.pairs[i].A.Path, target)
		case err == nil && info.IsDir():
			return usagef("option --diff: a folder has the name of the difference picture, %s", target)
		case err == nil && !r.overwrite:
			exist = append(exist, target)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return &pipeline.Error{Kind: pipeline.KindEnvironment, Item: target, Err: err}
		}
		places[at] = r.pairs[i].A.Path
	}
	if len(exist) > 0 {
		slices.Sort(exist)
		return usagef("option --diff: %s is there already%s; --overwrite replaces it, or write elsewhere", exist[0], andMore(len(exist)-1))
	}
	return nil
}

// inputPlaces are the places of all files that are compared, or would be.
func (r *comparing) inputPlaces() map[string]bool {
	places := map[string]bool{}
	add := func(path string) {
		places[placeOf(path)] = true
		if real, err := filepath.EvalSymlinks(path); err == nil {
			places[placeOf(real)] = true
		}
	}
	for _, pair := range r.pairs {
		add(pair.A.Path)
		add(pair.B.Path)
	}
	for _, single := range r.singles {
		add(single.Path)
	}
	return places
}

// placeOf is the form in which paths are compared: absolute, the links in its
// folder resolved, and without case, as some file systems know none.
func placeOf(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		dir = filepath.Dir(path) // it is not there yet
	}
	return strings.ToLower(filepath.Join(dir, filepath.Base(path)))
}

func andMore(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", n)
}
