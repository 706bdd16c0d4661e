package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cae-restore/restore/pix"
)

// Options are the options of Run.
type Options struct {
	// Pool is the one that the chain was opened with: tasks.Env.Run should be
	// its Run. At most Pool.Workers() pictures are in flight. The caller of Run
	// must hold no place in it. Nil: a pool of its own.
	Pool *Pool

	Overwrite bool       // replace outputs that exist; without, such items are skipped
	Suffix    string     // follows the stem in the names of the outputs: "-clean"
	Format    string     // of the outputs: "jpeg", "png", ...; empty: as read, or what pix.OutputFormat chooses
	Quality   int        // of lossy outputs, 1 to 100; 0: the codec's default
	Limits    pix.Limits // for inputs; the zero value stands for pix.DefaultLimits

	// Truth is a folder of clean originals under the same relative paths, or
	// empty. Where the ending differs, the one file with the same stem counts.
	// Each picture that has one gets a Result.Truth; the others get a note.
	Truth string

	// Mask is one mask for all pictures, Masks a folder with one for each: that of
	// the same relative path, else the one picture with the same stem. At most one
	// of them is set, and only where the chain takes MaskPlane (Chain.Takes); see
	// CheckMasks. The plane is the luma of the mask, times its opacity, on the
	// upright picture; what of it counts as selected is the task's business. Where
	// the mask is missing, cannot be read or has another size than the picture, the
	// picture fails with KindInput. No output is written over a mask.
	Mask, Masks string

	// Memory is what the process may hold, in bytes: itself, the models of the
	// chain and all pictures in flight. A picture begins when there is room for
	// what it needs by its header, one after another in the order of the source;
	// one that needs more by itself fails with ErrMemory. The caller sets Go's
	// memory limit to what is left beside OutsideHeap, or the collector lets
	// garbage grow beyond it. 0: no limit. No output depends on it.
	Memory int64

	// Ledger, if set, is where the run keeps what each output was made of. Items
	// whose outputs are current are then passed over without being opened, those
	// whose input, chain or options have changed are done again, and outputs that
	// are not the program's own are left alone. The outputs of the Sink must be
	// files in Ledger.Out. Nil: an item whose output exists is skipped.
	Ledger   *Ledger
	Checksum bool // files are compared by their content even where size, time and inode are unchanged

	// Keep, with a Ledger, takes a new picture under an old name for another one:
	// its output never takes the place of one that was made of other content, not
	// even with Overwrite. The item ends with ErrTaken before it is decoded. The
	// same content as before is current, or done again, as without Keep.
	Keep bool

	// DryRun only says what would happen: each item that would be worked on
	// gets the outcome Planned. Headers are read, nothing is decoded or written.
	DryRun bool

	// Forget leaves the results out of the Report and keeps their counts: a run
	// without end does not grow. The Reporter learns them all the same.
	Forget bool

	// Inspect, if set, sees each picture that was restored or copied, as it was
	// read and as its output reads, before the output takes its name. Of one that was
	// examined, after is the extra file that shows the picture with what was found (its
	// suffix begins with ".overlay."), or nil where there is none. It is called from many goroutines at once, and keeps neither picture.
	Inspect func(res *Result, before, after *pix.Image)
}

