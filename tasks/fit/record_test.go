package fit

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
)

var scoredOnce = tasks.Table{Columns: []string{"sigma", "psnr"}, Rows: [][]any{{15.0, 30.25}}}

// TestRecordDType: a file keeps the type of its weights, and each weight its
// value, of which F16 would lose some.
func TestRecordDType(t *testing.T) {
	t.Parallel()
	for _, d := range []modelfile.DType{modelfile.F32, modelfile.F16} {
		path := filepath.Join(t.TempDir(), "model.safetensors")
		want := []float32{0.1, 1.0 / 3, -2e-9}
		if err := WriteFile(path, func(w io.Writer) error {
			return modelfile.Write(w, &modelfile.File{Metadata: modelfile.Metadata{FormatVersion: modelfile.Version},
				Tensors: []modelfile.Tensor{{Name: "w", Shape: []int{3}, Data: want}}}, d)
		}); err != nil {
			t.Fatal(err)
		}
		if err := Record(path, scoredOnce, []string{"/x/photos/val"}, nil); err != nil {
			t.Fatal(err)
		}
		data := read(t, path)
		f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
		if err != nil || len(f.Metadata.Card.Scores) != 1 {
			t.Fatalf("%s: %+v (error %v), want one score", d, f, err)
		}
		if got, err := modelfile.ReadDType(bytes.NewReader(data), int64(len(data))); err != nil || got != d {
			t.Errorf("%s became %s (error %v)", d, got, err)
		}
		if d == modelfile.F32 && !slices.Equal(f.Tensors[0].Data, want) {
			t.Errorf("the weights are %v, want %v", f.Tensors[0].Data, want)
		}
	}
}

// TestScoresOfOlderWeights: what was recorded for the weights that a training
// began from, or was interrupted at, is not said of those that it ends with. The
// rest of the card adds up.
func TestScoresOfOlderWeights(t *testing.T) {
	t.Parallel()
	o := options(t, folder(t, [2]int{40, 30}))
	o.Config.Steps = 2
	first, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	recorded := func(path string) {
		t.Helper()
		if err := Record(path, scoredOnce, []string{"/x/photos/val"}, nil); err != nil {
			t.Fatal(err)
		}
		_, card := weights(t, path)
		if n := len(card.Scores); n == 0 || card.Scores[n-1].Data != "photos/val" {
			t.Fatalf("the card has the scores %+v, not what was recorded", card.Scores)
		}
	}
	recorded(first)

	for _, val := range []bool{false, true} {
		from := options(t, o.Data[0])
		from.From, from.Config.Steps, from.Config.Schedule = first, 3, "constant"
		if val {
			from.Val = from.Data
		}
		second, err := Train(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		resumed := from
		resumed.From, resumed.Resume, resumed.Decay, resumed.Out = "", filepath.Join(from.Out, CheckpointName), 4, t.TempDir()
		recorded(second)
		third, err := Train(t.Context(), resumed)
		if err != nil {
			t.Fatal(err)
		}
		_, card := weights(t, third)
		if card.Steps != 2+3+4 {
			t.Errorf("the card counts %d steps, want 9", card.Steps)
		}
		best := 0
		for _, s := range card.Scores {
			if s.Data == "photos/val" {
				t.Errorf("scored in training: %v; the card still has %+v", val, s)
			}
			if strings.HasPrefix(s.Case, "best so far, at step 7") {
				best++
			}
		}
		if (best == 1) != val {
			t.Errorf("scored in training: %v; the card has %+v", val, card.Scores)
		}
	}
}
