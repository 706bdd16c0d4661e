package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// commit gives the files their names. Until the disk has them, the place in the
// pool is free for another picture. A file that has appeared since decide looked
// stays, and the item counts as skipped. The end of the context cuts nothing short
// here: what is left to do takes a moment, and the picture is made.
//
// With a ledger, what is about to happen stands in it before the first name is
// taken, and that it has happened after the last. Whatever ends the process in
// between, the next run finds out how far it came.
func (p *photo) commit(batch Batch) error {
	r := p.run
	r.pending <- struct{}{}
	defer func() { <-r.pending }()
	p.leave()
	seal := r.sealer.seal
	if r.few {
		seal = sealed
	}
	if err := seal(batch); err != nil {
		return err
	}
	if r.records == nil {
		return p.appeared(batch.Commit(r.Overwrite))
	}
	files, err := batch.Files()
	if err != nil {
		return outputError(err)
	}
	in := &intent{Record: record{Input: p.input, Mask: p.maskID, Pipeline: r.chain.Fingerprint(), Options: r.options, Outcome: p.res.Outcome, Time: time.Now()}}
	done := &entry{key: p.key, record: &in.Record, outputs: map[string]*owned{}}
	for _, f := range files {
		// Whose it is comes before the claim: who may not have the name must not keep
		// its owner from it meanwhile.
		if whose, err := p.ownership(f.Path, nil); err == nil && whose == others && p.ofThisRun(f.Suffix) {
			return p.takesExtra(f.Path)
		}
		if err := p.claim(f.Path); err != nil {
			return err
		}
		whose, err := p.ownership(f.Path, nil) // it may have changed since decide looked
		switch {
		case err != nil:
			return err
		case p.keeps(whose):
			return taken(f.Path)
		case whose == others && p.ofThisRun(f.Suffix):
			return p.takesExtra(f.Path)
		case whose == own:
			batch.Replace(f.Suffix)
		case whose != free && !r.Overwrite:
			return p.skip(whose, f.Path)
		}
		name := fileName(r.records.name(f.Path))
		id := identityOf(f.Info, p.hashes[f.Suffix])
		in.Record.Outputs = append(in.Record.Outputs, name)
		in.Files = append(in.Files, intentFile{name, fileName(r.records.name(f.Temp)), id})
		done.outputs[string(name)] = &owned{fileName(p.key), id}
	}
	if err := r.records.intend(p.key, in); err != nil {
		return err
	}
	p.same = true // should it be tried again, those that have their names are its own
	if err := batch.Commit(r.Overwrite); err != nil {
		r.records.put(r.records.settle(p.key, in)) // of several files, some may have their names
		return p.appeared(err)
	}
	r.records.put(done)
	return nil
}

// takesExtra is the error of an extra file that has the name of another input's.
func (p *photo) takesExtra(path string) error {
	return fmt.Errorf("its extra file %s would take the place of one that was made of %s; give one of them another name", QuoteName(path), QuoteName(inputOf(p.maker)))
}

// appeared makes a picture skipped whose output has appeared at the last moment.
func (p *photo) appeared(err error) error {
	if !p.run.Overwrite && errors.Is(err, fs.ErrExist) {
		p.res.Outcome, p.res.Truth, p.res.Why = Skipped, nil, whyAppeared
		return nil
	}
	return err
}

// recordFailure makes the next run try the item again, and say so. What older
// outputs were made of stays known.
func (r *run) recordFailure(res Result) {
	if r.records == nil || r.DryRun || KindOf(res.Err) == KindEnvironment || errors.Is(res.Err, ErrTaken) {
		return
	}
	key := r.records.key(res.Item)
	failed := &record{Outcome: Failed, Time: time.Now(), Error: res.Err.Error()}
	if before, err := r.records.item(key); err == nil && before != nil {
		failed.Input, failed.Outputs = before.Input, before.Outputs
	}
	r.records.put(&entry{key: key, record: failed})
}
