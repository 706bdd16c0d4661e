package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
	"github.com/urfave/cli/v2"
)

// pictureFlags are the options of verbs that read pictures and restore none.
func pictureFlags() []cli.Flag {
	return []cli.Flag{
		excludeFlag(), megapixelsFlag(), jobsFlag(),
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "do not show how far it is; results and warnings are printed all the same"},
	}
}

func excludeFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "exclude", Usage: "leave out what matches `GLOB`: a name, or with a slash a path below the folder; may be given several times"}
}

func megapixelsFlag() cli.Flag {
	return &cli.Float64Flag{Name: "max-megapixels", Usage: "refuse pictures of more than `N` megapixels, before memory is taken for them", DefaultText: fmt.Sprint(pix.DefaultLimits.MaxPixels / 1e6)}
}

// limits reads --max-megapixels.
func limits(c *cli.Context) (pix.Limits, error) {
	lim := pix.DefaultLimits
	if c.IsSet("max-megapixels") {
		n := c.Float64("max-megapixels")
		if !(n > 0 && n <= 1e6) {
			return lim, usagef("option --max-megapixels: %g is not above 0 and at most 1000000", n)
		}
		lim.MaxPixels = int64(n * 1e6)
	}
	return lim, nil
}

// unread is a file or folder that could not be read.
type unread struct {
	path string
	err  error
}

// picturesIn lists the pictures of a folder in the order of their relative
// paths: what is one by its name, and of the rest what is one by its content.
// Folders in it that cannot be looked at are returned beside.
func picturesIn(ctx context.Context, folder *pipeline.Folder, lim pix.Limits) (list []pipeline.Item, failed []unread) {
	for item, err := range folder.Items(ctx) {
		switch {
		case err != nil:
			failed = append(failed, unread{item.Path, err})
		case item.IsPicture() || item.Named || holdsPicture(item.Path, lim):
			list = append(list, item)
		}
	}
	return list, failed
}

// holdsPicture looks into a file. One that cannot be read counts as a picture,
// so that it is reported and not passed over.
func holdsPicture(path string, lim pix.Limits) bool {
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	_, err = pix.DecodeHeader(f, lim)
	return !errors.Is(err, pix.ErrFormat) && !errors.Is(err, pix.ErrEmpty)
}

// leftOut names what could not be read, with the reason and what to do.
func (p *program) leftOut(list []unread) {
	for _, u := range list {
		fmt.Fprintf(p.stderr, "restore: left out: %s%s\n", pipeline.Printable((&pipeline.Error{Item: u.path, Err: u.err}).Error()), hint(u.err))
	}
}
