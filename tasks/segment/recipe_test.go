package segment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/taskstest"
)

// overlay is a disc of a white that is there for three quarters.
func overlay() *pix.Image {
	m := pix.New(60, 60, 1)
	m.Alpha = make([]uint16, 3600)
	for i := range m.Alpha {
		if math.Hypot(float64(i%60-30), float64(i/60-30)) < 12 {
			m.Alpha[i], m.Planes[0][i] = 49152, 65535
		}
	}
	return m
}

// assets are 12 overlays of every folder, and others.
func assets() []tasks.Asset {
	m := overlay()
	folders := []string{"other"}
	for _, k := range kinds {
		folders = append(folders, k.folders...)
	}
	slices.Sort(folders)
	var list []tasks.Asset
	for _, f := range folders {
		for i := range 12 {
			list = append(list, tasks.Asset{Name: fmt.Sprintf("sets/%s/%s-%02d.png", f, f, i), Image: m})
		}
	}
	return list
}

// TestSplit: every fifth overlay of each folder is for scoring, all others for
// training, and none for both.
func TestSplit(t *testing.T) {
	t.Parallel()
	list := assets()
	train, val := overlaysOf(list, false), overlaysOf(list, true)
	for k, a := range kinds {
		if len(train[k]) != len(a.folders) || len(val[k]) != len(a.folders) {
			t.Fatalf("%s: %d and %d folders, want %d", a.name, len(train[k]), len(val[k]), len(a.folders))
		}
		for i := range a.folders {
			var names []string
			for _, v := range val[k][i] {
				names = append(names, v.Name[len(v.Name)-6:])
			}
			if !slices.Equal(names, []string{"04.png", "09.png"}) || len(train[k][i]) != 10 {
				t.Errorf("%s: %v are held out, %d are to learn from", a.name, names, len(train[k][i]))
			}
			for _, v := range train[k][i] {
				if slices.ContainsFunc(val[k][i], func(o tasks.Asset) bool { return o.Name == v.Name }) {
					t.Errorf("%s is in both", v.Name)
				}
			}
		}
	}
	if overlaysOf(nil, true).any() || !val.any() || overlaysOf(list[:1], true).any() {
		t.Error("it does not know whether it has overlays")
	}
	if n := strings.Count(fmt.Sprint(train, val), "sets/other"); n > 0 {
		t.Errorf("%d overlays of other folders", n)
	}
}

// TestRecipe: so many patches are sound, grey, and damaged by each kind, with and
// without overlays; the planes agree with each other.
func TestRecipe(t *testing.T) {
	t.Parallel()
	m := taskstest.Pictures()["odd"].Crop(0, 0, 32, 32)
	for _, given := range [][]tasks.Asset{nil, assets()} {
		rng := rand.New(rand.NewPCG(1, 2))
		const patches = 400
		sound, grey := 0, 0
		var with [1 + kindCount]int
		for range patches {
			e, err := pair(rng, tasks.Sample{Image: m, Assets: map[string][]tasks.Asset{"overlays": given}})
			if err != nil {
				t.Fatal(err)
			}
			if len(e.Input) != 3 || len(e.Target) != 1+kindCount || len(e.Weight) != len(e.Target)*32*32 {
				t.Fatalf("%d planes in, %d out, %d weights", len(e.Input), len(e.Target), len(e.Weight))
			}
			if slices.Equal(e.Input[0], e.Input[1]) {
				grey++
			}
			for k, plane := range e.Target {
				if slices.Max(plane) >= 0.5 {
					with[k]++
				}
			}
			if slices.Max(e.Target[0]) == 0 {
				sound++
			}
			for i, any := range e.Target[0] {
				most := float32(0)
				for _, plane := range e.Target[1:] {
					most = max(most, plane[i])
				}
				if any != most {
					t.Fatalf("any damage is %g, the most of a kind %g", any, most)
				}
				if w := e.Weight[i]; w <= 0 || w > anyWeight || e.Weight[32*32+i] > 1 {
					t.Fatalf("weights %g and %g", w, e.Weight[32*32+i])
				}
			}
		}
		// Some damage lies outside a patch that is so small.
		if share := float64(sound) / patches; share < soundPatches-0.04 || share > soundPatches+0.15 {
			t.Errorf("%.2f of the patches are sound", share)
		}
		if share := float64(grey) / patches; math.Abs(share-greyPrints) > 0.08 {
			t.Errorf("%.2f of the patches are grey", share)
		}
		for k, n := range with[1:] {
			if share := float64(n) / patches; share < 0.1 || share > 0.6 {
				t.Errorf("%.2f of the patches have damage of the kind %s", share, kind(k+1))
			}
		}
	}
}
