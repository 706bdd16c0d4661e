package segment

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/neural"
	"github.com/cae-restore/restore/tasks/taskstest"
)

// randomSpec is the task with random weights, whatever is shipped: what it says is
// nonsense, and what it does with that is tried here.
func randomSpec() *tasks.Spec {
	s := Spec()
	s.Models[0].Weights = neural.RandomFile(damageNetwork, "segment", 3)
	return s
}

func TestSuite(t *testing.T) {
	t.Parallel()
	taskstest.Run(t, taskstest.Suite{
		Spec: randomSpec(),
		Options: []map[string]string{
			{"files": "mask+labels+overlay", "classes": "dust+hair", "grow": "0", "threshold": "0.6", "certain": "0.7"},
			{"files": "overlay", "grow": "7"},
		},
		Wrong: []map[string]string{
			{"classes": "dust,hair"}, {"classes": "dusty"}, {"classes": ""}, {"threshold": "0"}, {"threshold": "1"}, {"certain": "1"},
			{"grow": "-1"}, {"grow": "51"}, {"files": "all"}, {"files": ""}, {"files": "auto+mask"}, {"files": "labels,mask"},
		},
	})
}

func TestClasses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]kind{
		"all": {scratch, dust, hair, stain, blot}, "hair+dust": {dust, hair}, "blot": {blot}, "scratch+dust+hair+stain+blot": {scratch, dust, hair, stain, blot},
	} {
		var c Classes
		if err := c.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var got []kind
		for k := scratch; k <= kindCount; k++ {
			if c.has(k) {
				got = append(got, k)
			}
		}
		again, _ := c.MarshalText()
		if !slices.Equal(got, want) || text != "hair+dust" && string(again) != text {
			t.Errorf("%s: %v, written as %s", text, got, again)
		}
	}
	var c Classes
	if err := c.UnmarshalText([]byte("all+dust")); err == nil || !strings.Contains(err.Error(), "write all alone") {
		t.Errorf("all and more: %v", err)
	}
	if err := c.UnmarshalText([]byte("rust")); err == nil || !strings.Contains(err.Error(), "scratch, dust, hair, stain, blot") {
		t.Errorf("a kind that there is not: %v", err)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	both, all := []string{".labels.png", ".overlay.png"}, []string{".labels.png", ".overlay.png", ".mask.png"}
	for _, c := range []struct {
		files        string
		alone, chain []string
	}{
		{"auto", both, nil}, {"none", nil, nil}, {"labels", both[:1], both[:1]}, {"overlay", both[1:], both[1:]}, {"labels+overlay", both, both},
		{"overlay+labels", both, both}, {"mask", all[2:], all[2:]}, {"mask+overlay + labels", all, all},
	} {
		o := defaults()
		if err := o.Files.UnmarshalText([]byte(c.files)); err != nil {
			t.Fatal(err)
		}
		if got := Spec().ExtrasOf(o); !slices.Equal(got, c.alone) {
			t.Errorf("%s: alone it says that it writes %v", c.files, got)
		}
		for _, alone := range []bool{true, false} {
			want := c.chain
			if alone {
				want = c.alone
			}
			s := randomSpec()
			env := taskstest.Env(s, 1)
			env.Alone = alone
			task, err := taskstest.Open(t.Context(), s, env, map[string]string{"files": c.files})
			if err != nil {
				t.Fatal(err)
			}
			f, err := task.Apply(t.Context(), &tasks.Frame{Image: taskstest.Pictures()["greyalpha"], Outputs: map[string]*pix.Image{".other.png": nil}})
			if err != nil {
				t.Fatal(err)
			}
			for _, suffix := range all {
				if m := f.Outputs[suffix]; (m != nil) != slices.Contains(want, suffix) {
					t.Errorf("%s, alone %v: %s is made or not", c.files, alone, suffix)
				}
			}
			if _, ok := f.Outputs[".other.png"]; !ok {
				t.Errorf("%s: the outputs of earlier steps are gone", c.files)
			}
		}
	}
}

