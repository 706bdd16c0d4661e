package pipeline_test

import (
	"log"
	"os"
	"path/filepath"

	"github.com/cae-restore/restore/pix"
)

// folderOfTwoFiles makes the inputs of ExampleRun: a picture and an empty file.
func folderOfTwoFiles() (in, out string, remove func()) {
	dir, err := os.MkdirTemp("", "restore-example-")
	if err != nil {
		log.Fatal(err)
	}
	in = filepath.Join(dir, "in")
	if err := os.MkdirAll(filepath.Join(in, "1968"), 0o777); err != nil {
		log.Fatal(err)
	}
	f, err := os.Create(filepath.Join(in, "1968", "beach.png"))
	if err != nil {
		log.Fatal(err)
	}
	if err := pix.Encode(f, pix.New(4, 3, 3), pix.EncodeOptions{Format: "png"}); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(in, "1968", "broken.png"), nil, 0o666); err != nil {
		log.Fatal(err)
	}
	return in, filepath.Join(dir, "out"), func() { os.RemoveAll(dir) }
}
