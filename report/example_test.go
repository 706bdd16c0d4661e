package report_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/report"
)

// A program that runs a chain itself hands Inspect to pipeline.Options and calls
// Start and Done from its Reporter. Here the results are given by hand.
func Example() {
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	w, err := report.New(filepath.Join(dir, "report"), report.Options{Out: filepath.Join(dir, "out"), Pipeline: "denoise", Version: "v1"})
	if err == nil {
		err = w.Start(1)
	}
	if err != nil {
		panic(err)
	}
	w.Done(pipeline.Result{
		Item: pipeline.Item{Path: "scans/beach.jpg", Rel: "beach.jpg"}, Outcome: pipeline.Failed, Err: errors.New("the file is damaged"),
	})
	if err := w.Close(&pipeline.Report{Failed: 1}, nil); err != nil {
		panic(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "report", "*"))
	for _, name := range files {
		fmt.Println(filepath.Base(name))
	}
	// Output:
	// index.html
	// items.jsonl
	// report.json
}
