package pipeline

import (
	"math"
	"path/filepath"

	"github.com/cae-restore/restore/tasks"
)

// Outcome is what became of one item.
type Outcome string

// The outcomes.
const (
	Restored Outcome = "restored" // written, changed by at least one step or in another format
	Copied   Outcome = "copied"   // no step changed it: the file was copied byte for byte
	Examined Outcome = "examined" // the chain changes no pictures: its extra files were written
	Current  Outcome = "current"  // its output is there and as it would be made again; only with a ledger
	Skipped  Outcome = "skipped"  // the name of its output is taken by a file that is not its own, which was left alone
	Failed   Outcome = "failed"   // see Result.Err
	Planned  Outcome = "planned"  // of a dry run: it would be worked on
	Ignored  Outcome = "ignored"  // a file in a folder that is no picture, by content nor by ending
)

// Worked reports whether the picture was taken through the chain and has its files:
// it was restored, copied or examined.
func (o Outcome) Worked() bool { return o == Restored || o == Copied || o == Examined }

// Result is what became of one item, and what was found on the way.
type Result struct {
	Item    Item
	Output  string   // path of the output; empty where there is none
	Extras  []string // paths of the extra files, in the order of their suffixes, known as early as Output
	Why     string   // for Current, Skipped and Planned: why, in words
	Outcome Outcome
	Err     error // for Failed: an *Error that names the item and, if one failed, the step; KindOf tells its kind

	W, H    int     // size in pixels, 0 where the picture was not decoded
	Seconds float64 // from opening the input to naming the output
	Notes   []tasks.Note
	Truth   *Score // against the clean original; nil where there is none
}

// dir is the folder of its files.
func (r *Result) dir() string {
	if r.Output == "" && len(r.Extras) > 0 {
		return filepath.Dir(r.Extras[0])
	}
	return filepath.Dir(r.Output)
}

// Megapixels is the size of the decoded picture in millions of pixels.
func (r *Result) Megapixels() float64 { return float64(r.W) * float64(r.H) / 1e6 }

// Score is the PSNR in dB of a picture against its clean original, over all
// samples at 16 bits: of the input, and of the output file as it was written.
// It is +Inf where the two are equal.
type Score struct{ Before, After float64 }

// Report tells what a run did.
type Report struct {
	Results []Result // in the order of the source; without those that were cut short or not begun; none with Options.Forget

	// How many items had which outcome.
	Restored, Copied, Examined, Current, Skipped, Failed, Planned, Ignored int

	// Unfinished counts the items that the source is known to have and that
	// have no result, because the run ended early. It is 0 for a Source that is
	// no Lister, but for the items then in flight.
	Unfinished int

	Keeps      bool    // the chain changes no picture (Chain.Keeps): what went through was examined
	Seconds    float64 // of the whole run
	Megapixels float64 // of all pictures that were Worked on
}

// add counts a result.
func (r *Report) add(res Result) {
	switch res.Outcome {
	case Restored:
		r.Restored++
	case Copied:
		r.Copied++
	case Examined:
		r.Examined++
	case Current:
		r.Current++
	case Skipped:
		r.Skipped++
	case Failed:
		r.Failed++
	case Planned:
		r.Planned++
	case Ignored:
		r.Ignored++
	}
	if res.Outcome.Worked() {
		r.Megapixels += res.Megapixels()
	}
}

// Truth returns the mean scores over the n pictures that have finite ones.
func (r *Report) Truth() (mean Score, n int) {
	for _, res := range r.Results {
		if s := res.Truth; s != nil && !math.IsInf(s.Before, 0) && !math.IsInf(s.After, 0) {
			mean.Before += s.Before
			mean.After += s.After
			n++
		}
	}
	if n > 0 {
		mean.Before /= float64(n)
		mean.After /= float64(n)
	}
	return mean, n
}

// Reporter learns how a run goes while it goes. Its methods are called one at a
// time, and should return soon.
type Reporter interface {
	// Start comes first, with the number of items, or -1 where the source does
	// not know it.
	Start(total int)
	// Done comes once for each item, in the order in which they end.
	Done(r Result)
}