// Run takes every item of src through the chain to the sink. With many
// pictures, each is worked on by one core; with few, its work is shared out
// over all.
//
// What is wrong with one picture is in its Result, and the run goes on. The
// error returned has a kind: KindUsage where options or names clash (nothing
// has been written), KindEnvironment where nothing could go on (the
// pictures in flight are brought to their end), KindCancelled where ctx ended
// (pictures in flight leave no trace). The Report is true in any case.
//
// Errors of KindTransient are tried again twice, after a short and a longer
// pause. rep may be nil.
func Run(ctx context.Context, o Options, c *Chain, src Source, sink Sink, rep Reporter) (Report, error) {
	start := time.Now()
	if o.Pool == nil {
		o.Pool = NewPool(0)
	}
	r := &run{Options: o, chain: c, sink: sink, reporter: rep, results: map[int]*Result{}, claims: map[string]*photo{}, pending: make(chan struct{}, mostPending)}
	list, err := r.prepare(src)
	if err != nil {
		return Report{Unfinished: len(list)}, err
	}
	if s, ok := sink.(Opener); ok && !o.DryRun {
		if err := s.Open(); err != nil {
			return Report{Unfinished: len(list)}, err
		}
	}
	if err := r.openLedger(); err != nil {
		return Report{Unfinished: len(list)}, err
	}
	if rep != nil {
		total := -1
		if list != nil {
			total = len(list)
		}
		rep.Start(total)
	}
	ended := r.items(ctx, src)
	if r.records != nil {
		if err := r.records.close(); err != nil && r.fatal == nil {
			r.fatal = environment(err)
		}
	}
	report := r.report
	report.Unfinished = max(len(list), r.begun) - r.ended
	if !o.Forget {
		report.Results = r.ordered()
	}
	report.Keeps, report.Seconds = c.Keeps(), time.Since(start).Seconds()
	switch {
	case r.fatal != nil:
		return report, r.fatal
	case ctx.Err() != nil && (!ended || report.Unfinished > 0):
		return report, &Error{Kind: KindCancelled, Err: context.Cause(ctx)}
	}
	return report, nil
}

// run is one call of Run.
type run struct {
	Options
	chain    *Chain
	records  *records          // the open ledger, nil where there is none
	options  string            // see outputOptions
	claims   map[string]*photo // names of outputs in flight; see photo.claim
	sink     Sink
	reporter Reporter
	truth    *truth          // nil where there is none
	masks    *masks          // nil where there are none
	inputs   map[string]bool // names that no output may have; see inputPlaces

	wg        sync.WaitGroup
	reporting sync.Mutex

	budget   budget // of memory for the pictures in flight
	resident int64  // of memory that they do not share: the program's own
	sealer   sealer
	few      bool          // so few items that none waits for others at the disk
	pending  chan struct{} // holds one element for each picture whose files wait for their names

	mu      sync.Mutex
	report  Report          // the counts so far
	results map[int]*Result // by the order of the source, unless Options.Forget
	next    int             // the place of the next item in that order
	begun   int             // items taken from the source, but for those that it wants again
	ended   int             // of them those that came to an end, not cut short
	fatal   error
	halt    func() // makes the source yield no more
}

