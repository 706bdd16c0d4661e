package pipeline

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// While one run has the output folder, another says who has it and touches
// nothing, wherever its own ledger is.
func TestLedgerLocked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
	for _, state := range []string{"", t.TempDir()} {
		l := &Ledger{Out: d.out, State: state}
		first, err := l.open(false)
		must(t, err)
		for _, other := range []*Ledger{l, {Out: d.out}, {Out: d.out, State: t.TempDir()}} {
			if state != "" && other != l && !first.alone {
				continue // only files with locks tell of other ledgers
			}
			j := job{inputs: []string{d.in}, out: d.out, options: Options{Ledger: other}}
			report, err := j.run(t)
			if KindOf(err) != KindEnvironment || report.Unfinished != 1 || strings.Contains(listing(t, d.out), "a.png") {
				t.Errorf("state %q, then %q: %v, %d unfinished", state, other.State, err, report.Unfinished)
				continue
			}
			host, _ := os.Hostname()
			for _, part := range []string{"in use by another run", "process ", host, "since 2"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("it does not say %q: %v", part, err)
				}
			}
		}
		must(t, first.close())
		if text, err := os.ReadFile(filepath.Join(d.out, ledgerDir, lockName)); err != nil || len(text) > 0 {
			t.Errorf("the lock of no run says %q, %v", text, err)
		}
	}
	must(t, os.Remove(filepath.Join(d.out, ledgerDir, elsewhere)))
	d.want("a.png restored (" + whyNew + ")")
}

// With a folder of its own, the ledger works as beside the outputs, and serves one
// output folder.
func TestLedgerState(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
	state := filepath.Join(t.TempDir(), "new", "state")
	d.options.Ledger.State = state
	d.want("a.png restored (" + whyNew + ")")
	d.want("a.png current (" + whyCurrent + ")")
	if got := listing(t, d.out); got != ".restore/ledger-is-in .restore/lock a.png" {
		t.Errorf("files %s", got)
	}
	// Who forgets the folder would find all outputs foreign.
	for _, dry := range []bool{false, true} {
		forgot := job{inputs: []string{d.in}, out: d.out, options: Options{Ledger: &Ledger{Out: d.out}, DryRun: dry}}
		if _, err := forgot.run(t); KindOf(err) != KindUsage || !strings.Contains(err.Error(), "--state "+state) {
			t.Errorf("without the folder, dry %v: %v", dry, err)
		}
	}
	j := job{inputs: []string{d.in}, out: t.TempDir(), options: Options{Ledger: &Ledger{State: state}}}
	j.options.Ledger.Out = j.out
	if _, err := j.run(t); KindOf(err) != KindEnvironment || !strings.Contains(err.Error(), "the ledger of another output folder, "+d.out) {
		t.Errorf("another output: %v", err)
	}
	moved := d.out + "-moved"
	must(t, os.Rename(d.out, moved))
	d.out, d.options.Ledger = moved, &Ledger{Out: moved, State: state}
	d.want("a.png current (" + whyCurrent + ")")
}

// A ledger that is damaged or of a newer format is an error that says what to do,
// and stays as it is.
func TestLedgerDamaged(t *testing.T) {
	t.Parallel()
	change := func(f func(tx *bolt.Tx) error) func(t *testing.T, name string) {
		return func(t *testing.T, name string) {
			db, err := bolt.Open(name, 0o666, nil)
			must(t, err)
			must(t, db.Update(f))
			must(t, db.Close())
		}
	}
	bytesOf := func(f func(data []byte) []byte) func(t *testing.T, name string) {
		return func(t *testing.T, name string) {
			data, err := os.ReadFile(name)
			must(t, err)
			must(t, os.WriteFile(name, f(data), 0o666))
		}
	}
	tests := []struct {
		name   string
		damage func(t *testing.T, name string)
		says   string
	}{
		{"newer", change(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put([]byte("format"), []byte("2")) }), "newer version of this program (format 2; this one knows 1)"},
		{"no format", change(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Delete([]byte("format")) }), "is damaged: its format is"},
		{"no part", change(func(tx *bolt.Tx) error { return tx.DeleteBucket(outputBucket) }), "is damaged: it has no part \"outputs\""},
		{"empty", bytesOf(func([]byte) []byte { return nil }), "is damaged"},
		{"cut", bytesOf(func(data []byte) []byte { return data[:2*os.Getpagesize()+100] }), "is damaged: it has"},
		{"cut within the head", bytesOf(func(data []byte) []byte { return data[:100] }), "is damaged"},
		{"cut to its first page", bytesOf(func(data []byte) []byte { return data[:os.Getpagesize()] }), "is damaged: file size too small"},
		{"garbage", bytesOf(func([]byte) []byte { return []byte("garbage") }), "is damaged"},
		{"text", bytesOf(func(data []byte) []byte { return bytes.Repeat([]byte("text "), len(data)/5) }), "is damaged"},
		{"one letter", bytesOf(func(data []byte) []byte { return bytes.ReplaceAll(data, []byte(`"restored"`), []byte(`"restoreD"`)) }), "is damaged: the record of"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
			d.run()
			name := filepath.Join(d.out, ledgerDir, ledgerName)
			test.damage(t, name)
			before, err := os.ReadFile(name)
			must(t, err)
			for _, dry := range []bool{true, false} {
				j := job{inputs: []string{d.in}, out: d.out, options: d.options}
				j.options.DryRun = dry
				_, err = j.run(t)
				if KindOf(err) != KindEnvironment || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "--state") {
					t.Errorf("dry run %v: %v of kind %v, want %q", dry, err, KindOf(err), test.says)
				}
			}
			if after, err := os.ReadFile(name); err != nil || test.name != "one letter" && !bytes.Equal(after, before) {
				t.Errorf("the ledger was changed, %v", err)
			}
		})
	}
}

// A disk that fails under the ledger ends the run.
func TestLedgerUnwritable(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string][]byte{"a.png": png(t, 1)})
	d.run()
	write(t, filepath.Join(d.in, "a.png"), png(t, 2), 0)
	sink := &faultySink{Sink: sinkOf(t, d.out)}
	j := job{inputs: []string{d.in}, out: d.out, sink: sink, options: d.options}
	l, err := d.options.Ledger.open(false)
	must(t, err)
	must(t, l.db.Close()) // as good as any fault of the disk
	if err := l.intend("key", &intent{}); KindOf(err) != KindEnvironment || !strings.Contains(err.Error(), "cannot write the ledger") {
		t.Errorf("intent: %v", err)
	}
	if err := l.intend("key", &intent{}); err == nil {
		t.Error("after a fault, another entry was taken")
	}
	if err := l.close(); KindOf(err) != KindEnvironment {
		t.Errorf("close: %v", err)
	}
	if got := outcomes(j.must(t)); got != "a.png restored" {
		t.Errorf("afterwards: %s", got)
	}
}
