package modelfile_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/cae-restore/restore/cae/modelfile"
)

// A model is written with half the bytes for its weights and read back.
func Example() {
	var disk bytes.Buffer
	err := modelfile.Write(&disk, &modelfile.File{
		Metadata: modelfile.Metadata{
			FormatVersion: modelfile.Version,
			Task:          "denoise",
			Card:          modelfile.Card{Steps: 1000, Licence: "Apache-2.0"},
		},
		Tensors: []modelfile.Tensor{
			{Name: "door.weight", Shape: []int{1, 1, 2, 2}, Data: []float32{0.5, -0.25, 1, 0.1}},
		},
	}, modelfile.F16)
	if err != nil {
		log.Fatal(err)
	}

	f, err := modelfile.Read(bytes.NewReader(disk.Bytes()), int64(disk.Len()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.Metadata.Task, "after", f.Metadata.Card.Steps, "steps")
	for _, t := range f.Tensors {
		fmt.Println(t.Name, t.Shape, t.Data)
	}
	// Output:
	// denoise after 1000 steps
	// door.weight [1 1 2 2] [0.5 -0.25 1 0.099975586]
}
