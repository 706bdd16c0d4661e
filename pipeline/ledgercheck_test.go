package pipeline

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/cae-restore/restore/tasks"
)

// A ledger that has lost keys, or whose keys are out of order, is damaged even if
// what is left of it can be read: its outputs would be foreign.
func TestLedgerCounts(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(tx *bolt.Tx) error{
		"an item is gone":   func(tx *bolt.Tx) error { return tx.Bucket(itemBucket).Delete(firstKey(tx, itemBucket)) },
		"an output is gone": func(tx *bolt.Tx) error { return tx.Bucket(outputBucket).Delete(firstKey(tx, outputBucket)) },
		"all items are gone": func(tx *bolt.Tx) error {
			if err := tx.DeleteBucket(itemBucket); err != nil {
				return err
			}
			_, err := tx.CreateBucket(itemBucket)
			return err
		},
		"a value is spoilt": func(tx *bolt.Tx) error {
			key := firstKey(tx, outputBucket)
			value := append([]byte(nil), tx.Bucket(outputBucket).Get(key)...)
			value[len(value)-1] ^= 1
			return tx.Bucket(outputBucket).Put(key, value)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 2)})
			d.want("a.png restored (" + whyNew + "), b.png restored (" + whyNew + ")")
			d.want("a.png current (" + whyCurrent + "), b.png current (" + whyCurrent + ")")
			db, err := bolt.Open(filepath.Join(d.out, ledgerDir, ledgerName), 0o666, nil)
			must(t, err)
			must(t, db.Update(harm))
			must(t, db.Close())
			j := job{inputs: []string{d.in}, out: d.out, options: Options{Ledger: &Ledger{Out: d.out}}}
			if _, err := j.run(t); KindOf(err) != KindEnvironment || !strings.Contains(err.Error(), "is damaged") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func firstKey(tx *bolt.Tx, bucket []byte) []byte {
	key, _ := tx.Bucket(bucket).Cursor().First()
	return append([]byte(nil), key...)
}

// A run whose output folder is taken away ends, instead of going on with a ledger
// that nobody will find.
func TestLedgerTakenAway(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]func(out string) error{
		"removed":  os.RemoveAll,
		"replaced": func(out string) error { return errors.Join(os.RemoveAll(out), os.WriteFile(out, nil, 0o666)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 2), "c.png": png(t, 3)})
			spec := specOf("remove", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
				if f.Name == "b.png" {
					return f, what(d.out)
				}
				return f, nil
			})
			j := job{inputs: []string{d.in}, out: d.out, specs: []*tasks.Spec{spec}, options: Options{Ledger: &Ledger{Out: d.out}, Pool: NewPool(1)}}
			report, err := j.run(t)
			if KindOf(err) != KindEnvironment || report.Restored+report.Copied > 1 {
				t.Errorf("%s, error %v", outcomes(report), err)
			}
		})
	}
}

// After an error of the environment, a source that waits for more is not asked any
// longer.
func TestRunHaltsSource(t *testing.T) {
	t.Parallel()
	folder, err := NewFolder([]string{tree(t, map[string][]byte{"a.png": png(t, 1)})}, FolderOptions{})
	must(t, err)
	sink := &faultySink{Sink: sinkOf(t, t.TempDir()), write: forItem("a.png", os.ErrPermission)}
	pool := NewPool(2)
	report, err := Run(t.Context(), Options{Pool: pool}, opened(t, pool, lighten), waiting{folder}, sink, nil)
	if KindOf(err) != KindEnvironment || report.Failed != 1 {
		t.Errorf("%s, error %v", outcomes(report), err)
	}
}

// waiting is a source that yields what a folder has and then waits for its end.
type waiting struct{ folder *Folder }

func (w waiting) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for item, err := range w.folder.Items(ctx) {
			if !yield(item, err) {
				return
			}
		}
		<-ctx.Done()
	}
}

func (w waiting) Done(Result) {}
