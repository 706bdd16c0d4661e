package pipeline

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// MaskPlane is the name of the plane that Options.Mask and Options.Masks give.
const MaskPlane = "mask"

// needs lists the planes that a step needs with the options that it has now.
func (s *Step) needs() []string {
	if s.Spec.NeedsOf != nil {
		return s.Spec.NeedsOf(s.Options)
	}
	return s.Spec.Needs
}

// missingPlane finds the first step that needs a plane which none before it
// makes and which does not come with the picture.
func missingPlane(steps []Step, given []string) (step int, err error) {
	made := map[string]bool{}
	for _, plane := range given {
		made[plane] = true
	}
	for i, s := range steps {
		for _, plane := range s.needs() {
			if !made[plane] {
				if plane == MaskPlane {
					return i, errors.New("needs a mask, which no step before it makes; give one with --mask FILE, or one for each picture with --masks DIR")
				}
				return i, fmt.Errorf("needs the plane %q, which no step before it makes", plane)
			}
		}
		for _, plane := range s.Spec.Makes {
			made[plane] = true
		}
	}
	return 0, nil
}

// missing is missingPlane for the chain as it is now.
func (c *Chain) missing() error {
	i, err := missingPlane(c.steps, c.given)
	if err != nil {
		return &Error{Kind: KindUsage, Step: c.label(i), Err: err}
	}
	return nil
}

// Takes reports whether the chain takes a plane that comes with the picture: a
// step needs it, and none before that one makes it.
func (c *Chain) Takes(plane string) bool {
	for i := range c.steps {
		if slices.Contains(c.steps[i].needs(), plane) {
			return true
		}
		if slices.Contains(c.steps[i].Spec.Makes, plane) {
			return false
		}
	}
	return false
}

// givenTo lists the planes that come with each picture and are still those when
// step i gets them.
func (c *Chain) givenTo(i int) []string {
	return slices.DeleteFunc(slices.Clone(c.given), func(plane string) bool {
		return slices.ContainsFunc(c.steps[:i], func(s Step) bool { return slices.Contains(s.Spec.Makes, plane) })
	})
}

// maker names the first step that makes a plane, or is empty.
func (c *Chain) maker(plane string) string {
	for i := range c.steps {
		if slices.Contains(c.steps[i].Spec.Makes, plane) {
			return c.label(i)
		}
	}
	return ""
}

// without finds a plane that should come with the picture and does not, or has
// another size.
func (c *Chain) without(f *tasks.Frame) error {
	for _, plane := range c.given {
		if !c.Takes(plane) {
			continue
		}
		if f.Planes[plane] == nil {
			return usagef("the picture comes without the plane %q, which the chain was made for", plane)
		}
		if err := checkPlane(f.Image, f.Planes[plane]); err != nil {
			return usagef("the plane %q of the picture: %w", plane, err)
		}
	}
	return nil
}

// checkPlane compares the size of a plane with that of its picture.
func checkPlane(m *pix.Image, p *pix.Plane) error {
	switch {
	case p == nil:
		return errors.New("it is nil")
	case p.W != m.W || p.H != m.H:
		return fmt.Errorf("it has %dx%d samples, and the picture %dx%d", p.W, p.H, m.W, m.H)
	case len(p.Pix) != p.W*p.H:
		return errors.New("it has too few or too many samples")
	}
	return nil
}
