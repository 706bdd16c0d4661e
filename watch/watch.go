package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
)

// Defaults of Options.
const (
	DefaultSettle   = 3 * time.Second  // longer than the two seconds to which FAT rounds times
	DefaultInterval = 10 * time.Minute // between scans beside events
	FallbackPoll    = 30 * time.Second // between scans of folders that send no events
)

// backOff are the pauses before a file that failed as an unfinished one is tried
// again.
var backOff = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute}

// Options are the options of New.
type Options struct {
	Exclude []string // as in pipeline.FolderOptions

	// Out is the output folder. It may not lie inside the watched folder unless
	// Exclude leaves it out there, nor the watched folder inside it.
	Out string

	// Masks lists what pipeline.Options.Mask and Masks name: files and folders that
	// are no inputs where they lie in the watched folder. None may be that folder.
	Masks []string

	// Settle is for how long a file must stay the same before its turn; 0 stands
	// for DefaultSettle.
	Settle time.Duration

	// Interval is the time between scans of the whole folder, give or take a
	// tenth so that many watches of one server do not scan at once. 0 stands for
	// DefaultInterval.
	Interval time.Duration

	// Poll watches by scans alone, for file systems that send no events.
	Poll bool

	// Once ends the source when all that is there has settled and come to its
	// end, and a last scan finds nothing new.
	Once bool

	// MoveDone and MoveFailed are folders that inputs are moved to once they are
	// done or have failed, with their place in the tree; empty: they stay. No file
	// in them is replaced. They may lie inside the watched folder and are not
	// watched there. With MoveDone, a new file under an old name is a new picture:
	// the run needs pipeline.Options.Keep.
	MoveDone, MoveFailed string

	// Notify learns what the user may want to know; nil for nobody. It may be
	// called from any goroutine, one call at a time, and should return soon.
	Notify func(Event)
}

// EventKind is the sort of an Event.
type EventKind string

// The kinds of events.
const (
	Polling    EventKind = "polling"     // Path cannot be watched and is looked at now and then instead; Err says why
	Overflow   EventKind = "overflow"    // events were lost; a scan makes up for them
	LeftOut    EventKind = "left-out"    // the folder Path is not watched, or not all of it, for the reason Err
	Retrying   EventKind = "retrying"    // Path failed with Err as an unfinished file does, and is tried again after Wait
	Away       EventKind = "away"        // the watched folder Path cannot be read because of Err; it is looked for after each Wait
	Back       EventKind = "back"        // it is there again, or another is in its place, and is watched anew
	Gone       EventKind = "gone"        // Path went away before its turn
	Moved      EventKind = "moved"       // Path was moved to Target
	MoveFailed EventKind = "move-failed" // Path could not be moved because of Err, which may be ErrLink, and stays
)

// Event is what happened beside the results of the pictures.
type Event struct {
	Kind   EventKind
	Path   string // of a file or folder, as it can be opened
	Rel    string // of a file: where it stands in the watched folder, with slashes
	Target string
	Err    error
	Wait   time.Duration
}

// Source is a watched folder. It is a pipeline.Retrier.
type Source struct {
	Options
	dir    string   // as given
	real   string   // its real path
	own    []string // real paths of folders that are never entered
	outAt  string   // that of Out; empty where there is none
	masks  []string // relative paths of masks, and of folders of masks, in the watched folder
	rules  pipeline.Rules
	listen func() (notifier, error)
	jitter func(time.Duration) time.Duration
	recent func(fs.FileInfo, time.Time) bool

	// Only the goroutine of follow uses these.
	folders    map[string]*folder // by relative path
	reals      map[string]string  // real path of a folder -> the relative path by which it was entered
	notifier   notifier           // nil where there are no events
	generation atomic.Uint64      // number of the current scan
	scanAt     time.Time          // when the next scan of all is due
	scannedAt  time.Time          // when the last scan of all began
	told       bool               // that something cannot be watched
	toldOut    bool               // that a link leads to the output folder
	toldLeft   map[string]bool    // relative paths of folders of which it was told that they are left out
	away       error              // why the watched folder cannot be read; nil: it can
	rootAt     time.Time          // when the watched folder itself is looked at next
	awayPause  time.Duration      // AwayPause, but for tests
	pollAt     time.Time          // when the next scan of folders without events is due; zero: there are none

	wake  chan struct{} // to follow: something is due earlier, or has ended
	ready chan struct{} // to Items: something is queued, or all is done

	notifying sync.Mutex
	files
}

