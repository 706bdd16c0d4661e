package fit

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
)

// overlays is a folder of three grey overlays with opacity, a broken one and a
// list.
func overlays(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"b/two.png", "a/one.png", "b/three.png"} {
		m := image.NewNRGBA(image.Rect(0, 0, 6, 4))
		for k := range 24 {
			m.SetNRGBA(k%6, k/6, color.NRGBA{200, 200, 200, uint8(10*k + i)})
		}
		var file bytes.Buffer
		if err := png.Encode(&file, m); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, filepath.FromSlash(name)), file.Bytes())
		write(t, filepath.Join(dir, "broken.png"), file.Bytes()[:60])
	}
	write(t, filepath.Join(dir, "LICENCE"), []byte("no picture"))
	write(t, filepath.Join(dir, ".hidden.png"), []byte("broken"))
	return dir
}

// lender is the test model, which notes the assets that it gets.
func lender(t *testing.T, seen *[]string) *tasks.Model {
	m := testModel(t)
	m.Assets = []string{"overlays", "papers"}
	var mu sync.Mutex // pairs are made by several goroutines
	note := func(s tasks.Sample) {
		mu.Lock()
		defer mu.Unlock()
		*seen = nil
		for _, a := range s.Assets["overlays"] {
			*seen = append(*seen, a.Name)
			if len(a.Image.Alpha) != 24 || a.Image.Alpha[3]>>8 < 30 || a.Image.Planes[0][5] != 200*257 {
				*seen = append(*seen, "spoiled")
			}
		}
	}
	pair, score := m.Pair, m.Score
	m.Pair = func(rng *rand.Rand, s tasks.Sample) (tasks.Example, error) { note(s); return pair(rng, s) }
	m.Score = func(ctx context.Context, env tasks.Env, model string, samples iter.Seq2[tasks.Sample, error], o any) (tasks.Table, error) {
		return score(ctx, env, model, func(yield func(tasks.Sample, error) bool) {
			for s, err := range samples {
				note(s)
				if !yield(s, err) {
					return
				}
			}
		}, o)
	}
	return m
}

// TestAssets: training, pairs and scores hand a folder's pictures on in the order
// of their names, and say what was left out and what was used.
func TestAssets(t *testing.T) {
	t.Parallel()
	data, dir := folder(t, [2]int{40, 30}), overlays(t)
	want := []string{"a/one.png", "b/three.png", "b/two.png"}
	given := []AssetFolder{{"overlays", dir}}
	var seen, warnings []string
	check := func(t *testing.T) {
		t.Helper()
		if !slices.Equal(seen, want) {
			t.Errorf("the model got %v, want %v", seen, want)
		}
		if text := strings.Join(warnings, "\n"); !strings.Contains(text, "broken.png is left out") || strings.Contains(text, "LICENCE") {
			t.Errorf("warnings: %s", text)
		}
		seen, warnings = nil, nil
	}
	line := filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir) + ": 3 pictures as overlays"

	o := options(t, data)
	o.Model, o.Assets, o.Val, o.Config.Steps = lender(t, &seen), given, []string{data}, 2
	o.Log = func(e Event) {
		if e.Kind == "warning" {
			warnings = append(warnings, e.Text)
		}
	}
	path, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(warnings, "\n"), "--assets papers=DIR") {
		t.Errorf("nothing says what is missing: %v", warnings)
	}
	check(t)
	file, err := modelfile.Read(bytes.NewReader(read(t, path)), int64(len(read(t, path))))
	if err != nil || !slices.Contains(file.Metadata.Card.Data, line) {
		t.Errorf("the card has the data %v, want %q (%v)", file.Metadata.Card.Data, line, err)
	}

	p := pairsOptions(t, data)
	p.Model, p.Assets, p.Count, p.Warn = lender(t, &seen), given, 1, func(text string) { warnings = append(warnings, text) }
	var stream bytes.Buffer
	if err := Pairs(t.Context(), &stream, p); err != nil {
		t.Fatal(err)
	}
	check(t)
	if got := readPairs(t, stream.Bytes()).head.Data; !slices.Contains(got, line) {
		t.Errorf("the head of the pairs has the data %v, want %q", got, line)
	}

	_, _, err = Eval(t.Context(), env(), EvalOptions{Model: lender(t, &seen), Name: path, Assets: given,
		Pictures: []Picture{{filepath.Join(data, "sub", "a.png"), "a.png"}}, Warn: p.Warn})
	if err != nil {
		t.Fatal(err)
	}
	check(t)
}

func TestAssetsRefused(t *testing.T) {
	t.Parallel()
	dir := overlays(t)
	var seen []string
	for _, c := range []struct {
		name    string
		model   *tasks.Model
		folders []AssetFolder
		kind    error
		says    string
	}{
		{"unknown", lender(t, &seen), []AssetFolder{{"overlay", dir}}, ErrOptions, "overlays, papers"},
		{"of no use", testModel(t), []AssetFolder{{"overlays", dir}}, ErrOptions, "uses none"},
		{"twice", lender(t, &seen), []AssetFolder{{"overlays", dir}, {"overlays", dir}}, ErrOptions, "twice"},
		{"missing", lender(t, &seen), []AssetFolder{{"overlays", filepath.Join(dir, "no")}}, ErrData, "there is no folder "},
		{"empty", lender(t, &seen), []AssetFolder{{"papers", t.TempDir()}}, ErrData, "papers"},
	} {
		if _, err := openAssets(t.Context(), env(), c.model, c.folders); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
