package pipeline

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	type o = lightenOptions
	tests := []struct {
		text string
		want []o    // of the lighten steps
		back string // String of the chain
	}{
		{"lighten", []o{{16, 1, "", "flat", false}}, "lighten"},
		{"lighten:by=3", []o{{3, 1, "", "flat", false}}, "lighten:by=3"},
		{" lighten : by = 3 , leave ", []o{{3, 1, "", "flat", false}}, "lighten:by=3,leave"},
		{"lighten:grey:by=0", []o{{0, 1, "", "flat", true}}, "lighten:by=0:grey=true"},
		{"lighten:grey=false", []o{{16, 1, "", "flat", false}}, "lighten"},
		{`lighten:name="a:b, ""c""",lighten:by=1`, []o{{16, 1, `a:b, "c"`, "flat", false}, {1, 1, "", "flat", false}}, `lighten:name="a:b, ""c""",lighten:by=1`},
		{`lighten:name=C\d=e:curve=steep`, []o{{16, 1, `C\d=e`, "steep", false}}, `lighten:name=C\d=e:curve=steep`},
		{`lighten:name=" x"`, []o{{16, 1, " x", "flat", false}}, `lighten:name=" x"`},
		{`lighten:name=`, []o{{16, 1, "", "flat", false}}, `lighten`},
		{"masker,leave,filler", nil, "masker,leave,filler"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			c, err := Parse(testRegistry, test.text)
			if err != nil {
				t.Fatal(err)
			}
			var got []o
			for _, s := range c.Steps() {
				if l, ok := s.Options.(*o); ok {
					got = append(got, *l)
				}
			}
			if len(got) != len(test.want) {
				t.Fatalf("options %+v, want %+v", got, test.want)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Errorf("options %+v, want %+v", got[i], test.want[i])
				}
			}
			if back := c.String(); back != test.back {
				t.Errorf("written back as %s, want %s", back, test.back)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text   string
		column int // 0: the error is of the chain as a whole
		step   string
		says   string
	}{
		{"", 1, "", "name of a task is missing"},
		{"lighten,", 9, "", "name of a task is missing"},
		{"lighten,,leave", 9, "", "name of a task is missing"},
		{"höher", 1, "", `no task "höher"; there are: lighten`},
		{"lighten:", 9, "lighten", "name of an option is missing"},
		{"lighten:=3", 9, "lighten", "name of an option is missing"},
		{"lighten:bye=3", 9, "lighten", `unknown option "bye"; there are: by, gamma, name, curve, grey`},
		{"lighten:name=ö:bye=3", 16, "lighten", `unknown option "bye"`},
		{"lighten:by", 9, "lighten", "needs a value: by=VALUE"},
		{"lighten:by= 300", 13, "lighten", "300 is more than 100"},
		{"lighten:by=x", 12, "lighten", "not a whole number"},
		{"lighten:curve=odd", 15, "lighten", "none of flat, steep"},
		{"lighten:by=3:by=4", 14, "lighten", "given twice"},
		{`lighten:name="a`, 14, "lighten", "not closed"},
		{`lighten:name="a"b`, 17, "lighten", `unexpected 'b'`},
		{`lighten"x"`, 8, "lighten", `unexpected '"'`},
		{"lighten=3", 8, "lighten", `unexpected '='`},
		{"leave:by=3", 7, "leave", `unknown option "by": there are none`},
		{"filler", 0, "filler", `needs a mask`},
		{"filler,masker", 0, "filler", `needs a mask`},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(testRegistry, test.text)
			if KindOf(err) != KindUsage {
				t.Fatalf("error %v, of kind %v, want usage", err, KindOf(err))
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q does not say %q", err, test.says)
			}
			var pe *ParseError
			var e *Error
			switch {
			case errors.As(err, &pe):
				if pe.Column != test.column || pe.Step != test.step {
					t.Errorf("column %d, step %q, want %d, %q", pe.Column, pe.Step, test.column, test.step)
				}
			case errors.As(err, &e):
				if test.column != 0 || e.Step != test.step {
					t.Errorf("%v tells no column, or another step than %q", err, test.step)
				}
			}
		})
	}
}

// FuzzParse looks for panics, and for chains that are written back as another.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"lighten:by=3,leave", `lighten:name="a""b":grey`, "masker,filler", `:="",`, "lighten:gamma=1e0:curve= steep"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(testRegistry, text)
		if err != nil {
			if KindOf(err) != KindUsage {
				t.Errorf("error %v of kind %v", err, KindOf(err))
			}
			return
		}
		back := c.String()
		again, err := Parse(testRegistry, back)
		if err != nil {
			t.Fatalf("%q was written back as %q: %v", text, back, err)
		}
		if got := again.String(); got != back {
			t.Errorf("%q, then %q, then %q", text, back, got)
		}
	})
}
