package train_test

import (
	"context"
	"fmt"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/train"
)

// A network of one convolution learns to double its input.
func ExampleTrainer() {
	net, err := cae.New([]cae.Input{{Name: "x", Planes: 1}}, []cae.Node{{
		Name: "times", In: []string{"x"},
		Layer: &cae.Conv{In: 1, Out: 1, Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}},
	}}, "times", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	net.Init(1)
	trainer, err := train.New(net, cae.NewExec(context.Background(), nil, 1), train.Config{
		Steps: 300, Schedule: train.Cosine, Rate: 0.1, Loss: "mse", Batch: 4, Height: 2, Width: 2,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	shape := cae.Shape{N: 4, C: 1, H: 2, W: 2}
	for step := range trainer.Config().Steps {
		b := train.Batch{Inputs: []*cae.Tensor{cae.NewTensor(shape)}, Target: cae.NewTensor(shape)}
		rng := train.Rand(1, step, 0)
		for i := range b.Target.Data {
			v := float32(rng.NormFloat64())
			b.Inputs[0].Data[i], b.Target.Data[i] = v, 2*v
		}
		if _, err := trainer.Step(b); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("%.2f\n", net.Params()[0].Data[0])
	// Output: 2.00
}
