package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cae-restore/restore/tasks"
)

// maskOf returns a mask for the pictures of png. All have the same length.
func maskOf(t testing.TB, seed int) []byte { return encoded(t, picture(9, 7, 1, seed), "bmp") }

// rewrite changes the record of the desk's only item, as another program would.
func (d *desk) rewrite(change func(*record)) {
	d.t.Helper()
	l, err := d.options.Ledger.open(false)
	must(d.t, err)
	name := filepath.Join(d.in, "a.png")
	rec, err := l.item(l.key(Item{Path: name, Rel: "a.png"}))
	must(d.t, err)
	again := *rec
	change(&again)
	l.put(&entry{key: l.key(Item{Path: name, Rel: "a.png"}), record: &again})
	must(d.t, l.close())
}

// What a second run makes of each change of the mask between it and the first.
func TestLedgerMask(t *testing.T) {
	t.Parallel()
	const (
		current = "a.png current (" + whyCurrent + ")"
		again   = "a.png restored (" + whyMask + ")"
	)
	moveInputs := func(d *desk) {
		moved := filepath.Join(d.t.TempDir(), "moved")
		must(d.t, os.Rename(d.in, moved))
		d.in = moved
	}
	mask := func(d *desk) string { return filepath.Join(d.options.Masks, "a.png") }
	for _, test := range []struct {
		name   string
		change func(d *desk)
		want   string
		then   string // of one more run; empty: current
	}{
		{"nothing", func(*desk) {}, current, ""},
		{"touched", func(d *desk) { write(d.t, mask(d), maskOf(d.t, 3), time.Hour) }, current, ""},
		{"changed", func(d *desk) { write(d.t, mask(d), maskOf(d.t, 4), time.Hour) }, again, ""},
		{"of another length", func(d *desk) { write(d.t, mask(d), encoded(d.t, picture(9, 7, 3, 3), "png"), 0) }, again, ""},
		{"of another name", func(d *desk) { must(d.t, os.Rename(mask(d), filepath.Join(d.options.Masks, "a.bmp"))) }, current, ""},
		{"moved", func(d *desk) {
			moved := filepath.Join(d.t.TempDir(), "moved")
			must(d.t, os.Rename(d.options.Masks, moved))
			d.options.Masks = moved
		}, current, ""},
		{"the same for all", func(d *desk) { d.options.Mask, d.options.Masks = mask(d), "" }, current, ""},
		{"another for all", func(d *desk) {
			d.options.Mask, d.options.Masks = filepath.Join(tree(d.t, map[string][]byte{"m.png": maskOf(d.t, 4)}), "m.png"), ""
		}, again, ""},
		{"gone", func(d *desk) { must(d.t, os.Remove(mask(d))) }, "a.png failed", "a.png failed"},
		{"newly given", func(d *desk) { d.rewrite(func(rec *record) { rec.Mask = nil }) }, again, ""},
		{"of a chain that takes none now", func(d *desk) {
			d.specs, d.options.Masks = []*tasks.Spec{lighten}, ""
		}, "a.png restored (" + whyPipeline + ")", ""},
		{"changed, output edited", func(d *desk) {
			write(d.t, mask(d), maskOf(d.t, 4), time.Hour)
			write(d.t, filepath.Join(d.out, "a.png"), png(d.t, 9), time.Hour)
		}, "a.png skipped (" + whyEdited + ")", "a.png skipped (" + whyEdited + ")"},
		{"inputs moved", moveInputs, current, ""},
		{"inputs moved, mask touched", func(d *desk) {
			moveInputs(d)
			write(d.t, mask(d), maskOf(d.t, 3), time.Hour)
		}, current, ""},
		{"inputs moved, mask changed", func(d *desk) {
			moveInputs(d)
			write(d.t, mask(d), maskOf(d.t, 4), time.Hour)
		}, again, ""},
		{"inputs moved, mask gone", func(d *desk) {
			moveInputs(d)
			must(d.t, os.Remove(mask(d)))
		}, "a.png failed", "a.png failed"},
		{"kept, changed", func(d *desk) {
			d.options.Keep = true
			write(d.t, mask(d), maskOf(d.t, 4), time.Hour)
		}, again, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
			d.specs, d.options.Masks = []*tasks.Spec{show}, tree(t, map[string][]byte{"a.png": maskOf(t, 3)})
			d.want("a.png restored (" + whyNew + ")")
			test.change(d)
			d.options.DryRun = true
			d.want(strings.Replace(test.want, "restored", "planned", 1))
			d.options.DryRun = false
			d.want(test.want)
			if test.then == "" {
				test.then = current
			}
			if info, err := os.Stat(mask(d)); test.then == current && d.options.Masks != "" && err == nil { // or it would be read each time
				d.rewrite(func(rec *record) {
					if rec.Mask == nil || rec.Mask.Time != info.ModTime().UnixNano() || rec.Mask.Inode != inodeOf(info) {
						t.Errorf("the ledger has the mask as it was, %+v", rec.Mask)
					}
				})
			}
			d.want(test.then)
		})
	}
}

// Size, time and inode of a mask stand for its content, unless Checksum is set.
func TestLedgerMaskChecksum(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
	d.specs, d.options.Masks = []*tasks.Spec{show}, tree(t, map[string][]byte{"a.png": maskOf(t, 3)})
	d.run()
	write(t, filepath.Join(d.options.Masks, "a.png"), maskOf(t, 4), 0)
	d.want("a.png current (" + whyCurrent + ")")
	d.options.Checksum = true
	d.want("a.png restored (" + whyMask + ")")
	d.want("a.png current (" + whyCurrent + ")")
}
