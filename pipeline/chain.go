package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// Step is one task of a chain with its options. Options is what
// Spec.Options returned, changed by tasks.SetOption; nil stands for the
// defaults.
type Step struct {
	Spec    *tasks.Spec
	Options any
}

// Chain is a list of steps that every picture goes through. Make one with Parse
// or NewChain, change options with SetOption, then call Open once; from then on
// it may be used from many goroutines at once.
type Chain struct {
	// Summary says in a line what the chain is for, or is empty. It has no
	// part in what the chain does.
	Summary string

	steps []Step
	given []string     // planes that come with each picture
	tasks []tasks.Task // as many as steps once open
	env   tasks.Env

	fingerprint string   // see Fingerprint; empty before Open
	extras      []string // suffixes; see nameExtras
}

// NewChain makes a chain of the given steps. It checks that each plane that a
// step needs is made by one before it. The error is of KindUsage.
func NewChain(steps ...Step) (*Chain, error) { return NewChainGiven(nil, steps...) }

// NewChainGiven is NewChain for pictures that come with the given planes, such as
// MaskPlane: a step may need those too. Every Frame for Process has to hold those
// that the chain takes; Run puts the mask in.
func NewChainGiven(given []string, steps ...Step) (*Chain, error) {
	if len(steps) == 0 {
		return nil, usagef("a pipeline needs at least one step")
	}
	c := &Chain{steps: slices.Clone(steps), given: slices.Clone(given)}
	for i := range c.steps {
		s := &c.steps[i]
		if s.Options == nil && s.Spec.Options != nil {
			s.Options = s.Spec.Options()
		}
	}
	if err := c.missing(); err != nil {
		return nil, err
	}
	return c, nil
}

// Steps returns the steps in order. Their Options are those of the chain.
func (c *Chain) Steps() []Step { return slices.Clone(c.steps) }

// label names step i: the task, with #2, #3 where it is not the first of them.
func (c *Chain) label(i int) string {
	name, nth := c.steps[i].Spec.Name, 1
	for _, s := range c.steps[:i] {
		if s.Spec.Name == name {
			nth++
		}
	}
	if nth == 1 {
		return name
	}
	return name + "#" + strconv.Itoa(nth)
}