// New makes a source of the pictures in dir. Nothing is watched before Items is
// called. Errors are of pipeline.KindUsage, but for a folder that is not there or
// cannot be looked at: that may be a disk that is late, so it is one of
// pipeline.KindEnvironment.
func New(dir string, o Options) (*Source, error) {
	s := &Source{Options: o, dir: dir, rules: pipeline.Rules{Exclude: o.Exclude}, listen: listen, jitter: jitter, recent: recent,
		folders: map[string]*folder{}, toldLeft: map[string]bool{}, reals: map[string]string{}, wake: make(chan struct{}, 1), ready: make(chan struct{}, 1)}
	s.files.init()
	s.awayPause = AwayPause
	if s.Settle == 0 {
		s.Settle = DefaultSettle
	}
	if s.Interval == 0 {
		s.Interval = DefaultInterval
	}
	if s.Settle < 0 || s.Interval < 0 {
		return nil, usagef("the settle time and the interval between scans must be above 0")
	}
	if err := s.rules.Check(); err != nil {
		return nil, err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, &pipeline.Error{Kind: pipeline.KindEnvironment, Err: fmt.Errorf("the folder to watch: %w", &pipeline.Error{Item: dir, Err: pipeline.Dangling(dir, err)})}
	}
	if !info.IsDir() {
		return nil, usagef("%s is no folder; only a folder can be watched", pipeline.QuoteName(dir))
	}
	if s.real, err = pipeline.RealPath(dir); err != nil {
		return nil, usagef("the folder to watch: %w", err)
	}
	return s, s.checkFolders()
}

// checkFolders looks where the folders lie that are written to: nothing that is
// put there may come back in.
func (s *Source) checkFolders() error {
	out := ""
	if s.Out != "" {
		real, err := pipeline.RealPath(s.Out)
		if err != nil {
			return usagef("the output folder: %w", err)
		}
		if rel, inside := pipeline.Below(s.real, real); inside && (rel == "." || !s.rules.LeaveOut(rel)) {
			return usagef("the output folder %s lies inside the watched folder %s, where outputs would be taken for inputs; "+
				"choose another, or leave it out with --exclude", s.Out, s.dir)
		}
		if _, inside := pipeline.Below(real, s.real); inside {
			return usagef("the watched folder %s lies inside the output folder %s, where outputs would be taken for inputs; choose another output folder", s.dir, s.Out)
		}
		out, s.outAt = real, real
		s.own = append(s.own, real)
	}
	for _, name := range s.Masks {
		real, err := pipeline.RealPath(name)
		if err != nil {
			return usagef("the masks: %w", err)
		}
		switch rel, inside := pipeline.Below(s.real, real); {
		case rel == ".":
			return usagef("the watched folder %s is that of the masks, so each picture would be its own mask; put the masks into another", pipeline.QuoteName(s.dir))
		case inside:
			s.masks = append(s.masks, rel)
		}
		if _, inside := pipeline.Below(real, s.real); !inside { // a link may lead to it
			s.own = append(s.own, real)
		}
	}
	for _, m := range []struct{ name, what string }{{s.MoveDone, "done"}, {s.MoveFailed, "failed"}} {
		if m.name == "" {
			continue
		}
		real, err := pipeline.RealPath(m.name)
		if err != nil {
			return usagef("the folder for %s pictures: %w", m.what, err)
		}
		if _, inside := pipeline.Below(real, s.real); inside {
			return usagef("the folder for %s pictures, %s, is the watched folder or holds it; choose another", m.what, m.name)
		}
		if _, inside := pipeline.Below(out, real); inside && out != "" {
			return usagef("the folder for %s pictures, %s, lies inside the output folder; choose another", m.what, m.name)
		}
		s.own = append(s.own, real)
	}
	return nil
}

