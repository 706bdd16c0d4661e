package pipeline

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// choosy needs a mask only where its option says so.
var choosy = &tasks.Spec{
	Name: "choosy", Needs: []string{"never asked"},
	Options: func() any { return &lightenOptions{Gamma: 1, Curve: "flat"} },
	NeedsOf: func(options any) []string {
		if options.(*lightenOptions).Grey {
			return []string{"mask"}
		}
		return nil
	},
	New: specOf("", leave).New,
}

// What a chain needs is asked with its options, when it is read and when it is
// opened, and may come with the picture.
func TestChainPlanes(t *testing.T) {
	t.Parallel()
	reg := tasks.NewRegistry(choosy, masker, filler, specOf("leave", leave))
	for _, test := range []struct {
		chain, given, set string // set: an option of choosy that is changed before Open
		reads, opens      bool
		takes             bool
	}{
		{"filler", "", "", false, false, false},
		{"filler", "labels", "", false, false, false},
		{"filler", "mask", "", true, true, true},
		{"leave,filler,filler", "mask", "", true, true, true},
		{"masker,filler", "", "", true, true, false},
		{"masker,filler", "mask", "", true, true, false},
		{"filler,masker", "mask", "", true, true, true},
		{"leave", "mask", "", true, true, false},
		{"choosy", "", "", true, true, false},
		{"choosy:grey", "", "", false, false, false},
		{"choosy:grey", "mask", "", true, true, true},
		{"choosy", "", "true", true, false, true},
		{"choosy", "mask", "true", true, true, true},
		{"choosy:grey", "mask", "false", true, true, false},
		{"masker,choosy", "", "true", true, true, false},
	} {
		var given []string
		if test.given != "" {
			given = append(given, test.given)
		}
		c, err := Parse(reg, test.chain, given...)
		if (err == nil) != test.reads || err != nil && (KindOf(err) != KindUsage || !strings.Contains(err.Error(), "--masks DIR")) {
			t.Errorf("%+v: error %v", test, err)
		}
		yaml := "pipeline: 1\nsteps:\n"
		for step := range strings.SplitSeq(test.chain, ",") {
			name, option, _ := strings.Cut(step, ":")
			if yaml += "- task: " + name + "\n"; option != "" {
				yaml += "  options: {" + option + ": true}\n"
			}
		}
		if _, err := ReadYAML(reg, "a.yaml", "", []byte(yaml), given...); (err == nil) != test.reads || err != nil && !strings.HasPrefix(err.Error(), "a.yaml:3:3: step 1") {
			t.Errorf("%+v as YAML: error %v", test, err)
		}
		if !test.reads {
			continue
		}
		if test.set != "" {
			must(t, c.SetOption("choosy", "grey", test.set))
		}
		if got := c.Takes("mask"); got != test.takes {
			t.Errorf("%+v: it takes a mask: %v", test, got)
		}
		err = c.Open(context.Background(), tasks.Env{})
		if (err == nil) != test.opens || err != nil && (KindOf(err) != KindUsage || !strings.Contains(err.Error(), `choosy: needs a mask`)) {
			t.Errorf("%+v: opened with %v", test, err)
		}
	}
}

// A picture has to come with the planes that the chain takes, in its own size.
func TestChainWithoutPlane(t *testing.T) {
	t.Parallel()
	c := opened(t, NewPool(1), show)
	for _, test := range []struct {
		plane *pix.Plane
		says  string
	}{
		{nil, `without the plane "mask"`},
		{&pix.Plane{W: 7, H: 9, Pix: make([]uint16, 63)}, "7x9 samples, and the picture 9x7"},
		{&pix.Plane{W: 9, H: 7, Pix: make([]uint16, 62)}, "too few or too many"},
		{&pix.Plane{W: 9, H: 7, Pix: make([]uint16, 63)}, ""},
	} {
		f := &tasks.Frame{Image: picture(9, 7, 3, 1)}
		if test.plane != nil {
			f.Planes = map[string]*pix.Plane{"mask": test.plane}
		}
		_, err := c.Process(context.Background(), f)
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("error %v, want one that says %q", err, test.says)
		}
	}
	if _, err := c.Apply(context.Background(), picture(9, 7, 3, 1).ToImage()); KindOf(err) != KindUsage {
		t.Errorf("Apply: %v", err)
	}
}

// TestGiven: a step knows whether a mask is the user's or an earlier step's.
func TestGiven(t *testing.T) {
	t.Parallel()
	var got [][]string
	teller := &tasks.Spec{Name: "teller", New: func(_ context.Context, env tasks.Env, _ any) (tasks.Task, error) {
		got = append(got, env.Given)
		return taskFunc(leave), nil
	}}
	for _, c := range []struct {
		given []string
		specs []*tasks.Spec
		want  [][]string
	}{
		{[]string{MaskPlane}, []*tasks.Spec{teller}, [][]string{{MaskPlane}}},
		{[]string{MaskPlane}, []*tasks.Spec{teller, masker, teller}, [][]string{{MaskPlane}, {}}},
		{nil, []*tasks.Spec{masker, teller}, [][]string{nil}},
	} {
		var steps []Step
		for _, s := range c.specs {
			steps = append(steps, Step{Spec: s})
		}
		chain, err := NewChainGiven(c.given, steps...)
		if err != nil {
			t.Fatal(err)
		}
		if got = nil; chain.Open(t.Context(), tasks.Env{Workers: 1}) != nil {
			t.Fatal("the chain does not open")
		}
		if !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("%v: the steps are given %v, want %v", c.given, got, c.want)
		}
	}
}
