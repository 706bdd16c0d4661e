package denoise

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLevelOnPhotographs logs how far EstimateLevel is off on real photographs
// with damage of many kinds, and holds the mean error in the project's noise
// protocol under 1.5. RESTORE_DATA names a folder with photos/val, of which every
// eighth picture is taken. RESTORE_SPLIT=val takes all of them (give -timeout
// 60m on a busy machine), RESTORE_SPLIT=train takes 48 of photos/train, to choose
// constants on.
func TestLevelOnPhotographs(t *testing.T) {
	data := os.Getenv("RESTORE_DATA")
	if data == "" {
		t.Skip("set RESTORE_DATA to a folder that holds photos/val to measure on photographs")
	}
	split := os.Getenv("RESTORE_SPLIT")
	files, err := filepath.Glob(filepath.Join(data, "photos", cmp.Or(split, "val"), "*.jpg"))
	if err != nil || len(files) == 0 {
		t.Skipf("RESTORE_DATA=%s holds no photos/%s/*.jpg", data, cmp.Or(split, "val"))
	}
	every := 8
	switch split {
	case "val":
		every = 1
	case "train":
		every = max(1, len(files)/48)
	}
	rows := []*levelErrors{}
	for _, row := range []struct {
		kind    noiseKind
		amounts []float64
	}{
		{unclipped, []float64{0, 5, 10, 15, 25, 35, 50}},
		{rounded, []float64{5, 15, 25, 50}},
		{greyRounded, []float64{0, 5, 15, 25, 50}},
		{jpeg90, []float64{5, 10, 25}},
		{jpeg70, []float64{15}},
		{cameraNoise, []float64{2, 3, 5, 8, 15}},
		{cameraJPEG, []float64{5, 10}},
		{coarseNoise, []float64{5}},
		{filmGrain, []float64{6, 12}},
		{jpegAlone, []float64{30, 50, 70, 90, 95}},
	} {
		for _, amount := range row.amounts {
			rows = append(rows, &levelErrors{kind: row.kind, amount: amount})
		}
	}
	for i := 0; i < len(files); i += every {
		clean := readPatch(t, files[i])
		for _, e := range rows {
			p, level := damage(e.kind, clean, e.amount, uint64(i))
			e.add(estimateLevel(p.Planes, p.W, p.H), level, filepath.Base(files[i]))
		}
	}
	table := &strings.Builder{}
	fmt.Fprintf(table, "%d pictures\n%-17s %6s %6s %6s %7s %6s %6s %6s  worst picture\n", (len(files)+every-1)/every,
		"damage", "amount", "level", "error", "factor", "p90", "worst", "is")
	for _, e := range rows {
		fmt.Fprintln(table, e)
		if miss := e.miss / e.n(); e.kind == unclipped && miss > 1.5 {
			t.Errorf("mean error %.2f at sigma %v", miss, e.amount)
		}
	}
	t.Log("\n" + table.String())
}

// levelErrors sums up how far estimates are off for one kind and amount of damage.
type levelErrors struct {
	kind               noiseKind
	amount             float64
	levels, logs, miss float64
	off                []float64 // from the level, of each picture
	worst, is          float64   // the estimate that is farthest off, and what it should be
	name               string
}

func (e *levelErrors) n() float64 { return float64(len(e.off)) }

func (e *levelErrors) add(got, level float64, name string) {
	e.levels += level
	if level > 0 {
		e.logs += math.Log(max(got, 0.1) / level)
	}
	d := math.Abs(got - level)
	e.miss += d
	if e.off = append(e.off, d); d == slices.Max(e.off) {
		e.worst, e.is, e.name = got, level, name
	}
}

// String is kind and amount, the mean level, the mean error, the factor by which
// estimates are too large on (geometric) average, the error that nine in ten do
// not exceed, and the worst estimate beside what it should be.
func (e *levelErrors) String() string {
	slices.Sort(e.off)
	return fmt.Sprintf("%-17s %6.0f %6.2f %6.2f %7.2f %6.2f %6.2f %6.2f  %s", e.kind, e.amount, e.levels/e.n(), e.miss/e.n(),
		math.Exp(e.logs/e.n()), e.off[len(e.off)*9/10], e.worst, e.is, e.name)
}
