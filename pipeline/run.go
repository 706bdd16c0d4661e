package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	r := &run{Options: o, chain: c, sink: sink, reporter: rep}
	list, err := r.prepare(src)
	if err != nil {
		return Report{Unfinished: len(list)}, err
	}
	if s, ok := sink.(Opener); ok {
		if err := s.Open(); err != nil {
			return Report{Unfinished: len(list)}, err
		}
	}
	if rep != nil {
		total := -1
		if list != nil {
			total = len(list)
		}
		rep.Start(total)
	}
	ended := r.items(ctx, src)
	report := r.report(len(list))
	report.Seconds = time.Since(start).Seconds()
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
	sink     Sink
	reporter Reporter
	truth    *truth          // nil where there is none
	inputs   map[string]bool // names that no output may have; see inputPlaces

	wg        sync.WaitGroup
	reporting sync.Mutex

	mu      sync.Mutex
	results []*Result // by the order of the source; nil: cut short or in flight
	fatal   error
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
	if r.Truth != "" {
		if r.truth, err = newTruth(r.Truth); err != nil {
			return nil, &Error{Kind: KindUsage, Err: err}
		}
	}
	lister, ok := src.(Lister)
	if !ok {
		return nil, nil
	}
	list = lister.List()
	if list == nil {
		list = []Item{}
	}
	r.inputs = inputPlaces(list)
	return list, r.plan(list)
}

// items starts a goroutine for each item when the pool has a place for it. It
// reports whether the source came to its end.
func (r *run) items(ctx context.Context, src Source) (ended bool) {
	defer r.wg.Wait()
	for item, err := range src.Items(ctx) {
		if r.stopped() {
			return false
		}
		if enterErr := r.Pool.Enter(ctx); enterErr != nil {
			return false
		}
		if r.stopped() { // while this goroutine waited
			r.Pool.Leave()
			return false
		}
		index := r.begin()
		r.wg.Go(func() {
			defer r.Pool.Leave()
			res := Result{Item: item, Outcome: Failed, Err: err}
			if err == nil {
				res = r.attempt(ctx, item)
			}
			if res.Outcome == Failed && ctx.Err() != nil {
				return // cut short: it is not known whether the picture is at fault
			}
			r.end(index, res)
			src.Done(item, res.Err)
		})
	}
	return ctx.Err() == nil
}

// pauses before an item with a transient error is tried again.
var pauses = []time.Duration{100 * time.Millisecond, time.Second}

func (r *run) attempt(ctx context.Context, item Item) Result {
	start := time.Now()
	for try := 0; ; try++ {
		res := r.process(ctx, item)
		res.Seconds = time.Since(start).Seconds()
		if KindOf(res.Err) != KindTransient || try == len(pauses) {
			return res
		}
		select {
		case <-time.After(pauses[try]):
		case <-ctx.Done():
			return res
		}
	}
}

func (r *run) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fatal != nil
}

// begin reserves the place of one item in the report.
func (r *run) begin() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results = append(r.results, nil)
	return len(r.results) - 1
}

// end records a result. An error of the environment stops the run.
func (r *run) end(index int, res Result) {
	if res.Err != nil {
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
		res.Err = e
	}
	r.mu.Lock()
	r.results[index] = &res
	if r.fatal == nil && res.Err != nil && KindOf(res.Err) == KindEnvironment {
		r.fatal = res.Err
	}
	r.mu.Unlock()
	if r.reporter != nil {
		r.reporting.Lock()
		defer r.reporting.Unlock()
		r.reporter.Done(res)
	}
}

func (r *run) report(total int) Report {
	var report Report
	for _, res := range r.results {
		if res != nil {
			report.add(*res)
		}
	}
	report.Unfinished = max(total, len(r.results)) - len(report.Results)
	return report
}

// plan finds outputs that would take each other's names, or that of an input.
// Only items that share a folder and a stem can clash, so no other is opened.
func (r *run) plan(list []Item) error {
	groups := map[string][]Item{}
	for _, item := range list {
		stem, ending := splitEnding(item.Rel)
		if r.inputs[place(r.target(item, r.expected(ending)))] {
			return usagef("the output of %s would take the place of an input; choose another output folder, or a suffix", item.Path)
		}
		groups[fold(stem)] = append(groups[fold(stem)], item)
	}
	var clashes []string
	for _, group := range groups {
		if len(group) > 1 {
			clashes = append(clashes, r.clashes(group)...)
		}
	}
	if len(clashes) == 0 {
		return nil
	}
	slices.SortFunc(clashes, cmp.Compare)
	const shown = 5
	more := ""
	if n := len(clashes) - shown; n > 0 {
		clashes, more = clashes[:shown], fmt.Sprintf("\nand %d more", n)
	}
	return usagef("several inputs would have the same output:\n%s%s\nchoose another format, or process them into different folders",
		strings.Join(clashes, "\n"), more)
}

// clashes compares the names of the outputs of items with the same stem.
func (r *run) clashes(group []Item) (list []string) {
	first := map[string]Item{}
	for _, item := range group {
		in, err := openInput(item, r.Limits)
		if err != nil {
			continue // it will have no output
		}
		in.Close()
		_, ending, err := outputEnding(in.header, item, r.Format)
		if err != nil {
			continue
		}
		stem, _ := splitEnding(item.Rel)
		output := stem + r.Suffix + ending
		if other, ok := first[fold(output)]; ok {
			list = append(list, fmt.Sprintf("  %s and %s: %s", other.Path, item.Path, output))
			continue
		}
		first[fold(output)] = item
	}
	return list
}
