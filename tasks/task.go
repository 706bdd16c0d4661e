// Package tasks is the contract between what can be done to a photograph and
// who does it: a Spec names a task with its options and models, a Task applies
// it to one Frame, a Registry holds the tasks that a program offers.
package tasks

import (
	"context"
	"errors"
	"io"

	"github.com/cae-restore/restore/pix"
)

// Frame is one photograph on its way through a chain, with what the steps so
// far have found. A Task returns a new Frame and leaves the one it was given
// as it is; planes and pictures that it does not change may be shared.
type Frame struct {
	Name    string                // relative path of the input, for messages
	Image   *pix.Image            // the picture itself
	Planes  map[string]*pix.Plane // hand-over between steps: "mask", "labels"
	Outputs map[string]*pix.Image // extra files to write, by suffix (".labels.png")
	Notes   []Note                // what the steps found and did, in order; for the report
	Changed bool                  // whether any step has changed a sample of Image
}

// Note is one finding of one step, such as the noise level that it measured.
type Note struct {
	Step, Key string
	Value     any    // string, bool, int or float64
	Unit      string // of the value, such as "%"; empty where it is a plain number or none
}

// Remark is the key of notes that are words for the user, who may have meant
// something else, as that a mask selects nothing: a run ends with them.
const Remark = "remark"

// With returns a copy of f whose picture is m, marked as changed, with the
// notes appended. The maps are shared with f.
func (f *Frame) With(m *pix.Image, notes ...Note) *Frame {
	out := *f
	out.Image, out.Changed = m, true
	out.Notes = append(append([]Note(nil), f.Notes...), notes...)
	return &out
}

// Task does one thing to photographs. Apply must give the same result for the
// same frame whatever else runs, may be called from many goroutines at once,
// and must not change what f points to. Errors wrap ErrInput where the picture
// is at fault.
type Task interface {
	Apply(ctx context.Context, f *Frame) (*Frame, error)
}

// ErrInput marks an error as the fault of this one picture: it is reported and
// the run goes on.
var ErrInput = errors.New("unsuitable picture")

// ErrModel marks a model that cannot be opened or does not fit its task: no
// picture can succeed, so the run does not start.
var ErrModel = errors.New("unusable model")

// Env is what a task may use of the program round it.
type Env struct {
	// Run calls f(worker, i) for every i in [0,n) on the program's one pool of
	// workers; worker is below Workers and no two concurrent calls of f within
	// one Run have the same. The caller helps, so nested calls cannot
	// deadlock. It returns the first error, after every started call has ended.
	Run     func(ctx context.Context, n int, f func(worker, i int) error) error
	Workers int

	// OpenModel opens a model by a shipped name ("denoise") or as a file, and
	// gives its bytes and their number. What it gives stays readable.
	OpenModel func(name string) (io.ReaderAt, int64, error)

	// Alone tells that no step of the chain changes the picture: the run is for
	// the planes and extra files, so a step that can write some does.
	Alone bool

	// Given names the planes that come with each picture, from the user: no step
	// before this one makes them.
	Given []string

	// Memory is what a step may use for its workspace, in bytes; 0: as it
	// thinks fit.
	Memory int64
}