// SetOption sets an option of one step before the chain is opened. step is the
// name of a task, NAME#2 for the second of its kind, or empty where only one
// step has such an option. The error is of KindUsage.
func (c *Chain) SetOption(step, name, value string) error {
	var found []int
	var labels []string
	for i, s := range c.steps {
		labels = append(labels, c.label(i))
		if step == "" && hasOption(s, name) || step != "" && strings.TrimSuffix(step, "#1") == c.label(i) {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 0 && step == "":
		return usagef("no step of the pipeline has an option %q", name)
	case len(found) == 0:
		return usagef("the pipeline has no step %q; it has: %s", step, strings.Join(labels, ", "))
	case len(found) > 1:
		return usagef("several steps have an option %q; say which: STEP=VALUE, where STEP is one of: %s", name, strings.Join(labels, ", "))
	}
	i := found[0]
	if err := setOption(c.steps[i], name, value); err != nil {
		return &Error{Kind: KindUsage, Step: c.label(i), Err: err}
	}
	return nil
}

func setOption(s Step, name, value string) error {
	if s.Options == nil {
		return fmt.Errorf("unknown option %q: there are none here", name)
	}
	return tasks.SetOption(s.Options, name, value)
}

func optionsOf(s Step) []tasks.Option {
	if s.Options == nil {
		return nil
	}
	return tasks.Options(s.Options)
}

func hasOption(s Step, name string) bool {
	return slices.ContainsFunc(optionsOf(s), func(o tasks.Option) bool { return o.Name == name })
}

// Open makes the tasks of the chain and opens their models, so that an unusable
// one is found before the first picture. Where env has no Run, the chain gets a
// Pool of its own; where it has no OpenModel, the models shipped with its own
// tasks are found by name, and others as files. The planes that steps need are
// checked once more, as options that were set meanwhile may have changed them. It
// sets env.Alone as Keeps says, and env.Given; a chain that would write nothing is an error of
// KindUsage.
func (c *Chain) Open(ctx context.Context, env tasks.Env) error {
	if err := c.missing(); err != nil {
		return err
	}
	if env.Run == nil {
		pool := NewPool(env.Workers)
		env.Run, env.Workers = pool.Run, pool.Workers()
	}
	if env.OpenModel == nil {
		env.OpenModel = c.openModel
	}
	env.Alone = c.Keeps()
	extras, err := c.nameExtras()
	if err != nil {
		return err
	}
	opened := make([]tasks.Task, len(c.steps))
	finger := newFingerprinter(len(c.steps))
	for i, s := range c.steps {
		var models modelSums
		stepEnv := env
		stepEnv.OpenModel = models.watching(env.OpenModel)
		stepEnv.Given = c.givenTo(i)
		task, err := s.Spec.New(ctx, stepEnv, s.Options)
		if err == nil && task == nil {
			err = errors.New("internal error: the task is nil")
		}
		if err != nil {
			kind := KindUsage
			if errors.Is(err, tasks.ErrModel) || ctx.Err() != nil {
				kind = KindOf(err)
			}
			return &Error{Kind: kind, Step: c.label(i), Err: err}
		}
		opened[i] = task
		finger.step(s, models.end())
	}
	c.tasks, c.env, c.extras, c.fingerprint = opened, env, extras, finger.String()
	return nil
}

func (c *Chain) openModel(name string) (io.ReaderAt, int64, error) {
	for _, s := range c.steps {
		for _, m := range s.Spec.Models {
			if m.Name == name && m.Weights != nil {
				return bytes.NewReader(m.Weights), int64(len(m.Weights)), nil
			}
		}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %q is neither a shipped model nor a readable file: %w", tasks.ErrModel, name, err)
	}
	return bytes.NewReader(data), int64(len(data)), nil
}

// Process takes one picture through all steps. A panic of a step, and a frame
// that does not hold together, become an error that names the step. f itself
// is left as it is. It holds the planes that the chain takes (Takes), each as
// large as the picture.
func (c *Chain) Process(ctx context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	if c.tasks == nil {
		return nil, usagef("the chain is not open: call Chain.Open before")
	}
	if err := c.without(f); err != nil {
		return nil, err
	}
	for i := range c.tasks {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		next, err := apply(ctx, c.tasks[i], f)
		if err == nil {
			err = check(next)
		}
		if err == nil {
			err = c.kept(i, f, next)
		}
		if err != nil {
			kind := KindOf(err)
			if ctx.Err() != nil {
				kind = KindCancelled
			}
			return nil, &Error{Kind: kind, Step: c.label(i), Err: err}
		}
		f = next
	}
	return f, nil
}

func apply(ctx context.Context, t tasks.Task, f *tasks.Frame) (out *tasks.Frame, err error) {
	defer func() {
		if v := recover(); v != nil {
			out, err = nil, &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return t.Apply(ctx, f)
}

// check finds frames that would bring a later step or an encoder down.
func check(f *tasks.Frame) error {
	if f == nil || f.Image == nil {
		return errors.New("internal error: the step returned no picture")
	}
	pictures := []*pix.Image{f.Image}
	for _, m := range f.Outputs {
		pictures = append(pictures, m)
	}
	for _, m := range pictures {
		if m == nil || m.W < 1 || m.H < 1 || len(m.Planes) != 1 && len(m.Planes) != 3 {
			return errors.New("internal error: the step returned a picture without samples")
		}
		for _, plane := range m.Planes {
			if len(plane) != m.W*m.H {
				return errors.New("internal error: the step returned a picture with too few or too many samples")
			}
		}
		if m.Alpha != nil && len(m.Alpha) != m.W*m.H {
			return errors.New("internal error: the step returned a picture whose opacity has another size")
		}
	}
	for _, name := range sorted(f.Planes) {
		if err := checkPlane(f.Image, f.Planes[name]); err != nil {
			return fmt.Errorf("internal error: the step returned the plane %q: %w", name, err)
		}
	}
	return nil
}

// Apply takes a picture of the standard library through the chain, for programs
// that have pictures and no files. The result has the depth of m; where no
// step changed it, it is equal to m sample by sample. An m that is nil or has
// no pixels is an error of KindInput. A chain that takes planes needs Process.
func (c *Chain) Apply(ctx context.Context, m image.Image) (image.Image, error) {
	if m == nil || m.Bounds().Empty() {
		return nil, &Error{Kind: KindInput, Err: errors.New("there is no picture: it is nil or has no pixels")}
	}
	f, err := c.Process(ctx, &tasks.Frame{Name: "image", Image: pix.FromImage(m)})
	if err != nil {
		return nil, err
	}
	return f.Image.ToImage(), nil
}

// String writes the chain in the grammar of Parse, with those options that
// differ from their defaults.
func (c *Chain) String() string {
	var b strings.Builder
	for i, s := range c.steps {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(s.Spec.Name)
		if s.Options == nil {
			continue
		}
		defaults := tasks.Options(s.Spec.Options())
		for k, o := range tasks.Options(s.Options) {
			if o.Default != defaults[k].Default {
				b.WriteString(":" + o.Name + "=" + quote(o.Default))
			}
		}
	}
	return b.String()
}
