package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"log"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/tasks"
)

// thresholdOptions are the options of the task in the examples.
type thresholdOptions struct {
	At int `opt:"at" help:"level from which a sample becomes white" min:"0" max:"255"`
}

// threshold is a small task: it makes each sample black or white.
func threshold() *tasks.Spec {
	return &tasks.Spec{
		Name:    "threshold",
		Options: func() any { return &thresholdOptions{At: 128} },
		New: func(_ context.Context, _ tasks.Env, options any) (tasks.Task, error) {
			return thresholdTask{uint16(options.(*thresholdOptions).At * 257)}, nil
		},
	}
}

type thresholdTask struct{ at uint16 }

func (t thresholdTask) Apply(_ context.Context, f *tasks.Frame) (*tasks.Frame, error) {
	m := f.Image.Like()
	for p, plane := range f.Image.Planes {
		for i, v := range plane {
			if v >= t.at {
				m.Planes[p][i] = 65535
			}
		}
	}
	return f.With(m), nil
}

// A program that has pictures of package image, and no files, parses a chain,
// opens it once, and applies it as often as it likes. A real one takes the
// registry of all tasks from package tasks/all.
func ExampleChain_Apply() {
	ctx := context.Background()
	chain, err := pipeline.Parse(tasks.NewRegistry(threshold()), "threshold:at=100")
	if err != nil {
		log.Fatal(err)
	}
	if err := chain.Open(ctx, tasks.Env{}); err != nil {
		log.Fatal(err)
	}

	picture := image.NewGray(image.Rect(0, 0, 2, 1))
	picture.SetGray(0, 0, color.Gray{Y: 99})
	picture.SetGray(1, 0, color.Gray{Y: 100})
	result, err := chain.Apply(ctx, picture)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.At(0, 0), result.At(1, 0))
	// Output: {0} {255}
}

func ExampleParse_error() {
	_, err := pipeline.Parse(tasks.NewRegistry(threshold()), "threshold:at=300")
	fmt.Println(err)
	fmt.Println(pipeline.KindOf(err))
	// Output:
	// pipeline "threshold:at=300", column 14, step threshold: option at: 300 is more than 255, the most allowed
	// usage
}

// A folder in, a folder out.
func ExampleRun() {
	ctx := context.Background()
	in, out, remove := folderOfTwoFiles()
	defer remove()

	pool := pipeline.NewPool(0)
	chain, err := pipeline.Parse(tasks.NewRegistry(threshold()), "threshold")
	if err != nil {
		log.Fatal(err)
	}
	if err := chain.Open(ctx, tasks.Env{Run: pool.Run, Workers: pool.Workers()}); err != nil {
		log.Fatal(err)
	}
	source, err := pipeline.NewFolder([]string{in}, pipeline.FolderOptions{Out: out})
	if err != nil {
		log.Fatal(err)
	}
	sink, err := pipeline.NewDirSink(out)
	if err != nil {
		log.Fatal(err)
	}
	report, err := pipeline.Run(ctx, pipeline.Options{Pool: pool}, chain, source, sink, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range report.Results {
		fmt.Println(r.Item.Rel, r.Outcome, errors.Unwrap(r.Err))
	}
	fmt.Println("restored", report.Restored, "of", len(report.Results))
	// Output:
	// 1968/beach.png restored <nil>
	// 1968/broken.png failed the file is empty
	// restored 1 of 2
}