// TestApply: planes, pictures and notes say the same, what cannot be seen is not
// damaged, and the picture is as it was.
func TestApply(t *testing.T) {
	t.Parallel()
	s := randomSpec()
	env := taskstest.Env(s, 2)
	env.Alone = true
	m := taskstest.Pictures()["alpha"]
	for i := range m.Alpha {
		if i%m.W < 10 {
			m.Alpha[i] = 0
		}
	}
	before := &tasks.Frame{Name: "a.png", Image: m, Planes: map[string]*pix.Plane{"depth": nil}, Notes: []tasks.Note{{Step: "first"}}}
	for _, grow := range []string{"0", "3"} {
		task, err := taskstest.Open(t.Context(), s, env, map[string]string{"threshold": "0.5", "certain": "0.5", "grow": grow, "files": "labels+overlay+mask"})
		if err != nil {
			t.Fatal(err)
		}
		f, err := task.Apply(t.Context(), before)
		if err != nil {
			t.Fatal(err)
		}
		labels, mask := f.Planes["labels"], f.Planes["mask"]
		if _, ok := f.Planes["depth"]; !ok || len(before.Planes) != 1 || f.Changed || f.Image != m {
			t.Error("planes of earlier steps or the picture are not as they were")
		}
		counts := map[uint16]int{}
		for i, v := range labels.Pix {
			counts[v]++
			if v%257 != 0 || v/257 > kindCount {
				t.Fatalf("a label of %d", v)
			}
			if m.Alpha[i] == 0 && (v != 0 || mask.Pix[i] != 0) {
				t.Fatal("damage where nothing can be seen")
			}
			if v != 0 && mask.Pix[i] != 65535 || grow == "0" && v == 0 && mask.Pix[i] != 0 {
				t.Fatalf("the mask is %d at a label %d", mask.Pix[i], v)
			}
		}
		if counts[0] == len(labels.Pix) || counts[0] == 0 {
			t.Fatal("random weights say the same everywhere: this test shows nothing")
		}
		if !reflect.DeepEqual(f.Outputs[labelsFile.suffix()].Planes[0], labels.Pix) || len(f.Outputs[overlayFile.suffix()].Planes) != 3 {
			t.Error("the extra files are not what was found")
		}
		if got := f.Notes; len(got) != 2+kindCount || got[1].Key != "damaged" ||
			got[1].Value != percent(int64(len(labels.Pix)-counts[0]), int64(len(labels.Pix))) {
			t.Errorf("notes %v with %d of %d samples damaged", got, len(labels.Pix)-counts[0], len(labels.Pix))
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	c := &classes{w: 7, h: 6, class: make([]uint8, 42)}
	c.class[3*7+3], c.class[0] = uint8(hair), uint8(dust)
	draw := func(p *pix.Plane) string {
		var b strings.Builder
		for i, v := range p.Pix {
			b.WriteByte(".#"[v&1])
			if i%7 == 6 {
				b.WriteByte('/')
			}
		}
		return b.String()
	}
	var hairs Classes
	hairs.some[hair-1] = true
	for _, k := range []struct {
		chosen Classes
		grow   int
		want   string
	}{
		{Classes{}, 0, "#....../......./......./...#.../......./......./"},
		{Classes{}, 1, "##...../##...../..###../..###../..###../......./"},
		{hairs, 0, "......./......./......./...#.../......./......./"},
		{hairs, 2, "......./..###../.#####./.#####./.#####./..###../"},
	} {
		if got := draw(c.mask(k.chosen, k.grow, nil)); got != k.want {
			t.Errorf("grown by %d:\n%s, want\n%s", k.grow, got, k.want)
		}
	}
}

// TestNotShipped: a model without weights is refused with a sentence.
func TestNotShipped(t *testing.T) {
	t.Parallel()
	s := Spec()
	s.Models[0].Weights = nil
	if _, err := taskstest.Open(t.Context(), s, taskstest.Env(s, 1), nil); err == nil || !strings.Contains(err.Error(), `"damage"`) {
		t.Errorf("without weights: %v", err)
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	s := randomSpec()
	env := taskstest.Env(s, 2)
	task, err := taskstest.Open(t.Context(), s, env, map[string]string{"files": "labels+overlay"})
	if err != nil {
		t.Fatal(err)
	}
	c := task.(tasks.Coster).Cost(1000, 500, 3)
	if want := int64(1000 * 500 * (2 + 2 + 6)); c.Kept != want || c.Work < 1000*500*3*4 || c.Once <= 0 {
		t.Errorf("costs %+v, want %d kept", c, want)
	}
	if c := task.(tasks.Coster).Cost(0, 0, 0); c.Work != 0 || c.Kept != 0 || c.Once <= 0 {
		t.Errorf("no picture costs %+v", c)
	}
}

// TestMaskFile: the file is the plane, and where the picture's own file has another
// orientation it says that it is upright.
func TestMaskFile(t *testing.T) {
	t.Parallel()
	for orientation, says := range map[int]int{0: 0, 1: 0, 3: 1, 6: 1} {
		s := randomSpec()
		task, err := taskstest.Open(t.Context(), s, taskstest.Env(s, 1), map[string]string{"files": "mask"})
		if err != nil {
			t.Fatal(err)
		}
		m := taskstest.Pictures()["grey"]
		m.Meta.Orientation = orientation
		f, err := task.Apply(t.Context(), &tasks.Frame{Image: m})
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := pix.Encode(&file, f.Outputs[".mask.png"], pix.EncodeOptions{Format: "png"}); err != nil {
			t.Fatal(err)
		}
		got, err := pix.Decode(&file, pix.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		if got.Meta.Orientation != says || got.Meta.Depth != 8 || len(got.Planes) != 1 || !slices.Equal(got.Planes[0], f.Planes["mask"].Pix) {
			t.Errorf("orientation %d: the mask says %d, has %d bits, %d planes, or other samples", orientation, got.Meta.Orientation, got.Meta.Depth, len(got.Planes))
		}
	}
}

// TestUnusedOptions: whoever shapes a mask that nobody gets is told.
func TestUnusedOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options map[string]string
		alone   bool
		says    string
	}{
		{map[string]string{"grow": "3"}, true, "grow shapes the mask"},
		{map[string]string{"classes": "hair", "grow": "3"}, true, "classes and grow"},
		{map[string]string{"classes": "hair", "files": "mask"}, true, ""},
		{map[string]string{"classes": "hair", "files": "none"}, true, ""}, // a program that takes the plane
		{map[string]string{"classes": "hair"}, false, ""},
		{nil, true, ""},
	} {
		s := randomSpec()
		env := taskstest.Env(s, 1)
		env.Alone = c.alone
		task, err := taskstest.Open(t.Context(), s, env, c.options)
		if err != nil {
			t.Fatal(err)
		}
		f, err := task.Apply(t.Context(), &tasks.Frame{Image: taskstest.Pictures()["grey"]})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, n := range f.Notes {
			if n.Key == tasks.Remark {
				got = n.Value.(string)
			}
		}
		if (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%v, alone %v: it remarks %q, want %q", c.options, c.alone, got, c.says)
		}
	}
}
