package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/cae-restore/restore/pipeline"
	"github.com/urfave/cli/v2"
)

// mostLines is how many lines of one kind are printed in full, where a forgotten
// folder would fill the screen with them.
const mostLines = 5

// partners names the files that have no partner, the first ones of each side.
func (p *program) partners(r *comparing) {
	p.lonely(r.singles[:r.singlesOfA], "second")
	p.lonely(r.singles[r.singlesOfA:], "first")
}

// lonely names files that have no partner in the other folder, the first or the
// second one.
func (p *program) lonely(singles []pipeline.Single, other string) {
	for i, s := range singles {
		if i == mostLines && len(singles) > mostLines+1 { // a line for one more is its name
			fmt.Fprintf(p.stderr, "restore: and %d more without a partner in the %s folder\n", len(singles)-i, other)
			return
		}
		why := ""
		if s.Why != nil {
			why = ": " + s.Why.Error()
		}
		fmt.Fprintf(p.stderr, "restore: no partner: %s%s\n", pipeline.QuoteName(s.Path), why)
	}
}

// compared prints what is known when the run has ended, by fatal if that is not
// nil, and turns it into what the verb returns.
func (p *program) compared(c *cli.Context, r *comparing, fatal error) error {
	t := r.total()
	var err error
	if c.Bool("json") {
		err = r.printJSON(json.NewEncoder(p.stdout), t)
	} else {
		err = r.printTable(tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', tabwriter.AlignRight), t)
	}
	if err != nil {
		return err
	}
	p.leftOut(r.failed)
	least := c.Float64("min-psnr")
	below := 0
	for i, res := range r.results {
		name := pipeline.QuoteName(r.pairs[i].A.Path)
		switch {
		case !res.done || res.err != nil && res.err == fatal: // the very same one: it comes last
		case res.err != nil:
			fmt.Fprintf(p.stderr, "restore: failed: %s%s\n", pipeline.Printable(res.err.Error()), hint(res.err))
		case res.opacityDiffers:
			fmt.Fprintf(p.stderr, "restore: %s: the opacity differs, which does not count\n", r.name(i))
		}
		if res.ok() && c.IsSet("min-psnr") && res.psnr < least {
			fmt.Fprintf(p.stderr, "restore: below %g dB: %s with %s\n", least, name, decibel(res.psnr))
			below++
		}
	}
	unfinished := len(r.pairs) - t.Pairs - t.Failed
	switch {
	case pipeline.KindOf(fatal) == pipeline.KindCancelled:
		return &stopped{fmt.Sprintf("%d of %d pairs are not compared; no difference picture is left half-written", unfinished, len(r.pairs))}
	case fatal != nil:
		return fatal
	case t.Failed > 0, below > 0, len(r.failed) > 0:
		return &reported{exitSomeFailed}
	}
	return nil
}

func (res *comparison) ok() bool { return res.done && res.err == nil }

// name is the pair as messages name it.
func (r *comparing) name(i int) string {
	a, b := r.pairs[i].A, r.pairs[i].B
	return pipeline.QuoteName(a.Path) + " against " + pipeline.QuoteName(b.Path)
}

// totals is the last object of --json.
type totals struct {
	Pairs    int      `json:"pairs"`          // compared
	Equal    int      `json:"equal"`          // of them
	Failed   int      `json:"failed"`         // could not be compared
	Unpaired int      `json:"unpaired"`       // files without a partner
	PSNR     *float64 `json:"psnr"`           // mean over the pairs that are not equal; null: there are none
	SSIM     *float64 `json:"ssim"`           // mean over all pairs
	Largest  *float64 `json:"max_difference"` // of all
}

func (r *comparing) total() totals {
	t := totals{Unpaired: len(r.singles)}
	var psnr, ssim, largest float64
	for _, res := range r.results {
		switch {
		case res.ok():
			t.Pairs++
			ssim += res.ssim
			largest = max(largest, res.largest)
			if math.IsInf(res.psnr, 1) {
				t.Equal++
			} else {
				psnr += res.psnr
			}
		case res.err != nil:
			t.Failed++
		}
	}
	if n := t.Pairs - t.Equal; n > 0 {
		t.PSNR = rounded(psnr/float64(n), 4)
	}
	if t.Pairs > 0 {
		t.SSIM, t.Largest = rounded(ssim/float64(t.Pairs), 6), rounded(largest, 4)
	}
	return t
}

// rounded is v with the given number of decimals, or nil for what JSON has no
// number for.
func rounded(v float64, decimals int) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	scale := math.Pow10(decimals)
	v = math.Round(v*scale) / scale
	return &v
}

func (r *comparing) printJSON(out *json.Encoder, t totals) error {
	type row struct {
		A              string   `json:"a"`
		B              string   `json:"b"`
		Width          int      `json:"width"`
		Height         int      `json:"height"`
		PSNR           *float64 `json:"psnr"`
		SSIM           *float64 `json:"ssim"`
		Largest        *float64 `json:"max_difference"`
		OpacityDiffers bool     `json:"opacity_differs"`
	}
	type failure struct {
		A     string `json:"a"`
		B     string `json:"b"`
		Error string `json:"error"`
	}
	out.SetEscapeHTML(false)
	for i, res := range r.results {
		a, b := r.pairs[i].A.Path, r.pairs[i].B.Path
		var err error
		switch {
		case res.ok():
			err = out.Encode(row{a, b, res.w, res.h, rounded(res.psnr, 4), rounded(res.ssim, 6), rounded(res.largest, 4), res.opacityDiffers})
		case res.err != nil:
			err = out.Encode(failure{a, b, res.err.Error()})
		}
		if err != nil {
			return err
		}
	}
	if r.folders {
		return out.Encode(t)
	}
	return nil
}

func (r *comparing) printTable(w *tabwriter.Writer, t totals) error {
	if t.Pairs == 0 {
		return nil
	}
	row := func(psnr string, ssim, largest float64, name string) {
		fmt.Fprintf(w, "%s\t%.4f\t%s\t  %s\n", psnr, ssim, short8(largest), name)
	}
	fmt.Fprint(w, "PSNR\tSSIM\tlargest\t  pictures\n")
	for i, res := range r.results {
		if !res.ok() {
			continue
		}
		a, b := r.pairs[i].A, r.pairs[i].B
		name := pipeline.QuoteName(a.Rel)
		switch {
		case !r.folders:
			name = pipeline.QuoteName(a.Path) + ", " + pipeline.QuoteName(b.Path)
		case a.Rel != b.Rel:
			name += ", " + pipeline.QuoteName(b.Rel)
		}
		row(decibel(res.psnr), res.ssim, res.largest, name)
	}
	if t.Pairs > 1 {
		mean := "equal"
		if t.PSNR != nil {
			mean = decibel(*t.PSNR)
		}
		name := fmt.Sprintf("mean of %d pairs", t.Pairs)
		if t.Equal > 0 && t.PSNR != nil {
			name += fmt.Sprintf("; PSNR of the %d that are not equal", t.Pairs-t.Equal)
		}
		row(mean, *t.SSIM, *t.Largest, name)
	}
	return w.Flush()
}

// short8 writes a difference on the scale of 0 to 255, with decimals only where
// it is not of whole 8-bit steps.
func short8(v float64) string {
	text := strconv.FormatFloat(v, 'f', 2, 64)
	return strings.TrimSuffix(text, ".00")
}