// prepare checks all that can be checked before the first picture. The list is
// that of the source, nil where it has none.
func (r *run) prepare(src Source) (list []Item, err error) {
	if r.chain.tasks == nil {
		return nil, usagef("the chain is not open: call Chain.Open before")
	}
	if strings.ContainsAny(r.Suffix, `/\`) || strings.ContainsRune(r.Suffix, 0) {
		return nil, usagef("suffix %q: it may hold no slash", r.Suffix)
	}
	if r.Quality < 0 || r.Quality > 100 {
		return nil, usagef("quality %d: it goes from 1 to 100, and 0 stands for the default", r.Quality)
	}
	if _, _, err := pix.OutputFormat(pix.Meta{Format: "png", Depth: 8}, r.Format); err != nil {
		return nil, &Error{Kind: KindUsage, Err: err}
	}
	if err := r.checkKeeping(); err != nil {
		return nil, err
	}
	if r.Truth != "" {
		if r.truth, err = newTruth(r.Truth); err != nil {
			return nil, &Error{Kind: KindUsage, Err: err}
		}
	}
	if err := r.CheckMasks(r.chain); err != nil {
		return nil, err
	}
	r.masks = newMasks(&r.Options)
	lister, ok := src.(Lister)
	if !ok {
		return nil, r.limitMemory(0)
	}
	list = lister.List()
	if list == nil {
		list = []Item{}
	}
	if err := r.limitMemory(len(list)); err != nil {
		return nil, err
	}
	r.inputs, r.few = inputPlaces(list), len(list) <= fewItems
	return list, r.plan(list)
}

// openLedger opens the ledger. With it, no other run is at work on the outputs.
func (r *run) openLedger() (err error) {
	if r.Ledger == nil {
		return nil
	}
	if r.options, err = r.outputOptions(); err != nil {
		return &Error{Kind: KindUsage, Err: err}
	}
	if r.records, err = r.Ledger.open(r.DryRun); err != nil {
		return err
	}
	if s, ok := r.sink.(interface{ workAlone() }); ok && r.records.alone {
		s.workAlone()
	}
	return nil
}

// mostPending bounds how many pictures wait for the disk at a time. Each has
// files open.
const mostPending = 64

// items takes each item of the source as far as can be told without decoding it,
// and starts a goroutine for it when the pool has a place. It reports whether the
// source came to its end.
func (r *run) items(ctx context.Context, src Source) (ended bool) {
	defer r.wg.Wait()
	// A source that waits for more must learn that the run has come to its end.
	asking, halt := context.WithCancel(ctx)
	defer halt()
	r.halt = halt
	for item, err := range src.Items(asking) {
		if r.stopped() {
			return false
		}
		index := r.begin()
		p := &photo{run: r, item: item, res: Result{Item: item, Outcome: Failed, Err: err}}
		if err == nil && !p.prepare() || err != nil {
			r.end(src, index, p.res)
			continue
		}
		if p.enter(ctx) != nil {
			p.close()
			return false
		}
		if r.stopped() { // while this one waited
			p.close()
			return false
		}
		r.wg.Go(func() {
			defer p.close()
			p.attempt(ctx)
			p.release() // the source may yield the item again at once
			if p.res.Outcome == Failed && ctx.Err() != nil {
				return // cut short: it is not known whether the picture is at fault
			}
			r.end(src, index, p.res)
		})
	}
	return ctx.Err() == nil
}

func (r *run) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fatal != nil
}

// begin counts an item and gives it its place in the report.
func (r *run) begin() (index int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun++
	r.next++
	return r.next - 1
}

// end records what became of an item, unless the source wants it again. An error
// of the environment stops the run.
func (r *run) end(src Source, index int, res Result) {
	if res.Err != nil {
		res.Err = r.complete(res)
	}
	if s, ok := src.(Retrier); ok && res.Outcome == Failed && KindOf(res.Err) != KindEnvironment && s.Retry(res.Item, res.Err) {
		r.mu.Lock()
		r.begun-- // it will come again
		r.mu.Unlock()
		return
	}
	if res.Outcome == Failed {
		r.recordFailure(res)
	}
	r.mu.Lock()
	r.ended++
	r.report.add(res)
	if !r.Forget {
		r.results[index] = &res
	}
	if r.fatal == nil && res.Err != nil && KindOf(res.Err) == KindEnvironment {
		r.fatal = res.Err
		r.halt()
	}
	r.mu.Unlock()
	if r.reporter != nil {
		r.reporting.Lock()
		r.reporter.Done(res)
		r.reporting.Unlock()
	}
	src.Done(res)
}

// complete makes an *Error of the error of an item, which names it.
func (r *run) complete(res Result) *Error {
	e := &Error{Kind: KindOf(res.Err), Item: res.Item.Path, Err: res.Err}
	var inner *Error
	if errors.As(res.Err, &inner) {
		e.Step = inner.Step
		if err := error(inner); err == res.Err { // it adds nothing but what e has as well
			e.Err = inner.Err
		}
	}
	if e.Kind == KindCancelled { // the context has not ended: a step gave up by itself
		e.Kind = KindInput
	}
	return e
}

// ordered returns the results in the order of the source.
func (r *run) ordered() []Result {
	list := make([]Result, 0, len(r.results))
	for _, index := range slices.Sorted(maps.Keys(r.results)) {
		list = append(list, *r.results[index])
	}
	return list
}
