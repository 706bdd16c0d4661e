package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// summary prints what a run did: on standard output the table of --truth and
// the counts, on standard error what failed and why, but for the error that
// ended the run: that one comes last.
func (p *program) summary(r *pipeline.Report, quiet bool, fatal error) {
	if !quiet {
		p.truthTable(r)
		fmt.Fprintln(p.stdout, counts(r))
	}
	if !quiet {
		p.noted(r)
		p.leftAlone(r)
	}
	for _, res := range r.Results {
		if res.Outcome == pipeline.Failed && res.Err != fatal {
			fmt.Fprintf(p.stderr, "restore: failed: %s%s\n", describe(&res), hint(res.Err))
		}
	}
}

// noted says what the run itself has noted of pictures: those that could not be
// compared with a clean original, what of the metadata an output lacks, and what
// the steps remark.
func (p *program) noted(r *pipeline.Report) {
	ofStep := func(step string) func(tasks.Note) bool {
		return func(n tasks.Note) bool { return n.Step == step }
	}
	for _, kind := range []struct {
		has  func(tasks.Note) bool
		what string
	}{
		{ofStep("truth"), "no PSNR of"},
		{ofStep("output"), "metadata of"},
		{func(n tasks.Note) bool { return n.Key == tasks.Remark }, "remark on"},
	} {
		var lines []string
		for _, res := range r.Results {
			for _, note := range res.Notes {
				if kind.has(note) {
					lines = append(lines, fmt.Sprintf("restore: %s %s: %s", kind.what, pipeline.QuoteName(res.Item.Path), pipeline.Printable(fmt.Sprint(note.Value))))
				}
			}
		}
		for i, line := range lines {
			if i == mostLines && len(lines) > mostLines+1 {
				fmt.Fprintf(p.stderr, "restore: and %s %d more\n", kind.what, len(lines)-i)
				break
			}
			fmt.Fprintln(p.stderr, line)
		}
	}
}

// leftAlone says which pictures were skipped and why, up to some of them.
func (p *program) leftAlone(r *pipeline.Report) {
	n := 0
	for _, res := range r.Results {
		if res.Outcome != pipeline.Skipped {
			continue
		}
		if n++; n == mostLines+1 && r.Skipped > mostLines+1 {
			fmt.Fprintf(p.stderr, "restore: and %d more skipped; --dry-run names them all\n", r.Skipped-mostLines)
			return
		}
		fmt.Fprintf(p.stderr, "restore: skipped: %s: %s\n", pipeline.QuoteName(res.Item.Path), pipeline.Printable(res.Why))
	}
}

// skippedText says in a list of counts what skipped pictures are.
const skippedText = "skipped, as files that this program did not make, or that were changed since, have the names of their outputs (--overwrite replaces them)"

// counts is the run in one line.
func counts(r *pipeline.Report) string {
	if len(r.Results) == r.Ignored && r.Unfinished == 0 {
		return fmt.Sprintf("nothing to do: no picture in INPUT%s", ignored(r))
	}
	parts := []string{worked(r)}
	for _, part := range []struct {
		n    int
		text string
	}{
		{r.Copied, "copied as nothing was to be changed"},
		{r.Current, "current"},
		{r.Skipped, skippedText},
		{r.Failed, "failed"},
		{r.Unfinished, "not done"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	line := strings.Join(parts, ", ")
	if r.Megapixels > 0 {
		line += fmt.Sprintf("; %s MP in %s, %s MP/s", short(r.Megapixels), seconds(r.Seconds), short(r.Megapixels/max(r.Seconds, 1e-3)))
	}
	return line + ignored(r)
}

// worked counts the pictures that went through the chain and came out as it makes
// them.
func worked(r *pipeline.Report) string {
	if r.Keeps {
		return fmt.Sprintf("%d examined", r.Examined)
	}
	return fmt.Sprintf("%d restored", r.Restored)
}

func ignored(r *pipeline.Report) string {
	switch r.Ignored {
	case 0:
		return ""
	case 1:
		return " (1 file that is no picture was passed over)"
	}
	return fmt.Sprintf(" (%d files that are no pictures were passed over)", r.Ignored)
}

func seconds(s float64) string {
	switch {
	case s < 60:
		return fmt.Sprintf("%.1f s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", int(s)/60, int(s)%60)
	default:
		return fmt.Sprintf("%d h %d min", int(s)/3600, int(s)/60%60)
	}
}

// truthTable prints the PSNR of each picture that has a clean original.
func (p *program) truthTable(r *pipeline.Report) {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	rows := 0
	row := func(name string, s pipeline.Score) {
		if rows == 0 {
			fmt.Fprint(w, "PSNR before\tafter\tgain\t  picture\n")
		}
		rows++
		gain := "-"
		if !math.IsInf(s.Before, 0) && !math.IsInf(s.After, 0) {
			gain = fmt.Sprintf("%+.2f", s.After-s.Before)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t  %s\n", decibel(s.Before), decibel(s.After), gain, name)
	}
	for _, res := range r.Results {
		if res.Truth != nil {
			row(pipeline.QuoteName(res.Item.Path), *res.Truth)
		}
	}
	if mean, n := r.Truth(); n > 1 {
		row(fmt.Sprintf("mean of %d pictures", n), mean)
	}
	w.Flush()
}

func decibel(v float64) string {
	if math.IsInf(v, 1) {
		return "equal"
	}
	return fmt.Sprintf("%.2f dB", v)
}

// describe names the file, the step and what is wrong.
func describe(res *pipeline.Result) string {
	var e *pipeline.Error
	if errors.As(res.Err, &e) {
		return pipeline.Printable(e.Error())
	}
	return pipeline.Printable(fmt.Sprintf("%s: %v", pipeline.QuoteName(res.Item.Path), res.Err))
}

// hint says what to do about a failed picture, where the error itself does not.
func hint(err error) string {
	var panicked *pipeline.PanicError
	switch {
	case errors.Is(err, pix.ErrFormat) && ofMask(err):
		return "; a mask is a picture, white where it marks something: save it as PNG"
	case (errors.Is(err, pix.ErrEmpty) || errors.Is(err, pix.ErrCorrupt)) && ofMask(err):
		return "; save the mask once more"
	case errors.Is(err, pipeline.ErrReadBack): // before what is wrong with the output
		return "; please report this picture to the makers of this program; --format png avoids it"
	case errors.Is(err, pix.ErrEmpty), errors.Is(err, pix.ErrCorrupt):
		return "; copy it again from where it came from, or leave it out with --exclude"
	case errors.Is(err, pix.ErrFormat):
		return "; leave it out with --exclude, or convert it first"
	case errors.Is(err, pix.ErrLimit):
		return "; --max-megapixels sets the limit"
	case errors.Is(err, fs.ErrPermission):
		return "; change its rights"
	case errors.As(err, &panicked):
		return "; please report this picture to the makers of this program"
	}
	return ""
}

// ofMask reports whether it is the mask of a picture that is at fault, which the
// error names inside that of the picture.
func ofMask(err error) bool {
	var picture, mask *pipeline.Error
	return errors.As(err, &picture) && errors.As(picture.Err, &mask) && mask.Item != ""
}

func unfinished(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 picture is not done; "
	}
	return fmt.Sprintf("%d pictures are not done; ", n)
}
