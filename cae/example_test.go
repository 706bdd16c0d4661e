package cae_test

import (
	"context"
	"fmt"

	"github.com/cae-restore/restore/cae"
)

// A small autoencoder: two scales, the input added back at the end.
func ExampleAutoencoder() {
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
	f := net.Footprint()
	fmt.Println("sizes are multiples of", f.Multiple)
	fmt.Println("looks at", f.Before, "samples beyond a run of output")
	fmt.Println(net.MACs(64, 64)/64/64, "multiplications a sample")

	plan, err := net.Compile() // once, for any number of runs
	if err != nil {
		fmt.Println(err)
		return
	}
	x := cae.NewExec(context.Background(), cae.Goroutines(2), 2)
	in := cae.NewTensor(cae.Shape{N: 1, C: 3, H: 8, W: 12})
	out, err := plan.Forward(x, in)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out.Shape)
	// Output:
	// sizes are multiples of 4
	// looks at 48 samples beyond a run of output
	// 5728 multiplications a sample
	// 1x3x8x12
}
