package fit

import (
	"context"
	"fmt"
	"iter"
	"os"
	"sync"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

// Margin is by how many samples at least pictures are continued by reflection on
// all sides before a network sees them: whoever runs a model elsewhere has to do
// the same.
const Margin = neural.Margin

// Picture is a file to score on.
type Picture struct {
	Path string // for opening it
	Name string // for messages, and companions go by its stem
}

// EvalOptions say what Eval scores, and on what.
type EvalOptions struct {
	Model    *tasks.Model
	Name     string        // of the weights: a shipped model or a file
	Pictures []Picture     // clean pictures, in the order in which they are scored
	Limits   pix.Limits    // the zero value stands for pix.DefaultLimits
	Options  any           // as Model.ScoreOptions returns them
	Assets   []AssetFolder // of the model's; may be empty

	// Progress, if set, learns of each picture when all is done with it. It is
	// called by one goroutine at a time.
	Progress func(Progress)

	Warn func(text string) // told of assets that are left out; may be nil
}

// Progress is one picture that is done.
type Progress struct {
	Pass int // from 1: a model's Score may go over the pictures several times
	W, H int
	Err  error // why the picture was left out, or nil
}

// Unread is a picture that was left out.
type Unread struct {
	Picture
	Err error
}

// Eval scores a model through its own Score. Pictures that cannot be read are
// left out and returned; the table is of the others. The error wraps ErrData
// where no picture is left.
//
// The next picture is decoded while the model works on the one before it, if
// there is more than one worker.
func Eval(ctx context.Context, env tasks.Env, o EvalOptions) (tasks.Table, []Unread, error) {
	if o.Model.Score == nil {
		return tasks.Table{}, nil, fmt.Errorf("the model %s cannot be scored by this program", o.Model.Name)
	}
	if len(o.Pictures) == 0 {
		return tasks.Table{}, nil, fmt.Errorf("%w: there is no picture to score on", ErrData)
	}
	companions, err := openAssets(ctx, env, o.Model, o.Assets)
	if err != nil {
		return tasks.Table{}, nil, err
	}
	for _, text := range companions.warnings {
		if o.Warn != nil {
			o.Warn(text)
		}
	}
	s := &scoring{EvalOptions: o, assets: companions.pictures, ahead: env.Workers > 1, failed: make([]error, len(o.Pictures))}
	t, err := o.Model.Score(ctx, env, o.Name, s.samples(ctx), o.Options)
	var unread []Unread
	for i, err := range s.failed {
		if err != nil {
			unread = append(unread, Unread{o.Pictures[i], err})
		}
	}
	if len(unread) == len(o.Pictures) && ctx.Err() == nil {
		err = fmt.Errorf("%w: none of the %d pictures can be read", ErrData, len(unread))
	}
	return t, unread, err
}

// scoring is one call of Eval.
type scoring struct {
	EvalOptions
	assets map[string][]tasks.Asset
	ahead  bool
	pass   int
	failed []error // by picture
}

type loaded struct {
	index int
	image *pix.Image
	err   error
}

// samples goes over the pictures that can be read, as often as Score likes. A
// picture that could not be read once is not tried again, so that all passes
// see the same.
func (s *scoring) samples(ctx context.Context) iter.Seq2[tasks.Sample, error] {
	return func(yield func(tasks.Sample, error) bool) {
		s.pass++
		for l := range s.pictures(ctx) {
			done := Progress{Pass: s.pass}
			if s.failed[l.index] = l.err; l.err != nil {
				done.Err = l.err
				s.progress(done)
				continue
			}
			done.W, done.H = l.image.W, l.image.H
			more := yield(tasks.Sample{Name: s.Pictures[l.index].Name, Image: l.image, Assets: s.assets}, nil)
			s.progress(done)
			if !more {
				return
			}
		}
		if ctx.Err() != nil { // what is cut short is not to be taken for the whole
			yield(tasks.Sample{}, context.Cause(ctx))
		}
	}
}

func (s *scoring) progress(p Progress) {
	if s.Progress != nil {
		s.Progress(p)
	}
}

// pictures reads the pictures in their order, at most one of them ahead of its
// use: it waits until the one before it is done with.
func (s *scoring) pictures(ctx context.Context) iter.Seq[loaded] {
	var rest []int
	for i, err := range s.failed {
		if err == nil {
			rest = append(rest, i)
		}
	}
	if !s.ahead {
		return func(yield func(loaded) bool) {
			for _, i := range rest {
				if ctx.Err() != nil || !yield(s.load(i)) {
					return
				}
			}
		}
	}
	return func(yield func(loaded) bool) {
		ctx, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer stop()
		next := make(chan loaded)
		wg.Go(func() {
			defer close(next)
			for _, i := range rest {
				if ctx.Err() != nil {
					return
				}
				select {
				case next <- s.load(i):
				case <-ctx.Done():
					return
				}
			}
		})
		for l := range next {
			if !yield(l) {
				return
			}
		}
	}
}

// load reads a picture as scoring sees it: without opacity and metadata.
func (s *scoring) load(i int) loaded {
	m, err := decode(s.Pictures[i].Path, s.Limits)
	if err != nil {
		return loaded{index: i, err: err}
	}
	m.Alpha, m.Meta = nil, pix.Meta{Format: m.Meta.Format, Depth: m.Meta.Depth}
	return loaded{index: i, image: m}
}

// decode reads a file. Limits of zero stand for the default ones.
func decode(path string, lim pix.Limits) (*pix.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return pix.Decode(f, lim)
}
