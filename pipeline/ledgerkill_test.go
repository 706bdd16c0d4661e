package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// killVariable makes the test binary a run that kills itself: "STAGE INPUT OUT". A
// stage that begins with "keep " is that of a chain that changes no picture.
const killVariable = "RESTORE_TEST_KILL"

func TestMain(m *testing.M) {
	if plan := os.Getenv(killVariable); plan != "" {
		words := strings.SplitN(plan, "\n", 3)
		runToDeath(words[0], words[1], words[2])
	}
	os.Exit(m.Run())
}

// killStages are the moments in the life of the second of three items at which a
// run is killed.
var killStages = []string{"create", "write", "seal", "sealed", "rename", "half", "renamed", "done"}

// die ends the process as kill -9 does: nothing of it runs any more.
func die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {}
}

// killChain changes pictures and makes masks, or keeps pictures and makes labels and
// overlays: each item has two files.
func killChain(pool *Pool, keeps bool) (*Chain, error) {
	spec := specOf("masks", func(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
		out := f.With(f.Image)
		out.Outputs = map[string]*pix.Image{".mask.png": pix.New(f.Image.W, f.Image.H, 1)}
		return out, nil
	})
	if keeps {
		spec = sorter
	}
	c, err := NewChain(Step{Spec: spec})
	if err != nil {
		return nil, err
	}
	return c, c.Open(context.Background(), tasks.Env{Run: pool.Run, Workers: pool.Workers()})
}

// runToDeath runs from in to out until stage.
func runToDeath(stage, in, out string) {
	stage, keeps := strings.CutPrefix(stage, "keep ")
	at := func(now string) func(Item) error {
		return func(item Item) error {
			if now == stage && item.Rel == "b.png" {
				die()
			}
			return nil
		}
	}
	pool := NewPool(1)
	chain, err := killChain(pool, keeps)
	folder, folderErr := NewFolder([]string{in}, FolderOptions{Out: out})
	dir, sinkErr := NewDirSink(out)
	if err := errors.Join(err, folderErr, sinkErr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	names := 0
	dir.renamed = func(target string) {
		if strings.HasPrefix(filepath.Base(target), "b") {
			names++
			if names == 1 && stage == "half" || names == 2 && stage == "renamed" {
				die()
			}
		}
	}
	sink := &killSink{faultySink{Sink: dir, create: at("create"), write: at("write"), seal: at("seal"), commit: at("rename")}, at("sealed")}
	_, err = Run(context.Background(), Options{Pool: pool, Ledger: &Ledger{Out: out}}, chain, folder, sink, nil)
	if stage == "done" {
		die()
	}
	fmt.Fprintln(os.Stderr, "the run was not killed:", err)
	os.Exit(1)
}

// killSink is a faultySink that can stop between Seal and the intent.
type killSink struct {
	faultySink
	sealed func(Item) error
}

func (s *killSink) Begin(ctx context.Context, item Item) (Batch, error) {
	b, err := s.faultySink.Begin(ctx, item)
	return &killBatch{b, s, item}, err
}

type killBatch struct {
	Batch
	sink *killSink
	item Item
}

func (b *killBatch) Files() ([]BatchFile, error) {
	files, err := b.Batch.Files()
	_ = b.sink.sealed(b.item)
	return files, err
}

// A run that is killed at any stage, once with no output there and once with the
// outputs of older inputs, is completed by the next: each input has exactly its
// output, whole and its own, and nothing else is left. A third run finds all
// current.
func TestLedgerKilled(t *testing.T) {
	t.Parallel()
	for _, stage := range slices.Concat(killStages, []string{"keep rename", "keep half", "keep renamed"}) {
		_, keeps := strings.CutPrefix(stage, "keep ")
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s again=%v", stage, again), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 2), "c.png": png(t, 3)})
				pool := NewPool(2)
				d.options.Pool = pool
				run := func() Report {
					chain, err := killChain(pool, keeps)
					must(t, err)
					folder, err := NewFolder([]string{d.in}, FolderOptions{Out: d.out})
					must(t, err)
					report, err := Run(context.Background(), d.options, chain, folder, sinkOf(t, d.out), nil)
					must(t, err)
					return report
				}
				if again {
					run()
					for i, name := range []string{"a.png", "b.png", "c.png"} {
						must(t, os.WriteFile(filepath.Join(d.in, name), png(t, 5+i), 0o666))
					}
				}
				c := exec.Command(os.Args[0], "-test.run=^$")
				c.Env = append(os.Environ(), killVariable+"="+stage+"\n"+d.in+"\n"+d.out)
				said, err := c.CombinedOutput()
				if err == nil || c.ProcessState.ExitCode() == 1 {
					t.Fatalf("the run was not killed: %v %s", err, said)
				}
				inside := listing(t, d.out)
				report := run()
				if report.Failed+report.Skipped > 0 || report.Restored+report.Examined+report.Current != 3 {
					t.Errorf("the run after: %s; it found %s", outcomes(report), inside)
				}
				want := ".restore/ledger.db .restore/lock a.mask.png a.png b.mask.png b.png c.mask.png c.png"
				if keeps {
					want = ".restore/ledger.db .restore/lock a.labels.png a.overlay.png b.labels.png b.overlay.png c.labels.png c.overlay.png"
				}
				if got := listing(t, d.out); got != want {
					t.Errorf("files %s, want %s; the killed run left %s", got, want, inside)
				}
				for _, name := range []string{"a.png", "b.png", "c.png"} {
					in, output := read(t, filepath.Join(d.in, name)), name
					if keeps {
						output = name[:1] + ".overlay.png"
						for i, v := range in.Planes[0] {
							in.Planes[0][i] = 65535 - v
						}
					}
					if out := read(t, filepath.Join(d.out, output)); !bytes.Equal(samples(in), samples(out)) {
						t.Errorf("the output of %s is of another picture", name)
					}
				}
				if report := run(); report.Current != 3 {
					t.Errorf("third run: %s", outcomes(report))
				}
			})
		}
	}
}

// samples are those of the first plane.
func samples(m *pix.Image) []byte {
	var b bytes.Buffer
	for _, v := range m.Planes[0] {
		b.WriteByte(byte(v >> 8))
	}
	return b.Bytes()
}

// A foreign file that takes the place while the run is dead is left alone.
func TestLedgerKilledForeign(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string][]byte{"a.png": png(t, 1), "b.png": png(t, 2)})
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), killVariable+"=rename\n"+d.in+"\n"+d.out)
	if err := c.Run(); err == nil || c.ProcessState.ExitCode() == 1 {
		t.Fatal("the run was not killed:", err)
	}
	foreign := filepath.Join(d.out, "b.png")
	must(t, os.WriteFile(foreign, []byte("mine"), 0o666))
	pool := NewPool(1)
	chain, err := killChain(pool, false)
	must(t, err)
	folder, err := NewFolder([]string{d.in}, FolderOptions{Out: d.out})
	must(t, err)
	report, err := Run(context.Background(), d.options, chain, folder, sinkOf(t, d.out), nil)
	must(t, err)
	// a.png may or may not have had its name when the kill came: names are given
	// while the next picture is worked on.
	if data, _ := os.ReadFile(foreign); string(data) != "mine" || report.Skipped != 1 || report.Current+report.Restored != 1 {
		t.Errorf("%s; the foreign file holds %q", outcomes(report), data)
	}
	if got := listing(t, d.out); strings.Contains(got, tempMark) {
		t.Errorf("files %s", got)
	}
}
