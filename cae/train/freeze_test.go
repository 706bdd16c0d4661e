package train

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae"
)

// TestFreeze trains a decoder beside a frozen encoder: not a bit of the encoder
// moves, its statistics and averages included, and the rest learns.
func TestFreeze(t *testing.T) {
	t.Parallel()
	net := tiny(t, true)
	c := config()
	c.Steps, c.Freeze = 30, FreezeEncoder
	x := cae.NewExec(t.Context(), cae.Goroutines(2), 2)
	tr, err := New(net, x, c)
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := net.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	frozen := map[string]bool{}
	for i, node := range net.Nodes() {
		frozen[node.Name] = encoder[i]
	}
	kept := func(name string) bool { return frozen[name[:strings.LastIndex(name, ".")]] }
	before := map[string][]float32{}
	for _, p := range net.Params() {
		before[p.Name] = slices.Clone(p.Data)
	}
	first := heldOut(t, net)
	for tr.Done() < c.Steps {
		if tr.Done() == 15 { // the checkpoint says what is frozen
			tr = reopened(t, tr, x)
		}
		if _, err := tr.Step(waves(1, tr.Done(), 8, 16)); err != nil {
			t.Fatal(err)
		}
	}
	averaged, err := tr.Averaged()
	if err != nil {
		t.Fatal(err)
	}
	keptCount, movedCount := 0, 0
	for i, p := range tr.net.Params() {
		same := slices.Equal(p.Data, before[p.Name]) && slices.Equal(averaged.Params()[i].Data, p.Data)
		if same != kept(p.Name) {
			t.Errorf("%s stayed: %t, frozen: %t", p.Name, same, kept(p.Name))
		}
		if kept(p.Name) {
			keptCount++
		} else {
			movedCount++
		}
	}
	if keptCount < 10 || movedCount < 5 {
		t.Errorf("%d parameters are frozen, %d trained", keptCount, movedCount)
	}
	if after := heldOut(t, averaged); !(after < first*0.8) {
		t.Errorf("the held-out error went from %g to %g", first, after)
	}
}

// TestFreezeRefuses: without a code there is no encoder.
func TestFreezeRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no code":          `{"inputs":[{"name":"x","planes":1}],"nodes":[{"name":"a","kind":"relu","in":["x"]}],"output":"a"}`,
		"an input as code": `{"inputs":[{"name":"x","planes":1}],"nodes":[{"name":"a","kind":"relu","in":["x"]}],"output":"a","code":"x"}`,
	} {
		net, err := cae.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		c := config()
		c.Freeze = FreezeEncoder
		if _, err := New(net, cae.NewExec(t.Context(), nil, 1), c); err == nil || !strings.Contains(err.Error(), "encoder") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOldCheckpoint: one from before guard and freezing opens with their
// defaults.
func TestOldCheckpoint(t *testing.T) {
	t.Parallel()
	c := config()
	tr, err := New(tiny(t, false), cae.NewExec(t.Context(), nil, 1), c)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := tr.Save(&file, nil); err != nil {
		t.Fatal(err)
	}
	// Names that no program knows stand for names that are missing.
	old := bytes.ReplaceAll(bytes.ReplaceAll(file.Bytes(), []byte(`\"guard\"`), []byte(`\"grawd\"`)), []byte(`\"freeze\"`), []byte(`\"fwheze\"`))
	if bytes.Equal(old, file.Bytes()) {
		t.Fatal("the checkpoint does not say guard or freeze")
	}
	back, err := readCheckpoint(bytes.NewReader(old), int64(len(old)))
	if err != nil {
		t.Fatal(err)
	}
	c.Guard = DefaultGuard
	if back.Config != c || back.guard != (guard{}) {
		t.Errorf("the checkpoint came back as %+v, %+v", back.Config, back.guard)
	}
}
