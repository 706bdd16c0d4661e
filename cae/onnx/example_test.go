package onnx_test

import (
	"bytes"
	"fmt"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/onnx"
)

// A small autoencoder becomes a file for other programs. Width and height stay
// open; what a caller must know stands in the file's metadata.
func ExampleWrite() {
	net, err := cae.Autoencoder(cae.Config{
		Inputs:  []cae.Input{{Name: "image", Planes: 3}},
		Out:     3,
		Shuffle: 2,
		Widths:  []int{16, 32},
		Down:    []int{1, 2},
		Up:      []int{1},
		Skip:    cae.SkipAdd,
		Head:    cae.HeadResidual,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	net.Init(1)
	var file bytes.Buffer
	if err := onnx.Write(&file, net, onnx.Options{Margin: 16, Producer: "example"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f MiB\n", float64(file.Len())/(1<<20))
	// Output: 0.2 MiB
}