// Items implements pipeline.Source. It is called once. The iteration ends with
// ctx, or with Options.Once when all is done.
func (s *Source) Items(ctx context.Context) iter.Seq2[pipeline.Item, error] {
	return func(yield func(pipeline.Item, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer stop()
		wg.Go(func() { s.follow(ctx) })
		for {
			item, err, ok := s.next(ctx)
			if !ok || !yield(item, err) {
				return
			}
		}
	}
}

// next waits for the next item.
func (s *Source) next(ctx context.Context) (item pipeline.Item, err error, ok bool) {
	for ctx.Err() == nil {
		f, finished := s.take()
		switch {
		case finished:
			return item, nil, false
		case f == nil:
			select {
			case <-s.ready:
			case <-ctx.Done():
			}
		default:
			// It may have been in the queue for hours.
			if item, err, ok := s.board(f); ok {
				return item, err, true
			}
		}
	}
	return item, nil, false
}

// board looks at a file whose turn has come. It reports false where the file has
// changed or gone.
func (s *Source) board(f *file) (pipeline.Item, error, bool) {
	if f.err != nil { // what cannot be looked at: it is reported
		s.launch(s.path(f.rel), f)
		return pipeline.Item{Path: s.path(f.rel), Rel: path.Clean(f.rel)}, f.err, true
	}
	info, err := os.Stat(s.path(f.rel))
	if err != nil || stampOf(info) != f.stamp || !info.Mode().IsRegular() {
		s.land(f)
		s.look(f.rel, false, false)
		return pipeline.Item{}, nil, false
	}
	s.launch(s.path(f.rel), f)
	return pipeline.Item{Path: s.path(f.rel), Rel: numbered(f.rel, f.number), Size: info.Size(), ModTime: info.ModTime(), Mode: info.Mode()}, nil, true
}

// Done implements pipeline.Source. What has changed meanwhile begins anew.
// Otherwise the file is moved, if that is wished.
func (s *Source) Done(res pipeline.Result) {
	defer poke(s.wake)
	f := s.inFlight(res.Item.Path)
	if f == nil {
		return
	}
	if f.err == nil && s.changed(f) {
		s.land(f)
		s.look(f.rel, false, false)
		return
	}
	moved := f.err == nil && s.move(res, f)
	s.end(f)
	if moved {
		s.forget(f.rel)
	}
}

// Retry implements pipeline.Retrier. A file that has changed meanwhile or gone
// has no failure to record. One that failed as an unfinished file does is tried
// again, as often as there are pauses, if it is young or has come while it was
// watched for: a picture that has been broken for long stays so. One whose name was given to another
// picture, which has been moved, comes again under a numbered name; the ledger
// tells in the same way after a restart.
func (s *Source) Retry(item pipeline.Item, err error) bool {
	f := s.inFlight(item.Path)
	if f == nil || f.err != nil {
		return false
	}
	kind := pipeline.KindOf(err)
	if kind != pipeline.KindInput && kind != pipeline.KindTransient {
		return false
	}
	defer poke(s.wake)
	if s.changed(f) {
		s.land(f)
		s.look(f.rel, false, false)
		return true
	}
	if s.MoveDone != "" && errors.Is(err, pipeline.ErrTaken) {
		s.rename(f)
		return true
	}
	if kind == pipeline.KindInput && !(looksUnfinished(err) && s.young(f)) {
		return false
	}
	wait, again := s.postpone(f, time.Now())
	if again {
		s.notify(Event{Kind: Retrying, Path: item.Path, Rel: f.rel, Err: err, Wait: wait})
	}
	return again
}

// young reports whether a file may still be in the making.
func (s *Source) young(f *file) bool {
	if s.hasArrived(f) {
		return true
	}
	info, err := os.Stat(s.path(f.rel))
	return err != nil || s.recent(info, time.Now())
}

// looksUnfinished reports whether a picture that is still being written, or has
// just been made, may fail like this: by itself, or as its mask is to come yet.
func looksUnfinished(err error) bool {
	for _, target := range []error{pix.ErrCorrupt, pix.ErrEmpty, pix.ErrFormat, fs.ErrPermission, pipeline.ErrMaskNotReady} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// changed reports whether a file in flight is not what it was when it was
// yielded. Gone counts as changed.
func (s *Source) changed(f *file) bool {
	info, err := os.Stat(s.path(f.rel))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) || s.rootGone()
	}
	return stampOf(info) != f.stamp
}

func (s *Source) path(rel string) string { return filepath.Join(s.dir, filepath.FromSlash(rel)) }

func (s *Source) notify(e Event) {
	if s.Notify == nil {
		return
	}
	s.notifying.Lock()
	defer s.notifying.Unlock()
	s.Notify(e)
}

// jitter varies a pause by at most a tenth.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}

// poke wakes who waits on a channel of capacity 1.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func usagef(format string, args ...any) error {
	return &pipeline.Error{Kind: pipeline.KindUsage, Err: fmt.Errorf(format, args...)}
}
