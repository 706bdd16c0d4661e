package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/cae-restore/restore/pix"
)

// The reasons for which an item is worked on, as Result.Why says them.
const (
	whyNew      = "there is no output yet"
	whyInput    = "the input has changed"
	whyMask     = "the mask has changed"
	whyPipeline = "the pipeline has changed"
	whyOptions  = "the options of the output have changed"
	whyMissing  = "its output is missing"
	whyFailed   = "it failed the last time"
	whyHalf     = "the last run did not finish it"
	whyReplace  = "its output is to be replaced"
)

// The reasons for which an item is left alone.
const (
	whyCurrent  = "its output is current"
	whyThere    = "its output is there"
	whyForeign  = "a file has the name of its output that this program did not make"
	whyEdited   = "its output has been changed since it was made; remove it to have it made again"
	whyAppeared = "its output has appeared meanwhile"
)

// outputOptions names the options of a run on which outputs depend, for the
// ledger: two runs with the same text write the same files from the same pictures.
func (o *Options) outputOptions() (string, error) {
	var format, ending string
	if o.Format != "" {
		var err error
		if format, ending, err = pix.OutputFormat(pix.Meta{Format: "png", Depth: 8}, o.Format); err != nil {
			return "", err
		}
	}
	quality := o.Quality
	if quality == 0 {
		quality = pix.DefaultQuality
	}
	sum := sha256.New()
	for _, part := range []string{format, ending, strconv.Itoa(quality), o.Suffix} {
		fmt.Fprintf(sum, "%q\n", part)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// consult asks the ledger whether the item is current, which is told without
// opening a file as long as sizes, times and inodes are as they were. Where it is
// not, p.why says why the item has to be done.
func (p *photo) consult() (current bool, err error) {
	r := p.run
	p.why = whyNew
	if r.records == nil {
		return false, nil
	}
	p.key = r.records.key(p.item)
	rec, err := r.records.item(p.key)
	if err != nil || rec == nil {
		return false, err
	}
	if r.Keep {
		if err := p.keep(rec); err != nil {
			return false, err
		}
	}
	switch {
	case !rec.done():
		if p.why = whyFailed; rec.Error == "" {
			p.why = whyHalf
		}
		return false, nil
	case r.Overwrite:
		return false, nil
	case rec.Pipeline != r.chain.Fingerprint():
		p.why = whyPipeline
		return false, nil
	case rec.Options != r.options:
		p.why = whyOptions
		return false, nil
	}
	input, c, err := rec.Input.compare(p.item.Path, r.Checksum)
	if err != nil || c == gone {
		return false, nil // opening it will say what is wrong
	}
	if c == changed {
		p.why = whyInput
		return false, nil
	}
	mask, m, err := p.compareMask(rec)
	if err != nil || m == gone {
		return false, nil // as above
	}
	if m == changed {
		p.why = whyMask
		return false, nil
	}
	differs := c == touched || m == touched
	fresh := &entry{key: p.key, record: rec, outputs: map[string]*owned{}}
	if differs {
		again := *rec
		again.Input, again.Mask, fresh.record = input, mask, &again
	}
	for _, name := range rec.Outputs {
		state, err := p.ownership(r.records.file(string(name)), fresh)
		switch {
		case err != nil:
			return false, err
		case state == free:
			p.why = whyMissing
			return false, nil
		case state != own:
			return false, nil // decide says what it is
		}
	}
	p.current(fresh, differs)
	return true, nil
}

// current makes the item one whose output is current. What is now known of its
// files is recorded where it differs from what the ledger has.
func (p *photo) current(fresh *entry, differs bool) {
	l := p.run.records
	p.res.Outcome, p.res.Why = Current, whyCurrent
	var paths []string
	for _, name := range fresh.record.Outputs {
		paths = append(paths, l.file(string(name)))
	}
	p.stand(paths...)
	if differs || len(fresh.outputs) > 0 {
		l.put(fresh)
	}
}

// ownership is whose a file is that has the name of an output.
type ownership int

const (
	free    ownership = iota // there is none
	own                      // made of this item, and as it was made
	edited                   // made of this item, and changed since
	others                   // made of another item
	foreign                  // the ledger does not know it
)

// ownership tells whose the file at path is. If fresh is set, what the ledger
// should know of an own file whose time or inode has changed is added to it.
func (p *photo) ownership(path string, fresh *entry) (ownership, error) {
	r := p.run
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return free, nil
	}
	if r.records == nil {
		return foreign, nil
	}
	name := r.records.name(path)
	o, err := r.records.output(name)
	switch {
	case err != nil:
		return foreign, err
	case o == nil:
		return foreign, nil
	case string(o.Item) != p.key:
		p.maker = string(o.Item)
		return others, nil
	}
	now, c, err := o.compare(path, r.Checksum)
	switch {
	case err != nil || c == changed:
		return edited, nil // at the least it cannot be said to be as it was
	case c == gone: // a link that leads nowhere
		return foreign, nil
	case c == touched && fresh != nil:
		fresh.outputs[name] = &owned{fileName(p.key), now}
	}
	return own, nil
}

// decide finds out what the output will be called, and whether it has to be made.
func (p *photo) decide() (more bool, err error) {
	r := p.run
	var ending string
	if p.format, ending, err = outputEnding(p.in.header, p.item, r.Format); err != nil {
		return false, err
	}
	p.suffix = r.Suffix + ending
	batch, err := r.sink.Begin(context.Background(), p.item)
	if err != nil {
		return false, err
	}
	defer batch.Abort()
	var paths, there []string
	for _, suffix := range r.suffixes(ending) {
		path := batch.Path(suffix)
		if err := p.claim(path); err != nil {
			return false, err
		}
		exists, err := r.exists(batch, suffix, p.item)
		if err != nil {
			return false, err
		}
		if paths = append(paths, path); exists {
			there = append(there, path)
		}
	}
	p.stand(paths...)
	p.res.Why = p.why
	if len(there) > 0 && r.Overwrite && !r.Keep {
		p.res.Why = whyReplace
		return true, nil
	}
	for _, path := range there {
		if more, err := p.mayReplace(path); err != nil || !more {
			return false, err
		}
	}
	if len(there) > 0 && p.why == whyNew && p.res.Why == whyNew {
		p.res.Why = whyHalf
	}
	return true, nil
}

// mayReplace tells whether a file that stands at the place of an output may be
// replaced. If not, p.res says why the item is left alone.
func (p *photo) mayReplace(path string) (bool, error) {
	whose, err := p.ownership(path, nil)
	if err == nil && whose == others {
		whose, err = p.adopt(path)
	}
	switch {
	case err != nil:
		return false, err
	case p.keeps(whose):
		return false, taken(path)
	case p.run.Overwrite:
		p.res.Outcome, p.res.Why = Failed, whyReplace // adopt may have made it current
		return true, nil
	case whose == own:
		return p.res.Outcome != Current, nil
	}
	return false, p.skip(whose, path)
}

// skip leaves an item alone whose output would take the place of a file that is
// not its own. In a source without end, two inputs with one output are an error:
// nobody would see that the second is never done.
func (p *photo) skip(whose ownership, path string) error {
	p.res.Outcome, p.res.Truth = Skipped, nil
	defer func() {
		if path != p.res.Output { // there are several: say which
			p.res.Why = strings.Replace(p.res.Why, "its output", "its output "+QuoteName(path), 1)
		}
	}()
	switch whose {
	case edited:
		p.res.Why = whyEdited
	case others:
		maker := inputOf(p.maker)
		p.res.Why = "its output was made of " + QuoteName(maker)
		if _, err := os.Lstat(maker); errors.Is(err, fs.ErrNotExist) {
			p.res.Why += ", which is gone"
		} else if p.run.inputs == nil {
			return fmt.Errorf("its output would take the name of that of %s; give one of them another name", QuoteName(maker))
		}
	default:
		p.res.Why = whyForeign
		if p.run.records == nil {
			p.res.Why = whyThere
		}
	}
	return nil
}

// adopt looks whether an output that was made of another input, which is gone, was
// made of the same content: inputs that have moved keep their outputs.
func (p *photo) adopt(path string) (ownership, error) {
	r := p.run
	rec, err := r.records.item(p.maker)
	if err != nil || !rec.done() || rec.Input.Size != p.in.info.Size() || !r.departed(p.maker, rec) {
		return others, err
	}
	hash, err := hashOf(p.in)
	if err != nil || hash != rec.Input.Hash {
		return others, err
	}
	p.same = true
	mask, m, err := p.compareMask(rec)
	if err != nil {
		return others, err
	}
	fresh, missing := &entry{key: p.key, outputs: map[string]*owned{}}, false
	again := *rec
	again.Input, fresh.record = identityOf(p.in.info, hash), &again
	for _, name := range rec.Outputs {
		o, err := r.records.output(string(name))
		if err != nil || o == nil || string(o.Item) != p.maker {
			return others, err
		}
		now, c, err := o.compare(r.records.file(string(name)), r.Checksum)
		switch {
		case err != nil || c == changed:
			return edited, nil
		case c == gone: // of several
			missing = true
			continue
		}
		fresh.outputs[string(name)] = &owned{fileName(p.key), now}
	}
	if rec.Pipeline != r.chain.Fingerprint() || rec.Options != r.options || m == changed || m == gone || missing {
		switch {
		case rec.Pipeline != r.chain.Fingerprint():
			p.res.Why = whyPipeline
		case rec.Options != r.options:
			p.res.Why = whyOptions
		default:
			p.res.Why = whyMissing
			if m == changed || m == gone {
				p.res.Why = whyMask
			}
		}
		if !r.DryRun {
			r.records.put(fresh) // what is replaced is its own
		}
		return own, nil
	}
	again.Mask = mask
	p.current(fresh, true)
	return own, nil
}

// claim takes the name of an output for as long as the item is in flight. Only a
// source without end can bring two inputs with one output that far.
func (p *photo) claim(path string) error {
	r, name := p.run, fold(path)
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, ok := r.claims[name]; ok && other != p {
		if r.Keep {
			return taken(path)
		}
		return fmt.Errorf("its output would take the name of that of %s, which is being made; give one of them another name", QuoteName(other.item.Path))
	}
	r.claims[name] = p
	p.claimed = append(p.claimed, name)
	return nil
}

// unclaim gives the names back.
func (p *photo) unclaim() {
	r := p.run
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range p.claimed {
		if r.claims[name] == p {
			delete(r.claims, name)
		}
	}
	p.claimed = nil
}
