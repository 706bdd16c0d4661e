package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// Keeps reports whether no step of the chain changes pictures (tasks.Spec.Keeps).
// Of such a chain the extra files are written that its steps name, and no copy of
// the picture. It may be asked before Open.
func (c *Chain) Keeps() bool {
	return !slices.ContainsFunc(c.steps, func(s Step) bool { return !s.Spec.Keeps })
}

// extrasOf lists the suffixes of the extra files that step i makes of each picture.
// Other chains than those that keep pictures promise none.
func (c *Chain) extrasOf(i int) []string {
	s := c.steps[i]
	if s.Spec.ExtrasOf == nil || !c.Keeps() {
		return nil
	}
	return s.Spec.ExtrasOf(s.Options)
}

// nameExtras lists the suffixes of the extra files that the chain makes of each
// picture, in the order in which they are written. A chain that would write
// nothing at all is an error.
func (c *Chain) nameExtras() ([]string, error) {
	if !c.Keeps() {
		return nil, nil
	}
	maker := map[string]int{}
	for i := range c.steps {
		fail := func(err error) ([]string, error) {
			return nil, &Error{Kind: KindUsage, Step: c.label(i), Err: err}
		}
		for _, suffix := range c.extrasOf(i) {
			if _, err := extraFormat(suffix); err != nil {
				return fail(fmt.Errorf("internal error: %w", err))
			}
			for other, k := range maker {
				// One that ends as another could be the file of another picture: "a" with
				// ".x.png" is called as "a.x" with ".png".
				if strings.HasSuffix(fold(suffix), fold(other)) || strings.HasSuffix(fold(other), fold(suffix)) {
					return fail(fmt.Errorf("its files *%s would take the names of those of step %s, *%s; leave one of the two out", suffix, c.label(k), other))
				}
			}
			maker[suffix] = i
		}
	}
	if len(maker) == 0 {
		return nil, usagef("the pipeline %s would write nothing: no step changes the picture, and none writes files of its own; "+
			"add a step that changes pictures, or set the options of one so that it writes files", c)
	}
	return slices.Sorted(maps.Keys(maker)), nil
}

// extraFormat is the format of an extra file, by its ending.
func extraFormat(suffix string) (string, error) {
	format := endings[strings.ToLower(path.Ext(suffix))]
	if format == "" || strings.ContainsAny(suffix, `/\`) {
		return "", fmt.Errorf("the extra file *%s has no ending of a picture", suffix)
	}
	format, _, err := pix.OutputFormat(pix.Meta{}, format)
	return format, err
}

// kept makes sure that step i did what its Spec promises. What is said of its files
// before the first picture depends on it.
func (c *Chain) kept(i int, before, after *tasks.Frame) error {
	if c.steps[i].Spec.Keeps && after.Changed && !before.Changed {
		return errors.New("internal error: the step changed the picture, which it promised not to")
	}
	for _, suffix := range c.extrasOf(i) {
		if after.Outputs[suffix] == nil {
			return fmt.Errorf("internal error: the step did not make the extra file *%s, which it promised", suffix)
		}
	}
	return nil
}

// suffixes lists the files that are made of a picture, as far as they are known
// before it is decoded: the output, or what a chain that keeps pictures makes.
func (r *run) suffixes(ending string) []string {
	if !r.chain.Keeps() {
		return []string{r.Suffix + ending}
	}
	list := make([]string, len(r.chain.extras))
	for i, extra := range r.chain.extras {
		list[i] = r.Suffix + extra
	}
	return list
}

// checkKeeping refuses options that mean nothing where no picture is changed.
func (r *run) checkKeeping() error {
	switch {
	case !r.chain.Keeps():
	case r.Truth != "":
		return usagef("nothing can be compared with clean originals: no step of the pipeline %s changes pictures; leave --truth out", r.chain)
	case r.Format != "":
		return usagef("the pipeline %s writes only files of its own (%s), whose format is fixed; leave --format out", r.chain, "*"+strings.Join(r.chain.extras, ", *"))
	}
	return nil
}

// stand takes down which files stand for the item, the output first, if it has one.
func (p *photo) stand(paths ...string) {
	p.res.Output, p.res.Extras = "", nil
	if !p.run.chain.Keeps() && len(paths) > 0 {
		p.res.Output, paths = paths[0], paths[1:]
	}
	p.res.Extras = paths
}

// writeExtras writes the extra files of a frame. It returns the one that shows the
// picture with what was found in it, as it reads, or nil.
func (p *photo) writeExtras(batch Batch, outputs map[string]*pix.Image) (overlay *pix.Image, err error) {
	r := p.run
	p.res.Extras = nil
	for _, extra := range slices.Sorted(maps.Keys(outputs)) {
		suffix := r.Suffix + extra
		format, err := extraFormat(extra)
		if err == nil {
			// Nobody has looked yet at one that was not promised.
			_, err = r.exists(batch, suffix, p.item)
		}
		if err != nil {
			return nil, err
		}
		back, err := writePicture(batch, suffix, outputs[extra], pix.EncodeOptions{Format: format, Quality: r.Quality}, p.hashes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", extra, err)
		}
		if isOverlay(extra) {
			overlay = back
		}
		p.res.Extras = append(p.res.Extras, batch.Path(suffix))
	}
	return overlay, nil
}

// ofThisRun reports whether a file that nobody expected has the name of what was made
// of another input of this run. No check before the first picture could find that,
// so even with Overwrite the one must not take the place of the other.
func (p *photo) ofThisRun(suffix string) bool {
	r := p.run
	return suffix != p.suffix && !r.chain.Keeps() && r.inputs[place(inputOf(p.maker))]
}

// isOverlay reports whether an extra file shows the picture itself with what was
// found in it; see tasks.Spec.ExtrasOf.
func isOverlay(suffix string) bool { return strings.HasPrefix(suffix, ".overlay.") }

// extrasNeed is the peak in bytes while the promised extra files are written, one
// after another, and read back: the picture and what the frame holds, which are
// base, live all the time.
func (p *photo) extrasNeed(base int64) int64 {
	r, h := p.run, p.in.header
	n, peak := int64(h.W)*int64(h.H), int64(0)
	samples := 6 * n // an overlay is in colour, and has the opacity of the picture
	if h.Alpha {
		samples += 2 * n
	}
	for _, extra := range r.chain.extras {
		e := h
		e.Planes, e.Format = 3, endings[strings.ToLower(path.Ext(extra))]
		decode, encode := pix.Cost(e)
		if e.Format != "png" {
			encode += 6 * n // the colours of a palette
		}
		peak = max(peak, encode, samples+fileBytes(e)+decode)
	}
	if r.keepsInput() && slices.ContainsFunc(r.chain.extras, isOverlay) {
		base += samples // it stays for whoever wants to see it
	}
	return base + peak
}
