package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cae-restore/restore/internal/hostile"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks/all"
)

// TestHostileVerbs gives the other verbs that read pictures a folder of bad files
// beside a good one: each is named, and the work goes on without it.
func TestHostileVerbs(t *testing.T) {
	t.Parallel()
	_, model := trained(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	writeFile(t, filepath.Join(data, "good.png"), pngOf(t, painting(24, 20)))
	var bad []string
	// What a training passes over as no picture, and what it only finds to be bad
	// when a patch is drawn from it.
	maybe := map[string]bool{}
	for _, f := range hostile.Crafted() {
		// The slow ones are read by restore run in TestHostileFolder.
		if _, err := pix.Decode(bytes.NewReader(f.Data), pix.Limits{MaxPixels: hostileMegapixels * 1e6}); err != nil && len(f.Data) < 4096 {
			path := writeFile(t, filepath.Join(data, f.Name), f.Data)
			_, headErr := pix.DecodeHeader(bytes.NewReader(f.Data), pix.Limits{})
			bad = append(bad, path)
			maybe[path] = headErr == nil || errors.Is(err, pix.ErrFormat) || errors.Is(err, pix.ErrEmpty)
		}
	}
	if len(bad) < 30 {
		t.Fatalf("only %d bad files", len(bad))
	}
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		before string // what stands before the name of a bad file
		says   string
	}{
		{"eval", []string{"eval", "denoise", "--model", model, "--sigma", "25", "--max-megapixels", "1", "--data", data}, exitSomeFailed, "left out: ", "25"},
		{"compare", []string{"compare", "--max-megapixels", "1", data, data}, exitSomeFailed, "failed: ", "good.png"},
		{"train", []string{"train", "denoise", "--data", data, "--val", data, "-o", filepath.Join(dir, "out"), "--from", smallModel(t),
			"--steps", "1", "--batch", "1", "--patch", "16"}, exitDone, "warning: ", "step 1 of 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := restoreWith(t, all.Registry(), append(c.args, "--jobs", "2")...)
			r.want(t, c.code, c.says)
			for _, path := range bad {
				if c.name == "train" && maybe[path] {
					continue
				}
				if !strings.Contains(r.stderr, c.before+path) {
					t.Errorf("%s is not named: %s", path, r.stderr)
					return
				}
			}
			if strings.Contains(r.stderr, c.before+filepath.Join(data, "good.png")) {
				t.Errorf("the good picture is named: %s", r.stderr)
			}
		})
	}
}
