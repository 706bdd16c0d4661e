package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cae-restore/restore/tasks"
)

type neuralOptions struct {
	Model    string  `opt:"model"`
	Strength float64 `opt:"strength" min:"0" max:"75"`
	Lazy     bool    `opt:"lazy"` // opens no model in New
}

// neuralSpec is a task that opens a model, with the given weights shipped under
// the name "fast", and "other" ones.
func neuralSpec(version int, weights string) *tasks.Spec {
	return &tasks.Spec{
		Name: "neural", Version: version,
		Models:  []tasks.Model{{Name: "fast", Weights: []byte(weights)}, {Name: "other", Weights: []byte("other weights")}},
		Options: func() any { return &neuralOptions{Model: "fast", Strength: 5} },
		New: func(_ context.Context, env tasks.Env, options any) (tasks.Task, error) {
			o := options.(*neuralOptions)
			if o.Lazy {
				return taskFunc(leave), nil
			}
			_, _, err := env.OpenModel(o.Model)
			return taskFunc(leave), err
		},
	}
}

func fingerprintOf(t *testing.T, reg *tasks.Registry, text string) string {
	t.Helper()
	c, err := Parse(reg, text)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Fingerprint(); got != "" {
		t.Errorf("%s: the fingerprint is %q before Open", text, got)
	}
	if err := c.Open(context.Background(), tasks.Env{}); err != nil {
		t.Fatal(err)
	}
	return c.Fingerprint()
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	same := filepath.Join(t.TempDir(), "same.model")
	if err := os.WriteFile(same, []byte("weights"), 0o666); err != nil {
		t.Fatal(err)
	}
	of := func(version int, weights string) *tasks.Registry {
		return tasks.NewRegistry(neuralSpec(version, weights), lighten, specOf("leave", leave), specOf("leavel", leave))
	}
	reg := of(1, "weights")
	for _, test := range []struct {
		name  string
		a, b  string
		regB  *tasks.Registry
		equal bool
	}{
		{"written again", "neural", " neural ", reg, true},
		{"a default spelled out", "neural", "neural:strength=5:model=fast", reg, true},
		{"a number in other words", "neural:strength=10", "neural:strength=1e1", reg, true},
		{"a model as a file", "neural", `neural:model="` + same + `"`, reg, true},
		{"another option", "neural", "neural:strength=6", reg, false},
		{"another model", "neural", "neural:model=other", reg, false},
		{"other weights of one name", "neural", "neural", of(1, "weights2"), false},
		{"another version of the options", "neural", "neural", of(2, "weights"), false},
		{"a model that is opened later", "neural:lazy", "neural:lazy:model=other", reg, false},
		{"another task", "leave", "leavel", reg, false},
		{"another order", "leave,lighten", "lighten,leave", reg, false},
		{"a step twice", "leave", "leave,leave", reg, false},
		{"the option of the other step", "lighten:by=1,lighten:by=2", "lighten:by=2,lighten:by=1", reg, false},
		{"a value that looks like two", `lighten:name="a,curve"`, `lighten:name=a:curve=steep`, reg, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, b := fingerprintOf(t, reg, test.a), fingerprintOf(t, test.regB, test.b)
			if !regexp.MustCompile("^[0-9a-f]{64}$").MatchString(a) {
				t.Errorf("%q is no SHA-256", a)
			}
			if (a == b) != test.equal {
				t.Errorf("%s: %s\n%s: %s", test.a, a, test.b, b)
			}
		})
	}
}

// A ledger outlives the program that wrote it: the way of hashing may not
// change by chance.
func TestFingerprintStays(t *testing.T) {
	t.Parallel()
	got := fingerprintOf(t, tasks.NewRegistry(neuralSpec(1, "weights"), lighten), "neural,lighten")
	if want := "0e3ec6eb79ce5369caa1738b72aaf7fadba5462a3d125199000eb1a5865efff8"; got != want {
		t.Errorf("got %s, want %s; a new way of hashing needs a new fingerprintFormat, and users do all their pictures again", got, want)
	}
}

func TestFingerprintModelCutShort(t *testing.T) {
	t.Parallel()
	c, err := NewChain(Step{Spec: neuralSpec(1, "")})
	if err != nil {
		t.Fatal(err)
	}
	short := func(string) (io.ReaderAt, int64, error) { return bytes.NewReader([]byte("weigh")), 7, nil }
	err = c.Open(context.Background(), tasks.Env{OpenModel: short})
	if !errors.Is(err, tasks.ErrModel) || KindOf(err) != KindEnvironment || !strings.Contains(err.Error(), `"fast": read 5 of its 7 bytes`) {
		t.Errorf("got %v", err)
	}
	if c.Fingerprint() != "" {
		t.Error("a chain that did not open has a fingerprint")
	}
}
